"""The data type: what it keeps, what it shares, what it refuses, and its file."""

import copy
import dataclasses
import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import traces

from simcache import Trace
from simcache.trace import COLUMNS, whole

SOURCE = {"generator": "hand", "alpha": 0.5, "wide": True, "trace_seed": 7}
TRACE = Trace([3, 1, 1, 0, 3], 6, "five", (0, 2, 2, 5), SOURCE)
SIZED = dataclasses.replace(TRACE, sizes=[1, 7, 2**63 - 1, 512, 300, 2**40])
USUAL = ("five", (0,), None)
NOT_A_TRACE = r"a trace file must be one that Trace.save wrote, whole; got '.*[.]npz'"


def same(a, b):
    return (
        a.ids.dtype == b.ids.dtype == np.int32
        and np.array_equal(a.ids, b.ids)
        and (a.n_items, a.name, a.epochs, a.source) == (b.n_items, b.name, b.epochs, b.source)
        and (a.sizes is b.sizes is None or (a.sizes.dtype == np.int64 and np.array_equal(a.sizes, b.sizes)))
    )


# -- what it keeps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u4", "i8", "u8", ">i4"])
def test_ids_are_a_copy_of_what_was_given(dtype):
    given = np.array([2, 0, 1], dtype)
    trace = Trace(given, 3)
    given[:] = 0
    assert trace.ids.tolist() == [2, 0, 1]
    assert trace.ids.dtype == np.int32
    assert trace.ids.flags.c_contiguous


@pytest.mark.parametrize(
    "given",
    [
        [np.uint64(2), np.int64(0), 1],  # NumPy makes floats of these
        np.array([2, 0, 1], object),
        np.ma.array([2, 0, 1], mask=False),
        pd.Series([2, 0, 1], index=[5, 6, 7]),
        pd.DataFrame({"item": [2, 0, 1]}),
        pd.array([2, 0, 1], "Int64"),
        memoryview(np.array([2, 0, 1])),
    ],
    ids=lambda given: type(given).__name__,
)
def test_ids_in_any_array_are_what_it_holds(given):
    assert Trace(given, 3).ids.tolist() == [2, 0, 1]


def test_there_are_as_many_epochs_as_accesses_or_few(monkeypatch):
    monkeypatch.setattr("simcache.checks.EPOCHS_LIMIT", 3)
    assert len(Trace([0] * 5, 1, epochs=range(5)).epochs) == 5
    assert Trace([], 1, epochs=[0, 0, 0]).epochs == (0, 0, 0)
    with pytest.raises(ValueError, match="a trace must have at most 3 epochs, got 4 for trace 'trace'"):
        Trace([], 1, epochs=[0] * 4)


def test_strided_and_read_only_ids_are_copied_too():
    base = np.arange(10, dtype=np.int32)
    view = base[::2]
    view.flags.writeable = False
    trace = Trace(view, 10)
    base[:] = 0
    assert trace.ids.tolist() == [0, 2, 4, 6, 8]


COPIES = {
    "itself": lambda trace: trace,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda trace: pickle.loads(pickle.dumps(trace)),
    "pickle, out of band": lambda trace: pickle.loads(pickle.dumps(trace, protocol=5)),
    "replace": dataclasses.replace,
}


