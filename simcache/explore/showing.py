"""What was computed, as HTML."""

from base64 import b64encode
from typing import Any

import pandas as pd

from ..text import html
from ..verdict import Explanation
from .computing import Picture
from .state import State, to_query


def figure(picture: Picture) -> str:
    """The figure, with what it shows in words for those who do not see it."""
    data = b64encode(picture.figure).decode()
    return (
        f'<figure><div class="wide"><img alt="{html(picture.title)}" src="data:image/svg+xml;base64,{data}"></div>'
        f"<figcaption>{html(picture.note)}</figcaption></figure>"
    )


def table(picture: Picture, state: State) -> str:
    """All numbers of the figure: a row for each size, a column for each policy and each form."""
    rows = picture.table
    index = [*filter(None, [picture.over]), "capacity", "fraction"]
    labels = list(dict.fromkeys(rows["policy"]))
    wide = rows.pivot(index=index, columns="policy", values=state.y)[labels].sort_index()
    if "theory" in rows:
        forms = rows.pivot(index=index, columns="policy", values="theory")[labels].dropna(axis="columns", how="all")
        wide = wide.join(forms.rename(columns=lambda label: f"{label}, theory"))
    head = "".join(f"<th scope='col'>{html(str(name))}</th>" for name in [*index, *wide.columns])
    body = "".join(f"<tr>{_cells(each)}</tr>" for each in wide.reset_index().itertuples(index=False))
    word = "Hit rates after the warm-up" if state.warmup else "Hit rates"
    return (
        f"<details><summary>{word} at each size</summary><div class='wide'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div></details>"
    )


def verdict(found: Explanation) -> str:
    """The verdict as notebooks show it."""
    return f"<h2>Would OPT help this loader?</h2><div class='wide reasons'>{found._repr_html_()}</div>"


def marked(state: State, parts: str) -> str:
    """Those parts, and which state they are of, for programs that read the page."""
    return f"<div data-of='{html(to_query(state))}'>{parts}</div>"


def _cells(row: tuple[Any, ...]) -> str:
    texts = [f"{it:,}" if isinstance(it, int) else "" if pd.isna(it) else f"{it:.4f}" for it in row]
    return "".join(f"<td>{text}</td>" for text in texts)
