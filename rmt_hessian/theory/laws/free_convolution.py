r"""Blocks on given features: the free convolution of their weights and the features' own spectrum.

**Statement.** Let ``H = (1/N) Σ_n λ_n z_n z_nᵀ`` with features whose matrix Z, (N, p), has N-side
singular vectors in general position to the weights: ``Z = V (N e)^{1/2} Uᵀ``, V uniform among the
frames of p vectors (of Gaussian features with any covariance it is), e the eigenvalues of
``(1/N) Σ z_n z_nᵀ``. Then the spectrum of H is that of ``e^{1/2} Vᵀ diag(λ) V e^{1/2}``, and for
``p, N → ∞``, ``p/N → φ`` its nonzero part tends to that of the free multiplicative convolution of
the two laws, of λ and of e. No covariance need be known, nor estimated.

**Equation.** With ``A(w) = φ E[e/(e - w)]`` over the p eigenvalues, δ and w solve

    ``κ = E[λ/(1 + λδ)]``,   ``w = z g``,  ``g = 1/κ - δ``,   ``δ = g A(w)/(1 - A(w))``,

and ``s(z) = (A(w)/φ - 1)/z``. (The separable law of features with covariance Σ has
``δ = φ ∫ a/(aκ - z) dν(a)``; the same equation with λ = 1 for the features' own spectrum takes ν
out of it.) For ``Im z >= 0`` the right-hand side, as a map of δ, takes the upper half plane into
itself, for weights of both signs too: ``Im g >= 0`` by Cauchy's inequality, and ``w A/(1 - A)`` is
``-1/s - w`` of a law on [0, ∞), that of the N × N matrix ``ZZᵀ/N``. So the solution with
``Im δ > 0`` is unique (Denjoy–Wolff), and all that `separable` says of its equation goes for this
one: it is solved on the real axis itself, from any start.

**Distribution.** The logarithmic potential

    ``∫ log(z - x) dμ = E log(w - e) - log g + (1/φ) ( log(1 - A) + E log(1 + λδ) + κ (T - δ) )``,

T the right-hand side of the equation, is stationary in δ; its imaginary part is π (1 - F).

**Resolution.** Weights that hardly differ move single eigenvalues apart: the law of equal weights
is the spectrum e itself, atom by atom. Weights of a relative standard deviation below 0.1 are
taken as ``λ (1 ± ε)`` with what is missing: narrow components, up to p of them, in place of atoms.
It moves the CDF by 0.003 to 0.006. So are the eigenvalues of ``ZZᵀ/N``, which are all equal for
samples that were whitened among themselves.

References
----------
``docs/laws.md`` §8; Belinschi and Bercovici (2007), for positive laws.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import covariance_spectrum
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws import convolution_moments
from rmt_hessian.theory.laws.convolution_equation import ConvolutionEquation
from rmt_hessian.theory.laws.scaling import exponent_of, times_two_to
from rmt_hessian.theory.laws.two_sided import TwoSidedLaw, atoms, nonzero

SPREAD = 0.1  # relative standard deviation of weights, at least
WIDE = 1e4  # largest over smallest weight from which δ is the better coordinate
SOFT = 1e-9  # share of weights that is taken as 0 where an edge would be hard
ROUNDED = 1e-12  # of ``φ P(e≠0) - 1``


class FreeConvolution(TwoSidedLaw):
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` given the spectrum of ``(1/N) Σ_n z_n z_nᵀ``.

    With ``A(w) = φ E[e/(e - w)]``, ``κ = E[λ/(1 + λδ)]``, ``w = z (1/κ - δ)`` and
    ``δ = (1/κ - δ) A(w)/(1 - A(w))`` it has ``s(z) = (A(w)/φ - 1)/z``.

    Parameters
    ----------
    weights, probabilities : array_like, shape (K,)
        Atoms λ_k of the weights, of either sign, and their probabilities; equal ones are merged.
    spectrum, spectrum_probabilities : array_like, shape (L,)
        Eigenvalues e of ``(1/N) Σ_n z_n z_nᵀ``, not negative, and their probabilities. At most
        ``N/p`` of them are not 0.
    aspect_ratio : float
        ``φ = p/N``, features over samples.

    Attributes
    ----------
    atom_at_zero : float
        ``1 - min(P(e≠0), P(λ≠0)/φ)``: what the rank of H leaves; where both ranks are equal, and
        the edge at 0 would be hard, 1e-9 of the weights are taken for 0.

    Raises
    ------
    ValueError
        If arrays differ in shape, are empty or not finite, a probability or an eigenvalue is
        negative, probabilities do not sum to 1 (to 1e-8, in float32 to a few roundings), the aspect
        ratio is not positive, or the spectrum has a higher rank than there are samples.
    RuntimeError
        If the equation is not solved at some point (no curve is returned).

    Notes
    -----
    256 eigenvalues and 2,000 weights take 0.1 s, up to 1 s where weights hardly differ; 1,000 and
    2,000 up to 3 s.

    References
    ----------
    ``docs/laws.md`` §8; Belinschi and Bercovici (2007), for positive laws.

    Examples
    --------
    >>> law = FreeConvolution([1.0, 3.0], [0.5, 0.5], [1.0, 2.0], [0.5, 0.5], aspect_ratio=0.5)
    >>> law.mean(), round(law.var(), 9)  # E λ · E e; (E λ)² Var e + φ (E e)² Var λ
    (3.0, 2.125)
    """

    def __init__(
        self,
        weights: ArrayLike,
        probabilities: ArrayLike,
        spectrum: ArrayLike,
        spectrum_probabilities: ArrayLike,
        aspect_ratio: float,
    ) -> None:
        weights = finite_array(weights, "weights", ndim=1)
        self.weights, self.probabilities = atoms(
            weights, probabilities, ("weights", "probabilities")
        )
        self.aspect_ratio = phi = positive_real(aspect_ratio, "aspect_ratio")
        self.spectrum, self.spectrum_probabilities = features_spectrum(
            spectrum, spectrum_probabilities, phi
        )
        e, p, e_unit = nonzero(self.spectrum, self.spectrum_probabilities)
        lam, w, unit = nonzero(*spread_out(self.weights, self.probabilities))
        self._unit = unit * e_unit
        e, p = spread_out(e, p, share=phi)
        self._exact = self._equation = ConvolutionEquation(lam, w, e, p, phi, _centre(lam, w))
        if lam.size and e.size and self._exact.hard_edge:
            self._equation = replace(self._exact, w=w * (1.0 - SOFT))
        self._find_sides()

    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0, exact: `convolution_moments`."""
        k = positive_integer(k, "k", minimum=0)
        exponent = exponent_of(self._unit)
        value = convolution_moments.moment(k, self._exact) if self._sides else 0.0**k
        return times_two_to(value * np.ldexp(self._unit, -exponent) ** k, k * exponent)

    def _variance(self) -> tuple[float, int]:
        """``Var X = (Eλ)² Var e + φ Var λ (Ee)²``."""
        eq = self._exact
        mean, mean_weight = eq.p @ eq.a, eq.w @ eq.lam
        spread = eq.p @ (eq.a - mean) ** 2 + (1.0 - eq.p_nonzero) * mean**2
        weight_spread = eq.w @ (eq.lam - mean_weight) ** 2
        weight_spread += (1.0 - eq.w_nonzero) * mean_weight**2
        exponent = exponent_of(self._unit)
        var = mean_weight**2 * spread + eq.phi * weight_spread * mean**2
        return float(var) * np.ldexp(self._unit, -exponent) ** 2, exponent


def features_spectrum(
    spectrum: ArrayLike, probabilities: ArrayLike, aspect_ratio: float
) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of ``(1/N) Σ_n z_n z_nᵀ`` as atoms, N of them other than 0 at most."""
    spectrum = covariance_spectrum(spectrum, "spectrum")
    names = "spectrum", "spectrum_probabilities"
    spectrum, probabilities = atoms(spectrum, probabilities, names)
    rank = nonzero(spectrum, probabilities)[1].sum()
    if aspect_ratio * rank > 1.0 + ROUNDED:
        raise ValueError(
            "spectrum must have a rank of at most N, a share 1/aspect_ratio = "
            f"{1 / aspect_ratio:.6g} of eigenvalues other than 0, got {rank:.6g}"
        )
    return spectrum, probabilities


def spread_out(x: FloatArray, w: FloatArray, share: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """The same atoms, or each as ``x (1 ± ε)``, so that ``sd x >= SPREAD √(E x²)``; same mean.

    ``share`` is their mass in the law meant; what is left of it lies at 0.
    """
    scale = np.abs(x).max(initial=0.0)
    if scale == 0.0:
        return x, w
    mean, square = share * (w @ (x / scale)), share * (w @ (x / scale) ** 2)
    missing = SPREAD**2 - (square - mean**2) / square
    if missing <= 0:
        return x, w
    epsilon = np.sqrt(missing)
    pair = np.concatenate([x * (1 - epsilon), x * (1 + epsilon)])
    order = np.argsort(pair, kind="stable")
    return pair[order], np.tile(w / 2, 2)[order]


def _centre(lam: FloatArray, w: FloatArray) -> float:
    """The median weight, where it makes a coordinate: see `convolution_equation`."""
    if lam.size == 0 or (lam[0] < 0 < lam[-1]) or 1.0 - w.sum() > ROUNDED:
        return 0.0
    size = np.abs(lam)
    if size.max() > WIDE * size.min():
        return 0.0
    return float(lam[np.searchsorted(np.cumsum(w), 0.5)])
