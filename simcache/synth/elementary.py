"""Logarithm and exponential, the same bits on every machine, where `math`'s and `**` may differ in the last.

They use only operations that IEEE 754 fixes to the bit.
"""

import math

from ..jit import compiled

LN2 = 0.6931471805599453
HALF = 0.7071067811865476  # the root of 1/2


@compiled
def log(x: float) -> float:
    """The natural logarithm of a number above 0."""
    mantissa, exponent = math.frexp(x)
    if mantissa < HALF:
        mantissa, exponent = 2 * mantissa, exponent - 1
    s = (mantissa - 1) / (mantissa + 1)
    total = 0.0
    for odd in range(23, 0, -2):  # 2 artanh(s), |s| < 0.172: the next term is below 2^-60
        total = total * s * s + 1 / odd
    return exponent * LN2 + 2 * s * total


@compiled
def exp(x: float) -> float:
    """The exponential of a number up to 700; 0 for what it would make smaller than 2^-100."""
    if x < -100 * LN2:
        return 0.0
    exponent = math.floor(x / LN2 + 0.5)
    rest = x - exponent * LN2
    total = 1.0
    for k in range(16, 0, -1):  # |rest| < 0.347: the next term is below 2^-70
        total = 1 + rest / k * total
    return math.ldexp(total, int(exponent))
