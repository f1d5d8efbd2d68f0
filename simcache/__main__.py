"""Where the command `simcache` begins, before anything heavy is imported, so that a Ctrl-C then costs one line too."""

import sys

from .garbage import for_good


def main() -> int:
    """Run the command line; what the console script and ``python -m simcache`` call.

    Returns
    -------
    int
        As `cli.main`; 130 after Ctrl-C while its modules load, 2 when they cannot be used as Numba is set.
    """
    return _begun("main")


def precompute() -> int:
    """Run `opt4torch-precompute`; returns what `main` does."""
    return _begun("main_precompute")


def _begun(command: str) -> int:
    try:
        with for_good():  # else to look through what loads, now and at the end, takes a quarter of the time
            from . import cli
    except KeyboardInterrupt:
        if sys.stderr is not None:  # as it is where it was closed
            sys.stderr.write("stopped; nothing was begun\n")
        return 130
    except RuntimeError as error:  # Numba's compiler is switched off
        if sys.stderr is not None:
            sys.stderr.write(f"error: {error}\n")
        return 2
    return int(getattr(cli, command)())


if __name__ == "__main__":
    sys.exit(main())
