"""theory: one command per workload that has closed forms; a table of hit rates out, and nothing simulated."""

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from .. import theory
from .matrices import MOST, read_matrix
from .options import TableOutput, numbers, real, whole
from .output import write

Floats = NDArray[np.float64]
Form = Callable[[Any], Floats]  # sizes -> hit rates

Known = Annotated[
    list[str] | None, typer.Argument(metavar="[POLICY]...", help="Only these; by default all that have a form.")
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
SIZES = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9"


def shuffled(
    policy: Known = None,
    fractions: Fractions = SIZES,
    ranks: Annotated[
        float, typer.Option(metavar="R", parser=real, help="Private caches that share each epoch, 1 … inf.")
    ] = 1,
    epochs: Epochs = None,
    epochs_ahead: Ahead = None,
    output: TableOutput = None,
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
    forms = {name: partial(_form(f"{name}_shuffled"), ranks=ranks, epochs=epochs) for name in names}
    if epochs_ahead is not None:
        if epochs is not None:
            raise ValueError("theory shuffled must be given at most one of --epochs and --epochs-ahead")
        forms["opt"] = partial(theory.opt_lookahead, epochs_ahead=epochs_ahead, ranks=ranks)
    about = {"ranks": ranks, "epochs": epochs, "epochs_ahead": epochs_ahead}
    _by_fraction("shuffled", forms, policy, fractions, output, **about)


def loop(policy: Known = None, fractions: Fractions = SIZES, output: TableOutput = None) -> None:
    """Hit rates on epochs that visit every item in the same order, by the limit of many items.

    OPT may refuse items (bypass).

    Examples
    --------
    simcache theory loop rr --fractions .25,.5,.75 -o loop.csv
    """
    forms: dict[str, Form] = {
        "opt": theory.opt_loop,
        "lru": theory.lru_loop,
        "fifo": theory.lru_loop,
        "rr": theory.rr_loop,
    }
    _by_fraction("loop", forms, policy, fractions, output)


def shuffle_buffer(
    buffer: Annotated[float, typer.Option(metavar="X", parser=real, help="Slots, as a share of the items, up to 1.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    drain: Annotated[bool, typer.Option(help="The buffer is emptied at the end of each epoch, or not.")] = True,
    output: TableOutput = None,
) -> None:
    """Hit rates behind a shuffle buffer, as in tf.data and WebDataset, by the limit of many items.

    OPT may refuse items (bypass).

    Examples
    --------
    simcache theory shuffle-buffer --buffer .1 --no-drain --fractions .5,.9
    """
    forms = {name: partial(_form(f"{name}_buffer"), buffer=buffer, drain=drain) for name in ("opt", "lru")}
    _by_fraction("shuffle-buffer", forms, policy, fractions, output, buffer=buffer, drain=drain)


def uniform(
    policy: Known = None, fractions: Fractions = SIZES, epochs: Epochs = None, output: TableOutput = None
) -> None:
    """Hit rates of uniform draws with replacement, an epoch being as many draws as items, by the limit of many items.

    Examples
    --------
    simcache theory uniform opt lru --epochs 10 --fractions .1,.25,.5
    """
    names = ("opt", "pin", "lru", "fifo", "rr")
    if epochs is None:
        forms = {name: partial(_form(f"{name}_shuffled"), ranks=np.inf) for name in names}
    else:
        forms = {name: partial(_form(f"{name}_horizon"), epochs=epochs) for name in names}
    _by_fraction("uniform", forms, policy, fractions, output, epochs=epochs)


def zipf(
    n_items: Annotated[int, typer.Option("--n-items", metavar="N", parser=whole, help="Items there are, 1 or more.")],
    alpha: Annotated[float, typer.Option(metavar="X", parser=real, help="Exponent, 0 or more; 0 is uniform.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    window: Window = None,
    output: TableOutput = None,
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
    if not 0 <= alpha < np.inf:
        raise ValueError(f"alpha must be a finite number >= 0, got {alpha}")
    weights = np.arange(1, n_items + 1, dtype=np.float64) ** -alpha
    forms = _independent(weights, exact, window)
    _by_capacity("zipf", forms, n_items, policy, fractions, capacities, output, alpha=alpha, window=window)


def weighted(
    weights: Annotated[Path, typer.Option(metavar="FILE", help="A rate for each item, in any scale: .npy, .csv.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    window: Window = None,
    output: TableOutput = None,
) -> None:
    """Hit rates of independent draws by weight: a weighted sampler with replacement.

    Examples
    --------
    simcache theory weighted --weights weights.csv --capacities 1,2 --exact
    """
    rates = np.squeeze(_dense(weights))
    forms = _independent(rates, exact, window)
    about = {"weights": weights.name, "window": window}
    _by_capacity("weighted", forms, rates.size, policy, fractions, capacities, output, **about)


def markov(
    matrix: Annotated[Path, typer.Option(metavar="FILE", help="Transition matrix: .npy, .npz, .csv; not too large.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    capacities: Capacities = None,
    exact: Exact = False,
    output: TableOutput = None,
) -> None:
    """Hit rates of a Markov chain: after item i comes item j with the probability in row i, column j of a matrix.

    Examples
    --------
    simcache theory markov --matrix chain.csv --capacities 1,2
    """
    chain = _dense(matrix)
    names = ("opt", "lru", "rr") if exact else ("opt", "lru")
    forms = {name: partial(_form(f"{name}_markov{'_exact' if exact else ''}"), chain) for name in names}
    _by_capacity("markov", forms, len(chain), policy, fractions, capacities, output, matrix=matrix.name)


def restarts(
    jump: Annotated[float, typer.Option(metavar="X", parser=real, help="Probability of a jump to any item, up to 1.")],
    policy: Known = None,
    fractions: Fractions = SIZES,
    output: TableOutput = None,
) -> None:
    """Hit rates of a walk that goes one item up or down, or else jumps to any, by the limit of many items.

    Examples
    --------
    simcache theory restarts opt lru --jump .2 --fractions .1,.25,.5
    """
    blind = partial(theory.lru_restarts, jump=jump)
    forms: dict[str, Form] = {"opt": partial(theory.opt_restarts, jump=jump)}
    _by_fraction("restarts", forms | dict.fromkeys(("lru", "fifo", "rr"), blind), policy, fractions, output, jump=jump)


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


def _dense(path: Path) -> NDArray[Any]:
    found = read_matrix(path)
    if not found.size:
        raise ValueError(f"a matrix must have entries, got none in {str(path)!r}")
    if math.prod(found.shape) > MOST // 8:
        raise ValueError(f"a matrix must have at most {MOST // 8} entries, got shape {found.shape} in {str(path)!r}")
    return np.atleast_1d(found if isinstance(found, np.ndarray) else found.toarray())


def _form(name: str) -> Callable[..., Floats]:
    found: Callable[..., Floats] = getattr(theory, name)
    return found


def _independent(weights: Floats, exact: bool, window: int | None) -> dict[str, Form]:
    if exact and window is not None:
        raise ValueError("independent draws must be given at most one of --exact and --window")
    names = {"opt": "opt", "lfu": "lfu", "lru": "lru", "fifo": "fifo", "rr": "fifo", "pin": "lru"}
    ends = {name: "_irm_exact" if exact and name != "lfu" else "_irm" for name in names}
    forms: dict[str, Form] = {name: partial(_form(of + ends[name]), weights) for name, of in names.items()}
    return forms if window is None else {**forms, "opt": partial(theory.opt_lookahead_irm, weights, window=window)}


def _chosen(forms: Mapping[str, Form], policies: Sequence[str] | None, workload: str) -> Mapping[str, Form]:
    for name in policies or ():
        if name not in forms:
            near = "".join(f" did you mean {match!r}?" for match in get_close_matches(name, forms, 1))
            raise ValueError(f"{workload} has no closed form for policy {name!r};{near} known: {', '.join(forms)}")
    return {name: forms[name] for name in dict.fromkeys(policies)} if policies else forms


def _by_fraction(
    workload: str,
    forms: Mapping[str, Form],
    policies: Sequence[str] | None,
    text: str,
    output: Path | None,
    **about: Any,
) -> None:
    shares = numbers(text, float, "fractions")
    chosen = _chosen(forms, policies, workload)
    _write(workload, {name: form(shares) for name, form in chosen.items()}, {"fraction": shares}, about, output)


def _by_capacity(
    workload: str,
    forms: Mapping[str, Form],
    n_items: int,
    policies: Sequence[str] | None,
    fractions: str,
    capacities: str | None,
    output: Path | None,
    **about: Any,
) -> None:
    if capacities is None:
        shares = numbers(fractions, float, "fractions")
        if bad := [share for share in shares if not 0 < share <= 1]:
            raise ValueError(f"fractions must be numbers in (0, 1], got {bad[0]}")
        sizes = [max(1, round(share * n_items)) for share in shares]
    elif fractions != SIZES:
        raise ValueError(f"theory {workload} must be given at most one of --capacities and --fractions")
    else:
        sizes = numbers(capacities, int, "capacities")
        shares = [size / n_items for size in sizes]
    chosen = _chosen(forms, policies, workload)
    columns = {"capacity": sizes, "fraction": shares}
    _write(
        workload, {name: form(sizes) for name, form in chosen.items()}, columns, {"n_items": n_items, **about}, output
    )


def _write(
    workload: str, rates: Mapping[str, Floats], sizes: Mapping[str, Any], about: Mapping[str, Any], output: Path | None
) -> None:
    """One row per policy and size; then the parameters that were given."""
    given = {name: value for name, value in about.items() if value is not None}
    rows = [
        pd.DataFrame({"workload": workload, "policy": name, **sizes, "hit_rate": rate}) for name, rate in rates.items()
    ]
    write(pd.concat(rows, ignore_index=True).assign(**given), output)
