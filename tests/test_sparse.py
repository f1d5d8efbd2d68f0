"""Transition matrices: whatever holds them, checked in full before anything compiled follows them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from simcache import synth, theory
from simcache.synth.sparse import checked_csr

CHAIN = np.array([[0.5, 0.25, 0.25, 0], [0, 0, 1, 0], [0.1, 0.2, 0.3, 0.4], [0.7, 0, 0, 0.3]])
FORMATS = ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")


def walk(matrix):
    return synth.markov(matrix, 300, seed=1).ids.tolist()


def raw(**changed):
    """The arrays of CHAIN in CSR form, some replaced."""
    rows = sparse.csr_array(CHAIN)
    return {"data": rows.data, "indices": rows.indices, "indptr": rows.indptr, "shape": (4, 4), **changed}


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_the_same_chain(form):
    made = sparse.csr_array(CHAIN).asformat(form)
    assert walk(made) == walk(CHAIN)
    assert (made.toarray() == CHAIN).all()  # left as it was
    assert walk(sparse.csr_matrix(CHAIN).asformat(form)) == walk(CHAIN)


def test_blocks():
    assert walk(sparse.bsr_array(CHAIN, blocksize=(2, 2))) == walk(CHAIN)


def test_what_is_given_twice_is_added():
    rows, columns = np.nonzero(CHAIN)
    twice = sparse.coo_array(
        (np.tile(CHAIN[rows, columns] / 2, 2), (np.tile(rows, 2), np.tile(columns, 2))), shape=(4, 4)
    )
    assert walk(twice) == walk(CHAIN)
    doubled = raw()
    data, indices = np.repeat(doubled["data"] / 2, 2), np.repeat(doubled["indices"], 2)
    assert walk(checked_csr(data, indices, 2 * doubled["indptr"], (4, 4), "here")) == walk(CHAIN)


@pytest.mark.parametrize("kind", ["i1", "u4", "i8", "u8", ">i4"])
def test_indices_of_any_width(kind):
    given = raw()
    parts = given["data"], given["indices"].astype(kind), given["indptr"].astype(kind)
    assert walk(checked_csr(*parts, np.array([4, 4]), "here")) == walk(CHAIN)


LIES = {
    "indices too high": ({"indices": np.array([0, 1, 10**8, 2, 0, 1, 2, 3, 0, 3])}, r"in 0 … 3 .*, got 100000000"),
    "indices one too high": ({"indices": np.array([0, 1, 4, 2, 0, 1, 2, 3, 0, 3])}, r"indices .* in 0 … 3 .*, got 4"),
    "indices below 0": ({"indices": np.array([0, 1, -(10**8), 2, 0, 1, 2, 3, 0, 3])}, r"in 0 … 3 .*, got -100000000"),
    "indices that would wrap": ({"indices": np.array([2**64 - 1] * 10, np.uint64)}, r"got 18446744073709551615"),
    "indices that are floats": ({"indices": np.zeros(10)}, r"indices .* a row of whole numbers .*, got float64"),
    "indices in rows": ({"indices": np.zeros((5, 2), int)}, r"indices .* got int64 of shape \(5, 2\)"),
    "indices too few": ({"indices": np.zeros(9, int)}, r"must have a value for each index for here, got 10 for 9"),
    "indptr past the end": ({"indptr": np.array([0, 3, 4, 8, 10**8])}, r"indptr .* from 0 to at most 10 in 5 numbers"),
    "indptr below 0": ({"indptr": np.array([0, -(10**8), 4, 8, 10])}, r"indptr .*, got 5 from -100000000 to 10"),
    "indptr that falls": ({"indptr": np.array([0, 8, 4, 8, 10])}, r"indptr .* must rise"),
    "indptr that begins late": ({"indptr": np.array([1, 3, 4, 8, 10])}, r"indptr .* must rise from 0"),
    "indptr too short": ({"indptr": np.array([0, 10])}, r"indptr .* in 5 numbers for here, got 2 from 0 to 10"),
    "indptr of nothing": ({"indptr": np.array([], int)}, r"indptr .* in 5 numbers"),
    "indptr that falls and is unsigned": ({"indptr": np.array([0, 8, 4, 8, 10], np.uint64)}, r"indptr .* must rise"),
    "indptr that are floats": ({"indptr": np.array([0.0, 3, 4, 8, 10])}, r"indptr .* whole numbers"),
    "data too few": ({"data": np.ones(9)}, r"a value for each index for here, got 9 for 10"),
    "data that are objects": ({"data": np.ones(10, object)}, r"data .* must be a row of numbers for here, got object"),
    "data that are complex": ({"data": np.ones(10, complex)}, r"data .* must be a row of numbers"),
    "data that are NaN": ({"data": np.full(10, np.nan)}, r"probabilities 0 … 1 for here, got nan in row 0, column 0"),
    "data that are infinite": ({"data": np.full(10, np.inf)}, r"probabilities 0 … 1 .*, got inf"),
    "data wider than float64": ({"data": np.full(10, np.longdouble("1e4000"))}, r"probabilities 0 … 1 .*, got inf"),
    "data in a list": ({"data": [0.5] * 10}, r"data of a sparse matrix must be a row of numbers for here, got list"),
    "rows that do not sum to 1": ({"data": np.full(10, 0.5)}, r"each row of matrix must sum to 1 .*, got 1.5 in row 0"),
    "a shape that is no square": ({"shape": (4, 5)}, r"matrix must be square, .* for here, got shape \(4, 5\)"),
    "a shape too large": ({"shape": (2**40, 2**40)}, r"matrix must be square"),
    "a shape below 0": ({"shape": (-4, -4)}, r"matrix must be square"),
    "a shape of floats": ({"shape": np.array([4.0, 4.0])}, r"matrix must be square"),
    "a shape in rows": ({"shape": np.ones((2, 2), int)}, r"matrix must be square"),
    "a shape of three": ({"shape": (4, 4, 4)}, r"matrix must be square"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LIES)
def test_arrays_that_lie_are_refused(kind):
    changed, message = LIES[kind]
    with warnings.catch_warnings(action="error"), pytest.raises((TypeError, ValueError), match=message):
        checked_csr(**raw(**changed), where="here")


@pytest.mark.parametrize("form", FORMATS[:5])
@pytest.mark.parametrize("lie", [10**8, -(10**8)])
def test_matrices_that_were_made_to_lie_are_refused(form, lie):
    """SciPy itself would read, or write, outside of its memory."""
    for part in ("indices", "indptr", "row", "col", "rows"):
        made = sparse.csr_array(CHAIN).asformat(form)
        if part in ("row", "col") and form == "coo":
            made.coords[part == "col"][2] = lie
        elif part == "rows" and form == "lil":
            made.rows[2] = [0, 1, 2, lie] if lie > 0 else [0]
        elif part in ("indices", "indptr") and hasattr(made, part):
            getattr(made, part)[1] = lie
        else:
            continue
        with pytest.raises(ValueError, match=r"sparse matrix|exceeds matrix dimension"):
            synth.markov(made, 10)


def test_a_huge_sparse_matrix_without_enough_entries_takes_no_memory():
    corner = sparse.coo_array(([1.0, 1.0], ([0, 2], [0, 0])), shape=(2**31 - 1, 2**31 - 1))
    with pytest.raises(ValueError, match=r"each row of matrix must sum to 1 for synth.markov, got 0[.]0 in row 1"):
        synth.markov(corner, 10)
    with pytest.raises(ValueError, match=r"got 0.0 in row 0"):
        synth.markov(sparse.coo_array((2**31 - 1, 2**31 - 1)), 10)


# -- what holds a dense one -------------------------------------------------------------------------------------------

LABELS = list("abcd")


@pytest.mark.parametrize(
    "holder",
    [
        CHAIN.tolist(),
        CHAIN.astype(">f8"),
        np.asfortranarray(CHAIN),
        np.ma.array(CHAIN, mask=False),
        CHAIN.astype(np.longdouble),
        pd.DataFrame(CHAIN),
        pd.DataFrame(CHAIN, LABELS, LABELS),
        pd.DataFrame(CHAIN, LABELS),
        pd.DataFrame(CHAIN, dtype="Float64"),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_a_dense_matrix_in_any_holder(holder):
    assert walk(holder) == walk(CHAIN)
    assert theory.lru_markov(holder, 2) == theory.lru_markov(CHAIN, 2)


@pytest.mark.parametrize(
    ("holder", "message"),
    [
        (np.ma.array(CHAIN, mask=CHAIN == 0.4), "matrix must not be masked"),
        (pd.DataFrame(CHAIN, LABELS, LABELS[::-1]), "matrix must have its rows and columns in one order"),
        (pd.DataFrame(CHAIN).astype(object).where(CHAIN != 0.4, None), "must hold numbers|must be a square matrix"),
        (pd.DataFrame(CHAIN)[[0, 1]], "must be square|must be a square matrix"),
        (pd.DataFrame(CHAIN).where(CHAIN != 0.4), "got nan|got the entry nan"),
        (CHAIN + 0j, "must hold numbers|must be a square matrix"),
        (CHAIN[0], "must be square|must be a square matrix"),
    ],
    ids=str,
)
def test_a_dense_matrix_that_is_none(holder, message):
    for call in (walk, lambda matrix: theory.lru_markov(matrix, 2)):
        with pytest.raises((TypeError, ValueError), match=message):
            call(holder)


def test_a_sparse_matrix_is_told_apart_by_theory():
    with pytest.raises(TypeError, match="matrix must be a square matrix"):
        theory.lru_markov(sparse.csr_array(CHAIN), 2)


# -- precision --------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.sampled_from([np.float16, np.float32]))
def test_a_matrix_normalised_in_its_own_precision_is_a_chain(seed, n, kind):
    matrix = np.random.default_rng(seed).random((n, n)).astype(kind)
    matrix /= matrix.sum(1, keepdims=True)
    assert len(synth.markov(matrix, 10)) == 10
    rate = theory.lru_markov(matrix[:3, :3] / matrix[:3, :3].sum(1, keepdims=True), [1, 3])
    assert rate[1] == 1
    if kind is np.float32:  # whatever holds them now
        for holder in (matrix.astype(float), matrix.tolist(), sparse.csr_array(matrix), sparse.coo_array(matrix)):
            assert synth.markov(holder, 10).n_items == n


def test_the_tolerance_is_that_of_the_precision():
    def off(by, kind):
        return np.array([[0.5, 0.5 + by], [1, 0]], kind)

    for by, kind in ((2e-9, float), (1e-5, np.float32), (0.05, np.float16), (-2e-9, float), (-1e-5, np.float32)):
        for call in (walk, lambda matrix: theory.lru_markov(matrix, 1)):
            with pytest.raises(ValueError, match="sum to 1"):
                call(off(by, kind))
    for by, kind in ((5e-10, float), (3e-7, np.float32), (0.002, np.float16)):
        walk(off(by, kind))
        theory.lru_markov(off(by, kind), 1)
    rate = theory.lru_markov(off(3e-7, np.float32), 1)  # normalised: P(again) at stationarity 2/3, 1/3
    assert rate == pytest.approx(1 / 3, abs=1e-6)
