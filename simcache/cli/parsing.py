"""What typer is told to do otherwise: to say what was perhaps meant, and to load no more than it needs."""

import re
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..text import near


class AsTyped:
    """Values as they were typed. What typer has in its place loads pydantic, which takes longer than all of help."""

    def coerce(self, value: Any, param: object, ctx: object) -> Any:
        """The value itself."""
        return value


def later(command: Callable[..., None]) -> Callable[[], None]:
    """What stands for a command until its parameters are asked for: to make those of all took a tenth of help."""

    def standing() -> None:
        raise AssertionError("a command must have its parameters before it runs")

    standing.command = command  # type: ignore[attr-defined]
    return standing


class Command(TyperCommand):
    """A command whose parameters are made when they are asked for.

    Where a shell only asks what may come next, nothing is made of the values that it is given.
    """

    @property
    def params(self) -> list[Any]:
        """The parameters, and with them what runs."""
        if command := getattr(self.callback, "command", None):
            alone = typer.Typer(add_completion=False)
            alone.command()(command)
            made = typer.main.get_command(alone)
            self._params, self.callback = made.params, made.callback
        return self._params

    @params.setter
    def params(self, params: list[Any]) -> None:
        self._params = params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed."""
        if ctx.resilient_parsing:
            _take_as_typed(self.get_params(ctx))
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:  # of -capacity it says -c
            if len(name := getattr(error, "option_name", "")) == 2:
                whole = (each for each in typed if each.startswith(name) and _near_option(each, ctx))
                error.option_name = next(whole, name)  # type: ignore[attr-defined]
            raise


class Group(TyperGroup):
    """A group, whose own options are flags, and whose unknown commands are told as we tell unknown names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed."""
        _take_as_typed(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names."""
        if not ctx.resilient_parsing and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command {args[0]!r}{_hint(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What may come next; nothing does after a command that is unknown."""
        return [] if ctx._protected_args else super().shell_complete(ctx, incomplete)


def _take_as_typed(params: Any) -> None:
    for param in params:
        param._runtime_param = AsTyped()


def unknown_option(error: Any, context: Any) -> str:
    """What is said of an option that a command lacks."""
    return f"no such option: {error.option_name}{_near_option(error.option_name, context) if context else ''}"


def _near_option(word: str, context: Any) -> str:
    """A hint at the option that was perhaps meant; dashes are alike in all."""
    params = context.command.get_params(context)
    known = [each[2:] for param in params for each in (*param.opts, *param.secondary_opts) if each.startswith("--")]
    return _hint(word.lstrip("-"), known).replace("'", "'--", 1)


def near_choice(said: str) -> str:
    """The choice of an option that was perhaps meant by a word that is none of them, as what is said names them."""
    found = re.search(r"'([^']*)' is not one of ('.*')", said)
    return _hint(found[1], re.findall("'([^']*)'", found[2])) if found else ""


def _hint(word: str, known: Any) -> str:
    hint = near(word, known)
    return f";{hint}" if hint else ""
