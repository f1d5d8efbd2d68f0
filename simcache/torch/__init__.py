"""The live cache for PyTorch: any policy in front of a map-style data set, across workers and ranks, as simulated.

`cached_loader` caches a `DataLoader` in one call; `CachedDataset` is the cache, for a plan of `simcache.loader.plan`.
`OPTCacheDecorator` caches the function that loads a sample, for an order in a file of `generate_precomputed_file`;
`LRUCacheDecorator` and its like do so without a plan, each process on its own. Needs the extra torch.
"""

try:
    from .dataset import CachedDataset as CachedDataset
except ModuleNotFoundError as missing:
    if missing.name == "torch":
        missing.msg = "simcache.torch needs PyTorch, the extra torch: pip install 'simcache[torch]'"
    raise
from .classical import FIFOCacheDecorator as FIFOCacheDecorator
from .classical import LFUCacheDecorator as LFUCacheDecorator
from .classical import LRUCacheDecorator as LRUCacheDecorator
from .classical import RRCacheDecorator as RRCacheDecorator
from .decorators import OPTCacheDecorator as OPTCacheDecorator
from .loading import cached_loader as cached_loader
from .precomputed import generate_precomputed_file as generate_precomputed_file
from .slots import CacheInfo as CacheInfo

__all__ = [
    "CacheInfo",
    "CachedDataset",
    "FIFOCacheDecorator",
    "LFUCacheDecorator",
    "LRUCacheDecorator",
    "OPTCacheDecorator",
    "RRCacheDecorator",
    "cached_loader",
    "generate_precomputed_file",
]
