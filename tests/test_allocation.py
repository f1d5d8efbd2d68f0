"""New arrays in compiled code are what NumPy makes."""

import numba
import numpy as np
import pytest

from simcache.allocation import empty, filled, zeros

KINDS = [np.bool_, np.int8, np.uint8, np.int32, np.int64, np.uint64, np.float64]


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_are_numpy_s(kind):
    @numba.njit
    def make(n, value):
        return empty(n, kind), zeros(n, kind), filled(n, value, kind), zeros((n, 2), kind), filled((n, 3), value, kind)

    for n in (0, 1, 1000):
        bare, *rest = make(n, 1)
        assert (bare.dtype, bare.shape) == (kind, (n,))
        wanted = [np.zeros(n, kind), np.full(n, 1, kind), np.zeros((n, 2), kind), np.full((n, 3), 1, kind)]
        for found, made in zip(rest, wanted, strict=True):
            assert found.dtype == made.dtype
            np.testing.assert_array_equal(found, made)
        assert all(each.flags.writeable and each.flags.c_contiguous for each in (bare, *rest))


def test_what_is_put_in_becomes_of_the_kind():
    @numba.njit
    def make(n):
        return filled(n, -1, np.int8), filled(n, ~np.uint64(0), np.uint64), filled(n, 2.5, np.float64)

    for found, value in zip(make(3), (-1, 2**64 - 1, 2.5), strict=True):
        assert found.tolist() == [value] * 3


def test_no_array_is_longer_than_memory():
    @numba.njit
    def make(n):
        return empty(n, np.int64)

    with pytest.raises(MemoryError):
        make(2**55)
    with pytest.raises(ValueError, match="array is too big"):
        make(2**62)


@pytest.mark.parametrize("shapes", [(-1, -(2**62)), ((-1, 4), (4, -1), (-1, -1), (0, -1))])
def test_no_array_has_less_than_nothing(shapes):
    """An address before any memory would end the process."""

    @numba.njit
    def make(shape, which):
        if which == 0:
            return empty(shape, np.int8)
        return zeros(shape, np.int8) if which == 1 else filled(shape, 7, np.int8)

    for shape in shapes:
        for which in range(3):
            with pytest.raises(ValueError, match="negative dimensions are not allowed"):
                make(shape, which)
