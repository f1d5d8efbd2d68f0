"""Where the command `simcache` begins, before anything heavy is imported, so that a Ctrl-C then costs one line too."""

import sys


def main() -> int:
    """Run the command line; what the console script and ``python -m simcache`` call.

    Returns
    -------
    int
        As `cli.main`; 130 after Ctrl-C while its modules load.
    """
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was begun\n")
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
