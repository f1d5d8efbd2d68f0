"""What a trace looks like: how popular its items are, when they come back, and which law it may follow.

`profile` says it all; its tables are drawn by `plot.profile`.
"""

from .profiling import Profile as Profile
from .profiling import profile as profile

__all__ = ["Profile", "profile"]
