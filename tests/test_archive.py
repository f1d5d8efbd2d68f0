"""Hostile trace files: refused with one line, and before they can take memory."""

import io
import re
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy

from simcache import Trace, npz

TRACE = Trace([3, 1, 1, 0, 3], 6, "five", (0, 2, 2, 5), {"generator": "hand"})
REFUSED = r"^a trace file must be one that Trace.save wrote, whole; got '.*trace.npz'"
HUGE = 40_000_000


def member(array):
    """An array as np.savez writes it."""
    out = io.BytesIO()
    npy.write_array(out, np.asanyarray(array))
    return out.getvalue()


def headed(header, data=b""):
    """An array with a header of our own."""
    out = io.BytesIO()
    npy.write_array_header_1_0(out, {"fortran_order": False, "shape": (), **header})
    return out.getvalue() + data


def crafted(path, packing=zipfile.ZIP_DEFLATED, **members):
    """A trace file with some of its members replaced; None leaves one out."""
    parts = {
        "ids": np.array([3, 1, 1, 0, 3], np.uint8),
        "n_items": np.int64(6),
        "name": np.str_("five"),
        "epochs": np.array([0, 2, 2, 5]),
        "source": np.str_("null"),
        **members,
    }
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, part in parts.items():
            if part is not None:
                archive.writestr(f"{name}.npy", part if isinstance(part, bytes) else member(part))
    return path


