"""opt4torch-precompute: the order of a training to come in a file, for `simcache.torch.OPTCacheDecorator`."""

import inspect
from pathlib import Path
from typing import Annotated

import typer

from . import library
from .options import whole
from .recording import TORCH, Arguments, build, named
from .streams import say


def precompute(
    total_iter: Annotated[
        int, typer.Option(metavar="N", parser=whole, help="Accesses of the whole training: the decorator's total_iter.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the order goes: a saved trace, any name.")
    ],
    sampler: Annotated[
        str, typer.Option(metavar="MODULE:CALLABLE", help="What builds the sampler; imported, and called.")
    ] = TORCH,
    arg: Arguments = None,
    dataset_size: Annotated[
        int | None, typer.Option(metavar="N", parser=whole, help="Items in the data set; by default --total-iter.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", parser=whole, help="Seeds the sampler's generator.")] = 0,
    no_replacement: Annotated[
        bool, typer.Option("--no-replacement", help="Draw no item again before all were drawn.")
    ] = False,
    maxsize: Annotated[
        int | None, typer.Option(metavar="N", parser=whole, help="Also say what OPT hits with so many items cached.")
    ] = None,
) -> None:
    """Write the order in which a seeded sampler will visit the items of a data set, for OPTCacheDecorator.

    By default it is RandomSampler with replacement and num_samples=total_iter, as generate_precomputed_file has it.
    Another sampler is told the same if it has such parameters; where one pass yields less, there are several. The
    file serves caches of all sizes.

    Examples
    --------
    opt4torch-precompute --total-iter 3000 --dataset-size 1000 -o opt.pkl
    opt4torch-precompute --total-iter 3000 --seed 42 --maxsize 300 -o s.pkl
    """
    try:
        from ..torch.precomputed import write
    except ImportError:
        raise ValueError("opt4torch-precompute needs torch: pip install 'simcache[torch]'") from None
    for name, value in (("total-iter", total_iter), ("dataset-size", dataset_size), ("maxsize", maxsize)):
        if value is not None and value < 1:
            raise ValueError(f"--{name} must be a whole number >= 1, got {value}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"--seed must be a whole number 0 … {2**64 - 1}, got {seed}")
    items = total_iter if dataset_size is None else dataset_size
    given = {"num_samples": total_iter, "replacement": not no_replacement}
    known = _parameters(sampler)
    if no_replacement and "replacement" not in known:
        raise ValueError(f"--no-replacement must go with a sampler that has the parameter replacement, got {sampler}")
    given = {name: value for name, value in given.items() if name in known}
    built = build(sampler, {**given, **named(arg)}, items, seed)
    trace = library.sampler.record(built, n_items=items, length=total_iter)
    passes, rest = divmod(total_iter, len(trace)) if len(trace) else (0, 0)
    if rest or not passes:
        raise ValueError(f"--total-iter must be a multiple of {len(trace)}, a pass of {sampler}, got {total_iter}")
    if passes > 1:
        trace = library.sampler.record(built, passes, n_items=items)
    write(trace, output)
    said = "" if dataset_size is not None else ", as many as --total-iter since --dataset-size is not given"
    say(f"wrote {output}: {total_iter} accesses to {items} items{said}")
    if maxsize is not None:
        hits = int(library.simulation.simulate(trace, "opt", maxsize, bypass=True).sum())
        say(f"OPT hits {hits} of them ({hits / total_iter:.2%}) with {maxsize} items cached")


def _parameters(target: str) -> set[str]:
    made = library.finding.find(target, "a sampler", f"module:callable, e.g. {TORCH}")
    try:
        return set(inspect.signature(made).parameters)
    except (TypeError, ValueError):  # none, or something built in: `build` says which
        return set()
