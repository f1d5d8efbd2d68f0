"""Loads, stores, fences and copies by address, for memory that processes share: what Numba itself cannot say.

Addresses are int64, words uint64 and aligned to 8 bytes. Compiled code touches shared memory by these alone, so the
order in which other processes see it is written down where they are called.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WORD = ir.IntType(64)


def _at(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, WORD.as_pointer())


@intrinsic
def _load(typingctx: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_at(builder, args[0]), "acquire", 8)

    return types.uint64(types.int64), codegen


@intrinsic
def _release(typingctx: Any, address: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _at(builder, args[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64), codegen


@intrinsic
def _swap(typingctx: Any, address: Any, old: Any, new: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pair = builder.cmpxchg(_at(builder, args[0]), args[1], args[2], "seq_cst", "seq_cst")
        return context.cast(builder, builder.extract_value(pair, 1), types.boolean, types.boolean)

    return types.boolean(types.int64, types.uint64, types.uint64), codegen


@intrinsic
def _add(typingctx: Any, address: Any, amount: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _at(builder, args[0]), args[1], "monotonic")

    return types.uint64(types.int64, types.uint64), codegen


@intrinsic
def _fence(typingctx: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _acquire(typingctx: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("acquire")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _copy(typingctx: Any, target: Any, source: Any, size: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        target, source = (builder.inttoptr(address, byte) for address in args[:2])
        cgutils.raw_memcpy(builder, target, source, args[2], 1)  # type: ignore[no-untyped-call]
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


load = cast(Callable[[int], np.uint64], _load)  # nothing after it is seen before it
release = cast(Callable[[int, np.uint64], None], _release)  # a store; nothing before it is seen after it
swap = cast(Callable[[int, np.uint64, np.uint64], bool], _swap)  # compare and swap: whether the old word was there
add = cast(Callable[[int, np.uint64], np.uint64], _add)  # the word before
fence = cast(Callable[[], None], _fence)  # nothing passes it either way
acquire = cast(Callable[[], None], _acquire)  # loads before it are not seen after it
copy = cast(Callable[[int, int, int], None], _copy)  # to, from, bytes
