"""The same decorators for policies that need no plan, from cachetools: one cache a process."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from ..trace import whole
from .decorators import Decorated
from .describing import Unfit, copied


class PrivateInfo(NamedTuple):
    """What one process's cache did, and holds."""

    hits: int
    misses: int
    maxsize: int
    currsize: int


class PrivateCacheDecorator:
    """What the four have in common: each subclass names a class of cachetools.

    Parameters
    ----------
    maxsize : int
        Items that the cache of each process holds, >= 1.

    Raises
    ------
    TypeError, ValueError
        When `maxsize` is not as stated.
    ImportError
        When cachetools is not installed; the extra torch has it.
    """

    _cache = "Cache"

    def __init__(self, maxsize: int) -> None:
        name = type(self).__name__
        self._maxsize = whole(maxsize, "maxsize", 1, None, f" for {name}", " of items")
        try:
            import cachetools  # here, since nothing else needs it
        except ImportError as error:
            raise ImportError(f"{name} needs cachetools: pip install 'simcache[torch]'") from error
        self._make: Callable[[int], Any] = getattr(cachetools, self._cache)

    def __call__(self, function: Callable[..., Any]) -> Decorated:
        """The function, with a cache of its own."""
        return Decorated(function, PrivateCache(self._make(self._maxsize)))


class LRUCacheDecorator(PrivateCacheDecorator):
    """Cache what a function loads, and evict what was used longest ago.

    The cache is private to its process. A loader's workers each have one, which sees their share of the accesses, and
    without ``persistent_workers=True`` each epoch begins with new workers and so with empty caches: then nothing of one
    epoch is a hit in the next. `OPTCacheDecorator` and `CachedDataset` share one among all processes. Samples are
    copies, so they may be changed.

    Parameters
    ----------
    maxsize : int
        Items that the cache of each process holds, >= 1.

    Raises
    ------
    TypeError, ValueError
        When `maxsize` is not as stated.
    ImportError
        When cachetools is not installed; the extra torch has it.

    Examples
    --------
    >>> from simcache.torch import LRUCacheDecorator
    >>> @LRUCacheDecorator(maxsize=2)
    ... def load(index):
    ...     print("loading", index)
    ...     return index**2
    >>> [load(index) for index in (1, 2, 1, 3, 1)]
    loading 1
    loading 2
    loading 3
    [1, 4, 1, 9, 1]
    """

    _cache = "LRUCache"


class LFUCacheDecorator(PrivateCacheDecorator):
    """Cache what a function loads, and evict what was used least often.

    The cache is private to its process, so without persistent workers it hits nothing across epochs, as
    `LRUCacheDecorator` explains. Samples are copies.

    Parameters
    ----------
    maxsize : int
        Items that the cache of each process holds, >= 1.

    Raises
    ------
    TypeError, ValueError
        When `maxsize` is not as stated.
    ImportError
        When cachetools is not installed; the extra torch has it.

    Examples
    --------
    >>> from simcache.torch import LFUCacheDecorator
    >>> @LFUCacheDecorator(maxsize=2)
    ... def load(index):
    ...     print("loading", index)
    ...     return index**2
    >>> [load(index) for index in (1, 2, 1, 3, 1)]
    loading 1
    loading 2
    loading 3
    [1, 4, 1, 9, 1]
    """

    _cache = "LFUCache"


class FIFOCacheDecorator(PrivateCacheDecorator):
    """Cache what a function loads, and evict what came first.

    The cache is private to its process, so without persistent workers it hits nothing across epochs, as
    `LRUCacheDecorator` explains. Samples are copies.

    Parameters
    ----------
    maxsize : int
        Items that the cache of each process holds, >= 1.

    Raises
    ------
    TypeError, ValueError
        When `maxsize` is not as stated.
    ImportError
        When cachetools is not installed; the extra torch has it.

    Examples
    --------
    >>> from simcache.torch import FIFOCacheDecorator
    >>> @FIFOCacheDecorator(maxsize=2)
    ... def load(index):
    ...     print("loading", index)
    ...     return index**2
    >>> [load(index) for index in (1, 2, 1, 3, 1)]
    loading 1
    loading 2
    loading 3
    loading 1
    [1, 4, 1, 9, 1]
    """

    _cache = "FIFOCache"


class RRCacheDecorator(PrivateCacheDecorator):
    """Cache what a function loads, and evict any item, drawn by Python's `random`.

    The cache is private to its process, so without persistent workers it hits nothing across epochs, as
    `LRUCacheDecorator` explains. Samples are copies.

    Parameters
    ----------
    maxsize : int
        Items that the cache of each process holds, >= 1.

    Raises
    ------
    TypeError, ValueError
        When `maxsize` is not as stated.
    ImportError
        When cachetools is not installed; the extra torch has it.

    Examples
    --------
    >>> from simcache.torch import RRCacheDecorator
    >>> @RRCacheDecorator(maxsize=2)
    ... def load(index):
    ...     print("loading", index)
    ...     return index**2
    >>> [load(index) for index in (1, 2, 1)]
    loading 1
    loading 2
    [1, 4, 1]
    """

    _cache = "RRCache"


class PrivateCache:
    """What they put behind a function."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self._hits = self._misses = 0

    def fetched(self, item: int, load: Callable[[], Any]) -> Any:
        """The sample of an item, loaded if it is not there; a copy in either case of what is kept."""
        if item in self._cache:
            self._hits += 1
            return copied(self._cache[item])
        sample = load()
        self._misses += 1
        with suppress(Unfit):  # what cannot be copied is not kept
            self._cache[item] = copied(sample)
        return sample

    def cache_info(self) -> PrivateInfo:
        """What this process did."""
        return PrivateInfo(self._hits, self._misses, int(self._cache.maxsize), len(self._cache))
