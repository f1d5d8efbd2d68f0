"""A verdict with its reasons and tables, as text for a terminal, HTML, markdown and JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from .. import printing
from ..tables import plain, records
from ..text import html as escape
from ..text import markdown, printable
from .reasons import Reason

HEADLINES = {
    "no_evictions": "OPT cannot help: nothing, or next to nothing, is evicted, so all policies hit alike.",
    "dying": "OPT cannot help: the caches die with their workers at the end of every epoch.",
    "epochs": "OPT cannot help: items come once an epoch, and knowing their order keeps no more of them.",
    "skew": "OPT hardly helps: the policy in use, or pin, hits nearly as often.",
    "hidden": "OPT hits more, but the run is hardly shorter.",
    "helps": "OPT helps.",
}
LEAST = 0.005  # of hit rate, or share of the time: below it a change is not said to help
PLANNED = "opt(bypass=True)"
LIVE = "In training, from simcache.torch:"
BIGGER = ("twice the capacity", "room for everything")  # changes that take more memory
TITLES = {
    "change": "change",
    "policy": "policy",
    "capacity": "capacity",
    "caches": "caches",
    "hit_rate": "hit rate",
    "hit_rate_warm": "after epoch 1",
    "predicted": "predicted",
    "epoch_seconds": "s an epoch",
}
WORDS = ("change", "policy")


@dataclass(frozen=True, eq=False)
class Explanation:
    """What `explain` found. Printed, shown in a notebook, or asked for its parts.

    Parameters
    ----------
    verdict : str
        One of no_evictions, dying, epochs, skew, hidden, helps.
    reasons : tuple of Reason
        The one that decided first; its code is the verdict.
    table : pandas.DataFrame
        One row for each policy, the one in use first: policy, hit_rate, hit_rate_warm (after the first epoch),
        predicted (by theory, of all accesses; NaN where there is no form), epoch_seconds (NaN without costs), call,
        predicted_call and seconds_call (what gives hit_rate, predicted and epoch_seconds).
    advice : pandas.DataFrame
        One row for each change, the present state first, then the one that gains most: change, policy, capacity (of
        each cache), caches, hit_rate, epoch_seconds, call, seconds_call, live_call (what makes it so in training; ""
        where no one call does).
    setting : mapping of str to scalar
        What was explained.

    Examples
    --------
    >>> from simcache import explain, synth
    >>> from simcache.loader import Loader
    >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
    >>> found.verdict
    'epochs'
    >>> found.table[["policy", "hit_rate"]].round(3).head(3)
                 policy  hit_rate
    0               lru     0.018
    1  opt(bypass=True)     0.160
    2              fifo     0.019
    """

    verdict: str
    reasons: tuple[Reason, ...]
    table: pd.DataFrame
    advice: pd.DataFrame
    setting: Mapping[str, Any]

    @property
    def headline(self) -> str:
        r"""What helps most, and the verdict, as sentences.

        Examples
        --------
        >>> from simcache import explain, synth
        >>> from simcache.loader import Loader
        >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
        >>> print(found.headline.replace(". ", ".\n"))
        What helps most: pin (hit rate 0.018 to 0.160).
        OPT cannot help: items come once an epoch, and knowing their order keeps no more of them.
        """
        return f"{self._best()} {HEADLINES[self.verdict]}"

    def _best(self) -> str:
        """The change that gains most; where it takes more memory, also the best of those that do not."""
        now, *changes = self.advice.to_dict("records")
        helping = [change for change in changes if _helps(now, change)]
        if not helping:
            return "No change that was tried helps."
        told = f"What helps most: {_told(now, helping[0])}"
        within = [change for change in helping if change["change"] not in BIGGER]
        if within and within[0] is not helping[0]:
            told += f"; with the memory there is: {_told(now, within[0])}"
        return f"{told}."

    def _live(self) -> list[tuple[str, str]]:
        """Changes that help, in the memory there is and with OPT, and the calls that bring them to training."""
        now, *changes = self.advice.to_dict("records")
        planned = [change for change in changes if change["policy"] == PLANNED and change["change"] not in BIGGER]
        helping = [change for change in planned if change["live_call"] and _helps(now, change)]
        return [(change["change"], change["live_call"]) for change in helping]

    @property
    def subject(self) -> str:
        r"""What was explained, as a sentence.

        Examples
        --------
        >>> from simcache import explain, synth
        >>> from simcache.loader import Loader
        >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
        >>> print(found.subject.replace("; ", ";\n"))
        shuffled-1000x5: 5,000 accesses to 1,000 items, 5 epochs;
        no workers, batches of 10;
        one cache of 200 items, lru.
        """
        it = self.setting
        kind = "persistent " if it["persistent_workers"] else ""
        workers = f"{it['num_workers'] or 'no'} {kind}worker{'s' * (it['num_workers'] != 1)}"
        ranks = f" on each of {it['world_size']} ranks" if it["world_size"] > 1 else ""
        caches = "one cache" if it["caches"] == 1 else f"{it['caches']} caches"
        return (
            f"{it['trace']}: {it['accesses']:,} accesses to {it['n_items']:,} items, {it['epochs']} "
            f"epoch{'s' * (it['epochs'] != 1)}; {workers}{ranks}, batches of {it['batch_size']}; {caches} of "
            f"{it['capacity']:,} items, {it['policy']}."
        )

    def __repr__(self) -> str:
        return f"Explanation({self.headline} [{self.verdict}])"

    def __str__(self) -> str:
        console = Console(width=100, color_system=None, highlight=False)
        with console.capture() as caught:
            console.print(self)
        return "\n".join(line.rstrip() for line in caught.get().splitlines())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble((printable(self.headline), "bold"), f" [{self.verdict}]")
        yield Text(printable(self.subject), "dim")
        yield Text()
        for reason in self.reasons:
            yield Padding(Text("• " + printable(reason.text)), (0, 0, 0, 2))
            yield Padding(Text(printable(reason.theorem), "dim"), (0, 0, 0, 4))
        yield printing.terminal(*_shown(self.table))
        yield Text("What would change it, simulated:")
        yield printing.terminal(*_shown(self.advice))
        if live := self._live():
            yield Text(LIVE)
            yield Text()
            for change, call in live:
                yield Padding(Text(f"• {change}:"), (0, 0, 0, 2))
                yield Padding(Text(printable(call)), (0, 0, 0, 4))

    def to_markdown(self) -> str:
        """All of it as markdown.

        Returns
        -------
        str
            A heading, the reasons, and two tables.

        Examples
        --------
        >>> from simcache import explain, synth
        >>> from simcache.loader import Loader
        >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
        >>> print(found.to_markdown().splitlines()[-1])
        - plan with OPT: `cached_loader(dataloader, 200, 5)`
        """
        lines = [f"**{markdown(self.headline)}** [{self.verdict}]", "", markdown(self.subject), ""]
        lines += [f"- {markdown(reason.text)} *({markdown(reason.theorem)})*" for reason in self.reasons]
        table, advice = (printing.markdown(*_marked(each)) for each in (self.table, self.advice))
        lines += ["", table, "", "What would change it, simulated:", "", advice, ""]
        if live := self._live():
            lines += [LIVE, "", *(f"- {change}: `{call}`" for change, call in live), ""]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        reasons = "".join(
            f"<li title='{escape(reason.call)}'>{escape(reason.text)} <small>{escape(reason.theorem)}</small></li>"
            for reason in self.reasons
        )
        live = "".join(f"<li>{escape(change)}: <code>{escape(call)}</code></li>" for change, call in self._live())
        training = f"<p>{LIVE}</p><ul>{live}</ul>" if live else ""
        return (
            f"<div><p><b>{escape(self.headline)}</b> [{escape(self.verdict)}]</p>"
            f"<p><small>{escape(self.subject)}</small></p>"
            f"<ul>{reasons}</ul>{_html(self.table)}<p>What would change it, simulated:</p>{_html(self.advice)}"
            f"{training}</div>"
        )

    def to_json(self) -> str:
        """All of it as JSON, calls included; a missing number is null, an infinite one "inf".

        Returns
        -------
        str
            One object: verdict, headline, reasons, table, advice and setting.

        Examples
        --------
        >>> from simcache import explain, synth
        >>> from simcache.loader import Loader
        >>> found = explain(synth.shuffled(1_000, epochs=5), Loader(batch_size=10), capacity=200)
        >>> import json
        >>> sorted(json.loads(found.to_json()))
        ['advice', 'headline', 'reasons', 'setting', 'table', 'verdict']
        """
        parts = {
            "verdict": self.verdict,
            "headline": self.headline,
            "setting": _plain(self.setting),
            "reasons": [_plain(asdict(reason)) for reason in self.reasons],
            "table": records(self.table),
            "advice": records(self.advice),
        }
        return json.dumps(parts, indent=1, ensure_ascii=False, allow_nan=False)


def _helps(now: dict[Any, Any], change: dict[Any, Any]) -> bool:
    if math.isnan(now["epoch_seconds"]):
        return bool(change["hit_rate"] - now["hit_rate"] >= LEAST)
    return bool(now["epoch_seconds"] - change["epoch_seconds"] >= LEAST * now["epoch_seconds"] > 0)


def _told(now: dict[Any, Any], change: dict[Any, Any]) -> str:
    """A change and what it does to that by which changes are ordered."""
    if math.isnan(now["epoch_seconds"]):
        return f"{change['change']} (hit rate {now['hit_rate']:.3f} to {change['hit_rate']:.3f})"
    return f"{change['change']} (an epoch {now['epoch_seconds']:.4g} to {change['epoch_seconds']:.4g} s)"


def _shown(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Columns that a reader sees (no calls, none that is missing in every row), all as text, and their sides."""
    names = [str(name) for name in table.columns if name in TITLES and not table[name].isna().all()]
    cells = pd.DataFrame({TITLES[name]: [_cell(value, name) for value in table[name].tolist()] for name in names})
    return cells, "".join("l" if name in WORDS else "r" for name in names)


def _cell(value: Any, name: str) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "–"
    if name == "epoch_seconds":
        return f"{value:.4g}"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _marked(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    cells, sides = _shown(table)
    return cells.map(markdown), sides


def _html(table: pd.DataFrame) -> str:
    cells, _ = _shown(table)
    head = "".join(f"<th>{name}</th>" for name in cells.columns)
    rows = cells.map(escape).itertuples(index=False)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _plain(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in parts.items()}
