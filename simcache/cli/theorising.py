"""theory: one command per workload that has closed forms; a table of hit rates out, and nothing simulated."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import completing, library
from .options import SIZES, TableOutput, TablePrinted, real, whole
from .output import write

if TYPE_CHECKING:
    from .forms import Form

Known = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[POLICY]...", autocompletion=completing.with_forms, help="Only these; by default all that have a form."
    ),
]
Fractions = Annotated[str, typer.Option(metavar="X,X,…", help="Cache sizes as shares of the items, up to 1.")]
Capacities = Annotated[str | None, typer.Option(metavar="N,N,…", help="Or cache sizes in items.")]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=whole, help="Length of a run from an empty cache, cold misses counted; else the long run."
    ),
]
Ahead = Annotated[
    float | None,
    typer.Option(metavar="X", parser=real, help="OPT knows the current epoch and that many more, up to inf."),
]
Window = Annotated[
    int | None, typer.Option(metavar="N", parser=whole, help="OPT knows the law and that many accesses ahead.")
]
Exact = Annotated[bool, typer.Option("--exact", help="Exact in place of the limit of many items; for few items.")]


def shuffled(
    policy: Known = None,
    fractions: Fractions = SIZES,
    ranks: Annotated[
        float, typer.Option(metavar="R", parser=real, help="Private caches that share each epoch, 1 … inf.")
    ] = 1,
    epochs: Epochs = None,
    epochs_ahead: Ahead = None,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates on epochs that visit every item once, in a fresh order each, by the limit of many items.

    OPT may refuse items (bypass).

    Examples
    --------
    simcache theory shuffled
    simcache theory shuffled opt pin --ranks 4 --epochs 90 --fractions .1,.5
    simcache theory shuffled opt --ranks 4 --epochs-ahead 1
    """
    names = ("opt", "pin", "lru", "fifo", "rr")
    forms = {name: partial(library.forms.named(f"{name}_shuffled"), ranks=ranks, epochs=epochs) for name in names}
    if epochs_ahead is not None:
        if epochs is not None:
            raise ValueError("theory shuffled must be given at most one of --epochs and --epochs-ahead")
        forms["opt"] = partial(library.theory.opt_lookahead, epochs_ahead=epochs_ahead, ranks=ranks)
    about = {"ranks": ranks, "epochs": epochs, "epochs_ahead": epochs_ahead}
    write(library.forms.by_fraction("shuffled", forms, policy, fractions, **about), output, printed)


def loop(
    policy: Known = None, fractions: Fractions = SIZES, output: TableOutput = None, printed: TablePrinted = None
) -> None:
    """Hit rates on epochs that visit every item in the same order, by the limit of many items.

    OPT may refuse items (bypass).

    Examples
    --------
    simcache theory loop rr --fractions .25,.5,.75 -o loop.csv
    """
    forms: dict[str, Form] = {
        "opt": library.theory.opt_loop,
        "lru": library.theory.lru_loop,
        "fifo": library.theory.lru_loop,
        "rr": library.theory.rr_loop,
    }
    write(library.forms.by_fraction("loop", forms, policy, fractions), output, printed)


