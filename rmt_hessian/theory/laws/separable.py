r"""Blocks whose features are correlated: the law of a separable sample covariance.

**Statement.** For ``H = (1/N) Σ_n λ_n z_n z_nᵀ`` with ``z_n = Σ^{1/2} g_n``, population spectrum
ν of Σ, weights with law F (signed allowed, asymptotically independent of the bulk of g), and
``p, N → ∞`` with ``p/N → φ``, the spectrum tends to the law with

    ``δ = φ ∫ a/(a κ - z) dν(a)``,   ``κ = E_F[λ/(1 + λ δ)]``,   ``s = ∫ dν(a)/(a κ - z)``

(signed weights change nothing below). With Σ = I it is the generalised Marchenko–Pastur law,
δ = φ s; with constant weights, the classical sample covariance law of population ν.

**On the real axis, without a small imaginary part.** For ``Im z >= 0`` the right-hand side, as a
map T of δ, takes the upper half plane into itself: Im κ < 0 there. By Schwarz–Pick a holomorphic
self-map that is no automorphism has at most one fixed point inside. So a solution δ at real x with
``Im δ > 0`` is *the* solution, however it was found, x lies inside the support, and

    ``π ρ(x) = Im s = -Im κ · ∫ a/|aκ - x|² dν(a)``, a product of positive terms.

Outside the support δ is real, with ``dT/dδ < 1``. `separable_solver` says how δ is found and what
proves it, `separable_components` how the components are.

**The distribution function is closed form.** ``∫ log(z - x) dμ(x)`` is a function of κ and δ that
is stationary in both; its imaginary part is π (1 - F), at the very point
(`SeparableEquation.distribution`). In gaps F is a count of atoms. No quadrature is needed: masses
are exact, and the total is 1.

**Accuracy.** CDF to 1e-12; density to 1e-8 of itself, nearer to an end than 1e-6 of the width of
its component (in log|x|) to what an ulp of x and of the probabilities leaves: beside a hard edge
``φ P(a≠0) = P(λ≠0)`` the place of the end depends on a difference of the two. Components of mass
below 1e-8 have the right mass but may be poorly resolved. Atoms equal to 1e-14 are merged. Weights
and population eigenvalues below 1e-16 of the largest count as 0, as do probabilities below 1e-16.
Gaps narrower than 1e-5 of their component (in θ) may not be listed; no other result depends on it.

**Outliers.** A single eigenvalue θ of Σ outside ν gives one of H at z, ``κ(z) θ = z``
(`SeparableLaw.outliers`, `spikes`).

References
----------
``docs/laws.md`` §6; Zhang (2006); Paul and Silverstein (2009).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of, positive_integer, positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import covariance_spectrum
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws import separable_moments
from rmt_hessian.theory.laws.scaling import exponent_of, times_two_to
from rmt_hessian.theory.laws.separable_equation import SeparableEquation
from rmt_hessian.theory.laws.separable_solver import solve
from rmt_hessian.theory.laws.spikes import Outlier, distinct_spikes, listed, roots_in_gaps
from rmt_hessian.theory.laws.two_sided import LARGEST, SMALLEST, TwoSidedLaw, atoms, nonzero
from rmt_hessian.theory.laws.weight_density import WeightDensity

THIN = 1e-9  # of the density of the weights, as trimmed


class SeparableLaw(TwoSidedLaw):
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` with correlated features, ``z_n = Σ^{1/2} g_n``.

    ``δ = φ ∫ a/(aκ - z) dν(a)``, ``κ = E[λ/(1 + λδ)]``, ``s = ∫ dν(a)/(aκ - z)``.

    Parameters
    ----------
    weights, probabilities : array_like, shape (K,)
        Atoms λ_k of the weight law, of either sign, and their probabilities; equal ones are merged.
    population, population_probabilities : array_like, shape (L,)
        The spectrum ν of Σ, not negative, and its probabilities.
    aspect_ratio : float
        ``φ = p/N``, features over samples.

    Attributes
    ----------
    atom_at_zero : float
        ``1 - min(P(a≠0), P(λ≠0)/φ)``: what the rank of H leaves.

    Raises
    ------
    ValueError
        If arrays differ in shape, are empty or not finite, a probability or a population
        eigenvalue is negative, probabilities do not sum to 1 (to 1e-8, in float32 to a few
        roundings), or the aspect ratio is not positive.
    RuntimeError
        If the equation is not solved at some point (no curve is returned).

    Notes
    -----
    A ν of few atoms shows them one by one once φ is small.
    Time grows like weights plus population, and with the number of components: 1000 weights over 12
    decades on a population of 1000 over 8, with 500 densities and values of the CDF, take 0.1 s
    where there are few components, 1 s where there are hundreds.

    References
    ----------
    ``docs/laws.md`` §6; spikes §10; Zhang (2006); Paul and Silverstein (2009).

    Examples
    --------
    >>> law = SeparableLaw([1.0, 0.5], [0.5, 0.5], [1.0, 4.0], [0.5, 0.5], aspect_ratio=0.25)
    >>> round(law.mean(), 6)  # E λ · E a
    1.875
    """

    def __init__(
        self,
        weights: ArrayLike,
        probabilities: ArrayLike,
        population: ArrayLike,
        population_probabilities: ArrayLike,
        aspect_ratio: float,
    ) -> None:
        names = "weights", "probabilities"
        weights = finite_array(weights, "weights", ndim=1)
        self.weights, self.probabilities = atoms(weights, probabilities, names)
        lam, w, unit = nonzero(self.weights, self.probabilities)
        self._find(lam, w, unit, (), population, population_probabilities, aspect_ratio)

    def _find(
        self,
        lam: FloatArray,
        w: FloatArray,
        unit: float,
        panels: tuple[FloatArray, ...],
        population: ArrayLike,
        population_probabilities: ArrayLike,
        aspect_ratio: float,
    ) -> None:
        """Components, for weights in these units."""
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        names = "population", "population_probabilities"
        population = covariance_spectrum(population, "population")
        self.population, self.population_probabilities = atoms(
            population, population_probabilities, names
        )
        a, p, self._a_unit = nonzero(self.population, self.population_probabilities)
        self._unit = unit * self._a_unit
        self._equation = SeparableEquation(lam, w, a, p, self.aspect_ratio, panels)
        self._find_sides()

    # --- moments and outliers --------------------------------------------------------------

    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0, exact: `separable_moments`."""
        k = positive_integer(k, "k", minimum=0)
        exponent = exponent_of(self._unit)
        value = separable_moments.moment(k, self._equation) * np.ldexp(self._unit, -exponent) ** k
        return times_two_to(value, k * exponent)

    def _variance(self) -> tuple[float, int]:
        """``Var X = (Eλ)² Var a + φ E[λ²] (Ea)²``."""
        eq = self._equation
        mean = eq.p @ eq.a
        spread = eq.p @ (eq.a - mean) ** 2 + (1.0 - eq.p_nonzero) * mean**2
        var = (eq.w @ eq.lam) ** 2 * spread + eq.phi * (eq.w @ eq.lam**2) * mean**2
        exponent = exponent_of(self._unit)
        return float(var) * np.ldexp(self._unit, -exponent) ** 2, exponent

    @cached_property
    def _gaps(self) -> tuple[FloatArray, FloatArray]:
        """Gaps that can hold an outlier, in units of the law, and κ at their ends, (J, 2) each.

        At a hard edge at 0, and at 0 in a gap around it if κ vanishes there, ``θκ - z`` has its
        root at 0: no such gap holds another.
        """
        x, kappa = [-np.inf], [self._mean_weight]
        for side in sorted(self._sides, key=lambda side: side.sign):
            delta = np.stack([side.delta[side.start], side.delta[side.stop - 1]], axis=1)
            ends = np.stack([side.lo, side.hi], axis=1)
            at = self._equation.kappa(delta.real.ravel() + 0j)[0].real
            if side.reaches_0:
                ends[0, 0] = 0.0
            x += list((side.sign * ends).ravel()[:: side.sign])
            kappa += list(at[:: side.sign])
        x, kappa = np.append(x, np.inf), np.append(kappa, self._mean_weight)
        gaps, kappa = np.reshape(x, (-1, 2)), np.reshape(kappa, (-1, 2))
        closed = (gaps[:, 0] <= 0) & (gaps[:, 1] >= 0) & (self._equation.excess >= 0)
        kept = ~closed & (gaps[:, 0] < gaps[:, 1])
        return gaps[kept], kappa[kept]

    @property
    def _mean_weight(self) -> float:
        return float(self._equation.w @ self._equation.lam)

    def outliers(self, spikes: ArrayLike) -> list[Outlier]:
        """Outliers of H from single eigenvalues θ of Σ, which the population has besides.

        ``κ(z) θ = z`` outside the support, with squared overlap ``1/(1 - θ κ'(z))`` of the
        eigenvector and that of the spike: at most one in each gap, so that signed weights may have
        one above the support and one below it. Derivation: `rmt_hessian.theory.laws.spikes`.

        Parameters
        ----------
        spikes : float or array_like, shape (K,)
            θ > 0, above or below the population or in its gaps; equal ones count as multiplicity.

        Returns
        -------
        list of Outlier, ascending
            With place, multiplicity, overlap and spike. Spikes too near to the population have
            none.

        Raises
        ------
        ValueError
            If a θ is not positive.
        RuntimeError
            If the equation is not solved.

        Examples
        --------
        >>> law = SeparableLaw([1.0], [1.0], [1.0], [1.0], aspect_ratio=0.25)
        >>> (outlier,) = law.outliers([3.0, 1.4])  # θ (1 + φ/(θ - 1)) if |θ - 1| > √φ
        >>> round(outlier.place, 12), round(outlier.overlap, 12)
        (3.375, 0.833333333333)
        """
        theta, multiplicities = distinct_spikes(spikes)
        if not self._sides:
            return []
        equation, in_units = self._equation, theta / self._a_unit
        gaps, kappa = self._gaps
        ends = np.clip(gaps, -1e300, 1e300)  # at infinity κ is E λ: the sign is that of -z
        at_ends = in_units[:, None, None] * kappa - ends

        def log_slope(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            """κ and ``dκ/d log z = dκ/dδ z ∂T/∂z/(1 - dT/dδ)``, constant near 0 and far out."""
            z = np.copysign(np.clip(np.abs(z), SMALLEST, LARGEST), z)
            delta = solve(equation, z + 0j).real + 0j
            value, minus_slope = equation.kappa(delta)
            here = equation.defect(delta, z + 0j)
            return value.real, (-minus_slope * here.in_z / here.contraction).real

        def branches(z: FloatArray, spike: FloatArray) -> tuple[FloatArray, FloatArray]:
            value, slope = log_slope(z)
            size = np.copysign(np.maximum(np.abs(z), SMALLEST), z)
            return spike * value - z, spike * slope / size - 1.0

        which, z = roots_in_gaps(branches, in_units, gaps, at_ends, equation.reach)
        value, slope = log_slope(z)
        overlaps = 1.0 / (1.0 - slope / value)
        return listed(theta, multiplicities, which, z * self._unit, overlaps)


class ContinuousSeparableLaw(SeparableLaw):
    """`SeparableLaw` of weights that have a density: no node of a rule shows.

    Their tails end where they no longer tell δ from a real number, at a density of 1e-9 in log|λ|
    (`WeightDensity.trimmed`): E λ² may lose 1e-5 of itself.

    Parameters
    ----------
    weights : WeightDensity
    population, population_probabilities, aspect_ratio
        As for `SeparableLaw`.

    Raises
    ------
    ValueError, RuntimeError
        As `SeparableLaw`, and if the weights are no `WeightDensity`.

    References
    ----------
    ``docs/laws.md`` §2.5 and §6.

    Examples
    --------
    >>> weights = WeightDensity(np.array([[0.5, 1.5]]), np.ones((1, 8)))
    >>> law = ContinuousSeparableLaw(weights, [1.0, 4.0], [0.5, 0.5], 4.0)
    >>> len(law.components()), law.atom_at_zero
    (1, 0.75)
    """

    weights: WeightDensity  # type: ignore[assignment]

    def __init__(
        self,
        weights: WeightDensity,
        population: ArrayLike,
        population_probabilities: ArrayLike,
        aspect_ratio: float,
    ) -> None:
        self.weights = density = instance_of(weights, WeightDensity, "weights")
        density = density.without_zeros().trimmed(THIN)
        unit = float(np.abs(density.nodes).max())
        ends, shares = density.panels(1.0 / unit)
        lam, w = density.nodes / unit, density.probabilities
        self._find(lam, w, unit, (ends, shares), population, population_probabilities, aspect_ratio)
