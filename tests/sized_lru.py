"""A policy of one's own that takes sizes: LRU, whose file is read by tests of bytes."""

import numba
import numpy as np


@numba.njit(nogil=True)
def kernel(ids, n_items, capacity, seed, patient=False):
    return sized(ids, np.ones(n_items, np.int64), n_items, capacity, seed, patient)


@numba.njit(nogil=True)
def sized(ids, sizes, n_items, capacity, seed, patient=False):
    last = np.full(n_items, -1, np.int64)
    hits = np.zeros(ids.size, np.bool_)
    room, oldest = capacity, 0
    for t in range(ids.size):
        i = ids[t]
        hits[t] = last[i] >= 0
        if not hits[t]:
            if sizes[i] > capacity:
                continue
            while sizes[i] > room:
                victim = ids[oldest]
                if last[victim] == oldest:
                    last[victim] = -1
                    room += sizes[victim]
                oldest += 1
            room -= sizes[i]
        last[i] = t
    return hits


def sized_reference(ids, sizes, capacity, seed, *, patient=False):
    stack = []
    for i in ids:
        yield i in stack
        if i in stack:
            stack.remove(i)
        elif sizes[i] > capacity:
            continue
        while sum(sizes[j] for j in stack) + sizes[i] > capacity:
            stack.pop(0)
        stack.append(i)
