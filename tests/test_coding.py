"""Trace.of: keys of any kind are items by what they hold, never by what holds them."""

import collections
import decimal
import enum
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import WITHOUT_TORCH
from hypothesis import given
from hypothesis import strategies as st

from simcache import Trace


@given(st.lists(st.one_of(st.integers(-5, 5), st.text(max_size=2), st.booleans(), st.tuples(st.integers(0, 2)))))
def test_of_numbers_keys_by_first_appearance(keys):
    trace = Trace.of(keys, "keys")
    order = list(dict.fromkeys(keys))
    assert trace.ids.tolist() == [order.index(key) for key in keys]
    assert trace.n_items == max(1, len(order))
    assert trace.name == "keys"


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "u8"])
def test_of_integer_arrays(dtype):
    keys = np.array([7, 100, 7, 3], dtype)
    keys[1] = np.iinfo(dtype).max
    assert Trace.of(keys).ids.tolist() == [0, 1, 0, 2]
    assert Trace.of(keys[:0]).n_items == 1


def test_of_takes_equal_keys_for_one():
    assert Trace.of([1, 1.0, True, 0]).ids.tolist() == [0, 0, 0, 1]
    assert Trace.of(np.array([1.5, 2.5, 1.5])).ids.tolist() == [0, 1, 0]
    assert Trace.of(iter("abca")).ids.tolist() == [0, 1, 2, 0]
    assert Trace.of(np.array([True, False])).ids.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (["a", None], TypeError, r"keys must not be None for trace 'trace', got None at position 1"),
        ([0, 1, float("nan")], ValueError, r"keys must not be NaN for trace 'trace', got nan at position 2"),
        (np.array([0.5, np.nan]), ValueError, r"keys must not be NaN .*, got nan at position 1"),
        (np.zeros((2, 2), int), ValueError, r"keys must be one-dimensional for trace 'trace', got shape \(2, 2\)"),
        ([1, [2]], TypeError, r"keys must be hashable for trace 'trace', got \[2\] at position 1"),
        (None, TypeError, r"keys must be a list, an array or another iterable for trace 'trace', got None"),
    ],
)
def test_of_refuses(keys, error, message):
    with pytest.raises(error, match=message):
        Trace.of(keys)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


WORDS, NUMBERS = ["x", "y", "x"], [7, -1, 7]
# Each is some key, another, and the first again.
ALIKE = {
    "Series with an index": pd.Series(NUMBERS, index=[9, 8, 7]),
    "Series of words": pd.Series(WORDS),
    "nullable Series": pd.Series(NUMBERS, dtype="Int64"),
    "Arrow's Series": pd.Series(NUMBERS, dtype="int64[pyarrow]"),
    "categorical": pd.Categorical(WORDS),
    "categorical Series": pd.Series(WORDS, dtype="category"),
    "Index": pd.Index(WORDS),
    "MultiIndex": pd.MultiIndex.from_tuples([(1, 2), (1, 3), (1, 2)]),
    "data frame of one column": pd.DataFrame({"key": WORDS}),
    "dates": pd.to_datetime(["2020-01-01", "2021-01-01", "2020-01-01"]),
    "dates of another byte order": np.array(["2020", "2021", "2020"], ">M8[D]"),
    "durations": np.array([1, 2, 1], "m8[s]"),
    "another byte order": np.array(NUMBERS, ">i8"),
    "floats of another byte order": np.array(NUMBERS, ">f8"),
    "nothing masked": np.ma.array(NUMBERS, mask=False),
    "structures": np.array([(1, 2.0), (1, 3.0), (1, 2.0)], "i4,f4"),
    "objects": np.array([7, "a", 7], object),
    "bytes": np.array([b"a", b"b", b"a"]),
    "variable strings": np.array(WORDS, np.dtypes.StringDType()),
    "complex": np.array([1j, 2, 1j]),
    "memory view": memoryview(b"aba"),
    "arrays of no dimensions": [np.array(1), np.array(2), np.array(1)],
    "such in tuples": [(np.array(1), "a"), (np.array(1), "b"), (np.array(1), "a")],
    "tuples with None": [(None, 1), (None, 2), (None, 1)],
    "enumerations": [Colour.RED, Colour.BLUE, Colour.RED],
    "decimals": [decimal.Decimal(1), decimal.Decimal(2), 1.0],
    "values of a dict": {0: "x", 1: "y", 2: "x"}.values(),
    "generator": (t % 2 for t in range(3)),
    "deque": collections.deque(WORDS),
    "signed and not, that agree in their bits": [np.uint64(2**63), np.int64(-(2**63)), 2**63],
    "beyond what floats tell apart": [2**53, 2**53 + 1, 2.0**53],
}


@pytest.mark.parametrize("kind", ALIKE)
def test_of_any_holder(kind):
    trace = Trace.of(ALIKE[kind])
    assert trace.ids.tolist() == [0, 1, 0]
    assert trace.n_items == 2


