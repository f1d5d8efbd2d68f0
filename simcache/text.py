"""Text of others (a trace's name, a file's) made safe for where it goes: a terminal, HTML, markdown, LaTeX."""

import re
import unicodedata
from collections.abc import Iterable
from html import escape

SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--", "`": r"\`{}", **{each: f"\\{each}" for each in "&%$#_{}"},
    **{each: f"{{{each}}}" for each in "[]*"},  # else the row break before them takes them for its own
}  # fmt: skip
GREEK = {
    sign: unicodedata.name(sign).rpartition(" ")[2].replace("LAMDA", "LAMBDA")
    for sign in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
}
MATHS = {
    **{sign: name.lower() if sign.islower() else name.capitalize() for sign, name in GREEK.items()},
    "−": "-", "≤": "le", "≥": "ge", "≈": "approx", "∞": "infty", "→": "to", "∈": "in", "√": "surd", "±": "pm",
}  # fmt: skip
# What pdflatex sets with no package: these, and a letter with one of these accents.
SET = frozenset("¡§©®°²³¹µ·º¼½¾¿×÷ÆØßæøŒœŁłı™…—’“”")
ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")


def printable(text: str) -> str:
    """`text` on one line without anything that a terminal obeys: control and format characters stand as escapes.

    The rule is that of `repr`: what it would escape, this does, quotes and backslashes apart.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def near(word: object, known: Iterable[str]) -> str:
    """A hint at the known word that was perhaps meant, or nothing."""
    from difflib import get_close_matches  # not before something is wrong

    lower = {str(each).lower(): each for each in known}
    said = str(word).lower()
    begun = [each for each in lower if len(said) > 1 and each.startswith(said)]  # cut short
    return "".join(f" did you mean {lower[match]!r}?" for match in (get_close_matches(said, lower, 1) or begun)[:1])


def html(text: str) -> str:
    """Text that HTML shows as it stands."""
    return escape(printable(text))


def markdown(text: str) -> str:
    """Text that markdown shows as it stands, in a cell of a table too."""
    signs = re.sub(r"[\\`*_\[\]<>|&~$]", r"\\\g<0>", printable(text))
    return re.sub(r"^(\d*)([#+.)-])(?=#*\s)", r"\1\\\2", signs)  # at the start of a line: a heading, a list


def latex(text: str) -> str:
    """Text that LaTeX sets as it stands; a sign that pdflatex lacks becomes letters near it, or U+ and its number."""
    return re.sub(r"(-(?=-))|.", lambda found: "-{}" if found[1] else _set(found[0]), printable(text))


def _set(sign: str) -> str:
    if sign in SPECIAL:
        return SPECIAL[sign]
    if sign.isascii() or sign in SET:
        return sign
    if sign in MATHS:
        name = MATHS[sign]
        return f"${name if name == '-' else chr(92) + name}$"
    letter, *accents = list(unicodedata.normalize("NFD", sign))
    if letter.isascii() and len(accents) == 1 and accents[0] in ACCENTS and sign < "ƀ":
        return sign
    plain = "".join(each for each in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(each))
    return latex(plain) if plain.isascii() and plain.isprintable() else f"U+{ord(sign):04X}"
