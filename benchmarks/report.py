"""results/benchmarks.md from results/benchmarks.csv and .json: ratios to the peers, each best against best."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simcache import printing

PYTHON_TOOLS = ("cachebox", "cachetools", "heap")


def page(folder: Path) -> str:
    """The whole page, in markdown; a suite that was not run has no section."""
    table = pd.read_csv(folder / "benchmarks.csv")
    about = json.loads((folder / "benchmarks.json").read_text())
    parts = [machine(about)]
    for suite, section in SECTIONS.items():
        if len(mine := table[table["suite"] == suite]):
            parts += section(mine)
    return "\n\n".join(parts) + "\n"


def speed(folder: Path) -> str:
    """The one table that README shows: the speed at one size, on the trace that all tools ran; nothing without it."""
    table = pd.read_csv(folder / "benchmarks.csv")
    single = table[table["suite"] == "single"]
    if single.empty:
        return ""
    mine = single[single["trace"] == single.loc[single["n_accesses"].idxmax(), "trace"]]
    about = json.loads((folder / "benchmarks.json").read_text())["single"]
    text = (
        f"Million accesses a second at capacities {', '.join(f'{c:,.0f}' for c in ordered(mine['capacity']))} "
        f"({described(mine)}), and how many times that is each peer's (least over the sizes / geometric mean); "
        f"{about['processor']}, one core."
    )
    rows = policy_rows(mine).drop(columns=["libcachesim, default", "plain-Python heap"])
    return f"{text}\n\n{markdown(rows)}\n"


def ratios(single: pd.DataFrame, tool: str, setting: str | None = None) -> pd.Series:
    """simcache's accesses per second over the tool's best (or one) setting's, by trace, policy and capacity."""
    speed = single[(single["tool"] == tool) & ((setting is None) | (single["setting"] == setting))]
    key = ["trace", "policy", "capacity"]
    peers = speed.groupby(key)["maccesses_per_s"].max()
    mine = single[single["tool"] == "simcache"].groupby(key)["maccesses_per_s"].max()
    return (mine / peers).dropna()


def over_sizes(ratio: pd.Series) -> str:
    """The least ratio over sizes, and their geometric mean; one size is one number."""
    if ratio.empty:
        return "–"
    if len(ratio) == 1:
        return f"{number(ratio.iloc[0])}×"
    return f"{number(ratio.min())}× / {number(geometric_mean(ratio))}×"


def geometric_mean(values: Any) -> float:
    return float(np.exp(np.mean(np.log(np.asarray(values, float)))))


def slope(work: Any, seconds: Any) -> float:
    """Exponent b of the fit seconds ~ work^b, by least squares on logarithms."""
    return float(np.polyfit(np.log(np.asarray(work, float)), np.log(np.asarray(seconds, float)), 1)[0])


def single_sections(table: pd.DataFrame) -> list[str]:
    parts = []
    swept = [trace for trace, mine in table.groupby("trace", sort=False) if mine["capacity"].nunique() > 1]
    for trace in swept:
        mine = table[table["trace"] == trace]
        parts.append(
            f"**One size, {described(mine)}**, capacities {', '.join(f'{c:,.0f}' for c in ordered(mine['capacity']))}: "
            "simcache in million accesses a second, and how many times faster it is than each peer (least over the "
            "sizes / geometric mean; libcachesim with the best of its hash table sizes, and as it comes)."
        )
        parts.append(markdown(policy_rows(mine)))
    alone = table[~table["trace"].isin(swept)]
    if len(alone):
        parts.append("**One size, other traces**: simcache in million accesses a second (times libcachesim's best).")
        parts.append(markdown(trace_rows(alone)))
    return parts


def modern_sections(table: pd.DataFrame) -> list[str]:
    rows = policy_rows(table)
    text = f"**Policies in use today**, the same trace and sizes as above, {described(table)}."
    return [text, markdown(rows[["policy", "M accesses/s", "libcachesim, best"]])]