def shuffle_buffer(
    buffer: Annotated[float, typer.Option(metavar="X", parser=real, help="Slots, as a share of the items, up to 1.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    drain: Annotated[bool, typer.Option(help="The buffer is emptied at the end of each epoch, or not.")] = True,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates behind a shuffle buffer, as in tf.data and WebDataset, by the limit of many items.

    OPT may refuse items (bypass).

    Examples
    --------
    simcache theory shuffle-buffer --buffer .1 --no-drain --fractions .5,.9
    """
    forms = {
        name: partial(library.forms.named(f"{name}_buffer"), buffer=buffer, drain=drain) for name in ("opt", "lru")
    }
    write(
        library.forms.by_fraction("shuffle-buffer", forms, policy, fractions, buffer=buffer, drain=drain),
        output,
        printed,
    )


def uniform(
    policy: Known = None,
    fractions: Fractions = SIZES,
    epochs: Epochs = None,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates of uniform draws with replacement, an epoch being as many draws as items, by the limit of many items.

    Examples
    --------
    simcache theory uniform opt lru --epochs 10 --fractions .1,.25,.5
    """
    names = ("opt", "pin", "lru", "fifo", "rr")
    if epochs is None:
        forms = {name: partial(library.forms.named(f"{name}_shuffled"), ranks=library.np.inf) for name in names}
    else:
        forms = {name: partial(library.forms.named(f"{name}_horizon"), epochs=epochs) for name in names}
    write(library.forms.by_fraction("uniform", forms, policy, fractions, epochs=epochs), output, printed)


def zipf(
    n_items: Annotated[int, typer.Option("--n-items", metavar="N", parser=whole, help="Items there are, 1 or more.")],
    alpha: Annotated[float, typer.Option(metavar="X", parser=real, help="Exponent, 0 or more; 0 is uniform.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    window: Window = None,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates of independent draws where the k-th most popular item has a share proportional to k^-alpha.

    LFU is that of perfect counts: the most popular items stay.

    Examples
    --------
    simcache theory zipf --n-items 1000000 --alpha 1 --fractions .001,.01,.1
    simcache theory zipf lru fifo --n-items 20 --alpha 1 --fractions .1 --exact
    simcache theory zipf opt --n-items 10000 --alpha .8 --window 2000
    """
    if not 1 <= n_items < 2**31:
        raise ValueError(f"n_items must be a whole number 1 … {2**31 - 1}, got {n_items}")
    if not 0 <= alpha < library.np.inf:
        raise ValueError(f"alpha must be a finite number >= 0, got {alpha}")
    weights = library.np.arange(1, n_items + 1, dtype=library.np.float64) ** -alpha
    forms = library.forms.independent(weights, exact, window)
    write(
        library.forms.by_capacity("zipf", forms, n_items, policy, fractions, capacities, alpha=alpha, window=window),
        output,
        printed,
    )


def weighted(
    weights: Annotated[Path, typer.Option(metavar="FILE", help="A rate for each item, in any scale: .npy, .csv.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    window: Window = None,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates of independent draws by weight: a weighted sampler with replacement.

    Examples
    --------
    simcache theory weighted --weights weights.csv --capacities 1,2 --exact
    """
    rates = library.np.squeeze(library.forms.dense(weights))
    forms = library.forms.independent(rates, exact, window)
    about = {"weights": weights.name, "window": window}
    write(
        library.forms.by_capacity("weighted", forms, rates.size, policy, fractions, capacities, **about),
        output,
        printed,
    )


def markov(
    matrix: Annotated[Path, typer.Option(metavar="FILE", help="Transition matrix: .npy, .npz, .csv; not too large.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates of a Markov chain: after item i comes item j with the probability in row i, column j of a matrix.

    Examples
    --------
    simcache theory markov --matrix chain.csv --capacities 1,2
    """
    chain = library.forms.dense(matrix)
    names = ("opt", "lru", "rr") if exact else ("opt", "lru")
    forms = {name: partial(library.forms.named(f"{name}_markov{'_exact' if exact else ''}"), chain) for name in names}
    write(
        library.forms.by_capacity("markov", forms, len(chain), policy, fractions, capacities, matrix=matrix.name),
        output,
        printed,
    )


def restarts(
    jump: Annotated[float, typer.Option(metavar="X", parser=real, help="Probability of a jump to any item, up to 1.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    output: TableOutput = None,
    printed: TablePrinted = None,
) -> None:
    """Hit rates of a walk that goes one item up or down, or else jumps to any, by the limit of many items.

    Examples
    --------
    simcache theory restarts opt lru --jump .2 --fractions .1,.25,.5
    """
    blind = partial(library.theory.lru_restarts, jump=jump)
    forms: dict[str, Form] = {"opt": partial(library.theory.opt_restarts, jump=jump)}
    forms |= dict.fromkeys(("lru", "fifo", "rr"), blind)
    write(library.forms.by_fraction("restarts", forms, policy, fractions, jump=jump), output, printed)


WORKLOADS: tuple[Callable[..., None], ...] = (
    shuffled,
    loop,
    shuffle_buffer,
    uniform,
    zipf,
    weighted,
    markov,
    restarts,
)
