r"""Block norms of a head whose classes have frequencies by Zipf's law, as C → ∞.

Offsets ``b_c = -s log c``, c = 1 … C. With ``π = softmax(b)``, ``π_c = c^{-s}/ζ_C(s)``,
``ζ_C(s) = Σ_c c^{-s}``, the normaliser is ``Σ_c e^{b_c + f_c} = ζ_C(s) Σ_c π_c e^{f_c}``, a mean of
relative variance ``(e^v - 1) Σ_c π_c²``, v the variance of a logit. It concentrates iff no class
keeps a probability, for ``s <= 1``. Then ``λ^{ii}/π_i → e^{f - v/2}`` and
``λ^{ij}/(π_i π_j) → -e^{f + f' - v}``, the limits of equal offsets with π_i in place of 1/C, and

    ``E‖H_ii‖_F² ~ π_i² Ψ_1``,   ``E‖H_ij‖_F² ~ π_i² π_j² Ψ_2``,

Ψ_1 and Ψ_2 the constants of `block_norm_limits`. Means over all classes replace π_i² by
``Σ π²/C`` and ``π_i² π_j²`` by ``((Σ π²)² - Σ π⁴)/(C (C-1))``. As ``C → ∞``, ζ Riemann's,

========== ================== ==================== ===================== =====================
s          ``π_r``            ``π_{ρC}``           ``Σ π²``              ``(Σ π²)² - Σ π⁴``
========== ================== ==================== ===================== =====================
below ½    (1-s) r^-s C^(s-1) (1-s) ρ^-s C^-1      (1-s)²/(1-2s) C^-1    square of ``Σ π²``
½          as above           as above             log C/(4C)            square of ``Σ π²``
½ to 1     as above           as above             (1-s)² ζ(2s) C^(2s-2) (1-s)⁴ (ζ(2s)² - ζ(4s))
                                                                         C^(4s-4)
1          1/(r log C)        1/(ρ C log C)        ζ(2)/log² C           (ζ(2)² - ζ(4))/log⁴ C
========== ================== ==================== ===================== =====================

For ``s > 1`` nothing concentrates: norms of blocks of two classes of fixed rank tend to constants,
and each class of rank ρC brings a factor ``C^{-2s}``; there `block_norms` of many classes is what
remains. Corrections are of the relative order π_i, and of ``ζ_C`` against its leading term: at
s = 1 both fall with log C only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import zeta

from rmt_hessian._checks.arguments import list_of, positive_integer
from rmt_hessian._checks.distributions import probability
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.norms.limits import block_norm_limits


@dataclass(frozen=True)
class ClassPower:
    """``constant · C^{-exponent} (log C)^{-log_exponent}``, of a number of classes C.

    Examples
    --------
    >>> ClassPower(3.0, 2.0).at(10)
    0.03
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

    def __mul__(self, other: ClassPower) -> ClassPower:
        return ClassPower(
            self.constant * other.constant,
            self.exponent + other.exponent,
            self.log_exponent + other.log_exponent,
        )

    def __truediv__(self, other: ClassPower) -> ClassPower:
        inverse = ClassPower(1 / other.constant, -other.exponent, -other.log_exponent)
        return self * inverse


@dataclass(frozen=True)
class ZipfNormLimits:
    """``E‖H_ii‖_F²`` and ``E‖H_ij‖_F²`` as C → ∞, and their ratio R.

    Attributes
    ----------
    diagonal, off_diagonal, ratio : ClassPower
    """

    diagonal: ClassPower
    off_diagonal: ClassPower

    @property
    def ratio(self) -> ClassPower:
        """``R = E‖H_ij‖_F² / E‖H_ii‖_F²``."""
        return self.off_diagonal / self.diagonal


