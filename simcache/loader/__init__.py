"""What the processes of a PyTorch `DataLoader` see, what their caches hit, and how long training then takes.

`deal` says who serves what, in what order; `of` reads trace and loader off a real one; `simulate_loader` replays it
through private or shared caches; `timing` and `speedups` turn hits into seconds.
"""

from .clock import Costs as Costs
from .clock import Timing as Timing
from .clock import speedups as speedups
from .clock import timing as timing
from .dealing import Deal as Deal
from .dealing import Loader as Loader
from .dealing import deal as deal
from .dealing import streams as streams
from .reading import of as of
from .replay import per_cache as per_cache
from .replay import per_epoch as per_epoch
from .replay import simulate_loader as simulate_loader

__all__ = [
    "Costs",
    "Deal",
    "Loader",
    "Timing",
    "deal",
    "of",
    "per_cache",
    "per_epoch",
    "simulate_loader",
    "speedups",
    "streams",
    "timing",
]
