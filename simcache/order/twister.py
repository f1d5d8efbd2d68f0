"""PyTorch's CPU generator, MT19937, and what its samplers draw from it, bit for bit.

Matsumoto & Nishimura, ACM TOMACS 1998. A generator is one array: 624 words of state, then how many of them are used up.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled

Generator = NDArray[np.uint32]  # shape (625,)

CHUNK = 1 << 12  # words drawn at a time
LONG_RANGE = 1 << 28  # integers below this take one word, others two
LONG_PERMUTATION = (2**32 - 1) // 20  # permutations of as many items or more take two words an item
MAX_CATEGORIES = 1 << 24

TAKEN = np.uint32(624)
FIRST = np.uint64(1812433253)
TOP = np.uint64(0x80000000)
REST = np.uint64(0x7FFFFFFF)
TWIST = np.uint64(0x9908B0DF)
LOW = np.uint64(0xFFFFFFFF)
TEMPER1 = np.uint64(0x9D2C5680)
TEMPER2 = np.uint64(0xEFC60000)
ONE = np.uint64(1)
LOW53 = np.uint64((1 << 53) - 1)


@compiled
def seeded(seed: int) -> Generator:
    """A fresh generator; PyTorch looks at the low 32 bits of its seed only."""
    state = np.empty(625, np.uint32)
    word = np.uint64(seed) & LOW
    state[0] = word
    for j in range(1, 624):
        word = (FIRST * (word ^ (word >> np.uint64(30))) + np.uint64(j)) & LOW
        state[j] = word
    state[624] = TAKEN
    return state


@compiled
def _renew(state: Generator) -> None:
    for j in range(624):
        following = np.uint64(state[j + 1 if j < 623 else 0])
        mixed = (np.uint64(state[j]) & TOP) | (following & REST)
        twisted = np.uint64(state[j + 397 if j < 227 else j - 227]) ^ (mixed >> ONE)
        if mixed & ONE != 0:
            twisted ^= TWIST
        state[j] = twisted
    state[624] = np.uint32(0)


@compiled
def fill(state: Generator, words: NDArray[np.uint32]) -> None:
    """The next ``words.size`` words of 32 random bits."""
    at = np.int64(state[624])
    for t in range(words.size):
        if at == 624:
            _renew(state)
            at = np.int64(0)
        y = np.uint64(state[at])
        at += 1
        y ^= y >> np.uint64(11)
        y ^= (y << np.uint64(7)) & TEMPER1
        y ^= (y << np.uint64(15)) & TEMPER2
        words[t] = y ^ (y >> np.uint64(18))
    state[624] = at


@compiled
def low_word(state: Generator) -> int:
    """The low 32 bits of a draw of 64: what a generator seeded with the draw looks at."""
    words = np.empty(2, np.uint32)
    fill(state, words)
    return np.int64(words[1])  # type: ignore[return-value]


@compiled
def shuffle(state: Generator, items: NDArray[np.int32]) -> None:
    """Put `items` into the order ``items[torch.randperm(items.size)]``, in place."""
    n = items.size
    words = np.empty(CHUNK, np.uint32)
    if n >= LONG_PERMUTATION:
        for start in range(0, n, CHUNK // 2):
            end = min(start + CHUNK // 2, n)
            fill(state, words[: 2 * (end - start)])
            for i in range(start, end):
                k = 2 * (i - start)
                long = (np.uint64(words[k]) << np.uint64(32)) | np.uint64(words[k + 1])
                z = np.int64(long % np.uint64(i + 1))
                items[i], items[z] = items[z], items[i]
        return
    for start in range(0, n - 1, CHUNK):
        end = min(start + CHUNK, n - 1)
        fill(state, words[: end - start])
        for i in range(start, end):
            z = i + np.int64(words[i - start] % np.uint32(n - i))
            items[i], items[z] = items[z], items[i]


@compiled
def permute(state: Generator, out: NDArray[np.int32]) -> None:
    """``torch.randperm(out.size)``."""
    for i in range(out.size):
        out[i] = i
    shuffle(state, out)


@compiled
def skip_permute(state: Generator, n: int) -> None:
    """Draw what a permutation of `n` items draws, to no end."""
    left = 2 * n if n >= LONG_PERMUTATION else n - 1
    words = np.empty(CHUNK, np.uint32)
    while left > 0:
        fill(state, words[: min(left, CHUNK)])
        left -= CHUNK


@compiled
def integers(state: Generator, n: int, out: NDArray[np.int32]) -> None:
    """``torch.randint(n)``, once for each place of `out`."""
    width = 1 if n < LONG_RANGE else 2
    words = np.empty(CHUNK, np.uint32)
    for start in range(0, out.size, CHUNK // width):
        end = min(start + CHUNK // width, out.size)
        fill(state, words[: width * (end - start)])
        for t in range(start, end):
            if width == 1:
                out[t] = words[t - start] % np.uint32(n)
            else:
                k = 2 * (t - start)
                long = (np.uint64(words[k]) << np.uint64(32)) | np.uint64(words[k + 1])
                out[t] = np.int64(long % np.uint64(n))


@compiled
def cumulative(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares up to and with each item, summed and divided in the order in which PyTorch does."""
    sums = np.empty(weights.size, np.float64)
    total = 0.0
    for i in range(weights.size):
        total += weights[i]
        sums[i] = total
    for i in range(weights.size):
        sums[i] /= total
    sums[-1] = 1.0
    return sums


@compiled
def weighted(state: Generator, shares: NDArray[np.float64], out: NDArray[np.int32]) -> None:
    """``torch.multinomial`` with replacement, given the cumulative shares."""
    n = shares.size
    guide = np.empty(n + 1, np.int64)  # the first item whose share reaches j / n: where a search may start
    i = 0
    for j in range(n + 1):
        while i < n - 1 and shares[i] * n < j:
            i += 1
        guide[j] = i
    words = np.empty(CHUNK, np.uint32)
    for start in range(0, out.size, CHUNK // 2):
        end = min(start + CHUNK // 2, out.size)
        fill(state, words[: 2 * (end - start)])
        for t in range(start, end):
            k = 2 * (t - start)
            long = (np.uint64(words[k]) << np.uint64(32)) | np.uint64(words[k + 1])
            u = np.float64(long & LOW53) * 2.0**-53
            i = guide[np.int64(u * n)]  # never beyond: rounding keeps order, so shares below it are below u
            while shares[i] < u:
                i += 1
            out[t] = i
