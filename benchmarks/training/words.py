"""What tables and figures call things."""

import pandas as pd

from simcache import printing

NAMES = {
    "mlp": "MLP",
    "cnn": "CNN",
    "resnet": "ResNet",
    "opt": "OPT",
    "lru": "LRU",
    "lfu": "LFU",
    "fifo": "FIFO",
    "rr": "RR",
}


def network(name: str) -> str:
    return NAMES.get(name, name)


def methods(rows: pd.DataFrame) -> pd.Series:
    """How samples are kept; a cache is shared if nothing else is said."""
    private = (rows["sharing"] == "private").map({True: ", private", False: ""})
    return rows["method"].map(lambda name: NAMES.get(name, name)) + private


def markdown(table: pd.DataFrame) -> str:
    """A table, its index first."""
    return printing.markdown(table.astype(str).reset_index(names=""), "l" * (1 + table.shape[1]))