def zipf_norm_limits(
    ens: Ensemble,
    exponent: float,
    units: tuple[float, float] | None = None,
    *,
    infinite_inputs: bool = False,
) -> ZipfNormLimits:
    """Leading terms of both squared block norms as C → ∞, offsets ``b_c = -exponent · log c``.

    Parameters
    ----------
    ens : Ensemble
        Of the last layer, loss "ce", as for `block_norm_limits`: no weights, no biases;
        ``widths[-1]`` does not matter.
    exponent : float
        s of Zipf's law, in [0, 1]; 0 are equal offsets.
    units : pair of int or float, optional
        The classes i and j of ``H_ii`` and ``H_ij``: an int is a class counted from 0, of fixed
        rank ``i + 1``; a float ρ in (0, 1] the class of rank ρC. By default the means over all
        classes and over all pairs.
    infinite_inputs : bool
        As in `block_norm_limits`.

    Returns
    -------
    ZipfNormLimits

    Raises
    ------
    ValueError
        If the ensemble is another or has no limits, the exponent is not in [0, 1] (beyond 1 classes
        keep their probability as C grows), or units are not two different ones as above.

    Notes
    -----
    Corrections are of relative order π_i and ``ζ_C`` over its leading term. At γ = 1/4, LeCun, the
    diagonal norm of the first class is 0.94, 0.98 and 0.99 of its limit at C = 10⁴, 10⁵ and 10⁶ for
    s = ½; 0.88, 0.92, 0.94 for s = ¾. At s = 1, where ``π_1 = 1/14`` at a million classes, it is
    0.41, 0.46 and 0.50: `block_norms` is exact at any C.

    Examples
    --------
    A frequent and a rare class, then the mean ratio, which falls like ``C^{2s - 3}`` in place of
    ``C^{-2}``:

    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([100, 2], layer=0, loss="ce", n_samples=200)
    >>> [zipf_norm_limits(ens, 0.75, pair).ratio.exponent for pair in ((0, 1), (0, 0.5))]
    [0.5, 2.0]
    >>> [zipf_norm_limits(ens, s).ratio.exponent for s in (0.0, 0.5, 0.75, 1.0)]
    [2.0, 2.0, 1.5, 1.0]
    """
    limits = block_norm_limits(ens, infinite_inputs=infinite_inputs)
    if not ens.is_last or ens.loss != "ce":
        raise ValueError(f"ens must be of the last layer and loss 'ce', got {ens}")
    s = probability(exponent, "exponent")
    if units is None:
        per_class, per_pair = _mean_squares(s)
    else:
        first, second = _pair(units)
        per_class = _share(s, first) * _share(s, first)
        per_pair = per_class * _share(s, second) * _share(s, second)
    return ZipfNormLimits(
        replace(per_class, constant=per_class.constant * limits.diagonal),
        replace(per_pair, constant=per_pair.constant * limits.off_diagonal),
    )


def _share(s: float, unit: float) -> ClassPower:
    """``π_i`` of a class of fixed rank or of rank ρC."""
    fixed = isinstance(unit, int)
    constant = (unit + 1 if fixed else unit) ** -s
    if s == 1.0:
        return ClassPower(constant, 0.0 if fixed else 1.0, 1.0)
    return ClassPower((1 - s) * constant, 1 - s if fixed else 1.0)


def _mean_squares(s: float) -> tuple[ClassPower, ClassPower]:
    """Means of ``π_i²`` over i and of ``π_i² π_j²`` over i ≠ j."""
    if s <= 0.5:
        squares = ClassPower(0.25, 1.0, -1.0)  # s = ½
        if s < 0.5:
            squares = ClassPower((1 - s) ** 2 / (1 - 2 * s), 1.0)
        pairs = squares * squares
    else:
        scale = ClassPower(1.0, 0.0, 2.0) if s == 1.0 else ClassPower((1 - s) ** 2, 2 - 2 * s)
        squares = replace(scale, constant=scale.constant * float(zeta(2 * s)))
        pairs = scale * scale
        both = float(zeta(2 * s) ** 2 - zeta(4 * s))
        pairs = replace(pairs, constant=pairs.constant * both)
    mean = ClassPower(1.0, 1.0)
    return squares * mean, pairs * mean * mean


def _pair(values: Any) -> list[float]:
    """Two classes: an int from 0 on is a fixed one, a float in (0, 1] a share of all."""
    both = list_of(values, "units", "two classes")
    if len(both) != 2:
        raise ValueError(f"units must be two, got {len(both)}")
    for k, value in enumerate(both):
        if not isinstance(value, float | np.floating):
            both[k] = positive_integer(value, "units", minimum=0)
        elif not 0.0 < value <= 1.0:
            raise ValueError(f"units must be integers or shares in (0, 1], got {value:g}")
    if both[0] == both[1] and all(isinstance(unit, int) for unit in both):
        raise ValueError(f"units must be different, got {both[0]} twice")
    return both
