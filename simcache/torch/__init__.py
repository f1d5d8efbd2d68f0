"""The live cache for PyTorch: any policy in front of a map-style data set, across workers and ranks, as simulated.

`cached_loader` caches a `DataLoader` in one call; `CachedDataset` is the cache, for a plan of `simcache.loader.plan`.
Needs the extra torch.
"""

try:
    from .dataset import CachedDataset as CachedDataset
except ModuleNotFoundError as missing:
    if missing.name == "torch":
        missing.msg = "simcache.torch needs PyTorch, the extra torch: pip install 'simcache[torch]'"
    raise
from .loading import cached_loader as cached_loader
from .slots import CacheInfo as CacheInfo

__all__ = [
    "CacheInfo",
    "CachedDataset",
    "cached_loader",
]