def refusal(path):
    """The message, and the most memory that it took."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=REFUSED) as refused:
            Trace.load(path)
        return str(refused.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def zeros(descr, shape):
    return headed({"descr": descr, "shape": shape}, bytes(HUGE))


def test_what_is_replaced_here_is_read_otherwise(tmp_path):
    loaded = Trace.load(crafted(tmp_path / "trace.npz"))
    assert loaded.epochs == (0, 2, 2, 5)
    assert type(loaded.ids) is np.ndarray  # no map: kernels may trust it whatever becomes of the file
    assert Trace.load(crafted(tmp_path / "trace.npz", zipfile.ZIP_STORED)).ids.tolist() == [3, 1, 1, 0, 3]


LARGE = {
    "wide ids": lambda: {"ids": zeros("<i8", (HUGE // 8,))},
    "ids that are floats": lambda: {"ids": zeros("<f4", (HUGE // 4,))},
    "ids wider than the items need": lambda: {"ids": zeros("<i4", (HUGE // 4,))},
    "ids in rows": lambda: {"ids": zeros("|u1", (HUGE // 2, 2))},
    "a long name": lambda: {"name": zeros(f"<U{HUGE // 4}", ())},
    "a long source": lambda: {"source": zeros(f"<U{HUGE // 4}", ())},
    "sizes of none": lambda: {
        "n_items": np.int64(HUGE // 8),
        "ids": headed({"descr": "<i4", "shape": (0,)}),
        "sizes": zeros("<i8", (HUGE // 8,)),
    },
    "more sizes than items": lambda: {"sizes": zeros("<i8", (HUGE // 8,))},
    "many epochs": lambda: {"epochs": zeros("<i2", (HUGE // 2,))},
    "many numbers of items": lambda: {"n_items": zeros("<i8", (HUGE // 8,))},
    "a header without an end": lambda: {"ids": b"\x93NUMPY\x02\x00" + b"\xff\xff\xff\x05" + bytes(HUGE)},
    "ids that are wrong from the first": lambda: {"n_items": np.int64(6), "ids": b"\x07" * HUGE},
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_small_file_that_unpacks_to_a_large_one_takes_no_memory(tmp_path, kind, monkeypatch):
    monkeypatch.setattr("simcache.archive.CHUNK", 1 << 20)
    parts = LARGE[kind]()
    if kind == "ids that are wrong from the first":
        parts["ids"] = headed({"descr": "|u1", "shape": (HUGE,)}, parts["ids"])
    path = crafted(tmp_path / "trace.npz", **parts)
    del parts
    assert path.stat().st_size < HUGE / 500
    message, peak = refusal(path)
    # Room for the ids is asked for as a whole, and taken as it is filled.
    assert peak < (1 << 23) + (HUGE if kind in ("ids that are wrong from the first", "sizes of none") else 0)
    assert "\n" not in message


WRONG = {
    "no ids": ({"ids": None}, "no item named 'ids.npy'"),
    "a number of items that is not whole": ({"n_items": np.float64(3.7)}, r"n_items must not be float64 of shape \(\)"),
    "no items": ({"n_items": np.int64(0)}, "n_items must be a whole number 1 … 2147483647, got 0"),
    "too many items": ({"n_items": np.uint64(2**64 - 1)}, "n_items must be a whole number 1 … 2147483647"),
    "items in a row": ({"n_items": np.array([6])}, r"n_items must not be int64 of shape \(1,\)"),
    "ids out of range": ({"ids": np.array([1, 6], np.uint8)}, "ids must lie in 0 … n_items - 1 = 5"),
    "negative ids": ({"ids": np.array([-1], np.int32), "n_items": np.int64(2**20)}, "ids must lie in 0"),
    "ids in another type": ({"ids": np.array([1])}, "ids of 6 items must be uint8, got int64"),
    "objects": ({"ids": headed({"descr": "|O", "shape": (1,)}, bytes(8))}, "ids must hold plain numbers or text"),
    "no size": ({"sizes": np.array([1, 2, 3, 0, 5, 6])}, "sizes must lie in 1 … 9223372036854775807"),
    "negative sizes": ({"sizes": np.array([1, 2, 3, -1, 5, 6])}, "sizes must lie in 1"),
    "too few sizes": ({"sizes": np.array([1, 2])}, "sizes of 6 items must be as many int64, got 2 int64"),
    "sizes in another type": ({"sizes": np.ones(6, np.int32)}, "sizes of 6 items must be as many int64, got 6 int32"),
    "sizes that are floats": ({"sizes": np.ones(6)}, "sizes must not be float64"),
    "a name that is a number": ({"name": np.int64(5)}, "name must not be int64"),
    "a name of bytes": ({"name": np.array(b"five")}, r"name must not be \|S4"),
    "half of a surrogate pair in the name": ({"name": np.str_("a\udc80")}, r"name must have .*, got 'a\\udc80'"),
    "half of a surrogate pair in the source": ({"source": np.str_('{"a": "\\ud800"}')}, "source values must be text"),
    "a text beyond Unicode": ({"name": headed({"descr": "<U1"}, b"\xff\xff\xff\x7f")}, ""),
    "epochs that are floats": ({"epochs": np.array([0.0])}, "epochs must not be float64"),
    "epochs past the end": ({"epochs": np.array([0, 9])}, "epochs must be start offsets"),
    "a source in a list": ({"source": np.str_("[1]")}, "source must be a mapping"),
    "a source nested deep": ({"source": np.str_("[" * 100_000)}, ""),
    "a source with a list in it": ({"source": np.str_('{"a": [1]}')}, "source values must be strings, numbers"),
    "a source with a wide number": ({"source": np.str_('{"a": 18446744073709551616}')}, "whole numbers -2"),
    "a source with a number of many digits": ({"source": np.str_('{"a": 1' + "0" * 5000 + "}")}, ""),
    "a source with a column of the tables": ({"source": np.str_('{"hits": 1}')}, "source keys must be identifiers"),
    "a source that is no number": ({"source": np.str_('{"a": {"float": [1]}}')}, ""),
    "a shape that is negative": ({"ids": headed({"descr": "|u1", "shape": (-1,)}, b"1")}, "must hold plain numbers"),
    "a shape of truth": ({"ids": headed({"descr": "|u1", "shape": (True,)}, b"1")}, "must hold plain numbers"),
    "more in its header than is there": (
        {"ids": headed({"descr": "|u1", "shape": (10**9,)}, b"1")},
        "not what .* hold",
    ),
    "less in the header than there is": ({"ids": headed({"descr": "|u1", "shape": (1,)}, b"123")}, "not what .* hold"),
    "no header": ({"ids": b"12345"}, ""),
    "a header that is code": ({"ids": b"\x93NUMPY\x01\x00\x10\x00__import__('os')"}, ""),
    "another way to pack": ({"packing": zipfile.ZIP_LZMA}, "packed in a way that NumPy does not use"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_part_that_is_wrong_is_named(tmp_path, kind):
    parts, words = WRONG[kind]
    message, _ = refusal(crafted(tmp_path / "trace.npz", **parts))
    assert re.search(words, message)
    assert "\n" not in message
    assert len(message) < 400 + len(str(tmp_path))


def patched(path, old, new):
    """Replace a number that the archive's directory says of its first member, where it stands twice."""
    data = path.read_bytes()
    assert data.count(old) >= 2
    path.write_bytes(data.replace(old, new))
    return path


