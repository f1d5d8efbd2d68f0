"""PyTorch's order without PyTorch: what its samplers and its default loader yield, bit for bit, from the seed alone.

Each function is one sampler, iterated to its end epoch after epoch, starting from generators freshly seeded:
``torch.Generator().manual_seed(seed)`` given to the sampler, or ``torch.manual_seed(seed)`` right before the first
epoch where it was given none (``generator=False``) and nothing else draws from the global generator in between.

A `DataLoader` around the sampler draws one number (its base seed) as an iteration begins. Where that comes from the
generator that the sampler uses too, it moves the order, and `loader` says so: ``"fresh"`` for a draw every epoch,
``"persistent"`` for persistent workers, who draw in the first epoch only, None for no loader or one that draws from
another generator. PyTorch 2.13; weights drawn without replacement, loaders with ``in_order=False`` and stateful loaders
cannot be predicted: `sampler.record` and `sampler.record_loader` record them. `of` reads all this off a real loader.
"""

from .reading import of as of
from .samplers import distributed as distributed
from .samplers import random as random
from .samplers import shuffled as shuffled
from .samplers import subset as subset
from .samplers import weighted as weighted

__all__ = [
    "distributed",
    "of",
    "random",
    "shuffled",
    "subset",
    "weighted",
]
