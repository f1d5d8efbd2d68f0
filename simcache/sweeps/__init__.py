"""A grid of traces, policies, sizes and seeds -> one tidy table, on threads or on a Dask cluster, stored as it goes.

`grid` is what is asked for, `tasks` what is run for it, on whatever engine (`threads`, `cluster`); `sweeping` has the
one call, and `tally`, what it would have to do.
"""

from .grid import check_capacity as check_capacity
from .grid import check_fraction as check_fraction
from .grid import check_traces as check_traces
from .sweeping import sweep as sweep
from .sweeping import tally as tally

__all__ = ["check_capacity", "check_fraction", "check_traces", "sweep", "tally"]
