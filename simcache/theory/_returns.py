"""The law of the time between two requests of one item of a Markov chain, in time that hardly grows with its length.

For a few items by powers of two of the chain stopped at the item; for many by their chances to be back after x requests
(a power series, of which the law is an inverse) until what is left falls geometrically.
"""

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from ._check import Floats

Items = NDArray[np.intp]

LONGEST = 1 << 24  # entries of a law written out
FARTHEST = 1 << 40  # requests that a law may span
MIXING = 1 << 15  # requests of which the memory is followed by series
FEW = 1 << 26  # multiplications for one power of all the chains stopped at an item
REST = 5e-10  # of the mean time between requests, which may be left out
NOISE = 1e-12  # of a series' terms
BLOCK = 1 << 22  # numbers at a time
LEAST = 1e-150  # of the chances whose ratios are taken: their products do not overflow


class Law(NamedTuple):
    """1 - F(x), F the distribution function of the reuse time: at x = b B + a it is ``far[b] @ near[:, a]``."""

    far: Floats  # (number of blocks, rank)
    near: Floats  # (rank, B)


def written_out(law: Law, n: int) -> Floats:
    """1 - F(x) for x = 0, 1, … until what follows is nothing, of a chain of n items."""
    side = law.near.shape[1]
    beyond = np.append(np.cumsum((law.far @ law.near.sum(axis=1))[::-1])[::-1], 0.0)  # from each block on
    starts = np.append(law.far @ law.near[:, 0], 0.0)
    last = int(np.argmax((beyond < REST * n) & (starts < REST)))  # the first block that is not needed
    if last * side > LONGEST:
        raise _too_long()
    left = np.append((law.far[:last] @ law.near).ravel(), starts[last])
    tail = left[-side - 1 :]
    after = np.append(np.cumsum(tail[:0:-1])[::-1], 0) + max(beyond[last] - tail[-1], 0)
    return left[: left.size - tail.size + int(np.argmax((after < REST * n) & (tail < REST))) + 1]


def reached(law: Law, size: NDArray[np.int64], *, opt: bool) -> Floats:
    """F(x) where D(x) = `size`, D(x) the sum of 1 - F below x; for `opt` where D(x) - x (1 - F(x)) is.

    Linear between whole x; only the blocks asked for are written out.
    """
    side = law.near.shape[1]
    starts = np.append(0.0, np.cumsum(law.far @ law.near.sum(axis=1)))
    left = np.append(law.far @ law.near[:, 0], 0.0)
    x = side * np.arange(left.size, dtype=np.float64)
    at = np.searchsorted(starts - x * left if opt else starts, size, side="right") - 1
    at = np.clip(at, 0, len(law.far) - 1)
    found = np.empty(size.shape)
    for block in np.unique(at):
        inside = np.append(law.far[block] @ law.near, left[block + 1])
        distinct = starts[block] + np.append(0.0, np.cumsum(inside[:-1]))
        space = distinct - (x[block] + np.arange(side + 1)) * inside if opt else distinct
        here = at == block
        found[here] = np.interp(size[here], np.maximum.accumulate(space), 1 - inside)
    return np.clip(found, 0, 1)


def return_times(chain: Floats) -> Law:
    """The law of a checked chain."""
    rate = stationary(chain)
    if rate.min() * FARTHEST < 1:
        raise _too_far()
    items, weight = _alike(chain, rate)
    if items.size * len(chain) ** 3 <= FEW:
        return _by_powers(chain, items, weight, rate[items])
    law = _by_series(chain, items, weight, rate[items])
    return law if law is not None else _by_blocks(chain, items, weight, rate[items])


def stationary(chain: Floats) -> Floats:
    """The stationary law of a matrix or of rates, to nearly full precision however rare a step is: states are taken out
    one by one, and nothing is subtracted (Grassmann, Taksar & Heyman, Oper. Res. 33, 1985).
    """
    left = chain.copy()
    for k in range(len(left) - 1, 0, -1):
        out = left[k, :k].sum()
        if not out > LEAST:
            raise ValueError(f"matrix must have no way out of some items of chance <= {LEAST:g}, got one of {out:g}")
        left[:k, k] /= out
        left[:k, :k] += np.outer(left[:k, k], left[k, :k])
    rate = np.ones(len(left))
    for k in range(1, len(left)):
        rate[k] = rate[:k] @ left[:k, k]
        if rate[k] > 1e100:
            rate[: k + 1] /= rate[k]
    return np.asarray(rate / rate.sum())


def _alike(chain: Floats, rate: Floats) -> tuple[Items, Floats]:
    """One item of each kind and how often its kind is requested: items whose rates and expected visits, discounted at
    several rates, agree to nine digits come back by one law.
    """
    n = len(chain)
    if n**4 <= FEW:
        return np.arange(n), rate
    marks = [np.diag(np.linalg.inv(np.eye(n) - (1 - gap) * chain)) for gap in (0.3, 1e-2, 1e-4)]
    rounded = np.round(np.log([rate, *marks]), 9)
    _, items, kinds = np.unique(rounded, axis=1, return_index=True, return_inverse=True)
    return items, np.bincount(kinds.ravel(), rate).astype(np.float64)


def _too_long() -> ValueError:
    return ValueError(f"matrix must bring every item back within {LONGEST} requests, got one that takes longer")


def _too_far() -> ValueError:
    return ValueError(f"matrix must bring every item back within {FARTHEST} requests, got one that takes longer")


