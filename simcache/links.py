"""Queues of items as circular linked lists, in one array of rows (newer, older): a row an item, then one a queue.

A queue's own row is its end: the newer of it is its oldest item, the older its newest, itself where there is none.
"""

import numpy as np
from numpy.typing import NDArray

from .allocation import empty
from .jit import compiled

NEWER, OLDER = 0, 1
Links = NDArray[np.int32]


@compiled
def queues(n_items: int, n_queues: int) -> Links:
    """Empty queues, whose ends are n_items, n_items + 1, …"""
    links = empty((n_items + n_queues, 2), np.int32)
    for end in range(n_items, n_items + n_queues):
        links[end, NEWER] = end
        links[end, OLDER] = end
    return links


@compiled
def push(links: Links, end: int, item: int) -> None:
    """Put an item that is in no queue into one, as its newest."""
    newest = links[end, OLDER]
    links[newest, NEWER] = item
    links[item, OLDER] = newest
    links[item, NEWER] = end
    links[end, OLDER] = item


@compiled
def unlink(links: Links, item: int) -> None:
    """Take an item out of its queue."""
    newer, older = links[item, NEWER], links[item, OLDER]
    links[older, NEWER] = newer
    links[newer, OLDER] = older


@compiled
def pop(links: Links, end: int) -> int:
    """Take the oldest item out of a queue that is not empty."""
    item = links[end, NEWER]
    unlink(links, item)
    return item  # type: ignore[no-any-return]
