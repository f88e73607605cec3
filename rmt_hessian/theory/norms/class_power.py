"""`ClassPower`: what a norm, or a ratio of norms, tends to as the number of classes grows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rmt_hessian._checks.arguments import positive_integer


@dataclass(frozen=True)
class ClassPower:
    """``constant · C^{-exponent} (log C)^{-log_exponent}``, of a number of classes C.

    Without a logarithm it is a pair too, constant and exponent.

    References
    ----------
    ``docs/laws.md`` §7.

    Examples
    --------
    >>> power = ClassPower(3.0, 2.0)
    >>> constant, exponent = power
    >>> constant * 10**-exponent, power.at(10)
    (0.03, 0.03)
    """

    constant: float
    exponent: float
    log_exponent: float = 0.0

    def at(self, n_classes: int) -> float:
        """The value at C.

        Raises
        ------
        ValueError
            If C is not an integer above 1.
        """
        C = positive_integer(n_classes, "n_classes", minimum=2)
        return self.constant * C**-self.exponent * math.log(C) ** -self.log_exponent

    def __iter__(self) -> Iterator[float]:
        if self.log_exponent:
            raise ValueError(f"log_exponent must be 0 of a pair (constant, exponent), got {self}")
        return iter((self.constant, self.exponent))

    def __mul__(self, other: ClassPower) -> ClassPower:
        return ClassPower(
            self.constant * other.constant,
            self.exponent + other.exponent,
            self.log_exponent + other.log_exponent,
        )

    def __truediv__(self, other: ClassPower) -> ClassPower:
        inverse = ClassPower(1 / other.constant, -other.exponent, -other.log_exponent)
        return self * inverse
