"""The least that a first curve can cost: pandas, for its table, and a kernel that does nothing, out of a cache."""

import numba
import pandas as pd


@numba.njit(cache=True)
def nothing(x):
    return x


nothing(len(pd.DataFrame()))
