"""Traces made from a law and a seed, and sizes for their items: the same bits on every machine.

Numbers of items and accesses come first, then parameters, then the seed by keyword. Each trace's `source` says what
made it, and its seed is the column ``trace_seed``, since ``seed`` is the policy's.
"""

from .chains import markov as markov
from .chains import repeat as repeat
from .chains import ring as ring
from .epochs import loop as loop
from .epochs import shuffle_buffer as shuffle_buffer
from .epochs import shuffled as shuffled
from .independent import uniform as uniform
from .independent import zipf as zipf
from .joining import phases as phases
from .sizes import lognormal_sizes as lognormal_sizes

__all__ = [
    "lognormal_sizes",
    "loop",
    "markov",
    "phases",
    "repeat",
    "ring",
    "shuffle_buffer",
    "shuffled",
    "uniform",
    "zipf",
]
