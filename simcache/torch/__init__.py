"""The live cache for PyTorch: any policy in front of a map-style data set, across workers and ranks, as simulated.

`cached_loader` caches a `DataLoader` in one call; `CachedDataset` is the cache, for a plan of `simcache.loader.plan`.
Needs the extra torch.
"""

from .dataset import CachedDataset as CachedDataset
from .loading import cached_loader as cached_loader
from .slots import CacheInfo as CacheInfo

__all__ = [
    "CacheInfo",
    "CachedDataset",
    "cached_loader",
]
