"""Rows of lanes: a few neighbouring numbers of an array, handled at once.

The one-pass curves keep counters in trees whose nodes are one row, a cache line or less, so that a step up or down
costs a handful of vector instructions. Masks are 64-bit words, bit k for lane k. LLVM lowers the vectors to whatever
the machine has; the answers are the same everywhere.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic as _intrinsic
from numpy.typing import NDArray

from .jit import compiled, inlined

LANES = 16
CELLS = 64  # int8 counters in a row: one cache line
WORDS = 8  # 64-bit words in a row: one cache line

cgutils: Any = _cgutils  # both without types
intrinsic: Callable[[Callable[..., Any]], Any] = _intrinsic

_BIT = ir.IntType(1)
_BYTE = ir.IntType(8)
_INT = ir.IntType(32)
_LONG = ir.IntType(64)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return cgutils.gep_inbounds(builder, data, index)


def row_at(context: Any, builder: Any, kind: Any, array: Any, index: Any, element: Any, count: int) -> Any:
    """The address of `count` neighbouring elements of an array."""
    return builder.bitcast(_address(context, builder, kind, array, index), ir.VectorType(element, count).as_pointer())


def load_row(builder: Any, pointer: Any) -> Any:
    """What is at an address of `row_at`."""
    row = builder.load(pointer)
    row.align = 1
    return row


def splat(builder: Any, value: Any, count: int) -> Any:
    """One value in `count` lanes."""
    kind = ir.VectorType(value.type, count)
    lone = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_INT, 0))
    zeros = ir.Constant(ir.VectorType(_INT, count), [0] * count)
    return builder.shuffle_vector(lone, ir.Constant(kind, ir.Undefined), zeros)


def _lanes(builder: Any, mask: Any, count: int) -> Any:
    """The low `count` bits of a word, one per lane."""
    narrow = mask if count == 64 else builder.trunc(mask, ir.IntType(count))
    return builder.bitcast(narrow, ir.VectorType(_BIT, count))


def _word(builder: Any, flags: Any, count: int) -> Any:
    narrow = builder.bitcast(flags, ir.IntType(count))
    return narrow if count == 64 else builder.zext(narrow, _LONG)


def _reduced(builder: Any, operation: str, row: Any) -> Any:
    count, element = row.type.count, row.type.element
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(element, [row.type]), f"llvm.vector.reduce.{operation}.v{count}i{element.width}"
    )
    return builder.call(function, [row])


def _comparing(sign: str, element: Any, count: int) -> Any:
    @intrinsic
    def compare(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            row = load_row(builder, row_at(context, builder, signature.args[0], args[0], args[1], element, count))
            flags = builder.icmp_signed(sign, row, splat(builder, builder.trunc(args[2], element), count))
            return _word(builder, flags, count)

        return types.uint64(array, types.int64, types.int64), codegen

    return compare


def _added(builder: Any, row: Any, mask: Any, amount: Any) -> Any:
    """`amount` added to the lanes of `row` that `mask` names."""
    element, count = row.type.element, row.type.count
    nothing = ir.Constant(row.type, [0] * count)
    some = splat(builder, builder.trunc(amount, element), count)
    return builder.add(row, builder.select(_lanes(builder, mask, count), some, nothing))


def _settled(builder: Any, row: Any, pointer: Any) -> Any:
    """Store `row` less its least lane, and return that."""
    least = _reduced(builder, "smin", row)
    builder.store(builder.sub(row, splat(builder, least, row.type.count)), pointer).align = 1
    return builder.sext(least, _LONG)


@intrinsic
def _shift_cells(typingctx: Any, array: Any, index: Any, mask: Any, amount: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _BYTE, CELLS)
        return _settled(builder, _added(builder, load_row(builder, pointer), args[2], args[3]), pointer)

    return types.int64(array, types.int64, types.uint64, types.int64), codegen


@intrinsic
def _shift_lanes(
    typingctx: Any, array: Any, index: Any, mask: Any, amount: Any, one: Any, more: Any, two: Any, rest: Any
) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _INT, LANES)
        row = load_row(builder, pointer)
        for lanes, amount in (args[2:4], args[4:6], args[6:8]):
            row = _added(builder, row, lanes, amount)
        return _settled(builder, row, pointer)

    pairs = (types.uint64, types.int64) * 3
    return types.int64(array, types.int64, *pairs), codegen


@intrinsic
def _replace(typingctx: Any, array: Any, index: Any, mask: Any, value: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _INT, LANES)
        new = splat(builder, builder.trunc(args[3], _INT), LANES)
        row = builder.select(_lanes(builder, args[2], LANES), new, load_row(builder, pointer))
        builder.store(row, pointer).align = 1
        return builder.sext(_reduced(builder, "smin", row), _LONG)

    return types.int64(array, types.int64, types.uint64, types.int64), codegen


@intrinsic
def _add(typingctx: Any, array: Any, index: Any, mask: Any, amount: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _INT, LANES)
        builder.store(_added(builder, load_row(builder, pointer), args[2], args[3]), pointer).align = 1
        return context.get_dummy_value()

    return types.void(array, types.int64, types.uint64, types.int64), codegen


def _lone_bits(builder: Any, bit: Any) -> tuple[Any, Any]:
    """Of a row of words: the bits before number `bit`, and that bit alone."""
    kind = ir.VectorType(_LONG, WORDS)
    one, zero = ir.Constant(kind, [1] * WORDS), ir.Constant(kind, [0] * WORDS)
    wanted = builder.sub(splat(builder, bit, WORDS), ir.Constant(kind, [64 * w for w in range(WORDS)]))
    here = builder.shl(one, builder.and_(wanted, ir.Constant(kind, [63] * WORDS)))
    later = builder.icmp_signed("<", wanted, zero)
    earlier = builder.icmp_signed(">=", wanted, ir.Constant(kind, [64] * WORDS))
    before = builder.select(earlier, ir.Constant(kind, [-1] * WORDS), builder.sub(here, one))
    return builder.select(later, zero, before), builder.select(builder.or_(earlier, later), zero, here)


def _ones(builder: Any, row: Any) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(row.type, [row.type]), f"llvm.ctpop.v{WORDS}i64"
    )
    return _reduced(builder, "add", builder.call(function, [row]))


@intrinsic
def _take(typingctx: Any, array: Any, index: Any, bit: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _LONG, WORDS)
        row = load_row(builder, pointer)
        before, here = _lone_bits(builder, args[2])
        builder.store(builder.and_(row, builder.not_(here)), pointer).align = 1
        return _ones(builder, builder.and_(row, before))

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def _put(typingctx: Any, array: Any, index: Any, bit: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = row_at(context, builder, signature.args[0], args[0], args[1], _LONG, WORDS)
        builder.store(builder.or_(load_row(builder, pointer), _lone_bits(builder, args[2])[1]), pointer).align = 1
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@intrinsic
def _held(typingctx: Any, array: Any, index: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _ones(
            builder, load_row(builder, row_at(context, builder, signature.args[0], args[0], args[1], _LONG, WORDS))
        )

    return types.int64(array, types.int64), codegen


_equal_cells = _comparing("==", _BYTE, CELLS)
_equal_lanes = _comparing("==", _INT, LANES)
_at_most_lanes = _comparing("<=", _INT, LANES)


@inlined
def equal_cells(array: NDArray[np.int8], index: int, value: int) -> np.uint64:
    """Mask of the `CELLS` int8 lanes from `index` that equal `value`."""
    return _equal_cells(array, index, value)  # type: ignore[no-any-return]


@inlined
def equal_lanes(array: NDArray[np.int32], index: int, value: int) -> np.uint64:
    """Mask of the `LANES` int32 lanes from `index` that equal `value`."""
    return _equal_lanes(array, index, value)  # type: ignore[no-any-return]


@inlined
def at_most_lanes(array: NDArray[np.int32], index: int, value: int) -> np.uint64:
    """Mask of the `LANES` int32 lanes from `index` that are at most `value`."""
    return _at_most_lanes(array, index, value)  # type: ignore[no-any-return]


@inlined
def shift_cells(array: NDArray[np.int8], index: int, mask: np.uint64, amount: int) -> int:
    """Add `amount` to the int8 lanes in `mask`, subtract the least of all lanes from all, and return it."""
    return _shift_cells(array, index, mask, amount)  # type: ignore[no-any-return]


@inlined
def shift_lanes(
    array: NDArray[np.int32],
    index: int,
    one: np.uint64,
    first: int,
    two: np.uint64,
    second: int,
    rest: np.uint64,
    by: int,
) -> int:
    """Add `first` to the int32 lanes in `one`, `second` to `two`, `by` to `rest`; subtract the least, and return it."""
    return _shift_lanes(array, index, one, first, two, second, rest, by)  # type: ignore[no-any-return]


@inlined
def replace_lanes(array: NDArray[np.int32], index: int, mask: np.uint64, value: int) -> int:
    """Put `value` into the int32 lanes in `mask`; return the least of all lanes."""
    return _replace(array, index, mask, value)  # type: ignore[no-any-return]


@inlined
def add_lanes(array: NDArray[np.int32], index: int, mask: np.uint64, amount: int) -> None:
    """Add `amount` to the int32 lanes in `mask`."""
    _add(array, index, mask, amount)


@inlined
def take_bit(words: NDArray[np.uint64], index: int, bit: int) -> int:
    """Clear bit number `bit` of the `WORDS` words from `index`; return how many bits before it are set."""
    return _take(words, index, bit)  # type: ignore[no-any-return]


@inlined
def put_bit(words: NDArray[np.uint64], index: int, bit: int) -> None:
    """Set bit number `bit` of the `WORDS` words from `index`."""
    _put(words, index, bit)


@inlined
def held_bits(words: NDArray[np.uint64], index: int) -> int:
    """How many bits are set in the `WORDS` words from `index`."""
    return _held(words, index)  # type: ignore[no-any-return]


@compiled
def cut(array: NDArray[Any], size: int) -> NDArray[Any]:
    """`size` elements of `array`, which has 64 bytes more, from the start of a cache line: no row straddles two."""
    skipped = (-array.ctypes.data & 63) // array.itemsize
    return array[skipped : skipped + size]
