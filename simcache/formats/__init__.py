"""Traces of others, and for others: one module per format, found by its suffix or its name.

`read` gives a trace, `write` takes one, and `convert` goes from file to file; where its target is a folder in .trace,
it holds no more in memory than the keys. Every file may be packed: .gz, .zst.
"""

from ._finding import is_own as is_own
from ._finding import known as known
from ._finding import names as names
from ._reading import read as read
from ._reading import reported as reported
from ._report import Report as Report
from ._writing import convert as convert
from ._writing import write as write

__all__ = ["Report", "convert", "is_own", "known", "names", "read", "reported", "write"]
