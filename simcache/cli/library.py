"""What commands call, loaded part by part when first asked for: help and completion load neither Numba nor pandas."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..garbage import for_good

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .. import (
        analysis,
        checks,
        curves,
        files,
        formats,
        loader,
        order,
        plot,
        printing,
        sampler,
        seeds,
        simulation,
        store,
        sweeps,
        synth,
        tables,
        theory,
        units,
        verdict,
        verification,
    )  # fmt: skip
    from . import finding, forms, grids, input, matrices, shaping

__all__ = [
    "analysis", "checks", "curves", "files", "finding", "formats", "forms", "grids", "input", "loader", "matrices",
    "np", "order", "pd", "plot", "printing", "sampler", "seeds", "shaping", "simulation", "store", "sweeps", "synth",
    "tables", "theory", "units", "verdict", "verification",
]  # fmt: skip
HOMES = {"np": "numpy", "pd": "pandas"}
HOMES |= {name: f".{name}" for name in ("finding", "forms", "grids", "input", "matrices", "shaping")}


def __getattr__(name: str) -> Any:
    """A part, by the name of its module.

    Raises
    ------
    ValueError
        When it cannot be loaded: Numba's compiler is switched off, or a library is missing or broken.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        with for_good():
            found = globals()[name] = import_module(HOMES.get(name, f"..{name}"), __package__)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    except ImportError as error:
        raise ValueError(f"{error}; simcache doctor says what there is") from error
    return found
