"""Powers of two as units of length: exact, so that no square of a length need overflow.

References
----------
Definition.
"""

import numpy as np

BEYOND = 10_000  # exponents beyond which every float64 is 0 or infinite


def exponent_of(*lengths: float) -> int:
    """The e for which the largest of the lengths lies in ``[2^{e-1}, 2^e)``; 0 if all are 0.

    Examples
    --------
    >>> exponent_of(-3.0, 1.0)
    2
    """
    return int(np.frexp(max(abs(length) for length in lengths))[1])


def times_two_to(value: float, exponent: int) -> float:
    """``value · 2^exponent``, infinite or 0 without a warning where float64 ends.

    Examples
    --------
    >>> times_two_to(1.5, 3), times_two_to(1.5, 9999), times_two_to(1.5, -9999)
    (12.0, inf, 0.0)
    """
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(value, int(np.clip(exponent, -BEYOND, BEYOND))))
