"""record: a sampler's order as a trace."""

import inspect
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from ..text import near
from . import library
from .making import save
from .options import TraceOutput, pairs, whole

TORCH = "torch.utils.data:RandomSampler"


Arguments = Annotated[
    list[str] | None,
    typer.Option("--arg", metavar="NAME=VALUE", help="An argument for it; may be given several times."),
]


def record(
    output: TraceOutput,
    sampler: Annotated[str, typer.Argument(metavar="SAMPLER", help="What builds it: module:callable.")] = TORCH,
    arg: Arguments = None,
    n_items: Annotated[
        int | None,
        typer.Option(
            metavar="N", parser=whole, help="Items in the data set; range(N) is the data_source or dataset, if it asks."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(metavar="N", parser=whole, help="Passes, 1 or more.")] = 1,
    length: Annotated[
        int | None,
        typer.Option(
            metavar="N", parser=whole, help="Accesses at which to stop each pass, of a sampler that never ends."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", parser=whole, help="Seeds its generator or seed, and the global ones.")
    ] = 0,
    name: Annotated[str | None, typer.Option(help="What tables and figures call it; by default its class.")] = None,
) -> None:
    """Record the order in which a sampler visits the items of a data set.

    SAMPLER is imported, from the current folder too, and called with the arguments given. PyTorch's need the extra
    torch.

    Examples
    --------
    simcache record --n-items 1000 --epochs 10 --seed 0 -o random.npz
    simcache record --arg replacement=true --n-items 1000 --epochs 10 -o drawn.npz
    simcache record torch.utils.data:SequentialSampler --n-items 1000 -o seq.npz
    """
    given = named(arg)
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be a whole number 0 … {2**64 - 1}, got {seed}")
    if n_items is not None and n_items < 1:
        raise ValueError(f"n_items must be a whole number >= 1, got {n_items}")
    built = build(sampler, given, n_items, seed)
    trace = library.sampler.record(built, epochs, n_items=n_items, name=name, length=length)
    if "trace_seed" not in (source := dict(trace.source or {})):
        trace = replace(trace, source={**source, "trace_seed": seed})
    save(trace, output)


def named(arg: list[str] | None) -> dict[str, Any]:
    """The arguments given for a sampler."""
    return pairs(arg or [], f"arguments must be NAME=VALUE, each name once, got {' '.join(arg or [])!r}")


def build(target: str, given: dict[str, Any], n_items: int | None, seed: int) -> Any:
    """The sampler that a target makes, offered the items, the seed and a generator where it has parameters for them."""
    make = library.finding.find(target, "a sampler", f"module:callable, e.g. {TORCH}")
    if not callable(make):
        raise TypeError(f"a sampler must be module:callable, got {target!r}, a {type(make).__name__}")
    import random

    random.seed(seed)
    library.np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch:
        torch.manual_seed(seed)
    try:
        known = inspect.signature(make).parameters
    except ValueError:  # something built in
        return make(**given)
    swallows = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for argument in given:
        if argument not in known and not swallows:
            hint, names = near(argument, known), ", ".join(known) or "none"
            raise ValueError(f"unknown argument {argument!r} of {target};{hint} known: {names}")
    offered: dict[str, Any] = {"seed": seed}
    if n_items is not None:
        offered |= {"data_source": range(n_items), "dataset": range(n_items), "n_items": n_items}
    if torch:
        offered["generator"] = torch.Generator().manual_seed(seed)
    arguments = {**{key: value for key, value in offered.items() if key in known}, **given}
    if missing := [p.name for p in known.values() if p.default is p.empty and p.name not in arguments and _named(p)]:
        sized = ("data_source", "dataset", "n_items")
        wanted = ", ".join("--n-items" if each in sized else f"--arg {each}=…" for each in missing)
        raise ValueError(f"{target} must be given {', '.join(missing)}: {wanted}")
    return make(**arguments)


def _named(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
