"""What the processes of a PyTorch `DataLoader` see, what their caches hit, and how long training then takes.

`deal` says who serves what, in what order; `of` reads trace and loader off a real one; `simulate_loader` replays it
through private or shared caches; `timing` and `speedups` turn hits into seconds; `plan` turns them into what a live
cache does at each access (`simcache.torch`).
"""

from .accesses import Access as Access
from .accesses import PlannedSampler as PlannedSampler
from .clock import Costs as Costs
from .clock import Timing as Timing
from .clock import speedups as speedups
from .clock import timing as timing
from .dealing import Deal as Deal
from .dealing import Loader as Loader
from .dealing import deal as deal
from .dealing import streams as streams
from .planning import Plan as Plan
from .planning import plan as plan
from .reading import of as of
from .replay import per_cache as per_cache
from .replay import per_epoch as per_epoch
from .replay import simulate_loader as simulate_loader

__all__ = [
    "Access",
    "Costs",
    "Deal",
    "Loader",
    "Plan",
    "PlannedSampler",
    "Timing",
    "deal",
    "of",
    "per_cache",
    "per_epoch",
    "plan",
    "simulate_loader",
    "speedups",
    "streams",
    "timing",
]
