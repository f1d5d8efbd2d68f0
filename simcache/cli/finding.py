"""Objects of the user's own, named as module:object."""

import os
import sys
from importlib import import_module
from typing import Any


def find(target: str, what: str, form: str) -> Any:
    """The object that ``module:object`` names; the current folder is looked in too.

    Raises
    ------
    ValueError
        When there is none. The message says that `what` must be `form`, or which module is missing.
    """
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        raise ValueError(f"{what} must be {form}, got {target!r}")
    if os.getcwd() not in sys.path:  # as `python -m` does, and a console script does not
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "torch":
            raise ValueError(f"{target} needs torch: pip install 'simcache[torch]'") from None
        raise ValueError(f"{what} {target!r} needs the module {error.name!r}, and there is none") from None
    except SystemExit as end:
        raise ValueError(
            f"{what} must be in a module that can be imported; {module!r} ends with {end.code!r}"
        ) from None
    except AttributeError as error:
        raise ValueError(f"{what} must be {form.partition(',')[0]}; {target!r}: {error}") from None
    return found