def test_of_pyarrow():
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    for keys in (
        pa.array(NUMBERS),
        pa.array(WORDS),
        pa.chunked_array([NUMBERS[:1], NUMBERS[1:]]),
        list(pa.array(WORDS)),
    ):
        assert Trace.of(keys).ids.tolist() == [0, 1, 0]
    with pytest.raises(TypeError, match=r"must not be None .* position 1"):
        Trace.of(list(pa.array([1, None])))
    with pytest.raises(ValueError, match="one-dimensional"):
        Trace.of(pa.table({"a": [1, 2]}))


@pytest.mark.torch
@pytest.mark.skipif(WITHOUT_TORCH, reason="TORCH=0")
def test_of_tensors():
    torch = pytest.importorskip("torch", reason="needs torch")
    keys = torch.tensor(NUMBERS)
    for holder in (
        keys,
        keys.float(),
        list(keys),
        [(key, 1) for key in keys],
        [frozenset([key]) for key in keys],
        torch.tensor([True, False, True]),
    ):
        assert Trace.of(holder).ids.tolist() == [0, 1, 0]
    assert Trace(torch.tensor([1, 0, 1]), 2).ids.tolist() == [1, 0, 1]
    assert Trace(list(torch.tensor([1, 0, 1])), 2).ids.tolist() == [1, 0, 1]
    for holder, message in (
        (torch.tensor([1.0], requires_grad=True), r"keys must be an array that NumPy can read .*, got Tensor: .*"),
        (torch.ones(2, dtype=torch.bfloat16), r"keys must be an array that NumPy can read .*, got Tensor: .*"),
        (torch.ones(2, 1), r"keys must be one-dimensional .*, got shape \(2, 1\)"),
        (torch.tensor(3), r"keys must be one-dimensional .*, got shape \(\)"),
        (list(torch.ones(2, 1)), r"got tensor\(\[1.\]\) at position 0: it is an array of shape \(1,\)"),
        (list(torch.tensor([1.0, float("nan")])), r"keys must not be NaN .* at position 1"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Trace.of(holder)


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ("keys.csv", TypeError, r"in order of access, got 'keys.csv': read the file first"),
        (b"keys.csv", TypeError, r"got b'keys.csv': read the file first"),
        (bytearray(b"k"), TypeError, r"read the file first"),
        (np.str_("k"), TypeError, r"read the file first"),
        (Path("keys.csv"), TypeError, r"got PosixPath\('keys.csv'\): read the file first"),
        (io.StringIO("a\nb\na"), TypeError, r"got an open file: \[line.strip\(\) for line in file\] has its lines"),
        ({1, 2}, TypeError, r"got \{1, 2\}: a set has each key once, in no such order"),
        (frozenset([1]), TypeError, r"a frozenset has each key once"),
        ({"a": 1}, TypeError, r"a dict has each key once"),
        ({"a": 1}.keys(), TypeError, r"a dict_keys has each key once"),
        ({"a": 1}.items(), TypeError, r"a dict_items has each key once"),
        (collections.Counter("aab"), TypeError, r"a Counter has each key once"),
        (
            pd.DataFrame({"key": WORDS, "size": NUMBERS}),
            ValueError,
            r"one column .* of 2: take one, as in frame\['key'\]",
        ),
        (pd.DataFrame(), ValueError, r"keys must be one column for trace 'trace', got a data frame of 0: take one$"),
        (np.array(3), ValueError, r"one-dimensional .*, got shape \(\)"),
        (np.ma.array(NUMBERS, mask=[0, 1, 0]), ValueError, r"keys must not be masked .* masked entry at position 1"),
        (list(np.ma.array(NUMBERS, mask=[0, 1, 0])), ValueError, r"got masked at position 1: it is masked"),
        (np.array(["2020", "NaT"], "M8[ns]"), ValueError, r"must not be NaN .*NaT.* at position 1"),
        (pd.Series([1, None], dtype="Int64"), ValueError, r"must not be NaN .* at position 1"),
        (pd.Categorical(["a", None]), ValueError, r"must not be NaN .* at position 1"),
        (np.array([(1, 2.0), (1, np.nan)], "i4,f4"), ValueError, r"must not be NaN .*, got \(1, nan\) at position 1"),
        ([1, object()], TypeError, r"got <object .*> at position 1: it is equal to nothing but itself"),
        ([(1, object())], TypeError, r"position 0: it is equal to nothing but itself"),
        ([np.array([1, 2])], TypeError, r"got array\(\[1, 2\]\) at position 0: it is an array of shape \(2,\)"),
        (Trace([0], 1), TypeError, r"keys must be a list, an array or another iterable .*, got <Trace 'trace'"),
    ],
    ids=lambda it: str(it).partition(" at 0x")[0],  # the same in every process
)
def test_of_refuses_what_would_be_something_else(keys, error, message):
    with pytest.raises(error, match=message) as refused:
        Trace.of(keys)
    assert "\n" not in str(refused.value)
