"""How a sample lies in a slot: its structure as text, and the bytes of its parts in a row.

Tensors, arrays, int and float, in nested tuples, lists and dicts with keys of str, are laid out as they are; anything
else goes through pickle. What a description says alike is one `Layout`, made once, so reading a batch is one call.
"""

import copy
import io
import json
import math
import pickle
import struct
from collections.abc import Callable
from ctypes import memmove, string_at
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

Spec = list[Any]  # [kind, …]: nested as the sample is, and JSON
Block = Any  # bytes, as an array
Build = Callable[[Block, int], Any]  # makes a sample, or a part of one, of what stands in a block from there on
ALIGNED = 64  # bytes to which parts are aligned where they are copied to
# Types of torch that NumPy has under the same name.
ALIKE = {
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128",
}  # fmt: skip


class Unfit(ValueError):
    """Why a sample cannot be laid out in shared memory."""


class Laid(NamedTuple):
    """A sample to store: its layout, (address, bytes) of each part, and what must live as long."""

    layout: "Layout"
    parts: NDArray[np.int64]
    kept: list[Any]


def laid(sample: Any) -> Laid:
    """A sample's layout, and where its bytes are.

    Raises
    ------
    Unfit
        When they cannot be had: tensors that are not plain ones of the CPU, or what pickle refuses.
    """
    kept: list[Any] = []
    try:
        description = json.dumps(_spec(sample, kept)).encode()
        layout = layout_of(description)
    except RecursionError:
        raise Unfit(f"a {type(sample).__name__} that holds itself, or is nested too deep") from None
    parts = [(it.data_ptr() if isinstance(it, torch.Tensor) else it.ctypes.data, it.nbytes) for it in kept]
    return Laid(layout, np.array(parts, np.int64).reshape(-1, 2), kept)


def _spec(sample: Any, kept: list[Any]) -> Spec:
    kind = type(sample)
    if kind is tuple or kind is list:
        return [kind.__name__, *(_spec(each, kept) for each in sample)]
    if kind is dict and all(type(key) is str for key in sample):
        return ["dict", list(sample), *(_spec(each, kept) for each in sample.values())]
    if isinstance(sample, torch.Tensor):
        _check_plain(sample)
    part: Any
    if kind is torch.Tensor and not sample.requires_grad and not sample.is_quantized:
        part = sample.contiguous().resolve_conj().resolve_neg()
        spec = ["tensor", str(part.dtype).removeprefix("torch."), list(part.shape)]
    elif kind is np.ndarray and sample.dtype.kind in "biufcmMSU":
        part = np.ascontiguousarray(sample)
        spec = ["array", part.dtype.str, list(sample.shape)]
    elif (kind is int and -(2**63) <= sample < 2**63) or kind is float:
        part = np.array(sample, np.int64 if kind is int else np.float64)
        spec = [kind.__name__]
    else:
        try:
            file = io.BytesIO()
            Pickler(file, pickle.HIGHEST_PROTOCOL).dump(sample)
            part = np.frombuffer(file.getbuffer(), np.uint8)
        except Unfit:
            raise
        except Exception as error:  # whatever a class of others raises
            raise Unfit(f"a {kind.__name__}, which pickle refuses: {error}") from error
        spec = ["pickle", part.size]
    kept.append(part)
    return spec


class Pickler(pickle.Pickler):
    """Takes of a tensor what is its own, where pickle takes all memory that it is a view of."""

    def reducer_override(self, it: Any) -> Any:
        """How a tensor is written, at any depth."""
        if isinstance(it, torch.Tensor):
            _check_plain(it)
            if it.untyped_storage().nbytes() > it.nbytes:
                with torch.no_grad():
                    own = it.clone().requires_grad_(it.requires_grad)
                if type(own) is type(it) and vars(own).keys() == vars(it).keys():
                    return own.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return NotImplemented


def _check_plain(it: torch.Tensor) -> None:
    if it.device.type != "cpu" or it.layout is not torch.strided or it.is_nested:
        kind = "nested" if it.is_nested else str(it.layout).removeprefix("torch.")
        raise Unfit(f"a tensor of {it.device.type}, {kind}")


def copied(sample: Any) -> Any:
    """A copy that shares no memory with the sample, nor takes more than the sample's own, as `copy.deepcopy` does.

    Raises
    ------
    Unfit
        When it cannot be copied.
    """
    try:
        it = laid(sample)
    except Unfit as why:
        try:
            return copy.deepcopy(sample)
        except Exception:  # whatever a class of others raises
            raise why from None
    block, places, targets = it.layout.block(1)
    for (at, size), to in zip(it.parts.tolist(), targets[0].tolist(), strict=True):
        memmove(to, at, size)
    return it.layout.built(block, int(places[0]))