def test_a_directory_that_lies_is_not_believed(tmp_path):
    ids = member(np.full(77_777, 3, np.uint8))
    size = len(ids).to_bytes(4, "little")
    path = crafted(tmp_path / "trace.npz", ids=ids)
    message, peak = refusal(patched(path, size, (2**31).to_bytes(4, "little")))
    assert "ids says that it is 2147483648 bytes, which its file cannot hold" in message
    assert peak < 1 << 23
    path = crafted(tmp_path / "trace.npz", ids=ids)
    message, _ = refusal(patched(path, size, (len(ids) - 7).to_bytes(4, "little")))
    assert f"which is not what {len(ids) - 7} bytes hold" in message


@given(data=st.data())
def test_any_damage_is_refused_or_harmless(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    TRACE.save(path)
    raw = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=4)):
        raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    try:
        assert Trace.load(path).ids.tolist() == TRACE.ids.tolist()
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017


@given(st.binary(max_size=300))
def test_noise_is_refused(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    path.write_bytes(noise)
    with pytest.raises(ValueError, match=REFUSED):
        Trace.load(path)


def test_memory_that_is_not_there_is_no_broken_file(tmp_path, monkeypatch):
    path = crafted(tmp_path / "trace.npz")

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(npz, "chunks", full)
    with pytest.raises(MemoryError):
        Trace.load(path)


def test_arrays_are_read_as_numpy_reads_them(tmp_path):
    arrays = {"a": np.arange(12).reshape(3, 4), "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "c": np.int8(5)}
    arrays |= {"d": np.str_(""), "e": np.empty((0, 3)), "f": np.array([1, 2], ">i4")}
    np.savez_compressed(tmp_path / "all.npz", **arrays)
    with zipfile.ZipFile(tmp_path / "all.npz") as archive:
        for name, array in arrays.items():
            head = npz.header(archive, name)
            assert (head.shape, head.size) == (array.shape, array.size)
            np.testing.assert_array_equal(npz.read(archive, head), array)
            flat = [*npz.chunks(archive, head, 5)]
            assert max([part.size for part in flat], default=0) <= 5


def test_ids_are_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("simcache.archive.CHUNK", 4)
    Trace(np.arange(11)[::-1], 11).save(tmp_path / "trace.npz")
    assert Trace.load(tmp_path / "trace.npz").ids.tolist() == [*range(10, -1, -1)]


@pytest.mark.parametrize("n_items", [256, 257, 2**16, 2**16 + 1])
def test_ids_at_the_edge_of_a_type_are_kept(tmp_path, n_items):
    Trace([0, n_items - 1], n_items).save(tmp_path / "trace.npz")
    assert Trace.load(tmp_path / "trace.npz").ids.tolist() == [0, n_items - 1]
