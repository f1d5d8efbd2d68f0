"""Every policy on independent Zipf accesses, over exponent and cache size; row k of the grid has trace seed k."""

import numpy as np
from _grid import N_ACCESSES, N_ITEMS, simulate, write

from simcache import synth

ALPHAS = np.arange(16) / 10  # 0, the uniform law, to 1.5

traces = [synth.zipf(N_ITEMS, N_ACCESSES, float(alpha), seed=k) for k, alpha in enumerate(ALPHAS)]
write(simulate(traces), __file__)