def same(one: Any, two: Any) -> bool:
    """Whether a sample that was cached is the one that was loaded again."""
    if type(one) is not type(two):
        return False
    if isinstance(one, tuple | list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(map(same, one.values(), two.values()))
    try:
        if isinstance(one, torch.Tensor):  # which pickle writes differently each time
            one, two = (it.detach().as_subclass(torch.Tensor) for it in (one, two))
            if one.is_quantized:
                one, two = one.dequantize(), two.dequantize()
        # An object is written alike more surely once it was pickled, as the other one was.
        if _equal(one, two) or _equal(one, pickle.loads(pickle.dumps(two))) or bool(one == two):
            return True
    except Exception:  # whatever a class of others raises
        return False
    return hasattr(one, "__dict__") and bool(vars(one)) and same(vars(one), vars(two))


def _equal(one: Any, two: Any) -> bool:
    """Whether both are laid out alike, byte by byte."""
    a, b = laid(one), laid(two)
    return a.layout is b.layout and all(
        string_at(at, size) == string_at(there, size)
        for (at, size), (there, _) in zip(a.parts.tolist(), b.parts.tolist(), strict=True)
    )


class Layout:
    """What samples of one description share."""

    def __init__(self, description: bytes) -> None:
        self.key = int.from_bytes(blake2b(description, digest_size=8).digest(), "little", signed=True) or 1
        words = np.array([self.key, len(description)], np.int64)
        self.head = np.frombuffer(words.tobytes() + description, np.uint8)
        sizes: list[int] = []
        self._build = _builder(json.loads(description), sizes)
        self.sizes = np.array(sizes, np.int64)
        self.bytes = sum(sizes)
        self._starts = np.array([_aligned(sum(map(_aligned, sizes[:k]))) for k in range(len(sizes))], np.int64)
        self._stride = sum(map(_aligned, sizes))

    def block(self, count: int) -> tuple[Block, NDArray[np.int64], NDArray[np.int64]]:
        """Memory for so many samples, where in it each begins, and the addresses of their parts, (count, parts).

        One piece, since many of middling size are given back to the system, and zeroed by it, again and again.
        """
        block = np.empty(count * self._stride + ALIGNED, np.uint8)
        address = block.ctypes.data
        places = np.arange(count) * self._stride + -address % ALIGNED
        return block, places, address + places[:, None] + self._starts

    def built(self, block: Block, place: int) -> Any:
        """The sample that stands in a block at a place."""
        return self._build(block, place)


@lru_cache(maxsize=4096)
def layout_of(description: bytes) -> Layout:
    """The layout that a description stands for."""
    return Layout(description)


def _aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED


def _builder(spec: Spec, sizes: list[int]) -> Build:
    """What makes a sample; `sizes` takes the bytes of its parts."""
    kind = spec[0]
    if kind in ("tuple", "list"):
        make: Any = tuple if kind == "tuple" else list
        builds = [_builder(child, sizes) for child in spec[1:]]
        return lambda block, at: make([build(block, at) for build in builds])
    if kind == "dict":
        keyed = [(key, _builder(child, sizes)) for key, child in zip(spec[1], spec[2:], strict=True)]
        return lambda block, at: {key: build(block, at) for key, build in keyed}

    start = sum(map(_aligned, sizes))
    if kind == "pickle":
        size = spec[1]
        sizes.append(size)
        return lambda block, at: pickle.loads(block[at + start : at + start + size])
    if kind in ("int", "float"):
        sizes.append(8)
        unpack = struct.Struct("q" if kind == "int" else "d").unpack_from
        return lambda block, at: unpack(block, at + start)[0]
    name, shape = spec[1], tuple(spec[2])
    if kind == "array" or name in ALIKE:
        dtype = np.dtype(name)
        sizes.append(math.prod(shape) * dtype.itemsize)
        if kind == "array":
            return lambda block, at: np.ndarray(shape, dtype, block, at + start)
        return lambda block, at: torch.from_numpy(np.ndarray(shape, dtype, block, at + start))
    other = getattr(torch, name)
    size = math.prod(shape) * other.itemsize
    sizes.append(size)
    return lambda block, at: torch.from_numpy(np.ndarray((size,), np.uint8, block, at + start)).view(other).view(shape)
