"""explain: whether OPT would help a loader, from flags, a trace or a real DataLoader."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import library
from .completing import policy_names, targets
from .options import Capacity, Fraction, check_one, printed, real, whole, written
from .options import policy as policy_of
from .streams import put, say

if TYPE_CHECKING:
    from ..loader import Loader
    from ..trace import Trace
    from ..verdict import Explanation

Kind = Literal["random", "replacement", "sequential", "distributed"]
Shared = Literal["worker", "rank", "node"]
NEEDED = "a loader must be given as --n-items and --batch-size, or as TARGET"


def explain(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            autocompletion=targets,
            help="A DataLoader, or what returns one, as module:loader; or a trace, .npz. Without it, --n-items.",
        ),
    ] = None,
    capacity: Capacity = None,
    fraction: Fraction = None,
    policy: Annotated[
        str, typer.Option(metavar="POLICY", help="The policy in use, as for simulate.", autocompletion=policy_names)
    ] = "lru",
    shared: Annotated[
        Shared, typer.Option(help="Who shares a cache: nobody, the workers of a rank, or all ranks.")
    ] = "worker",
    n_items: Annotated[int | None, typer.Option(metavar="N", parser=whole, help="Items in the data set.")] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", parser=whole, help="Passes over the sampler; 1 unless given.")
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(metavar="N", parser=whole, help="Steps at which to stop each pass of a DataLoader without end."),
    ] = None,
    sampler: Annotated[
        Kind, typer.Option(help="The order of the items; replacement: random, drawn with it.")
    ] = "random",
    num_samples: Annotated[
        int | None, typer.Option(metavar="N", parser=whole, help="Accesses an epoch; by default all items.")
    ] = None,
    set_epoch: Annotated[bool, typer.Option(help="Distributed: whether set_epoch is called.")] = True,
    seed: Annotated[int, typer.Option(metavar="N", parser=whole, help="The sampler's, 0 … 2^64-1.")] = 0,
    batch_size: Annotated[int | None, typer.Option(metavar="N", parser=whole, help="Items in a batch.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", parser=whole, help="Workers on each rank.")] = None,
    persistent: Annotated[bool, typer.Option("--persistent", help="Workers outlive an epoch.")] = False,
    prefetch: Annotated[
        int | None, typer.Option(metavar="N", parser=whole, help="Batches that each worker loads ahead.")
    ] = None,
    ranks: Annotated[int | None, typer.Option(metavar="N", parser=whole, help="Ranks, all on one node.")] = None,
    drop_last: Annotated[bool, typer.Option("--drop-last", help="Leave out a last batch that is not full.")] = False,
    t_hit: Annotated[float, typer.Option(metavar="S", parser=real, help="Seconds to fetch a cached item.")] = 0.0,
    t_miss: Annotated[
        float | None, typer.Option(metavar="S", parser=real, help="Seconds to fetch another; with --t-step, for times.")
    ] = None,
    t_prep: Annotated[float, typer.Option(metavar="S", parser=real, help="Seconds to prepare any item.")] = 0.0,
    t_step: Annotated[
        float | None, typer.Option(metavar="S", parser=real, help="Seconds of the accelerator for a batch.")
    ] = None,
    output: Annotated[
        Path | None,
        written(
            "an explanation",
            "Write it there: .md, .json (with the call behind each number) or .html.",
            ".md",
            ".json",
            ".html",
        ),
    ] = None,
    printed: Annotated[
        Literal["json", "md", "html"] | None,
        typer.Option("--format", help="Of standard output, in place of text.", callback=printed),
    ] = None,
) -> None:
    """Explain whether OPT would help a data loader, why, and what else would.

    A real DataLoader is imported, from the current folder too, and gives its own order, batches and workers; nothing is
    loaded. It needs the extra torch. Without one, --sampler, --workers, --persistent and --ranks say what it would be;
    with --t-miss and --t-step the verdict weighs time too.

    Examples
    --------
    simcache explain --n-items 5000 --epochs 9 --batch-size 50 --fraction .5
    simcache explain zipf.npz --batch-size 10 --capacity 5 --workers 2 -o why.md
    """
    check_one("explain", capacity, fraction)
    if fraction is not None and not 0 < fraction <= 1:
        raise ValueError(f"fraction must be in (0, 1], got {fraction}")
    if (t_miss is None) != (t_step is None) or (t_miss is None and (t_hit or t_prep)):
        raise ValueError("times must be given with both --t-miss and --t-step")
    costs = None if t_miss is None or t_step is None else library.loader.Costs(t_hit, t_miss, t_prep, t_step)
    shape: dict[str, Any] = {
        "batch_size": batch_size,
        "num_workers": workers,
        "persistent_workers": persistent or None,
        "prefetch_factor": prefetch,
        "world_size": ranks,
        "drop_last": drop_last or None,
    }
    given = {name: value for name, value in shape.items() if value is not None}
    if target is not None and (n_items is not None or num_samples is not None or not set_epoch or sampler != "random"):
        own = "--n-items, --num-samples, --sampler, --no-set-epoch"
        raise ValueError(f"{target!r} has an order of its own: {own} must be left out")
    if length is not None and (target is None or target.endswith(".npz")):
        raise ValueError("length is of a DataLoader, module:loader, alone: --length must be left out")
    if target is None:
        if n_items is None:
            raise ValueError(f"{NEEDED}, got no --n-items")
        loader = _loader(given)
        trace = _order(sampler, n_items, 1 if epochs is None else epochs, num_samples, set_epoch, seed, loader)
    elif target.endswith(".npz"):
        if epochs is not None:
            raise ValueError(f"{target!r} has epochs of its own: --epochs must be left out")
        loader, trace = _loader(given), library.input.read_trace(Path(target))
    else:
        trace, loader = _real(target, 1 if epochs is None else epochs, length, given)
    items = max(1, round(fraction * trace.n_items)) if fraction is not None else capacity
    assert items is not None
    _write(
        library.verdict.explain(trace, loader, items, policy=_policy(policy), shared=shared, costs=costs),
        output,
        printed,
    )


def _policy(text: str) -> Any:
    """A name alone where it has no parameters, so that calls read as people write them."""
    name, params = policy_of(text)
    library.simulation.choose((name, params))
    return (name, params) if params else name


def _loader(given: dict[str, Any]) -> "Loader":
    if "batch_size" not in given:
        raise ValueError(f"{NEEDED}, got no --batch-size")
    return library.loader.Loader(**given)


def _order(
    kind: Kind, n_items: int, epochs: int, num_samples: int | None, set_epoch: bool, seed: int, loader: "Loader"
) -> "Trace":
    if kind in ("random", "replacement"):
        drawn = kind == "replacement"
        return library.order.random(n_items, epochs, seed=seed, replacement=drawn, num_samples=num_samples)
    if num_samples is not None:
        raise ValueError(f"num_samples must be left out for a {kind} sampler, got {num_samples}")
    ranks, shuffle = loader.world_size, kind == "distributed"
    return library.order.distributed(
        n_items, epochs, num_replicas=ranks, shuffle=shuffle, seed=seed, set_epoch=set_epoch
    )


def _real(target: str, epochs: int, length: int | None, given: dict[str, Any]) -> "tuple[Trace, Loader]":
    """The order and the shape of a DataLoader; of a distributed one, what its own rank sees."""
    if given:
        raise ValueError(f"{target!r} has a shape of its own: {', '.join(given)} must be left out")
    found = library.finding.find(target, "a loader", "module:loader, e.g. train:loader, or a trace's .npz")
    dataloader = _called(found, target) if callable(found) and not hasattr(found, "dataset") else found
    return library.loader.of(dataloader, epochs, length=length)


def _called(make: Callable[..., Any], target: str) -> Any:
    """What a function or a class of the user's own gives; that it needs arguments is said before it is entered."""
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        raise TypeError(f"a function that makes a loader must need no arguments; {target!r}: {error}") from None
    except ValueError:  # something built in tells no signature
        pass
    return make()


def _write(explanation: "Explanation", path: Path | None, printed: str | None) -> None:
    text = {"md": explanation.to_markdown, "json": explanation.to_json, "html": explanation._repr_html_}
    if printed is not None:
        put(text[printed]() + "\n")
    elif path is None and sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(explanation)
    elif path is None:
        sys.stdout.write(f"{explanation}\n")
    else:
        with library.files.replacing(path) as temporary:
            temporary.write_text(text[path.suffix.lower()[1:]]() + "\n", encoding="utf-8")
        say(f"wrote {path}: {explanation.verdict}")
