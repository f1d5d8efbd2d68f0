"""New arrays for kernels, such as NumPy's, but in place: for each kind of np.zeros Numba compiles three functions."""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils as _cgutils
from numba.core.imputils import impl_ret_new_ref as _new
from numba.core.typing.npydecl import parse_dtype as _kind
from numba.extending import intrinsic as _intrinsic
from numba.np.arrayobj import _empty_nd_impl as _allocate
from numpy.typing import DTypeLike, NDArray

cgutils: Any = _cgutils  # all without types
intrinsic: Callable[[Callable[..., Any]], Any] = _intrinsic
made: Callable[..., Any] = _new
kind_of: Callable[..., Any] = _kind
allocated: Callable[..., Any] = _allocate
Shape = int | tuple[int, int]


def _array(shape: Any, dtype: Any) -> Any:
    return types.Array(kind_of(dtype), getattr(shape, "count", 1), "C")


def _allocated(context: Any, builder: Any, signature: Any, shape: Any) -> Any:
    given: Any = signature.args[0]
    several = isinstance(given, types.BaseTuple)
    kinds, lengths = (list(given), cgutils.unpack_tuple(builder, shape)) if several else ([given], [shape])
    lengths = [context.cast(builder, *each, types.intp) for each in zip(lengths, kinds, strict=True)]
    least = lengths[0]
    for length in lengths[1:]:
        least = builder.select(builder.icmp_signed("<", length, least), length, least)
    with builder.if_then(cgutils.is_neg_int(builder, least), likely=False):
        context.call_conv.return_user_exc(builder, ValueError, ("negative dimensions are not allowed",))
    return allocated(context, builder, signature.return_type, lengths)


def _told(context: Any, builder: Any, signature: Any, array: Any) -> Any:
    return made(context, builder, signature.return_type, array._getvalue())


@intrinsic
def _empty(typingctx: Any, shape: Any, dtype: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _told(context, builder, signature, _allocated(context, builder, signature, args[0]))

    return _array(shape, dtype)(shape, dtype), codegen


@intrinsic
def _zeros(typingctx: Any, shape: Any, dtype: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = _allocated(context, builder, signature, args[0])
        cgutils.memset(builder, array.data, builder.mul(array.itemsize, array.nitems), 0)
        return _told(context, builder, signature, array)

    return _array(shape, dtype)(shape, dtype), codegen


@intrinsic
def _full(typingctx: Any, shape: Any, value: Any, dtype: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, kind = _allocated(context, builder, signature, args[0]), signature.return_type.dtype
        filling = context.cast(builder, args[1], signature.args[1], kind)
        with cgutils.for_range(builder, array.nitems) as loop:
            context.pack_value(builder, kind, filling, cgutils.gep(builder, array.data, loop.index))
        return _told(context, builder, signature, array)

    return _array(shape, dtype)(shape, value, dtype), codegen


empty: Callable[[Shape, DTypeLike], NDArray[Any]] = _empty
zeros: Callable[[Shape, DTypeLike], NDArray[Any]] = _zeros
filled: Callable[[Shape, Any, DTypeLike], NDArray[Any]] = _full
