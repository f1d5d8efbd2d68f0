"""Which column holds what: numbers from 1, or names that the first line gives."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

ROLES = ("key", "size", "time")
EXAMPLE = "as in key=2,size=4,time=1"
Columns = str | Mapping[str, int | str] | None


def asked(columns: Columns) -> dict[str, int | str]:
    """What was asked for, by role."""
    if columns is None:
        return {}
    given: list[tuple[str, Any]]
    if isinstance(columns, str):
        pairs = [part.partition("=") for part in columns.split(",")]
        if not all(equals and value.strip() for _, equals, value in pairs):
            alone = columns.strip() and "=" not in columns and "," not in columns
            hint = f"; did you mean {f'key={columns.strip()}'!r}?" if alone else ""
            raise ValueError(f"columns must be given {EXAMPLE}, got {columns!r}{hint}")
        given = [(role.strip(), int(value) if value.strip().isdecimal() else value.strip()) for role, _, value in pairs]
    elif isinstance(columns, Mapping):
        given = list(columns.items())
    else:
        raise TypeError(f"columns must be a text {EXAMPLE}, or a dict; got {columns!r}")
    found = dict(given)
    for role, column in given:
        if role not in ROLES:
            raise ValueError(f"columns must name key, size or time, got {role!r}{_near(str(role), ROLES)}")
        if isinstance(column, bool) or not isinstance(column, int | str) or (isinstance(column, int) and column < 1):
            raise ValueError(f"a column must be a name or a number from 1, got {role}={column!r}")
    if len(found) < len(given):
        raise ValueError(f"columns must name key, size and time once each, got {columns!r}")
    if "key" not in found:
        raise ValueError(f"columns must say which holds the key, {EXAMPLE}; got {columns!r}")
    return found


def placed(wanted: Mapping[str, int | str], names: Sequence[str]) -> dict[str, int]:
    """The place, from 0, of what is wanted among columns of these names; without a wish, those named as the roles."""
    if not wanted:
        wanted = {role: role for role in ROLES if role in names}
        if "key" not in wanted:
            if len(names) != 1:
                rule = f"columns must say which holds the key, {EXAMPLE}, by number or by name"
                raise ValueError(f"{rule}; got none, of {_listed(names)}")
            wanted = {"key": 1}
    found = {}
    for role, column in wanted.items():
        if isinstance(column, int):
            if column > len(names):
                raise ValueError(f"columns must be there, got {role}={column} of {_listed(names)}{_undivided(names)}")
            found[role] = column - 1
        elif names.count(column) == 1:
            found[role] = names.index(column)
        elif names and not any(names):
            raise ValueError(f"columns must be numbers where no line names them, got {role}={column!r}")
        else:
            rule = "there" if column not in names else "of one name each"
            hint = _undivided(names)
            meant = "" if hint else _near(column, names)
            raise ValueError(f"columns must be {rule}, got {role}={column!r}{meant} of {_listed(names)}{hint}")
    return found


def _near(name: str, known: Sequence[str]) -> str:
    return "".join(f"; did you mean {match!r}?" for match in get_close_matches(name, known, 1) if match != name)


def _undivided(names: Sequence[str]) -> str:
    """A hint where the only column seems to be several."""
    if len(names) != 1 or not any(sign in names[0] for sign in ",;|\t"):
        return ""
    return "; csv is divided at commas, tsv at tabs"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return f"{len(names)}: {shown}" + (", …" if len(names) > 20 else "")
