"""check-policy: whether a policy keeps the rules, and the shortest trace on which it does not."""

from typing import Annotated

import typer

from . import library
from .completing import policy_names
from .options import TableOutput, TablePrinted, policy
from .output import write


def check_policy(
    name: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            autocompletion=policy_names,
            help="A file, ./mine.py, a module or a name; parameters after a colon.",
        ),
    ],
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Try whether a policy, perhaps your own, keeps the rules that every policy must keep.

    It runs all traces of up to six accesses, and longer ones. Of a rule that is broken the table has the shortest trace
    that breaks it, with the hits (x) and misses (.) that it gave. Exit code 1 says that one is.

    Examples
    --------
    simcache check-policy ./mine.py
    simcache check-policy ./mine.py:spare=false -o rules.csv
    simcache check-policy sieve
    """
    table = library.verification.check_policy(policy(name))
    write(table, output, printed, wrap=True)
    if not table["passed"].all():
        raise typer.Exit(1)
