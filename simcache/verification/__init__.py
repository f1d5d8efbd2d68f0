"""Whether a policy, yours or one of the package, keeps the rules that every policy must keep."""

from .checking import check_policy as check_policy

__all__ = ["check_policy"]
