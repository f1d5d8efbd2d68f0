"""The command line: one file per command or pair, one line and exit code 2 for every bad input."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from . import shells, streams
from .checking import check_policy
from .converting import convert, info
from .doctoring import doctor
from .drawing import plot
from .explaining import explain
from .exploring import explore
from .making import KINDS
from .parsing import Command, Group, later, near_choice, unknown_option
from .precomputing import precompute
from .recording import record
from .simulating import curve, policies, simulate
from .starting import new_policy
from .sweeping import results, sweep
from .tabling import table
from .theorising import WORKLOADS

TRACES, TABLES, LOADERS = "Traces, files and folders", "Tables and figures of them", "Data loaders"
ITSELF = "This installation"
COMMANDS: dict[Callable[..., None], str] = {
    record: TRACES,
    convert: TRACES,
    info: TRACES,
    policies: TABLES,
    new_policy: TABLES,
    check_policy: TABLES,
    simulate: TABLES,
    curve: TABLES,
    sweep: TABLES,
    results: TABLES,
    plot: TABLES,
    table: TABLES,
    explain: LOADERS,
    explore: LOADERS,
    doctor: ITSELF,
}
SETTINGS = {"help_option_names": ["-h", "--help"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what the console script `simcache` calls.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0; 1 when cells of a sweep failed or a policy breaks a rule, 2 after bad input, and 130 after Ctrl-C, each of
        which costs one line on standard error.
    """
    return _done(app, "simcache", arguments)


def main_precompute(arguments: Sequence[str] | None = None) -> int:
    """The same for the console script `opt4torch-precompute`, which is one command."""
    return _done(precomputing, "opt4torch-precompute", arguments)


def _done(commands: typer.Typer, program: str, arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    streams.prepare()
    try:
        command = typer.main.get_command(commands)  # which makes the shells known, too
        code = shells.serve(command, program)
        code = code if code is not None else _run(command, program, given)
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        streams.complain(next(iter(getattr(stop, "__notes__", ())), "stopped; no file was left half-written"))
        code = 130
    except BrokenPipeError:  # whoever read us has seen enough, as in `simcache curve … | head`
        code = 0
    except (typer.TyperException, ValueError, TypeError, OSError, MemoryError) as error:
        streams.complain(f"error: {_reason(error)}")
        code = 2
    streams.settle()
    return code


def _run(command: Any, program: str, given: list[str]) -> int:
    shells.offer(command)
    try:
        # Not typer's own main: that one prints frames of several lines and swallows the notes on a Ctrl-C.
        with command.make_context(program, given) as context:
            context.command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:  # how Rich ends where its reader has gone
        if end.code == 0 or isinstance(end.__context__, BrokenPipeError):  # or typer, with completion installed
            return 0
        raise
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        text = unknown_option(error, context) if hasattr(error, "possibilities") else error.format_message()
        text = text.rstrip(".").replace("Value error, ", "")  # the words of typer's own checker
        text += near_choice(text) if isinstance(error, typer.BadParameter) else ""
        return text[:1].lower() + text[1:] + (f" (see {context.command_path} --help)" if context else "")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower() + ("" if error.filename is None else f": {os.fspath(error.filename)!r}")
    return str(error) or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)


def _add(group: typer.Typer, command: Callable[..., None], panel: str | None = None) -> None:
    """Make `command` one of the group's: its docstring's text is the help, its Examples the end of it."""
    text, _, examples = inspect.cleandoc(command.__doc__ or "").partition("\n\nExamples\n--------\n")
    paragraphs = "\n\n".join(part.replace("\n", " ") for part in text.split("\n\n"))
    name = command.__name__.replace("_", "-")
    options: dict[str, Any] = {"help": paragraphs, "epilog": f"Examples:\n{examples}", "rich_help_panel": panel}
    group.command(name, cls=Command, context_settings=SETTINGS, **options)(later(command))


def _group(**options: Any) -> typer.Typer:
    return typer.Typer(cls=Group, rich_markup_mode="rich", context_settings=SETTINGS, **options)


def _help_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


def _show_version(asked: bool) -> None:
    if asked:
        package = __name__.partition(".")[0]  # the root, which nothing here may import, is loaded by now
        streams.say(f"{package} {sys.modules[package].__version__}")
        raise typer.Exit


app = _group(epilog="Every command has an example: simcache curve --help")
make_trace = _group(epilog="Each has an example: simcache make-trace zipf --help")
for kind in KINDS:
    _add(make_trace, kind)
summary = "Make a trace from a law and a seed: zipf, shuffled, markov, …"
app.add_typer(make_trace, name="make-trace", help=summary, rich_help_panel=TRACES)
theory = _group(epilog="Each has an example: simcache theory zipf --help")
for workload in WORKLOADS:
    _add(theory, workload)
summary = "Hit rates by closed form: a workload and sizes in, a table out."
app.add_typer(theory, name="theory", help=summary, rich_help_panel=TABLES)
for each, shelf in COMMANDS.items():
    _add(app, each, shelf)
precomputing = _group()
_add(precomputing, precompute)


@theory.callback(invoke_without_command=True)
@make_trace.callback(invoke_without_command=True)
def _of_group(context: typer.Context) -> None:
    _help_alone(context)


@app.callback(invoke_without_command=True)
def _simcache(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate cache policies on data-loader traces."""
    _help_alone(context)
