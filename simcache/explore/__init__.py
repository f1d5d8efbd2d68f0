"""The explorer: a page on this machine to choose workload, policies, sizes and a loader, and see what comes of it.

``simcache explore`` serves it, `page` shows it in a notebook. The address of the page holds all that is chosen. Needs
the extra explore.
"""

try:
    from .serving import page as page
except ModuleNotFoundError as missing:
    if missing.name in ("panel", "bokeh", "param"):
        missing.msg = "simcache.explore needs Panel, the extra explore: pip install 'simcache[explore]'"
    raise
from .serving import serve as serve
from .state import Given as Given

__all__ = ["Given", "page", "serve"]
