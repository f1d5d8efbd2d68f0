"""Record what a sampler yields or a loader fetches, without moving the order that training will see.

`record` is for a sampler by itself. What training with a loader sees is recorded by `record_loader`: a loader draws
from the same generators as its sampler, so the sampler by itself gives another order.
"""

from .loading import Recorded as Recorded
from .loading import record_loader as record_loader
from .recording import record as record

__all__ = ["Recorded", "record", "record_loader"]
