"""Exact simulation of cache policies on data-loader traces, with curves, theory and figures."""

from .curves import hit_curve as hit_curve
from .simulation import simulate as simulate
from .sweeps import sweep as sweep
from .trace import Trace as Trace

__version__ = "0.1.0"
