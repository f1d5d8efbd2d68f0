"""Why OPT does, or does not, help a loader: a verdict, its reasons, every policy, and what would change it.

Each number comes with the call that gives it, an expression over the arguments of `explain` (`trace`, `loader`,
`policy`, `costs`), the names of `simcache.loader`, `theory`, NumPy's `np`, pandas' `pd` and `dataclasses.replace`.
A change that one call of `simcache.torch.cached_loader` brings to training has that call too, over the `dataloader`.
"""

from .explaining import VERDICTS as VERDICTS
from .explaining import explain as explain
from .explanation import Explanation as Explanation
from .reasons import Reason as Reason

__all__ = ["VERDICTS", "Explanation", "Reason", "explain"]
