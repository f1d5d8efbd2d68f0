"""What a cache's size is counted in: items, or bytes, of which a text may tell as "25 GB" or "25 GiB".

A part of a sweep is `of` fractions or capacities, of the items; or of the bytes, and then says so.
"""

import re
from fractions import Fraction

import numpy as np

from .checks import near, short, whole
from .trace import Trace

UNITS = ("items", "bytes")
MOST = 2**63 - 1  # the largest size that a column holds
STEPS = {"B": 1}
for power, letter in enumerate("kMGTPE", 1):
    STEPS |= {f"{letter}B": 1000**power, f"{letter.upper()}iB": 1024**power}
TEXT = re.compile(r"\s*([0-9]{1,40}(?:\.[0-9]{1,40})?)\s*([^\W\d_]*)\s*")
KINDS = ("fractions", "capacities")
BYTES = "byte_"  # before these


def check_unit(unit: object) -> str:
    """What sizes are counted in, or an error that says what came."""
    if isinstance(unit, str) and unit in UNITS:
        return unit
    hint = near(unit, UNITS) if isinstance(unit, str) else ""
    raise ValueError(f"unit must be 'items' or 'bytes';{hint} got {short(unit)}")


def check_capacity(value: object, unit: str, where: str = "", hint: str = "") -> int:
    """A cache's size in that unit, 1 … 2^63 - 1: what is above holds everything too.

    Parameters
    ----------
    value : int or str
        A text is a number of bytes: a decimal number, then B, kB, MB, GB, TB, PB or EB (powers of 1000), or KiB, MiB, …
        (of 1024), written just so, spaces between them or not. It means the nearest whole number of bytes.
    where, hint : str
        What the error says of the place, and of a number in (0, 1].
    """
    given = value
    if isinstance(value, str) and unit == "bytes":
        given = _read(value, where)
    try:
        return min(whole(given, "capacity", 1, None, where, f" of {unit}"), MOST)
    except TypeError as error:
        if isinstance(value, str) and is_bytes(value):
            raise TypeError(f"{error}; a size in bytes needs unit='bytes'") from None
        if hint and isinstance(value, float | np.floating) and 0 < value <= 1:
            raise TypeError(f"{error}; {hint}") from None
        raise


def is_bytes(text: str) -> bool:
    """Whether a text is a number with a unit, known or not; or anything, perhaps no number, with one that is known."""
    found = TEXT.fullmatch(text)
    return bool(found and found[2]) or re.split(r"[\W\d_]", text.strip())[-1] in STEPS


def _read(text: str, where: str) -> int:
    """The bytes that a text tells of."""
    found = TEXT.fullmatch(text)
    number, step = found.groups() if found else ("", "")
    if found and step in STEPS and (step != "B" or "." not in number):
        if size := round(Fraction(number) * STEPS[step]):
            return size
        raise ValueError(f"capacity must be a whole number of bytes >= 1{where}, got {short(str(text))}")
    meant = [each for each in STEPS if found and step not in STEPS and _like(step) == _like(each)]
    means = [f"{number} {each}" for each in meant if each != "B" or "." not in number]
    hint = f" did you mean {' or '.join(map(repr, means))}?" if means else ""
    rule = "a capacity in bytes must be a whole number or a text like '25 GB' or '1.5 GiB' (B, kB … EB, KiB … EiB)"
    raise ValueError(f"{rule}{where};{hint} got {short(str(text))}")


def _like(step: str) -> str:
    """A unit as somebody may write it who does not know how it is written here: `G`, `gb`, `Gib`."""
    return step.lower().removesuffix("b").removesuffix("i")


def everything(trace: Trace, unit: str) -> int:
    """All that there is in a trace: its items, or the bytes of all of them.

    Raises
    ------
    ValueError
        When bytes are asked for and the trace has no sizes, or they are of more than 2^63 - 1 bytes together.
    """
    if unit == "items":
        return trace.n_items
    if trace.n_bytes is None:
        raise sizeless(trace)
    if trace.n_bytes > MOST:
        raise ValueError(f"items must be of 2^63 - 1 bytes at most together, got {trace.n_bytes} for {trace.name!r}")
    return trace.n_bytes


def sizeless(trace: Trace) -> ValueError:
    """The error of a trace without sizes, where bytes are asked for."""
    how = "as Trace(…, sizes=…) or a log's column of sizes gives it"
    return ValueError(f"bytes need the size of each item, {how}, got none for trace {trace.name!r}")


def of_unit(of: str, unit: str) -> str:
    """`of` fractions or capacities, of that unit."""
    return of if unit == "items" else BYTES + of


def unit_of(of: str) -> str:
    """The unit of `of`."""
    return "bytes" if of.startswith(BYTES) else "items"


def of_shares(of: str) -> bool:
    """Whether sizes are fractions."""
    return of.endswith("fractions")


def capacity_of(size: float, of: str, all_there_is: int) -> int:
    """A size as it was asked for, as a capacity."""
    if not of_shares(of):
        return int(size)
    # Up to 2^53 the product of floats is off by less than one, and what anybody would get; beyond, by many.
    return max(1, round(size * all_there_is if all_there_is <= 2**53 else Fraction(size) * all_there_is))
