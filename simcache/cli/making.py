"""make-trace: one command per law of `synth`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import library
from .options import TraceFile, TraceOutput, numbers, real, whole
from .streams import say

if TYPE_CHECKING:
    from ..trace import Trace

Items = Annotated[int, typer.Option("--n-items", metavar="N", parser=whole, help="Items there are, 1 or more.")]
Accesses = Annotated[int, typer.Option("--n-accesses", metavar="N", parser=whole, help="Accesses to make.")]
Epochs = Annotated[int, typer.Option("--epochs", metavar="N", parser=whole, help="Passes over all items, 1 or more.")]
Seed = Annotated[
    int, typer.Option("--seed", metavar="N", parser=whole, help="0 … 2^64-1; the same seed gives the same trace.")
]
Sizes = Annotated[
    str | None,
    typer.Option("--sizes", metavar="MEDIAN,SIGMA", help="Lognormal sizes for the items, in bytes, drawn by the seed."),
]
Name = Annotated[str | None, typer.Option("--name", help="What tables and figures call it; by default the law.")]


def uniform(
    n_items: Items,
    n_accesses: Accesses,
    output: TraceOutput,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make accesses to items drawn uniformly, each on its own.

    Examples
    --------
    simcache make-trace uniform --n-items 1000 --n-accesses 20000 -o uniform.npz
    simcache make-trace uniform --n-items 9 --n-accesses 99 --sizes 999,1 -o s.npz
    """
    save(library.synth.uniform(n_items, n_accesses, seed=seed), output, name, sizes, seed)


def zipf(
    n_items: Items,
    n_accesses: Accesses,
    alpha: Annotated[float, typer.Option(metavar="X", parser=real, help="Exponent, 0 or more; 0 is uniform.")],
    output: TraceOutput,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make independent accesses where the k-th most popular item has a share proportional to k^-alpha.

    Examples
    --------
    simcache make-trace zipf --n-items 500 --n-accesses 9999 --alpha 1 -o zipf.npz
    simcache make-trace zipf --n-items 500 --n-accesses 999 --alpha .5 -o mild.npz
    """
    save(library.synth.zipf(n_items, n_accesses, alpha, seed=seed), output, name, sizes, seed)


def loop(n_items: Items, n_accesses: Accesses, output: TraceOutput, sizes: Sizes = None, name: Name = None) -> None:
    """Make the items 0, 1, … over and over: a sequential sampler.

    Examples
    --------
    simcache make-trace loop --n-items 1000 --n-accesses 5000 -o loop.npz
    """
    save(library.synth.loop(n_items, n_accesses), output, name, sizes)


def shuffled(
    n_items: Items,
    epochs: Epochs,
    output: TraceOutput,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make epochs that visit every item once, in a fresh order each: a random sampler without replacement.

    Examples
    --------
    simcache make-trace shuffled --n-items 1000 --epochs 10 -o shuffled.npz
    """
    save(library.synth.shuffled(n_items, epochs, seed=seed), output, name, sizes, seed)


def shuffle_buffer(
    n_items: Items,
    epochs: Epochs,
    buffer: Annotated[int, typer.Option(metavar="N", parser=whole, help="Slots, 1 or more; 1 keeps the order.")],
    output: TraceOutput,
    drain: Annotated[bool, typer.Option(help="Empty the buffer at the end of each epoch, or shuffle on.")] = True,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make epochs in order, shuffled through a small buffer, as tf.data and WebDataset do.

    Examples
    --------
    simcache make-trace shuffle-buffer --n-items 99 --epochs 5 --buffer 9 -o b.npz
    """
    save(library.synth.shuffle_buffer(n_items, epochs, buffer, drain=drain, seed=seed), output, name, sizes, seed)


def markov(
    matrix: Annotated[
        Path, typer.Option(metavar="FILE", help="Transition matrix: .npy, .npz (dense or sparse), .csv.")
    ],
    n_accesses: Accesses,
    output: TraceOutput,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make a Markov chain: after item i comes item j with the probability in row i, column j of a matrix.

    Examples
    --------
    simcache make-trace markov --matrix chain.csv --n-accesses 5000 -o markov.npz
    """
    save(library.synth.markov(library.matrices.read_matrix(matrix), n_accesses, seed=seed), output, name, sizes, seed)


def ring(
    n_items: Items,
    n_accesses: Accesses,
    jump: Annotated[float, typer.Option(metavar="P", parser=real, help="Probability of a jump to any item, 0 … 1.")],
    output: TraceOutput,
    directed: Annotated[bool, typer.Option("--directed", help="Every step goes up.")] = False,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make a walk on a ring of items: one step up or down, or a jump.

    Examples
    --------
    simcache make-trace ring --n-items 500 --n-accesses 999 --jump .1 -o ring.npz
    """
    save(library.synth.ring(n_items, n_accesses, jump, directed=directed, seed=seed), output, name, sizes, seed)


def repeat(
    trace: TraceFile,
    probability: Annotated[float, typer.Option(metavar="P", parser=real, help="Of the previous item again, 0 … 1.")],
    output: TraceOutput,
    sizes: Sizes = None,
    seed: Seed = 0,
    name: Name = None,
) -> None:
    """Make a trace that repeats the item before with some probability, and else takes TRACE's next.

    Examples
    --------
    simcache make-trace repeat zipf.npz --probability .5 -o repeat.npz
    """
    save(library.synth.repeat(library.input.read_trace(trace), probability, seed=seed), output, name, sizes, seed)


def phases(
    traces: Annotated[
        list[Path], typer.Argument(metavar="TRACE...", help="Traces of as many items each, .npz or .trace, in order.")
    ],
    output: TraceOutput,
    sizes: Sizes = None,
    name: Name = None,
) -> None:
    """Make a trace of several, one after the other: a law that changes.

    Examples
    --------
    simcache make-trace phases zipf.npz mild.npz -o phases.npz
    """
    save(library.synth.phases([library.input.read_trace(trace) for trace in traces]), output, name, sizes)


def save(trace: "Trace", output: Path, name: str | None = None, sizes: str | None = None, seed: int = 0) -> None:
    """Write a trace, and say what it is."""
    sized = trace if sizes is None else with_sizes(trace, sizes, seed)
    named = sized if name is None else replace(sized, name=name)
    named.save(output)
    say(f"wrote {output}: {named!r}")


def with_sizes(trace: "Trace", text: str, seed: int) -> "Trace":
    """A trace whose items have sizes, of which its source tells."""
    given = numbers(text, float, "sizes")
    if len(given) != 2:
        raise ValueError(f"sizes must be MEDIAN,SIGMA, got {text!r}")
    if trace.sizes is not None:
        raise ValueError(f"a trace must have no sizes yet for --sizes, got {trace.name!r} with some")
    median, sigma = given
    sizes = library.synth.lognormal_sizes(trace.n_items, median, sigma, seed=seed)
    return replace(trace, sizes=sizes, source={**(trace.source or {}), "size_median": median, "size_sigma": sigma})


KINDS: tuple[Callable[..., None], ...] = (uniform, zipf, loop, shuffled, shuffle_buffer, markov, ring, repeat, phases)