def policy_rows(mine: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for policy in ordered(mine["policy"]):
        one = mine[mine["policy"] == policy]
        speed = one[one["tool"] == "simcache"].set_index("capacity")["maccesses_per_s"]
        rows.append(
            {
                "policy": f"`{policy}`",
                "M accesses/s": ", ".join(number(value) for value in speed),
                "libcachesim, best": over_sizes(ratios(one, "libcachesim")),
                "libcachesim, default": over_sizes(ratios(one, "libcachesim", "hashpower=24")),
                **{tool: over_sizes(ratios(one, tool)) for tool in PYTHON_TOOLS},
            }
        )
    return pd.DataFrame(rows).rename(columns={"heap": "plain-Python heap"})


def trace_rows(alone: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for policy in ordered(alone["policy"]):
        row = {"policy": f"`{policy}`"}
        for trace in ordered(alone["trace"]):
            one = alone[(alone["policy"] == policy) & (alone["trace"] == trace)]
            speed = number(one.loc[one["tool"] == "simcache", "maccesses_per_s"].max())
            ratio = ratios(one, "libcachesim")
            capacity = one["capacity"].iloc[0]
            times_peer = "" if ratio.empty else f" ({over_sizes(ratio)})"
            row[f"{described(one)}, capacity {capacity:,.0f}"] = speed + times_peer
        rows.append(row)
    return pd.DataFrame(rows)


def curve_sections(table: pd.DataFrame) -> list[str]:
    names = ordered(table["trace"])
    rows = []
    for policy in ordered(table["policy"]):
        mine = table[table["policy"] == policy]
        for tool, setting in mine[["tool", "setting"]].drop_duplicates().itertuples(index=False):
            one = mine[(mine["tool"] == tool) & (mine["setting"] == setting)].set_index("trace")
            row = {"policy": f"`{policy}`", "how": f"{tool}: {setting}", "threads": int(one["threads"].iloc[0])}
            for trace in names:
                row[trace] = seconds(one, trace) + ("" if tool == "simcache" else times(mine, one, trace))
            rows.append(row)
    legend = "; ".join(described(table[table["trace"] == trace]) for trace in names)
    text = (
        "**Whole curves**, best seconds; for libcachesim also how many times simcache's fastest exact row, for samples "
        f"the mean error in hit rate ({legend})."
    )
    return [text, markdown(pd.DataFrame(rows))]


def seconds(one: pd.DataFrame, trace: str) -> str:
    if trace not in one.index:
        return ""
    error = one.loc[trace, "mean_error"]
    return f"{one.loc[trace, 'best_s']:.3g}" + (f" (± {error:.2g})" if pd.notna(error) else "")


def times(mine: pd.DataFrame, one: pd.DataFrame, trace: str) -> str:
    """A peer's time over simcache's fastest exact one."""
    if trace not in one.index:
        return ""
    exact = mine[(mine["trace"] == trace) & (mine["tool"] == "simcache") & ~mine["setting"].str.contains("=")]
    return f" ({number(one.loc[trace, 'best_s'] / exact['best_s'].min())}×)"


def cost_sections(table: pd.DataFrame) -> list[str]:
    rows = []
    for policy in ordered(table["policy"]):
        mine = table[table["policy"] == policy]
        row = {"policy": f"`{policy}`"}
        for setting, work in (("n grows", "n_accesses"), ("m grows", "n_items")):
            grown = mine[mine["setting"] == setting].sort_values(work)
            row[f"time, {setting}: exponent"] = f"{slope(grown[work], grown['best_s']):.2f}"
            least, most = grown[work].iloc[[0, -1]]
            row[f"ns an access, {work[2:]} {least:.0e} … {most:.0e}".replace("e+0", "e")] = " … ".join(
                f"{1e9 * s / n:.1f}" for s, n in grown[["best_s", "n_accesses"]].iloc[[0, -1]].to_numpy()
            )
        longest = mine.loc[mine["n_accesses"].idxmax()]
        row[f"peak MB, {longest['n_accesses']:,.0f} accesses"] = f"{longest['peak_mb']:,.0f}"
        rows.append(row)
    fixed_n = table.loc[table["setting"] == "m grows", "n_accesses"].iloc[0]
    fixed_m = table.loc[table["setting"] == "n grows", "n_items"].iloc[0]
    text = (
        "**Cost against work**, Zipf 1.0, capacity a tenth of the items: "
        f"accesses n grow over {fixed_m:,.0f} items, items m grow under {fixed_n:,.0f} accesses. At one size the "
        "instructions an access takes do not depend on m; what grows with m is misses in the processor's own caches, "
        "as the state of all items outgrows them. Memory is all that the process held, Python and trace included."
    )
    return [text, markdown(pd.DataFrame(rows))]


def huge_sections(table: pd.DataFrame) -> list[str]:
    """What the longest trace takes, and how time grows up to it."""
    longest = table[table["n_accesses"] == table["n_accesses"].max()].set_index("policy")
    grown = table[table["setting"] == "n grows"]
    rows = [
        {
            "what": f"`{policy}`" if " " not in policy else f"`{policy.split()[0]}`, {policy.split()[1]}",
            "s": number(row["best_s"]),
            "M accesses/s": number(row["maccesses_per_s"]),
            "peak GB": number(row["peak_mb"] / 1024),
            "time ~ n to the": exponent(grown[grown["policy"] == policy]),
        }
        for policy, row in longest.iterrows()
    ]
    first = longest.iloc[0]
    text = (
        f"**{first['n_accesses']:,.0f} accesses** to {first['n_items']:,.0f} items, Zipf 1.0, mapped from a folder; "
        f"single sizes of a tenth of the items, their exponents from {grown['n_accesses'].min():,.0f} accesses on. "
        "Memory is all that the process held, the pages of the mapped trace included."
    )
    return [text, markdown(pd.DataFrame(rows))]


def exponent(grown: pd.DataFrame) -> str:
    return f"{slope(grown['n_accesses'], grown['median_s']):.3f}" if len(grown) > 1 else ""


def thread_sections(table: pd.DataFrame) -> list[str]:
    best = table.pivot(index="policy", columns="threads", values="best_s").loc[ordered(table["policy"])]
    rows = [
        {"policy": f"`{policy}`", "1 thread, s": f"{a:.3g}", "2 threads, s": f"{b:.3g}", "ratio": f"{a / b:.2f}×"}
        for policy, a, b in zip(best.index, best[1], best[2], strict=True)
    ]
    text = (
        f"**Threads**: `sweep` of {table['sizes'].iloc[0]:.0f} sizes, {described(table)}. LRU, FIFO and RR count so "
        "few in one pass, which leaves a second thread nothing to do."
    )
    return [text, markdown(pd.DataFrame(rows))]


def cold_sections(table: pd.DataFrame) -> list[str]:
    anew = table[table["setting"].str.startswith("all kernels, compiled")]
    rest = table.drop(anew.index)
    said = "; ".join(f"{row.setting} {row.median_s:.2f} s" for row in rest.itertuples())
    repeats = rest["repeats"].iloc[0]
    text = f"**Cold start**, a new process with compiled kernels on disk, median of {repeats:.0f}: {said}."
    return [text + compiled(anew)]


def compiled(table: pd.DataFrame) -> str:
    """What it costs to bring the kernels there; and of the last time, where it went."""
    if not len(table):
        return ""
    parts = table[1:].sort_values("median_s", ascending=False)
    shares = zip(parts["setting"], parts["median_s"] / parts["median_s"].sum(), strict=True)
    said = ", ".join(f"{name.partition(': ')[2]} {share:.0%}" for name, share in shares)
    return f" All kernels compile anew in {table['median_s'].iloc[0]:.1f} s of CPU{f' ({said})' if said else ''}."


def form_sections(table: pd.DataFrame) -> list[str]:
    said = "; ".join(f"`{row.policy}` {row.best_s:.3f} s (± {row.mean_error:.0e})" for row in table.itertuples())
    first = table.iloc[0]
    where = f"{first['n_items']:,.0f} items, {first['setting']}, {first['sizes']:.0f} capacities"
    return [f"**Closed forms**, {where}, best time (and largest error against the sum over all items): {said}."]


def explain_sections(table: pd.DataFrame) -> list[str]:
    said = "; ".join(f"{row.setting} {row.best_s:.2f} s" for row in table.itertuples())
    return [f"**Verdict**, `explain` on {table['n_accesses'].iloc[0]:,.0f} accesses, best time: {said}."]


def explore_sections(table: pd.DataFrame) -> list[str]:
    """The page against what it shows, by medians."""
    took = table.set_index("setting")["median_s"]
    first, change = took["first picture"], took["a change of the size"]
    by_script, calls = first / took["a script of the figure"], change / took["the calls behind it"]
    return [
        f"**Explorer**, median of {table['repeats'].iloc[0]:.0f}: from a new process to the first picture on the page "
        f"{first:.2f} s, {by_script:.2f} times a new process that draws the same figure by "
        f"script; a change of the size {change:.2f} s, {calls:.2f} times the calls behind "
        "it (curves, verdict, figure)."
    ]


def sweep_sections(table: pd.DataFrame) -> list[str]:
    """CPU seconds: of one pass against `hit_curve`, of grids by the cell, of a store's rows."""
    best = table.set_index(["policy", "setting"])["best_s"]
    passes = [
        f"`{policy}` {best[policy, 'sweep, 100 sizes'] / best[policy, 'hit_curve, 100 sizes']:.2f}×"
        for policy in ordered(table["policy"])
    ]
    rows: dict[str, dict[str, str]] = {}
    for row in table[table["setting"].str.contains(":")].itertuples():
        grid, _, how = row.setting.partition(": ")
        cells = rows.setdefault(grid, {"grid": grid, "cells": f"{row.sizes:,.0f}"})
        cells[how] = f"{1e3 * row.best_s / row.sizes:.2g} ms"
    store = table[table["setting"] == "store.read to parquet"].iloc[0]
    text = (
        f"**Sweeps**: `sweep` over 100 sizes takes, of the CPU time of `hit_curve` at them, {', '.join(passes)}. CPU "
        "time a cell above its kernels', all processes together, a cluster's scheduler and workers included:"
    )
    rest = (
        f"{store['sizes']:,.0f} stored rows as a table and as parquet take {store['best_s']:.2f} s of CPU, and "
        f"{store['peak_mb']:,.0f} MB at most."
    )
    return [text, markdown(pd.DataFrame(rows.values())), rest]


def format_sections(table: pd.DataFrame) -> list[str]:
    parts = []
    for trace in ordered(table["trace"]):
        mine = table[table["trace"] == trace]
        said = "; ".join(f"{row.tool} {row.setting} {number(row.maccesses_per_s)}" for row in mine.itertuples())
        parts.append(f"{described(mine)}: {said}")
    return [
        f"**Formats**, million lines a second into a folder that is mapped, and what pandas reads: {'. '.join(parts)}."
    ]


def own_sections(table: pd.DataFrame) -> list[str]:
    best = table.set_index(["policy", "setting", "capacity"])["maccesses_per_s"].sort_index()
    kernels = [
        f"`{policy}` {spread(best[policy, mine] / best[policy, 'built in'])}"
        for mine in ["a user's kernel"]
        for policy in ordered(table.loc[table["setting"] == mine, "policy"])
    ]
    plain = best["lru", "generator"] / best["lru", "PluginCache"]
    return [
        "**A policy of your own**: a kernel that you compile runs at so many times the speed of the same one built in: "
        f"{', '.join(kernels)}. LRU as a generator in plain Python runs at {spread(plain)} the speed of libcachesim's "
        f"`PluginCache` (capacities {', '.join(f'{c:,.0f}' for c in ordered(table['capacity']))})."
    ]


def size_sections(table: pd.DataFrame) -> list[str]:
    ones = table[table["setting"].isin(["items", "bytes, all sizes 1"])]
    best = ones.set_index(["policy", "setting", "capacity"])["best_s"].sort_index()
    took = [
        f"`{policy}` {spread(best[policy, 'bytes, all sizes 1'] / best[policy, 'items'])}"
        for policy in ordered(ones["policy"])
    ]
    drawn = table[(table["setting"] == "bytes") | ((table["tool"] == "libcachesim") & (table["policy"] != "bounds"))]
    against = [
        f"`{policy}` {over_sizes(ratios(drawn[drawn['policy'] == policy], 'libcachesim'))}"
        for policy in ordered(drawn["policy"])
    ]
    limits = table[table["policy"] == "bounds"]
    mine = limits[limits["tool"] == "simcache"].set_index("capacity")
    theirs = limits[limits["tool"] == "libcachesim"].groupby("capacity")["best_s"].min()
    gaps = ", ".join(f"{value:.4f}" for value in mine["mean_error"])
    return [
        f"**Sizes in bytes**: with all sizes 1, the time of the same policy in items: {', '.join(took)}. At log-normal "
        f"sizes, speed over libcachesim's best (least / geometric mean): {', '.join(against)}. The bounds on OPT at 1, "
        f"10 and 30 % of all bytes lie {gaps} of hit rate apart, and take {spread(mine['best_s'] / theirs)} the time "
        f"of one run of libcachesim's BeladySize ({described(limits)})."
    ]


def before_sections(table: pd.DataFrame) -> list[str]:
    """Tables of ratios to another commit: of one size, of several at once; whatever else was timed in a line."""
    said = [
        f"{row.ratio:.2f}×" + f" ({row.ratio_low:.2f} … {row.ratio_high:.2f})" * (row.ratio_low < row.ratio_high)
        for row in table.itertuples()
    ]
    where = [f"{name}, {n:,.0f}" for name, n in table[["trace", "n_accesses"]].to_numpy()]
    table = table.assign(said=said, where=where)
    parts = [
        f"**Beside commit {table['setting'].iloc[0]}**, a process of each in turns: how many times as fast a call is "
        f"now, the median of {table['repeats'].iloc[0]:.0f} rounds (least … most)."
    ]
    single, several = table[table["capacity"].notna()], table[table["sizes"] > 1]
    for mine, rows, columns in ((single, ["where", "capacity"], "policy"), (several, ["policy"], "where")):
        if len(mine):
            wide = mine.assign(policy=[f"`{name}`" for name in mine["policy"]])
            wide = wide.groupby([*rows, columns], sort=False)["said"].first().unstack(sort=False)
            wide = wide.reset_index().rename(columns={"where": "trace, accesses"})
            if "capacity" in wide:
                wide["capacity"] = [f"{capacity:,.0f}" for capacity in wide["capacity"]]
            parts.append(markdown(wide.fillna("–")))
            if mine is several:
                parts[-1] = f"`hit_curve` at {mine['sizes'].iloc[0]:.0f} sizes on one thread:\n\n" + parts[-1]
    rest = table[table["sizes"].isna()]
    if len(rest):
        parts.append("; ".join(f"{row.policy}: {row.best_s:.2f} s, {row.said}" for row in rest.itertuples()) + ".")
    return parts


def spread(values: pd.Series) -> str:
    """The least and the most of some ratios."""
    least, most = f"{values.min():.2f}", f"{values.max():.2f}"
    return f"{least}×" if least == most else f"{least} … {most}×"


SECTIONS = {
    "single": single_sections,
    "modern": modern_sections,
    "curve": curve_sections,
    "cost": cost_sections,
    "huge": huge_sections,
    "threads": thread_sections,
    "cold": cold_sections,
    "forms": form_sections,
    "explain": explain_sections,
    "explore": explore_sections,
    "sweeps": sweep_sections,
    "formats": format_sections,
    "own": own_sections,
    "sizes": size_sections,
    "before": before_sections,
}


def machine(about: dict[str, dict[str, Any]]) -> str:
    """Where and with what it was measured; suites measured elsewhere or of another commit are told apart."""
    groups: dict[str, list[str]] = {}
    for suite, it in about.items():
        versions = ", ".join(f"{name} {number}" for name, number in it["versions"].items())
        caches = ", ".join(f"{name} {size}" for name, size in it["caches"].items())
        text = f"{it['processor']}, {it['cores']} cores ({caches}), {it['memory_gb']} GB, {it['system']}; "
        text += f"Python {it['python']}, {versions}; commit {it['commit']}"
        groups.setdefault(text, []).append(suite)
    return "\n".join(f"Measured on {text} ({', '.join(suites)})." for text, suites in groups.items())


def described(mine: pd.DataFrame) -> str:
    """A trace in words, at its full length."""
    full = mine.loc[mine["n_accesses"].idxmax()]
    return f"{full['trace']}, {full['n_items']:,.0f} items, {full['n_accesses']:,.0f} accesses"


def ordered(values: pd.Series) -> list[Any]:
    return list(dict.fromkeys(values.dropna()))


def number(value: float) -> str:
    """Two or three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value >= 10 else f"{value:.1f}"


def markdown(rows: pd.DataFrame) -> str:
    return printing.markdown(rows.astype(str), "l" * rows.shape[1])
