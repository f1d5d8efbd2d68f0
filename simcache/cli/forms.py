"""Closed forms by the name of their policy, and the tables of what they give at the sizes asked for."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import theory
from ..checks import near
from .matrices import MOST, read_matrix
from .options import SIZES, numbers

Floats = NDArray[np.float64]
Form = Callable[[Any], Floats]  # sizes -> hit rates


def dense(path: Path) -> NDArray[Any]:
    """The numbers of a file, written out."""
    found = read_matrix(path)
    if not found.size:
        raise ValueError(f"a matrix must have entries, got none in {str(path)!r}")
    if math.prod(found.shape) > MOST // 8:
        raise ValueError(f"a matrix must have at most {MOST // 8} entries, got shape {found.shape} in {str(path)!r}")
    return np.atleast_1d(found if isinstance(found, np.ndarray) else found.toarray())


def named(name: str) -> Callable[..., Floats]:
    """The form of that name."""
    found: Callable[..., Floats] = getattr(theory, name)
    return found


def independent(weights: Floats, exact: bool, window: int | None) -> dict[str, Form]:
    """The forms of independent draws, by policy."""
    if exact and window is not None:
        raise ValueError("independent draws must be given at most one of --exact and --window")
    names = {"opt": "opt", "lfu": "lfu", "lru": "lru", "fifo": "fifo", "rr": "fifo", "pin": "lru"}
    ends = {name: "_irm_exact" if exact and name != "lfu" else "_irm" for name in names}
    forms: dict[str, Form] = {name: partial(named(of + ends[name]), weights) for name, of in names.items()}
    return forms if window is None else {**forms, "opt": partial(theory.opt_lookahead_irm, weights, window=window)}


def _chosen(forms: Mapping[str, Form], policies: Sequence[str] | None, workload: str) -> Mapping[str, Form]:
    for name in policies or ():
        if name not in forms:
            known = f"{near(name, forms)} known: {', '.join(forms)}"
            raise ValueError(f"{workload} has no closed form for policy {name!r};{known}")
    return {name: forms[name] for name in dict.fromkeys(policies)} if policies else forms


def by_fraction(
    workload: str,
    forms: Mapping[str, Form],
    policies: Sequence[str] | None,
    text: str,
    **about: Any,
) -> pd.DataFrame:
    """The table of forms that take shares of the items."""
    shares = numbers(text, float, "fractions")
    chosen = _chosen(forms, policies, workload)
    return _table(workload, {name: form(shares) for name, form in chosen.items()}, {"fraction": shares}, about)


def by_capacity(
    workload: str,
    forms: Mapping[str, Form],
    n_items: int,
    policies: Sequence[str] | None,
    fractions: str,
    capacities: str | None,
    **about: Any,
) -> pd.DataFrame:
    """The table of forms that take sizes in items."""
    if capacities is None:
        shares = numbers(fractions, float, "fractions")
        if bad := [share for share in shares if not 0 < share <= 1]:
            raise ValueError(f"fractions must be numbers in (0, 1], got {bad[0]}")
        sizes = [max(1, round(share * n_items)) for share in shares]
    elif fractions != SIZES:
        raise ValueError(f"theory {workload} must be given at most one of --capacities and --fractions")
    else:
        sizes = numbers(capacities, int, "capacities")
        shares = [size / n_items for size in sizes]
    chosen = _chosen(forms, policies, workload)
    columns = {"capacity": sizes, "fraction": shares}
    return _table(
        workload,
        {name: form(sizes) for name, form in chosen.items()},
        columns,
        {"n_items": n_items, **about},
    )


def _table(
    workload: str,
    rates: Mapping[str, Floats],
    sizes: Mapping[str, Any],
    about: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per policy and size; then the parameters that were given."""
    given = {name: value for name, value in about.items() if value is not None}
    rows = [
        pd.DataFrame({"workload": workload, "policy": name, **sizes, "hit_rate": rate}) for name, rate in rates.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(**given)