@pytest.mark.parametrize("way", COPIES)
def test_copies_are_equal_and_read_only(way):
    trace = COPIES[way](TRACE)
    assert same(trace, TRACE)
    with pytest.raises(ValueError, match="read-only"):
        trace.ids[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.n_items = 9
    with pytest.raises(TypeError):
        trace.source["alpha"] = 1


@pytest.mark.parametrize("way", COPIES)
def test_sizes_are_copied_and_read_only(way):
    trace = COPIES[way](SIZED)
    assert same(trace, SIZED)
    with pytest.raises(ValueError, match="read-only"):
        trace.sizes[0] = 2


def test_sizes_in_any_array_are_a_copy_of_what_it_holds():
    given = np.array([5, 1], np.uint16)
    trace = Trace([0], 2, sizes=given)
    given[:] = 0
    assert trace.sizes.tolist() == [5, 1]
    assert trace.sizes.dtype == np.int64
    for other in ([5, np.uint64(1)], pd.Series([5, 1]), np.array([5, 1], object), np.array([0, 5, 0, 1])[1::2]):
        assert Trace([0], 2, sizes=other).sizes.tolist() == [5, 1]
    assert "sizes 1 … 5" in repr(trace)
    assert "sizes" not in repr(TRACE)


def test_a_trace_pickled_before_there_were_sizes_has_none():
    state = TRACE.__getstate__()
    del state["sizes"]
    trace = Trace.__new__(Trace)
    trace.__setstate__(state)
    assert trace.sizes is None


def test_traces_are_compared_by_identity_and_hash():
    assert Trace([1], 2) != Trace([1], 2)
    assert len({TRACE, TRACE, copy.copy(TRACE)}) == 2


def test_the_source_given_may_change_later():
    given = {"alpha": np.float64(0.5), "k": np.int64(3)}
    trace = Trace([0], 1, source=given)
    given["alpha"] = 9
    assert trace.source == {"alpha": 0.5, "k": 3}
    assert type(trace.source["k"]) is int


# -- memory maps ----------------------------------------------------------------------------------------------------


def mapped(path, values, dtype, mode):
    np.array(values, dtype).tofile(path)
    return np.memmap(path, dtype, mode)


def test_a_read_only_int32_map_is_shared(tmp_path):
    ids = mapped(tmp_path / "ids", [1, 0, 2], np.int32, "r")
    trace = Trace(ids, 3)
    assert np.shares_memory(trace.ids, ids)
    again = pickle.loads(pickle.dumps(trace))
    assert same(again, trace)
    assert not again.ids.flags.writeable
    trace.save(tmp_path / "trace.npz")
    assert same(Trace.load(tmp_path / "trace.npz"), trace)


@pytest.mark.parametrize(("dtype", "mode"), [(np.int32, "r+"), (np.int32, "c"), (np.int64, "r"), (">i4", "r")])
def test_any_other_map_is_copied(tmp_path, dtype, mode):
    ids = mapped(tmp_path / "ids", [1, 0, 2], dtype, mode)
    trace = Trace(ids, 3)
    assert not np.shares_memory(trace.ids, ids)
    assert trace.ids.tolist() == [1, 0, 2]
    assert not trace.ids.flags.writeable


# -- derived facts and views ----------------------------------------------------------------------------------------


@given(traces())
def test_facts(trace):
    assert len(trace) == trace.ids.size
    assert trace.n_touched == len(set(trace.ids.tolist()))
    seen, repeats = set(), 0
    for i in trace.ids.tolist():
        repeats += i in seen
        seen.add(i)
    if len(trace):
        assert trace.repeats == pytest.approx(repeats / len(trace))
    else:
        assert np.isnan(trace.repeats)


def test_items_touched_are_counted_in_parts(monkeypatch):
    monkeypatch.setattr("simcache.trace.CHUNK", 4)
    assert Trace(np.arange(11) % 7, 9).n_touched == 7


def test_items_touched_of_very_many():
    assert Trace([5, 2**31 - 2, 5], 2**31 - 1).n_touched == 2


def test_views():
    assert repr(TRACE) == "<Trace 'five': accesses 5, items touched 3 of 6, epochs 4, repeats 40.00%>"
    html = Trace([0], 2000, "<b>", source={"sampler": "a&b"})._repr_html_()
    assert html.startswith("<table>")
    assert "&lt;b&gt;" in html
    assert "<td>a&amp;b</td>" in html
    assert "1 of 2,000" in html
    assert "repeats none" in repr(Trace([], 1))


# -- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0, -1], 2), ValueError, r"ids must lie in 0 … n_items - 1 = 1 for trace 'trace', got -1 at position 1"),
        (([0, 2], 2), ValueError, r"ids must lie in 0 … n_items - 1 = 1 for trace 'trace', got 2 at position 1"),
        ((np.array([2**64 - 1], np.uint64), 2), ValueError, r"ids must lie in .*, got 18446744073709551615"),
        (([0.0, 1.5], 2), TypeError, r"ids must be whole numbers for trace 'trace', got float64 1.5"),
        (([1.0], 2), TypeError, r"ids must be whole numbers for trace 'trace', got float64 1.0"),
        (([0, float("nan")], 2), TypeError, r"ids must be whole numbers for trace 'trace', got float64 nan"),
        (([True], 2), TypeError, r"ids must be whole numbers for trace 'trace', got bool True"),
        ((["a"], 2), TypeError, r"ids must be whole numbers for trace 'trace', got <U1 'a'"),
        (([None], 2), TypeError, r"ids must be whole numbers for trace 'trace', got object None"),
        (([[0, 1]], 2), ValueError, r"ids must be one-dimensional for trace 'trace', got shape \(1, 2\)"),
        (([[0], [1, 1]], 2), ValueError, r"ids must be one-dimensional for trace 'trace', got ragged"),
        ((0, 2), ValueError, r"ids must be one-dimensional for trace 'trace', got shape \(\)"),
        (([0], 0), ValueError, r"n_items must be a whole number 1 … 2147483647 for trace 'trace', got 0"),
        (([0], 2**31), ValueError, r"n_items must be a whole number 1 … 2147483647 .*, got 2147483648"),
        (([0], 2.0), TypeError, r"n_items must be a whole number .*, got 2.0"),
        (([0], True), TypeError, r"n_items must be a whole number .*, got True"),
        (([0], None), TypeError, r"n_items must be a whole number .*, got None"),
        (([0], 2, *USUAL, [5]), ValueError, r"sizes must be one for each of 2 items for trace 'five', got 1"),
        (([0], 2, *USUAL, []), ValueError, r"sizes must be one for each of 2 items for trace 'five', got 0"),
        (([0], 2, *USUAL, [5, 0]), ValueError, r"sizes must be whole numbers 1 … 2\^63 - 1 .*, got 0 of item 1"),
        (([0], 2, *USUAL, [-5, 1]), ValueError, r"sizes must be whole numbers 1 .*, got -5 of item 0"),
        (([0], 2, *USUAL, [1, 2**63]), ValueError, r"sizes must be whole numbers 1 .*, got 9223372036854775808"),
        (([0], 2, *USUAL, [1, 10**400]), ValueError, r"sizes must be whole numbers 1 .* of item 1"),
        (([0], 2, *USUAL, [1.5, 2]), TypeError, r"sizes must be whole numbers for trace 'five', got float64 1.5"),
        (([0], 2, *USUAL, [[1, 2]]), ValueError, r"sizes must be one-dimensional .*, got shape \(1, 2\)"),
        (([0], 2, *USUAL, 4096), ValueError, r"sizes must be one-dimensional .*, got shape \(\)"),
        (([0], 2, *USUAL, ["a", "b"]), TypeError, r"sizes must be whole numbers .*, got <U1 'a'"),
        (([0], 1, 5), TypeError, r"name must be a string, got 5"),
        (([0], 1, "a" * 1001), ValueError, r"name must have at most 1000 characters, .*, got 'aaa.* … a+'$"),
        (([0], 1, "a\udc80"), ValueError, r"name must have .* half of a surrogate pair, got 'a\\udc80'"),
        (([0], 1, "a\0"), ValueError, r"name must have .* none of them NUL .*, got 'a\\x00'"),
        (([0, 0], 1, "a", ()), ValueError, r"epochs must be start offsets for trace 'a': first 0, .*; got \(\)"),
        (([0, 0], 1, "a", (1,)), ValueError, r"epochs must be start offsets .*; got \(1,\)"),
        (([0, 0], 1, "a", (0, 2, 1)), ValueError, r"non-decreasing, .*; got \(0, 2, 1\)"),
        (([0, 0], 1, "a", (0, 3)), ValueError, r"none past 2; got \(0, 3\)"),
        (([0, 0], 1, "a", (0, 1.0)), TypeError, r"epochs must be start offsets .*; got \(0, 1.0\)"),
        (([0, 0], 1, "a", 0), TypeError, r"epochs must be start offsets .*; got 0"),
        (([0], 1, "a", (0,), [1]), TypeError, r"source must be a mapping .* for trace 'a', got \[1\]"),
        (([0], 1, "a", (0,), {"a b": 1}), ValueError, r"source keys must be identifiers .*, got 'a b'"),
        (([0], 1, "a", (0,), {3: 1}), ValueError, r"source keys must be identifiers .*, got 3"),
        (([0], 1, "a", (0,), {"a": [1]}), TypeError, r"source values must be .* for trace 'a', got a=\[1\]"),
        (([0], 1, "a", (0,), {"a": None}), TypeError, r"source values must be .*, got a=None"),
        (([0], 1, "a", (0,), {"a": 1j}), TypeError, r"source values must be .*, got a=1j"),
        (
            ([0], 1, "a", (0,), {"a": 2**64}),
            ValueError,
            r"whole numbers -2\^63 … 2\^64 - 1, .*, got a=184467",
        ),
        (
            ([0], 1, "a", (0,), {"a": -(2**63) - 1}),
            ValueError,
            r"whole numbers .*, got a=-9223372036854775809",
        ),
        (([0], 1, "a", (0,), {"a": "\ud800"}), ValueError, r"text without halves .* for trace 'a', got a='\\ud800'"),
        (
            ([0], 1, "a", (0,), {"a": "x" * 10**6}),
            ValueError,
            r"source must have at most 1000000 .*, got 1000009",
        ),
        (([0, 2**70], 2), ValueError, r"ids must lie in .*, got 1180591620717411303424 at position 1"),
        (([2**63, -1], 2), ValueError, r"ids must lie in .*, got -1 at position 1"),
        ((np.ma.array([0, 1], mask=[0, 1]), 2), ValueError, r"ids must not be masked for trace 'trace', .* position 1"),
        ((np.array([1, True], object), 2), TypeError, r"ids must be whole numbers .*, got object True"),
        ((pd.DataFrame({"a": [0], "b": [1]}), 2), ValueError, r"ids must be one column .*, got a data frame of 2"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        Trace(*arguments)


@pytest.mark.parametrize("column", [*COLUMNS, "error"])
def test_the_tables_own_columns_are_refused(column):
    with pytest.raises(ValueError, match=f"other than the tables' own columns .*, got '{column}'"):
        Trace([0], 1, source={column: 1})


def test_a_bad_id_far_into_a_trace_is_found(monkeypatch):
    monkeypatch.setattr("simcache.checks.CHUNK", 4)
    ids = np.zeros(11, np.int64)
    ids[9] = 5
    with pytest.raises(ValueError, match="got 5 at position 9"):
        Trace(ids, 3)


def test_empty_traces_are_traces():
    for ids in ([], np.empty(0), np.empty(0, np.int64)):
        trace = Trace(ids, 4, epochs=(0, 0))
        assert (len(trace), trace.ids.dtype, trace.n_touched) == (0, np.int32, 0)


def test_whole():
    assert whole(np.uint8(5), "x", 0) == 5
    with pytest.raises(ValueError, match=r"^capacity must be a whole number of items >= 1 for trace 'a', got 0$"):
        whole(0, "capacity", 1, None, " for trace 'a'", " of items")


# -- its file ---------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.text(max_size=5), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.booleans())
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
KEYS = st.sampled_from(["generator", "alpha", "trace_seed", "Größe", "x1"])


@given(traces(), NAMES, st.none() | st.dictionaries(KEYS, SCALARS), st.sampled_from([0, 244, 65_000, 2**31 - 20]))
def test_save_and_load(tmp_path_factory, trace, name, source, more_items):
    shift = more_items // 2  # ids of one, two and four bytes
    ids = trace.ids.astype(np.int64) + shift
    marks = (0, len(trace) // 2, len(trace))
    trace = Trace(ids, trace.n_items + more_items, name, marks, source)
    path = tmp_path_factory.mktemp("trace") / "trace.npz"
    trace.save(path)
    assert same(Trace.load(path), trace)
    assert [file.name for file in path.parent.iterdir()] == ["trace.npz"]


def test_a_source_that_is_not_finite_is_kept_as_strict_json(tmp_path):
    trace = Trace([0], 1, source={"a": float("nan"), "b": float("inf"), "c": float("-inf"), "d": "nan", "e": 1e308})
    trace.save(tmp_path / "trace.npz")
    text = str(np.load(tmp_path / "trace.npz")["source"])
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    again = Trace.load(tmp_path / "trace.npz").source
    assert np.isnan(again["a"])
    assert list(again.values())[1:] == [np.inf, -np.inf, "nan", 1e308]


def saved(path):
    TRACE.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["trace.npz", "trace.v1.NPZ"])
def test_the_file_is_the_one_named(tmp_path, name):
    TRACE.save(tmp_path / name)
    TRACE.save(str(tmp_path / name))  # over itself
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert same(Trace.load(str(tmp_path / name)), TRACE)


def test_one_trace_one_file(tmp_path):
    assert saved(tmp_path / "a.npz") == saved(tmp_path / "b.npz")


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "trace.npz"
    data = saved(path)
    for size in range(0, len(data), 7):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match=NOT_A_TRACE):
            Trace.load(path)


def test_a_damaged_file_is_refused_or_harmless(tmp_path):
    path = tmp_path / "trace.npz"
    data = saved(path)
    for at in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert same(Trace.load(path), TRACE)  # a byte that means nothing, such as a date
        except ValueError as error:
            assert "trace" in str(error)  # noqa: PT017


def foreign():
    text, array, bundle, wrong = io.BytesIO(b"time,key\n1,2\n"), io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(array, np.arange(3))
    np.savez(bundle, ids=np.arange(3))
    np.savez(wrong, ids=np.arange(3), n_items=3, name="a", epochs=np.array(0), source="null")
    objects = io.BytesIO()
    np.savez(objects, ids=np.array([{}], object), n_items=3, name="a", epochs=np.array([0]), source="null")
    return {"text": text, "array": array, "bundle": bundle, "wrong": wrong, "objects": objects}


@pytest.mark.parametrize("kind", foreign())
def test_a_foreign_file_is_refused(tmp_path, kind):
    path = tmp_path / "foreign.npz"
    path.write_bytes(foreign()[kind].getvalue())
    with pytest.raises(ValueError, match=NOT_A_TRACE):
        Trace.load(path)


def test_an_array_says_how_it_becomes_a_trace(tmp_path):
    np.save(tmp_path / "ids.npy", TRACE.ids)
    with pytest.raises(
        ValueError, match=r"wrote, whole; got '.*ids.npy'; of an array, Trace\(np.load\(path\), n_items\) makes a trace"
    ):
        Trace.load(tmp_path / "ids.npy")


@pytest.mark.parametrize("path", [5, None, 0.5])
def test_what_is_no_path_is_refused(path):
    for call in (Trace.load, TRACE.save):  # 5 would be whatever file is open under that number
        with pytest.raises(TypeError, match=f"a trace file must be named by a path, got {path}"):
            call(path)


@pytest.mark.parametrize("name", ["trace", "trace.csv", "npz"])
def test_another_suffix_is_refused(tmp_path, name):
    rule = r"a trace must be written to a file ending in .npz or a folder in .trace"
    with pytest.raises(ValueError, match=rf"{rule}; got '.*{name}'"):
        TRACE.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace.load(tmp_path / "none.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OSError, match="folder"):
        TRACE.save(tmp_path / "folder.npz")
    with pytest.raises(FileNotFoundError, match=r"the folder to write to must exist, got '.*none'"):
        TRACE.save(tmp_path / "none" / "trace.npz")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="the folder to write to must exist"):
        TRACE.save(tmp_path / "file" / "trace.npz")
