"""Words of 64 bits, random draws by counter, and next-use times: what kernels share."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed as _borrowed
from numba.extending import intrinsic
from numpy.typing import NDArray

from .allocation import empty, filled, zeros
from .jit import compiled, inlined

# Inside Numba every operand of unsigned arithmetic must be unsigned: uint64 with a literal becomes
# int64, whose >> is arithmetic, and the answer is silently wrong.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX1 = np.uint64(0xBF58476D1CE4E5B9)
MIX2 = np.uint64(0x94D049BB133111EB)
MASK = 2**64 - 1
borrowed: Callable[..., Any] = _borrowed  # without types
AHEAD = 16  # accesses between a prefetch and its use


@intrinsic
def _clz(typingctx: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), codegen


@intrinsic
def _ctz(typingctx: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), codegen


@intrinsic
def _popcount(typingctx: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


@intrinsic
def _prefetch(typingctx: Any, array: Any, row: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        index = context.cast(builder, args[1], signature.args[1], types.int64)
        byte = ir.IntType(8).as_pointer()
        offset = builder.mul(index, builder.extract_value(array.strides, 0))
        address = builder.gep(builder.bitcast(array.data, byte), [offset])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        builder.call(call, [address, number(1), number(3), number(1)])  # to write, keep in all levels, data
        return context.get_dummy_value()

    return types.void(array, row), codegen


@intrinsic
def _frozen(typingctx: Any, array: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        same = context.cast(builder, args[0], signature.args[0], signature.return_type)
        return borrowed(context, builder, signature.return_type, same)

    return array.copy(readonly=True)(array), codegen


# frozen(array) is that array, read-only: what takes arrays from Python, which are, need not compile again for it.
frozen = cast(Callable[[NDArray[Any]], NDArray[Any]], _frozen)

# prefetch(array, row) asks for the cache line where that row begins: a hint, which changes no result. A trace is known
# ahead, so a kernel can ask for an item's state AHEAD accesses before it is needed.
prefetch = cast(Callable[[NDArray[Any], int], None], _prefetch)


@inlined
def clz(x: np.uint64) -> int:
    """Count of leading zero bits of `x`, 64 when x is 0."""
    return np.int64(_clz(x))  # type: ignore[call-arg, return-value]


@inlined
def ctz(x: np.uint64) -> int:
    """Count of trailing zero bits of `x`, 64 when x is 0."""
    return np.int64(_ctz(x))  # type: ignore[call-arg, return-value]


@inlined
def popcount(x: np.uint64) -> int:
    """Count of one bits of `x`."""
    return np.int64(_popcount(x))  # type: ignore[call-arg, return-value]


@compiled
def splitmix(seed: np.uint64, d: int) -> np.uint64:
    """Draw number `d` = 0, 1, ... of the stream `seed`: 64 random bits (Steele, Lea & Flood, OOPSLA 2014)."""
    z = seed + (np.uint64(d) + np.uint64(1)) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * MIX1
    z = (z ^ (z >> np.uint64(27))) * MIX2
    return z ^ (z >> np.uint64(31))


@compiled
def draw(seed: np.uint64, d: int, k: int) -> int:
    """Draw number `d` of the stream `seed`, uniform in [0, k), k < 2^32: no state, so any order and any thread."""
    return np.int64(((splitmix(seed, d) >> np.uint64(32)) * np.uint64(k)) >> np.uint64(32))  # type: ignore[return-value]


def draw_reference(seed: int, d: int, k: int) -> int:
    """`draw` in plain Python integers, bit for bit."""
    z = (seed + (d + 1) * int(GOLDEN)) & MASK
    z = ((z ^ (z >> 30)) * int(MIX1)) & MASK
    z = ((z ^ (z >> 27)) * int(MIX2)) & MASK
    return (((z ^ (z >> 31)) >> 32) * k) >> 32


@compiled
def next_use(ids: NDArray[np.int32], n_items: int) -> NDArray[np.int32]:
    """Position of the next access to the same item, `ids.size` where there is none; shape (n_accesses,)."""
    n = ids.size
    upcoming = filled(n_items, n, np.int32)
    after = empty(n, np.int32)
    for t in range(n - 1, -1, -1):
        i = ids[t]
        after[t] = upcoming[i]
        upcoming[i] = t
    return after


@compiled
def following(bits: NDArray[np.uint64], position: int) -> int:
    """The first position from `position` on whose bit is set; there must be one."""
    word = position >> 6
    found = bits[word] & (~np.uint64(0) << np.uint64(position & 63))
    while found == 0:
        word += 1
        found = bits[word]
    return (word << 6) + ctz(found)


# A set of whole numbers below `size` as a tree of bits: level 0 has a bit a number, each level above a bit for each
# word of the one below that is not zero. One flat array, the levels one after the other.


@compiled
def tree_empty(size: int) -> NDArray[np.uint64]:
    """The empty set of numbers in [0, size)."""
    words = 0
    while True:
        size = (size + 63) >> 6
        words += size
        if size <= 1:
            return zeros(words, np.uint64)


@compiled
def tree_set(tree: NDArray[np.uint64], size: int, x: int) -> None:
    """Put x into the set."""
    start = 0
    while True:
        size = (size + 63) >> 6
        word = start + (x >> 6)
        was = tree[word]
        tree[word] = was | np.uint64(1) << np.uint64(x & 63)
        if was != 0 or size <= 1:
            return
        start += size
        x >>= 6


@compiled
def tree_clear(tree: NDArray[np.uint64], size: int, x: int) -> None:
    """Take x out of the set."""
    start = 0
    while True:
        size = (size + 63) >> 6
        word = start + (x >> 6)
        tree[word] &= ~(np.uint64(1) << np.uint64(x & 63))
        if tree[word] != 0 or size <= 1:
            return
        start += size
        x >>= 6


@compiled
def _tree_end(tree: NDArray[np.uint64], size: int, least: bool) -> int:
    start, levels, width = 0, 0, (size + 63) >> 6
    while width > 1:
        start += width
        width = (width + 63) >> 6
        levels += 1
    x = 0
    for level in range(levels, -1, -1):
        word = tree[start + x]
        x = (x << 6) + (ctz(word) if least else 63 - clz(word))
        if level > 0:  # down one level: its width, counted from the bottom
            width = (size + 63) >> 6
            for _ in range(level - 1):
                width = (width + 63) >> 6
            start -= width
    return x


@inlined
def tree_lowest(tree: NDArray[np.uint64], size: int) -> int:
    """The least number of a set that is not empty."""
    return _tree_end(tree, size, True)


@inlined
def tree_highest(tree: NDArray[np.uint64], size: int) -> int:
    """The greatest number of a set that is not empty."""
    return _tree_end(tree, size, False)
