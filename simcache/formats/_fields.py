"""Fields of lines, and the numbers in them: bytes in, places out."""

import numpy as np
from numpy.typing import NDArray

from ..jit import compiled

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
MISSING, BLANK = -1, -2
FINE, EMPTY, NO_NUMBER = 0, 1, 2


@compiled
def split(block: Bytes, separator: int, quotes: bool, wanted: Places, begin: Places, end: Places) -> int:
    """Find the fields wanted of every line; return the lines there are.

    Column c is wanted as field wanted[c], if that is not negative. ``block[begin[f, r]:end[f, r]]`` is field f of line
    r; its begin is MISSING where the line has no such column or a quote in it does not end, and BLANK in every field of
    a line with nothing on it. What stands in quotes is moved over them, so the block changes.
    """
    n = block.size
    p, r = 0, 0
    while p < n:
        begin[:, r] = MISSING
        start, column = p, 0
        while True:
            low, high, whole = p, p, True
            if quotes and p < n and block[p] == 34:
                p, high, whole = _quoted(block, p, separator)
            else:
                while p < n and block[p] != separator and block[p] != 10:
                    p += 1
                high = p
            last = p == n or block[p] == 10
            if last and high == p and high > low and block[high - 1] == 13:
                high -= 1
            if last and column == 0 and high == start:
                begin[:, r] = BLANK
            elif whole and column < wanted.size and wanted[column] >= 0:
                begin[wanted[column], r], end[wanted[column], r] = low, high
            if last:
                break
            column += 1
            p += 1
            if column == wanted.size:
                while p < n and block[p] != 10:
                    p += 1
                break
        p += 1
        r += 1
    return r


@compiled
def _quoted(block: Bytes, p: int, separator: int) -> tuple[int, int, bool]:
    """Move what stands in quotes from `p` on over them; where the field and the text end, and whether it is well made.

    Two quotes stand for one.
    """
    n, high = block.size, p
    p += 1
    closed = False
    while p < n and block[p] != 10:
        if block[p] == 34:
            p += 1
            if p == n or block[p] != 34:
                closed = True
                break
        block[high] = block[p]
        high += 1
        p += 1
    after = p
    while p < n and block[p] != separator and block[p] != 10:
        p += 1
    carriage = p == after + 1 and block[after] == 13 and (p == n or block[p] == 10)
    return p, high, closed and (p == after or carriage)


@compiled
def _trimmed(block: Bytes, p: int, stop: int) -> tuple[int, int]:
    """Where a field begins and ends without the spaces around it."""
    while p < stop and block[p] == 32:
        p += 1
    while stop > p and block[stop - 1] == 32:
        stop -= 1
    return p, stop


@compiled
def whole_numbers(block: Bytes, begin: Places, end: Places, faults: NDArray[np.uint8]) -> Places:
    """The whole number in each field, with a sign and spaces around it allowed; its fault where there is none."""
    values = np.zeros(begin.size, np.int64)
    for r in range(begin.size):
        p, stop = _trimmed(block, begin[r], end[r])
        if p < 0 or p == stop:
            faults[r] = EMPTY
            continue
        negative = block[p] == 45
        if negative or block[p] == 43:
            p += 1
        faults[r] = FINE if p < stop else NO_NUMBER
        value = np.int64(0)
        while p < stop:
            digit = np.int64(block[p]) - 48
            if digit < 0 or digit > 9 or value > (0x7FFFFFFFFFFFFFFF - digit) // 10:
                faults[r] = NO_NUMBER
                break
            value = 10 * value + digit
            p += 1
        values[r] = -value if negative else value
    return values


@compiled
def real_numbers(block: Bytes, begin: Places, end: Places, faults: NDArray[np.uint8]) -> NDArray[np.float64]:
    """As `whole_numbers`, of decimals, to the 15 digits or so that tell two times apart."""
    values = np.zeros(begin.size, np.float64)
    for r in range(begin.size):
        p, stop = _trimmed(block, begin[r], end[r])
        if p < 0 or p == stop:
            faults[r] = EMPTY
            continue
        negative = block[p] == 45
        if negative or block[p] == 43:
            p += 1
        digits, power, pointed = 0, np.int64(0), False
        mantissa = np.int64(0)  # rounded once, at the end, so that a later time is never less
        while p < stop and (48 <= block[p] <= 57 or (block[p] == 46 and not pointed)):
            if block[p] == 46:
                pointed = True
            else:
                digits += 1
                if mantissa < 10**17:
                    mantissa = 10 * mantissa + (np.int64(block[p]) - 48)
                    power -= pointed
                else:
                    power += not pointed
            p += 1
        if digits and p < stop and block[p] | 32 == 101:  # an exponent
            p += 1
            down = p < stop and block[p] == 45
            if p < stop and (down or block[p] == 43):
                p += 1
            digits, exponent = 0, np.int64(0)
            while p < stop and 48 <= block[p] <= 57 and digits < 4:
                exponent = 10 * exponent + (np.int64(block[p]) - 48)
                digits += 1
                p += 1
            power += -exponent if down else exponent
        faults[r] = FINE if digits and p == stop else NO_NUMBER
        value = mantissa / 10.0**-power if power < 0 else mantissa * 10.0**power
        values[r] = -value if negative else value
    return values
