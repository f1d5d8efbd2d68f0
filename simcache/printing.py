"""Tables as LaTeX, markdown and for a terminal: cells and heads are texts, `sides` a letter for each column, l or r.

And as .csv, of any table.
"""

from csv import QUOTE_NONNUMERIC
from importlib import import_module

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from .text import printable


def latex(cells: pd.DataFrame, sides: str) -> str:
    """A booktabs tabular of cells that are LaTeX."""
    try:
        import_module("jinja2")
    except ImportError:
        raise ValueError("a LaTeX table needs jinja2: pip install 'simcache[io]'") from None
    return cells.style.hide(axis="index").to_latex(column_format=sides, hrules=True)


def markdown(cells: pd.DataFrame, sides: str) -> str:
    """A table of pipes, of cells that are markdown."""
    try:
        import_module("tabulate")
    except ImportError:
        raise ValueError("a markdown table needs tabulate: pip install 'simcache[io]'") from None
    words = ["right" if each == "r" else "left" for each in sides]
    return cells.to_markdown(index=False, colalign=words, disable_numparse=True)


def csv(table: pd.DataFrame) -> str:
    """A table as .csv; of a text with a carriage return Python's writer alone would make two rows."""
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:
        return table.to_csv(index=False, lineterminator="\n", quoting=QUOTE_NONNUMERIC)
    return text


def terminal(cells: pd.DataFrame, sides: str) -> Table:
    """A table that Rich prints, of any texts."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, each in zip(cells.columns, sides, strict=True):
        drawn.add_column(Text(printable(str(name))), justify="right" if each == "r" else "left", overflow="fold")
    for row in cells.itertuples(index=False):
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    return drawn


def sides(table: pd.DataFrame) -> str:
    """Numbers at the right, words at the left."""
    number, truth = pd.api.types.is_numeric_dtype, pd.api.types.is_bool_dtype
    return "".join("r" if number(dtype) and not truth(dtype) else "l" for dtype in table.dtypes)
