"""The tables, as booktabs tabulars: name -> its LaTeX."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from _closed import ALPHA, CAPACITY, HALF, ITEMS, QUARTER, RANKS, zipf
from _data import count, given, items, rate, ratio, rows, tenth, thousandths
from _measured import OPT, SIZE, WALK, check, check_error, off_walk
from _others import form, published

from simcache import printing, theory

LIMITS = (1.1, 1.2, 1.5, 2.0, 3.0)
BELOW = (0.2, 0.7)
NAMES = {"opt": "OPT", "pin": "pin", "lru": "LRU", "lfu": "LFU", "fifo": "FIFO", "rr": "RR"}


def tabular(columns: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A booktabs tabular that begins and ends with the page's margins."""
    return printing.latex(pd.DataFrame(body, columns=head), f"@{{}}{columns}@{{}}")


def regimes() -> str:
    """What OPT gains, by closed forms, steady state."""
    p = zipf(ITEMS, ALPHA)
    found = (
        (f"epochs, one cache, $c={given(HALF)}$", HALF, theory.lru_shuffled(HALF), theory.opt_shuffled(HALF)),
        (
            f"one of {RANKS} ranks, $c={given(QUARTER)}$", QUARTER, theory.lru_shuffled(QUARTER, ranks=RANKS),
            theory.opt_shuffled(QUARTER, ranks=RANKS),
        ),
        (f"replacement, $c={given(HALF)}$", HALF, HALF, theory.opt_shuffled(HALF, ranks=np.inf)),
        (
            f"Zipf {given(ALPHA)}, $C={count(CAPACITY)}$", theory.lfu_irm(p, CAPACITY), theory.lru_irm(p, CAPACITY),
            theory.opt_irm(p, CAPACITY),
        ),
    )  # fmt: skip
    body = [
        [name, rate(blind), rate(lru), rate(opt), ratio((1 - blind) / (1 - opt))] for name, blind, lru, opt in found
    ]
    return tabular("lrrrr", ["requests", "static", "LRU", "OPT", "ratio"], body)


def limits() -> str:
    """Asymptotic miss rates over those of the most popular items, and the same at a finite size; for exponents up to 1
    hit rates, by the laws of small shares.
    """
    body = []
    for alpha in LIMITS:
        p = zipf(ITEMS, alpha)
        least = 1 - theory.lfu_irm(p, CAPACITY)
        forms = (theory.lru_irm, theory.fifo_irm, theory.opt_irm)
        finite = [ratio((1 - form(p, CAPACITY)) / least) for form in forms]
        limit = [ratio(form(alpha)) for form in (theory.lru_zipf_limit, theory.fifo_zipf_limit, theory.opt_zipf_limit)]
        body.append([given(alpha), *(cell for pair in zip(limit, finite, strict=True) for cell in pair)])
    body.append([r"\midrule $\alpha$", "static", "(finite)", "LRU", "(finite)", "OPT", "(finite)"])
    for alpha in BELOW:
        laws = (theory.lfu_zipf_small, theory.lru_zipf_small, theory.opt_zipf_small)
        body.append([given(alpha), *hits(alpha, [rate(law(alpha, CAPACITY / ITEMS)) for law in laws])])
    body[-len(BELOW)][0] = r"\midrule " + body[-len(BELOW)][0]
    led = float(theory.lfu_irm(zipf(ITEMS, 1.0), CAPACITY) + theory.opt_zipf_gap(ITEMS))
    body.append(["1", *hits(1.0, ["--", "--", rate(led)])])
    head = [r"$\alpha$", "LRU", "(finite)", "FIFO", "(finite)", "OPT", "(finite)"]
    return tabular("lrrrrrr", head, body)


def hits(alpha: float, laws: Sequence[str]) -> list[str]:
    """Hit rates of the most popular items, LRU and OPT by their laws, each with that of the finite form after it."""
    finite = [rate(form(zipf(ITEMS, alpha), CAPACITY)) for form in (theory.lfu_irm, theory.lru_irm, theory.opt_irm)]
    return [cell for pair in zip(laws, finite, strict=True) for cell in pair]


def samplers() -> str:
    """Hit rates on the recorded traces at one size, cold misses counted."""
    found = rows("sampler_curves", fraction=SIZE)
    policies = ["opt", "pin", "lru", "lfu", "fifo", "rr"]
    rates = found.groupby(["trace", "policy"])["hit_rate"].mean().unstack()[policies]
    traces = {trace: trace.removesuffix("-rank0") for trace in found["trace"].unique()}
    body = [[name, *(rate(value) for value in rates.loc[trace])] for trace, name in traces.items()]
    return tabular("lrrrrrr", ["trace", *(NAMES[policy] for policy in policies)], body)


def errors() -> str:
    """Largest distance of simulation from theory in each panel of the check, in thousandths."""
    policies = [[OPT], ["pin"], ["lru"], ["lfu", "lfu(perfect=True)"], ["fifo"], ["rr"]]
    body = []
    for panel in rows("theory_check")["panel"].unique():
        known = set(rows("theory_check", panel=panel, kind="theory")["policy"])
        cells = []
        for names in policies:
            own = [name for name in names if name in known]
            cells.append(thousandths(check_error(panel, own[0])) if own else "--")
        body.append([panel, count(items(check(panel))), *cells])
    walks = {OPT: "opt", "lru": "lru", "fifo": "fifo", "rr": "rr"}  # OPT is forced there
    cells = [thousandths(off_walk(walks[own]).abs().max()) if own in walks else "--" for own, *_ in policies]
    body.append(["walks of the maps", count(items(WALK())), *cells])
    return tabular("lrrrrrrr", ["requests", "$N$", *(NAMES[names[0].partition("(")[0]] for names in policies)], body)


def coordl() -> str:
    """Published measurements beside random replacement, FIFO, LRU and pinning."""
    policies = ("rr", "fifo", "lru", "pin")
    body = []
    for setting, name in (("ImageNet-1k", "ImageNet-1k"), ("OpenImages, DALI-shuffle", "OpenImages")):
        at = rows("published_check", setting=setting)["fraction"].item()
        cells = [ratio(form("read", policy, at)) for policy in policies]
        body.append([f"{name}, share read, $c={given(at)}$", ratio(published("read", setting=setting)), *cells])
    cells = [ratio(form("ratio", policy)) for policy in policies]
    body.append(["OpenImages, ratio to least", ratio(published("ratio")), *cells])
    cells = [tenth(form("servers", policy)) for policy in policies]
    body.append(["two servers, GiB each", given(published("servers")), *cells])
    return tabular("lrrrrr", ["quantity", "meas.", *(NAMES[policy] for policy in policies)], body)


TABLES: dict[str, Callable[[], str]] = {
    "regimes": regimes,
    "limits": limits,
    "samplers": samplers,
    "errors": errors,
    "coordl": coordl,
}
