"""Variances that an isotropic Gaussian prior may have, and what the choice among them costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._checks.arguments import positive_integer, positive_real


@dataclass(frozen=True)
class PriorVariances:
    """``λ_j = c e^{-j/b}``, j = 1, 2, …; the bound at ``λ_j`` holds with ``δ_j = 6δ/(π² j²)``.

    ``Σ_j δ_j = δ``: all hold at once with probability ``1 - δ`` (Langford and Caruana 2001), so j
    may be chosen with the samples. It costs ``log(δ/δ_j)`` beside the KL.

    Attributes
    ----------
    largest : float
        c, above all of them; 0.1 and 100 are those of [W].
    per_e_fold : int
        b, how many within a factor e.

    Raises
    ------
    ValueError
        If one is not positive, or ``largest`` is not between 1e-100 and 1e100.

    References
    ----------
    ``docs/bounds.md`` §1; Langford and Caruana (2001).

    Examples
    --------
    >>> prior = PriorVariances(largest=1.0, per_e_fold=100)
    >>> round(prior.variance(100), 6), round(prior.log_cost(100), 4)
    (0.367879, 9.708)
    """

    largest: float = 0.1
    per_e_fold: int = 100

    def __post_init__(self) -> None:
        largest = positive_real(self.largest, "largest")
        if not 1e-100 <= largest <= 1e100:
            raise ValueError(f"largest must be from 1e-100 to 1e100, got {largest}")
        object.__setattr__(self, "largest", largest)
        object.__setattr__(self, "per_e_fold", positive_integer(self.per_e_fold, "per_e_fold"))

    def variance(self, j: int) -> float:
        """``λ_j``, j from 1."""
        j = positive_integer(j, "j")
        return float(self.largest * np.exp(-j / self.per_e_fold))

    def log_cost(self, j: int) -> float:
        """``log(π² j²/6)``, j from 1."""
        j = positive_integer(j, "j")
        return float(np.log(np.pi**2 / 6) + 2 * np.log(j))

    def best(self, second_moment: float, n_parameters: int) -> int:
        """The j that minimises ``(T/λ_j + P log λ_j)/2 + 2 log j``, the KL and its cost.

        Parameters
        ----------
        second_moment : float
            T > 0, the mean of ``‖θ - θ_0‖²`` over the posterior.
        n_parameters : int
            P.
        """
        ratio = np.log(self.largest) + np.log(n_parameters) - np.log(second_moment)
        free = self.per_e_fold * ratio
        j = np.arange(1, max(1, int(np.ceil(free))) + 1)  # without the cost it would be the last
        x = j / self.per_e_fold
        costs = (second_moment / self.largest * np.exp(x) - n_parameters * x) / 2 + 2 * np.log(j)
        return int(j[costs.argmin()])
