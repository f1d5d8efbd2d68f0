"""Exact simulation of cache policies on data-loader traces, with curves, theory and figures.

`Trace`, `simulate`, `hit_curve`, `sweep`, `explain`, `Hindsight` and `check_policy` are here; the rest is by namespace:
`simcache.synth`, `simcache.sampler`, `simcache.order`, `simcache.formats`, `simcache.analysis`, `simcache.policies`,
`simcache.loader`, `simcache.theory`, `simcache.verdict`, `simcache.store`, `simcache.plot`, and, with the extras of
their names, `simcache.torch` and `simcache.explore`. Each is loaded when first asked for.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .garbage import unsought as _unsought

if TYPE_CHECKING:
    from . import analysis as analysis
    from . import explore as explore
    from . import formats as formats
    from . import loader as loader
    from . import order as order
    from . import plot as plot
    from . import policies as policies
    from . import sampler as sampler
    from . import store as store
    from . import synth as synth
    from . import theory as theory
    from . import torch as torch
    from . import verdict as verdict
    from .curves import hit_curve as hit_curve
    from .hindsight import Hindsight as Hindsight
    from .simulation import simulate as simulate
    from .sweeps import sweep as sweep
    from .trace import Trace as Trace
    from .verdict import explain as explain
    from .verification import check_policy as check_policy

__version__ = "0.1.0"
__all__ = ["Hindsight", "Trace", "check_policy", "explain", "hit_curve", "simulate", "sweep"]

# The root itself loads nothing, so that the command line can begin, and hear a Ctrl-C, before Numba and pandas are in.
_HOMES = {
    "Hindsight": "hindsight",
    "Trace": "trace",
    "check_policy": "verification",
    "explain": "verdict",
    "hit_curve": "curves",
    "simulate": "simulation",
    "sweep": "sweeps",
}
_NAMESPACES = (
    "analysis", "explore", "formats", "loader", "order", "plot", "policies", "sampler", "store", "synth", "theory",
    "torch", "verdict",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _NAMESPACES:
        return _loaded(name)
    if name in _HOMES:
        found = globals()[name] = getattr(_loaded(_HOMES[name]), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _loaded(module: str) -> ModuleType:
    with _unsought():  # Numba and pandas are a tenth faster there
        return import_module(f".{module}", __name__)


def __dir__() -> list[str]:
    return sorted([*__all__, *_NAMESPACES, "__version__"])