def _by_powers(chain: Floats, items: Items, weight: Floats, rate: Floats) -> Law:
    """By powers of the chain that an item's return stops: the item's column is 0."""
    every, here = np.arange(items.size), (items.size, len(chain), 1)
    power = np.repeat(chain[None], items.size, axis=0)
    power[every, :, items] = 0
    powers: list[Floats] = []
    mean = float(weight @ (1 / rate))
    spent = np.ones(here)  # requests before it is back, of 2^k for k powers
    after = power @ spent  # and what is left then
    # a mean of 2^k requests is as exact as the least of their probabilities
    while (
        mean - weight @ spent[every, items, 0] > max(REST, 1e-15 * 2.0 ** len(powers)) * mean
        or weight @ after[every, items, 0] > REST
    ):
        if 2 << len(powers) > FARTHEST:
            raise _too_far()
        spent = spent + power @ spent
        powers.append(power)
        power = power @ power
        after = power.sum(axis=2, keepdims=True)
    half = len(powers) // 2
    near = np.zeros((items.size, 1, len(chain)))  # where the chain is after 0, 1, … steps
    near[every, 0, items] = 1
    for power in powers[:half]:
        near = np.concatenate([near, near @ power], axis=1)
    far = np.ones(here) * weight[:, None, None]  # what is left of it after 0, 1, … times 2^half more
    for power in powers[half:]:
        far = np.concatenate([far, power @ far], axis=2)
    return Law(
        far.transpose(2, 0, 1).reshape(far.shape[2], -1), near.transpose(0, 2, 1).reshape(-1, near.shape[1]).copy()
    )


def _by_blocks(chain: Floats, items: Items, weight: Floats, rate: Floats) -> Law:
    """By powers, some items at a time, written out."""
    total = np.zeros(1)
    for block in np.array_split(np.arange(items.size), min(items.size, -(-items.size * len(chain) ** 3 // FEW))):
        part = _by_powers(chain, items[block], weight[block], rate[block])
        if len(part.far) * part.near.shape[1] > LONGEST:
            raise _too_long()
        left = (part.far @ part.near).ravel()
        size = max(left.size, total.size)
        total = np.pad(total, (0, size - total.size)) + np.pad(left, (0, size - left.size))
    side = 1 << (total.size.bit_length() // 2)
    return Law(np.pad(total, (0, -total.size % side)).reshape(-1, side), np.eye(side))


def _by_series(chain: Floats, items: Items, weight: Floats, rate: Floats) -> Law | None:
    """By series: with S(z) the sum of left(x) z^x and U(z) that of P(back after t) z^t, S(z) = 1 / ((1 - z) U(z)).

    The last term goes on by the ratio that gives each item its mean, 1 / rate (Kac), if earlier terms have it too.
    """
    length = 512
    while length <= MIXING:
        quarter = length // 4
        total, ends = np.zeros(length), []
        for block in np.array_split(np.arange(items.size), -(-items.size * length // BLOCK)):
            left = _inverse(np.diff(_back(chain, items[block], length), axis=1, prepend=0))
            total += weight[block] @ left
            ends.append(np.column_stack([left[:, quarter - 1 :: quarter], left.sum(axis=1)]))
        _, first, second, end, spent = np.concatenate(ends).T
        rest = np.maximum(1 / rate - spent, 0)
        end = np.maximum(end, 0)
        ratio = np.divide(rest, rest + end, out=np.zeros_like(rest), where=end > NOISE)
        kept = ratio**quarter
        if (np.maximum(np.abs(first * kept - second), np.abs(second * kept - end)) < 100 * NOISE).all():
            side = 1 << (length.bit_length() // 2)
            steps = ratio[:, None] ** np.arange(side)
            blocks = _blocks(weight * end * ratio, ratio, side, float(weight @ (1 / rate)))
            far = np.zeros((length // side + len(blocks), side + ratio.size))
            far[: length // side, :side] = total.reshape(-1, side)
            far[length // side :, side:] = blocks
            return Law(far, np.concatenate([np.eye(side), steps]))
        length *= 4
    return None


def _blocks(start: Floats, ratio: Floats, side: int, mean: float) -> Floats:
    """Start ratio^x at x = 0, side, 2 side, … until what follows is nothing."""
    number, rest = 1, start / (1 - ratio)
    while rest @ ratio ** (side * number) > REST * mean or start @ ratio ** (side * number) > REST:
        number *= 2
        if side * number > LONGEST:
            raise _too_long()
    return np.asarray(start * ratio ** (side * np.arange(number)[:, None]))


def _back(chain: Floats, items: Items, length: int) -> Floats:
    """P(at the item after t steps from it), t = 0 … length - 1, a power of 2."""
    levels = length.bit_length() - 1
    rows, power = np.eye(len(chain))[items][:, None], chain
    columns = rows.transpose(0, 2, 1)
    for level in range(levels):
        if level < levels // 2:
            rows = np.concatenate([rows, rows @ power], axis=1)
        else:
            columns = np.concatenate([columns, power @ columns], axis=2)
        power = power @ power
    return np.asarray((rows @ columns).transpose(0, 2, 1).reshape(items.size, length))


def _inverse(series: Floats) -> Floats:
    """1 / series of each row, as a power series of as many terms, a power of 2: Newton, doubling."""
    found = 1 / series[:, :1]
    while found.shape[1] < series.shape[1]:
        size = 2 * found.shape[1]
        now = scipy.fft.rfft(found, 2 * size)
        found = scipy.fft.irfft(now * (2 - scipy.fft.rfft(series[:, :size], 2 * size) * now), 2 * size)[:, :size]
    return np.asarray(found)
