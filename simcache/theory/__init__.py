"""Closed forms, bounds and exact tables: why a policy gets its hit rate, without simulating.

Functions are named <policy>_<workload>, take numbers or arrays that broadcast, and return float64 arrays of hit rates.
`fraction` is C/N, capacities are in items. Only bounds take a Trace. Steady state unless a run's length is given.

``shuffled``: epochs that visit each item once, whole, by rank, behind a buffer, in a loop · ``irm``: independent
requests, skewed or uniform · ``lookahead``: both of these, where only a part of the future is known · ``zipf``: limits
by exponent · ``markov``: requests by a chain · ``restarts``: runs that jump · ``bounds``: what no policy can beat, for
any trace · ``packing``: the same where items have sizes.
"""

from .bounds import compulsory as compulsory
from .bounds import hazard as hazard
from .bounds import opt_histogram as opt_histogram
from .bounds import opt_windows as opt_windows
from .bounds import sleator_tarjan as sleator_tarjan
from .bounds import working_set as working_set
from .irm import fifo_horizon as fifo_horizon
from .irm import fifo_irm as fifo_irm
from .irm import fifo_irm_exact as fifo_irm_exact
from .irm import lfu_irm as lfu_irm
from .irm import lru_horizon as lru_horizon
from .irm import lru_irm as lru_irm
from .irm import lru_irm_exact as lru_irm_exact
from .irm import opt_horizon as opt_horizon
from .irm import opt_irm as opt_irm
from .irm import opt_irm_bounds as opt_irm_bounds
from .irm import opt_irm_exact as opt_irm_exact
from .irm import pin_horizon as pin_horizon
from .irm import pin_irm as pin_irm
from .irm import qlru_irm as qlru_irm
from .irm import rr_horizon as rr_horizon
from .irm import rr_irm as rr_irm
from .lookahead import opt_lookahead as opt_lookahead
from .lookahead import opt_lookahead_irm as opt_lookahead_irm
from .markov import lru_markov as lru_markov
from .markov import lru_markov_exact as lru_markov_exact
from .markov import opt_markov as opt_markov
from .markov import opt_markov_exact as opt_markov_exact
from .markov import repeat_identity as repeat_identity
from .markov import return_law as return_law
from .markov import rr_markov_exact as rr_markov_exact
from .packing import sized_bounds as sized_bounds
from .restarts import lru_clusters as lru_clusters
from .restarts import lru_restarts as lru_restarts
from .restarts import opt_clusters as opt_clusters
from .restarts import opt_restarts as opt_restarts
from .shuffled import fifo_shuffled as fifo_shuffled
from .shuffled import lfu_shuffled as lfu_shuffled
from .shuffled import lru_buffer as lru_buffer
from .shuffled import lru_loop as lru_loop
from .shuffled import lru_shuffled as lru_shuffled
from .shuffled import lru_shuffled_exact as lru_shuffled_exact
from .shuffled import opt_buffer as opt_buffer
from .shuffled import opt_loop as opt_loop
from .shuffled import opt_shuffled as opt_shuffled
from .shuffled import pin_shuffled as pin_shuffled
from .shuffled import rr_loop as rr_loop
from .shuffled import rr_shuffled as rr_shuffled
from .zipf import fifo_zipf_limit as fifo_zipf_limit
from .zipf import lfu_zipf_small as lfu_zipf_small
from .zipf import lru_zipf_limit as lru_zipf_limit
from .zipf import lru_zipf_small as lru_zipf_small
from .zipf import opt_zipf_gap as opt_zipf_gap
from .zipf import opt_zipf_hits_limit as opt_zipf_hits_limit
from .zipf import opt_zipf_limit as opt_zipf_limit
from .zipf import opt_zipf_small as opt_zipf_small

__all__ = [
    "compulsory",
    "fifo_horizon",
    "fifo_irm",
    "fifo_irm_exact",
    "fifo_shuffled",
    "fifo_zipf_limit",
    "hazard",
    "lfu_irm",
    "lfu_shuffled",
    "lfu_zipf_small",
    "lru_buffer",
    "lru_clusters",
    "lru_horizon",
    "lru_irm",
    "lru_irm_exact",
    "lru_loop",
    "lru_markov",
    "lru_markov_exact",
    "lru_restarts",
    "lru_shuffled",
    "lru_shuffled_exact",
    "lru_zipf_limit",
    "lru_zipf_small",
    "opt_buffer",
    "opt_clusters",
    "opt_histogram",
    "opt_horizon",
    "opt_irm",
    "opt_irm_bounds",
    "opt_irm_exact",
    "opt_lookahead",
    "opt_lookahead_irm",
    "opt_loop",
    "opt_markov",
    "opt_markov_exact",
    "opt_restarts",
    "opt_shuffled",
    "opt_windows",
    "opt_zipf_gap",
    "opt_zipf_hits_limit",
    "opt_zipf_limit",
    "opt_zipf_small",
    "pin_horizon",
    "pin_irm",
    "pin_shuffled",
    "qlru_irm",
    "repeat_identity",
    "return_law",
    "rr_horizon",
    "rr_irm",
    "rr_loop",
    "rr_markov_exact",
    "rr_shuffled",
    "sized_bounds",
    "sleator_tarjan",
    "working_set",
]
