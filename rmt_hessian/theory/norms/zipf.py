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

References
----------
``docs/laws.md`` §7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from scipy.special import zeta

from rmt_hessian._checks.arguments import describe, list_of, positive_integer, positive_real
from rmt_hessian._checks.distributions import probability
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.norms.class_power import ClassPower
from rmt_hessian.theory.norms.limits import block_norm_limits


@dataclass(frozen=True)
class ZipfNormLimits:
    """``E‖H_ii‖_F²`` and ``E‖H_ij‖_F²`` as C → ∞, and their ratio R.

    Attributes
    ----------
    diagonal, off_diagonal, ratio : ClassPower

    References
    ----------
    ``docs/laws.md`` §7.
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
    *,
    units: tuple[int | None, int | None] | None = None,
    ranks: tuple[float | None, float | None] | None = None,
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
    units : (int, int), optional
        The classes i and j of ``H_ii`` and ``H_ij``, counted from 0, the most frequent: of fixed
        rank ``i + 1`` however many there are. By default, without ``ranks`` too, the means over all
        classes and over all pairs.
    ranks : (float, float), optional
        Their ranks as shares of C, in (0, 1]: classes of rank ``ρC``, which grows with C. A class
        of each kind: ``units=(0, None), ranks=(None, 0.5)``.
    infinite_inputs : bool
        As in `block_norm_limits`.

    Returns
    -------
    ZipfNormLimits

    Raises
    ------
    ValueError
        If the ensemble is another or has no limits, the exponent is not in [0, 1] (beyond 1 classes
        keep their probability as C grows), or the classes are not two different ones as above.

    Notes
    -----
    Corrections are of relative order π_i and ``ζ_C`` over its leading term. At γ = 1/4, LeCun, the
    diagonal norm of the first class is 0.94, 0.98 and 0.99 of its limit at C = 10⁴, 10⁵ and 10⁶ for
    s = ½; 0.88, 0.92, 0.94 for s = ¾. At s = 1, where ``π_1 = 1/14`` at a million classes, it is
    0.41, 0.46 and 0.50: `block_norms` is exact at any C.

    References
    ----------
    ``docs/laws.md`` §7.

    Examples
    --------
    A frequent and a rare class, then the mean ratio, which falls like ``C^{2s - 3}`` in place of
    ``C^{-2}``:

    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([100, 2], layer=0, loss="ce", n_samples=200)
    >>> rare = zipf_norm_limits(ens, 0.75, units=(0, None), ranks=(None, 0.5))
    >>> zipf_norm_limits(ens, 0.75, units=(0, 1)).ratio.exponent, rare.ratio.exponent
    (0.5, 2.0)
    >>> [zipf_norm_limits(ens, s).ratio.exponent for s in (0.0, 0.5, 0.75, 1.0)]
    [2.0, 2.0, 1.5, 1.0]
    """
    limits = block_norm_limits(ens, infinite_inputs=infinite_inputs)
    if not ens.is_last or ens.loss != "ce":
        raise ValueError(f"ens must be of the last layer and loss 'ce', got {ens}")
    s = probability(exponent, "exponent")
    if units is None and ranks is None:
        per_class, per_pair = _mean_squares(s)
    else:
        first, second = (_share(s, *one) for one in _classes(units, ranks))
        per_class = first * first
        per_pair = per_class * second * second
    return ZipfNormLimits(
        replace(per_class, constant=per_class.constant * limits.diagonal),
        replace(per_pair, constant=per_pair.constant * limits.off_diagonal),
    )


def _share(s: float, unit: int | None, rank: float | None) -> ClassPower:
    """``π_i`` of a class of fixed rank ``unit + 1``, or of the rank C times a share."""
    constant = (rank if unit is None else unit + 1) ** -s  # type: ignore[operator]
    if s == 1.0:
        return ClassPower(constant, 1.0 if unit is None else 0.0, 1.0)
    return ClassPower((1 - s) * constant, 1.0 if unit is None else 1 - s)


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


def _classes(units: Any, ranks: Any) -> list[tuple[int | None, float | None]]:
    """Of both classes the unit or the rank, None the other."""
    pairs = [_pair(units, "units"), _pair(ranks, "ranks")]
    for name, pair in zip(("first", "second"), zip(*pairs, strict=True), strict=True):
        if sum(value is None for value in pair) != 1:
            wanted = f"must name the {name} class once, None in the other"
            raise ValueError(f"units and ranks {wanted}, got {describe(pair)}")
    fixed = [u if u is None else positive_integer(u, "units", minimum=0) for u in pairs[0]]
    if fixed[0] is not None and fixed[0] == fixed[1]:
        raise ValueError(f"units must be different, got {fixed[0]} twice")
    shares = [r if r is None else positive_real(r, "ranks") for r in pairs[1]]
    if any(share is not None and share > 1.0 for share in shares):
        raise ValueError(f"ranks must be shares of C, in (0, 1], got {describe(ranks)}")
    return list(zip(fixed, shares, strict=True))


def _pair(values: Any, name: str) -> list[Any]:
    """Two of them, or None twice."""
    both = [None, None] if values is None else list_of(values, name, "two classes")
    if len(both) != 2:
        raise ValueError(f"{name} must be two, got {len(both)}")
    return both
