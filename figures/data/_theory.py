"""Simulations with their closed forms beside them: one table, told apart by the column `kind`."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Form = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # fractions -> hit rates


def beside(simulated: pd.DataFrame, panel: str, forms: Mapping[str, Form], fractions: Sequence[float]) -> pd.DataFrame:
    """`simulated`, then a row of kind "theory" for each policy of `forms` and size, those simulated among them."""
    sizes = np.unique(np.append(np.asarray(fractions, float), simulated["fraction"].to_numpy(float)))
    closed = [
        pd.DataFrame({"policy": name, "fraction": sizes, "hit_rate": form(sizes)}) for name, form in forms.items()
    ]
    return pd.concat(
        [simulated.assign(kind="simulation"), pd.concat(closed).assign(kind="theory")], ignore_index=True
    ).assign(panel=panel)
