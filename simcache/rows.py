"""Rows of caches: one policy at up to `LANES` sizes, a lane each. What they know of an item is one row, a cache line.

An access is then a handful of vector instructions for all sizes, without a branch, and each lane does what the policy's
kernel does at its size. Nothing is kept per access: hits are the accesses without the misses. Unused lanes run along
at size 1.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from .allocation import empty, filled
from .bits import GOLDEN, MIX1, MIX2
from .jit import compiled
from .lanes import LANES, cgutils, cut, intrinsic, load_row, row_at, splat

_BIT = ir.IntType(1)
_INT = ir.IntType(32)
_LONG = ir.IntType(64)
_LONGS = ir.VectorType(_LONG, LANES)
_POINTERS = ir.VectorType(_INT.as_pointer(), LANES)


def _all(kind: Any, value: int) -> Any:
    return ir.Constant(kind, [value] * LANES)


def _own(context: Any, builder: Any, signature: Any, args: Any, place: int, index: Any = None) -> Any:
    """Where the row of an argument begins."""
    first = ir.Constant(_LONG, 0) if index is None else index
    return row_at(context, builder, signature.args[place], args[place], first, _INT, LANES)


@intrinsic
def _enter(typingctx: Any, entered: Any, index: Any, misses: Any, capacities: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        own = _own(context, builder, signature, args, 0, args[1])
        clock = _own(context, builder, signature, args, 2)
        came, now = load_row(builder, own), load_row(builder, clock)
        oldest = builder.sub(now, load_row(builder, _own(context, builder, signature, args, 3)))
        missed = builder.icmp_signed("<", came, oldest)
        builder.store(builder.select(missed, now, came), own).align = 1
        builder.store(builder.sub(now, builder.sext(missed, now.type)), clock).align = 1
        return context.get_dummy_value()

    return types.void(entered, types.int64, misses, capacities), codegen


@compiled
def enter_row(entered: NDArray[np.int32], index: int, misses: NDArray[np.int32], capacities: NDArray[np.int32]) -> None:
    """Put `misses` into the lanes of the row at `index` that hold less than `misses` - `capacities`; count these."""
    _enter(entered, index, misses, capacities)


def _places(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Addresses of elements of an int32 array, one per lane."""
    data = context.make_array(kind)(context, builder, array).data
    start = splat(builder, builder.ptrtoint(data, _LONG), LANES)
    return builder.inttoptr(builder.add(start, builder.shl(index, _all(_LONGS, 2))), _POINTERS)


def _each(builder: Any, operation: str, result: Any, *operands: Any) -> Any:
    """Gather from, or scatter to, the places that are the last operand."""
    every = ir.Constant(ir.VectorType(_BIT, LANES), [1] * LANES)
    rest = [ir.Constant(_INT, 4), every] + ([ir.Constant(result, ir.Undefined)] if operation == "gather" else [])
    kind = ir.FunctionType(result, [operand.type for operand in (*operands, *rest)])
    name = f"llvm.masked.{operation}.v{LANES}i32.v{LANES}p0"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [*operands, *rest])


def _draws(builder: Any, seed: Any, numbers: Any, below: Any) -> Any:
    """`bits.draw` in every lane."""
    z = builder.mul(builder.add(numbers, _all(_LONGS, 1)), _all(_LONGS, int(GOLDEN)))
    z = builder.add(splat(builder, seed, LANES), z)
    for shift, factor in ((30, MIX1), (27, MIX2)):
        z = builder.mul(builder.xor(z, builder.lshr(z, _all(_LONGS, shift))), _all(_LONGS, int(factor)))
    high = builder.lshr(builder.xor(z, builder.lshr(z, _all(_LONGS, 31))), _all(_LONGS, 32))
    return builder.lshr(builder.mul(high, below), _all(_LONGS, 32))


@intrinsic
def _swap(
    typingctx: Any, slots: Any, index: Any, held: Any, item: Any, first: Any, misses: Any, capacities: Any, seed: Any
) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        own, clock = _own(context, builder, signature, args, 0, args[1]), _own(context, builder, signature, args, 5)
        firsts = load_row(
            builder, row_at(context, builder, signature.args[4], args[4], ir.Constant(_LONG, 0), _LONG, LANES)
        )
        now = load_row(builder, clock)
        room = builder.zext(load_row(builder, _own(context, builder, signature, args, 6)), _LONGS)
        item = splat(builder, builder.trunc(args[3], _INT), LANES)
        number = builder.zext(now, _LONGS)
        drawn = _draws(builder, args[7], builder.sub(number, room), room)
        victim = builder.select(builder.icmp_signed("<", number, room), number, drawn)
        slot = builder.zext(load_row(builder, own), _LONGS)
        there = _places(context, builder, signature.args[2], args[2], builder.add(firsts, slot))
        hit = builder.icmp_signed("==", _each(builder, "gather", now.type, there), item)
        into = builder.select(hit, slot, victim)
        _each(
            builder,
            "scatter",
            ir.VoidType(),
            item,
            _places(context, builder, signature.args[2], args[2], builder.add(firsts, into)),
        )
        builder.store(builder.trunc(into, now.type), own).align = 1
        builder.store(builder.sub(now, builder.sext(builder.not_(hit), now.type)), clock).align = 1
        return context.get_dummy_value()

    return types.void(slots, types.int64, held, types.int64, first, misses, capacities, types.uint64), codegen


@compiled
def swap_row(
    slots: NDArray[np.int32],
    index: int,
    held: NDArray[np.int32],
    item: int,
    first: NDArray[np.int64],
    misses: NDArray[np.int32],
    capacities: NDArray[np.int32],
    seed: np.uint64,
) -> None:
    """Random replacement's access to `item`, in every lane.

    Lane k has the slots of `held` from ``first[k]`` on; the row of `slots` at `index` says where the item last stood.
    Where it is not there any more it takes the next free slot, or one that is drawn, and the miss is counted.
    """
    _swap(slots, index, held, item, first, misses, capacities, seed)


@compiled
def rows(n_items: int, value: int) -> NDArray[np.int32]:
    """A row for each item, all lanes `value`, shape (n_items * LANES,)."""
    return cut(filled((n_items + 1) * LANES, value, np.int32), n_items * LANES)


@compiled
def row(capacities: NDArray[np.int64]) -> NDArray[np.int32]:
    """Capacities in a row, then ones."""
    lanes = np.ones(LANES, np.int32)
    for k in range(capacities.size):
        lanes[k] = capacities[k]
    return lanes


@compiled
def hits(
    misses: NDArray[np.int32], early: NDArray[np.int32], n_accesses: int, start: int, n_sizes: int
) -> NDArray[np.int64]:
    """Hits in each lane, all and those from `start` on, from its misses, all and `early`, those before."""
    found = empty((2, n_sizes), np.int64)
    for k in range(n_sizes):
        found[0, k] = n_accesses - misses[k]
        found[1, k] = n_accesses - start - (misses[k] - early[k])
    return found
