"""The bytes of a file, unpacked as they come, and cut where a record ends: what breaks off is told, not lost."""

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any

BLOCK = 1 << 21  # bytes looked at together
FEED = 1 << 12  # packed bytes given at a time: zstd makes at most 2^15 of one
PACKINGS = (".gz", ".zst")
# How files begin that are no plain text, and what they are.
MAGIC = {
    b"\x1f\x8b": "gzip's",
    b"\x28\xb5\x2f\xfd": "zstd's",
    b"\x93NUMPY": "a .npy file's",
    b"PAR1": "a .parquet file's",
    b"PK\x03\x04": "a .npz file's",
    b"\xff\xfe": "text's in UTF-16",
    b"\xfe\xff": "text's in UTF-16",
}


class Broken(ValueError):
    """What a file holds breaks off, or cannot be unpacked further."""


def packing(path: Path) -> str:
    """The suffix that says how a file is packed, or nothing."""
    return path.suffix.lower() if path.suffix.lower() in PACKINGS else ""


def begins_as(data: bytes | bytearray) -> str:
    """What file begins with these bytes, if it is of a kind that is known by its first."""
    return next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), "")


class Stream:
    """A file to be read once from its start; `broken` says why it ended before its end, if it did."""

    def __init__(self, path: Path) -> None:
        self.broken = ""
        self._rest = bytearray()
        self._pieces = self._unpacked(path)

    def read(self, size: int) -> bytearray:
        """The next `size` bytes; fewer at the end alone."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _unpacked(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            kind = packing(path)
            if not kind:
                while piece := file.read(BLOCK):
                    yield piece
            else:
                yield from self._decompressed(file, unpacker(kind), str(path), kind)

    def _decompressed(self, file: IO[bytes], make: Callable[[], Any], path: str, kind: str) -> Iterator[bytes]:
        one: Any = None
        begun = False
        while packed := file.read(BLOCK):
            if not begun and begins_as(packed) != {".gz": "gzip's", ".zst": "zstd's"}[kind]:
                raise ValueError(f"a file ending in {kind} must be packed so, got other bytes in {path!r}")
            begun = True
            for at in range(0, len(packed), FEED):
                left = packed[at : at + FEED]
                while left:
                    one = one or make()
                    try:
                        piece = one.decompress(left)
                    except Exception as error:  # each library has its own
                        self.broken = f"is damaged ({str(error)[:100]})"
                        return
                    if piece:
                        yield piece
                    left = one.unused_data if one.eof else b""
                    if one.eof:
                        one = None
        if one is not None:
            self.broken = "breaks off"


def unpacker(kind: str) -> Callable[[], Any]:
    """What makes a decompressor of one packing."""
    if kind == ".gz":
        return lambda: zlib.decompressobj(31)
    return zstandard().ZstdDecompressor().decompressobj  # type: ignore[no-any-return]


def zstandard() -> Any:
    """The library, or a word on how to get it."""
    try:
        return import_module("zstandard")
    except ImportError:
        raise ValueError("a .zst file needs zstandard: pip install 'simcache[io]'") from None


def blocks(stream: Stream, whole: Callable[[bytearray], int]) -> Iterator[bytearray]:
    """Whole records, many at a time; `whole` counts the bytes that the whole records at the start of some take.

    Raises
    ------
    Broken
        After the last whole record of a stream that is broken.
    """
    rest = bytearray()
    while fresh := stream.read(BLOCK):
        rest += fresh
        cut = whole(rest)
        if cut:
            yield rest[:cut]
        rest = rest[cut:]
        if len(rest) > BLOCK:
            raise Broken(f"has a record of more than {BLOCK} bytes")
    if stream.broken:
        raise Broken(stream.broken)
    if rest:
        yield rest
