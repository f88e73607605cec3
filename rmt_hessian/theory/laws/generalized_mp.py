r"""The generalised Marchenko–Pastur law: the limiting spectrum of a Hessian block.

**Statement.** For ``H = (1/N) Σ_n λ_n z_n z_nᵀ`` with features ``z_n ~ (0, I_p)``, weights with
law F (signed allowed, asymptotically independent of the bulk of z), and ``p, N → ∞`` with
``p/N → γ``, the spectrum tends to the law with Stieltjes transform ``s(z) = ∫ dμ(x)/(x - z)``,

    ``s = 1 / ( E_F[ λ/(1 + γ λ s) ] - z )``.

Its free cumulants are ``κ_n = γ^{n-1} E[λⁿ]``: it is a free compound Poisson law. [D] proves it
for the blocks of linear and one-hidden-layer networks. Constant weights give the classical law.

**Explicit parametrisation.** With atoms λ_k of probability w_k put ``a = -1/s``,
``p_k = γ λ_k``, ``c_k = γ w_k λ_k²``. The equation becomes ``z = z(a)``,

    ``z(a) = a + m₁ + Σ c_k/(a - p_k)``,   ``m₁ = E λ``,

so that real points of the support are ``x(u) = Re z(u + i v(u))``, where ``v(u) >= 0`` solves
``Σ c_k/((u - p_k)² + v²) = 1`` (v = 0 where ``h(u) = Σ c_k/(u - p_k)² <= 1``). ``x(u)`` increases
with u and the density is ``v/(π(u² + v²))``: no choice of branch, no small imaginary part.
Edges of the support are the roots of ``h = 1``. The CDF is the integral of ``Im s/π`` in closed
form; ``kernels.distribution`` states it.

**Transforms.** Off the support ``s(z) = -1/a``, and ``∫ log(z - x) dμ(x) = -Φ(a)`` with the Φ of
`kernels.distribution`. On the real line outside the support, a runs through the `gaps`.

**Accuracy.** ``pdf · (width of the component)`` to 1e-12 from a relative distance 1e-6 of an edge
on, 1e-8 nearer; edges to 1e-13 of the largest; CDF to 1e-12. An error of one ulp in x is not
counted: for γ near 1e-3, a narrow law far from 0, it can move the density by 2e-12. Exceptions:
components of mass below 1e-8, which are located but may be poorly resolved, and hard edges.

**Degenerate cases.** All weights zero: the unit atom at 0. Equal weights are merged; nearly equal
ones give a law continuous in their distance. ``P(λ≠0) = γ``: a hard edge at 0, where the density
grows like ``|x|^{-1/2}`` on the side of the sign of ``E[1/λ; λ≠0]``, like ``|x|^{-1/3}`` on both
sides if that mean vanishes; near it the CDF is known to the square root of the resolution of x.
A weight ℓ of tiny mass w: a component of mass w/γ at the spike ``z(γ ℓ)``. Probabilities below
1e-16 are dropped, weights below 1e-16 of the largest count as 0. γ > P(λ≠0): the atom at 0 lies
between the components of negative and of positive weights. A continuous weight law given by a
rule of few nodes has the right CDF, but its density shows the single nodes where they lie farther
apart than v, in tails and for γ > 1: `continuous_mp` has continuous ones.

References
----------
``docs/laws.md`` §2 and §3; [D], static force; Marchenko and Pastur (1967); the argument is that of
Biane (1997).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import complex_array, finite_array, real_array
from rmt_hessian._checks.distributions import normalised, probabilities_of_atoms
from rmt_hessian._types import ComplexArray, Elementwise, FloatArray, IntArray, Intervals
from rmt_hessian.theory.laws import kernels
from rmt_hessian.theory.laws.scaling import exponent_of, times_two_to
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.laws.spikes import Outlier, distinct_spikes, listed, roots_in_gaps

NEGLIGIBLE = 1e-16  # probability below which an atom of the weight law is dropped
NO_PANELS = np.empty((0, 2)), np.empty((0, 0))  # weights without a density
HARD = 1e-28  # an end nearer to 0, in units of the law, is a hard edge up to rounding
ZERO = 1e-16  # weights below this fraction of the largest count as 0: no spectrum tells them apart


@dataclass(frozen=True)
class _Component:
    """One interval of the continuous part: its nodes (u, v, x) and the CDF at its ends."""

    u: FloatArray
    v: FloatArray
    x: FloatArray
    F_left: float
    F_right: float


class GeneralizedMarchenkoPastur(SpectralLaw):
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` with discrete weights.

    ``s = 1/(E[λ/(1 + γ λ s)] - z)`` for ``s(z) = ∫ dμ(x)/(x - z)``, features ``z_n ~ (0, I_p)``.

    Parameters
    ----------
    weights : array_like, shape (K,)
        Atoms λ_k of the weight law, of either sign; equal atoms are merged.
    probabilities : array_like, shape (K,)
        Their probabilities w_k, not negative, with sum 1 (to 1e-8, in float32 to a
        few roundings).
    aspect_ratio : float
        ``γ = p/N``, features over samples.

    Raises
    ------
    ValueError
        If the arrays differ in shape, are empty or not finite, a probability is negative, the
        probabilities do not sum to 1, or the aspect ratio is not positive.
    RuntimeError
        If a solver does not converge (no curve is returned).

    Notes
    -----
    All weights zero: the unit atom at 0.
    Mean ``E λ``, variance ``γ E λ²``.
    Rescaling all weights rescales the law and changes nothing relative.

    References
    ----------
    ``docs/laws.md`` §2.1, §2.2 and §2.3; off the axis §3; spikes §10. [D] has it for blocks of one
    hidden layer; free cumulants: Nica and Speicher (2006).

    Examples
    --------
    >>> law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.5, 0.5], aspect_ratio=0.25)
    >>> law.mean(), law.var()
    (0.25, 0.15625)
    >>> round(float(law.cdf(law.support()[1])), 12)
    1.0
    """

    def __init__(self, weights: ArrayLike, probabilities: ArrayLike, aspect_ratio: float) -> None:
        lam = finite_array(weights, "weights", ndim=1)
        w = probabilities_of_atoms(lam, probabilities, "probabilities", of="weights")
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        self.weights, inverse = np.unique(lam, return_inverse=True)
        self.probabilities = normalised(np.bincount(inverse, weights=w))

        probable = self.probabilities > NEGLIGIBLE
        scale = float(np.abs(self.weights[probable]).max())
        self._scale = scale if scale > 0 else 1.0
        kept = probable & (np.abs(self.weights) > ZERO * self._scale)
        lam, self._w = self.weights[kept] / self._scale, self.probabilities[kept]
        self._p = self.aspect_ratio * lam
        self._b = self._w * lam
        self._m1 = float(self._w @ lam)
        self._p_nonzero = float(self._w.sum())
        self._panels = NO_PANELS

    # --- atom, components, support ----------------------------------------------------------

    @property
    def atom_at_zero(self) -> float:  # type: ignore[override]
        """Mass of the atom at 0, ``max(0, 1 - P(λ≠0)/γ)``."""
        return max(0.0, 1.0 - self._p_nonzero / self.aspect_ratio)

    @property
    def _measure(self) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
        """What the kernels know of the weights: poles, residues and panels."""
        return self._p, self._b, self._panels

    @cached_property
    def _components(self) -> tuple[_Component, ...]:
        if self._p.size == 0:
            return ()
        ends = kernels.component_edges(*self._measure)
        excess = self._p_nonzero / self.aspect_ratio - 1.0  # mass that u = 0 takes away
        # what has one sign in exact arithmetic: at a hard edge x is rounding, of either sign
        lowest = 0.0 if self._p[0] > 0 else -np.inf
        highest = 0.0 if self._p[-1] < 0 else np.inf
        found: list[_Component] = []
        F = 0.0
        for u_a, u_b in ends:
            inside = (u_a < self._p) & (self._p < u_b)
            u = self._nodes(u_a, u_b, int(inside.sum()))
            v, x = kernels.tabulate(u, *self._measure)
            x[np.abs(x) < HARD] = 0.0
            if u_a >= 0 and not any(c.u[-1] > 0 for c in found):
                F += self.atom_at_zero
            holds_zero = u_a < 0 < u_b
            mass = self._w[inside].sum() / self.aspect_ratio - (excess if holds_zero else 0.0)
            x = np.clip(x * self._scale, lowest, highest)
            found.append(_Component(u, v, x, F, F + max(mass, 0.0)))
            F = found[-1].F_right
        # what lies right of the last component is the atom or nothing: no rounding of the sum,
        # and a sum that is wrong by more than rounding means that an edge is wrong
        top = 1.0 if found[-1].u[-1] > 0 else 1.0 - self.atom_at_zero
        if abs(F - top) > 1e-9 + 1e-14 / self.aspect_ratio:
            raise RuntimeError(f"masses must sum to 1, got a sum off by {F - top:.2g}")
        found[-1] = replace(found[-1], F_right=top)
        return tuple(found)

    def _nodes(self, u_a: float, u_b: float, n_inside: int) -> FloatArray:
        """Nodes of one component at ``u_a + (u_b - u_a) sin²θ``, θ uniform."""
        n = min(256, 16 * (2 + n_inside))
        t = np.sin(0.5 * np.pi * np.arange(n) / (n - 1)) ** 2
        from_left, from_right = u_a + (u_b - u_a) * t, u_b - (u_b - u_a) * (1.0 - t)
        return np.where(2 * np.arange(n) < n, from_left, from_right)

    def components(self) -> Intervals:  # noqa: D102
        return [(float(c.x[0]), float(c.x[-1])) for c in self._components]

    def component_masses(self) -> FloatArray:  # noqa: D102
        return np.array([c.F_right - c.F_left for c in self._components])

    # --- density, distribution, quantiles ---------------------------------------------------

    def _inside(
        self, x: FloatArray
    ) -> Iterator[tuple[IntArray, _Component, FloatArray, FloatArray]]:
        """Yield ``(selection, component, u, v)`` for the points of x inside each component."""
        lefts = np.array([component.x[0] for component in self._components])
        owner = np.searchsorted(lefts, x) - 1  # the last component that begins before x
        for k in np.unique(owner[owner >= 0]):
            component = self._components[k]
            chosen = np.flatnonzero((owner == k) & (x < component.x[-1]))
            if chosen.size:
                table = component.u, component.v, component.x / self._scale
                u, v = kernels.locate(x[chosen] / self._scale, *table, *self._measure)
                yield chosen, component, u, v

    def _density(self, x: FloatArray) -> FloatArray:
        density = np.zeros(x.shape)
        for chosen, _, u, v in self._inside(x):
            density[chosen] = v / (np.pi * (u * u + v * v)) / self._scale
        return density

    def _distribution(self, x: FloatArray) -> FloatArray:
        F = np.where(x >= 0, self.atom_at_zero, 0.0)
        rights = np.array([component.x[-1] for component in self._components])
        below = np.append(0.0, np.cumsum(self.component_masses()))
        F += below[np.searchsorted(rights, x, side="right")]
        for chosen, component, u, v in self._inside(x):
            values = kernels.distribution(u, v, *self._measure)
            F[chosen] = np.clip(values, component.F_left, component.F_right)
        return np.clip(F, 0.0, 1.0)

    def _quantile(self, q: FloatArray) -> FloatArray:
        x = np.zeros(q.shape)
        for component in self._components:
            chosen = np.flatnonzero((component.F_left < q) & (q <= component.F_right))
            if chosen.size:
                F = kernels.distribution(component.u, component.v, *self._measure)
                F = np.clip(F, component.F_left, component.F_right)
                F[0], F[-1] = component.F_left, component.F_right
                values = kernels.quantile(q[chosen], component.u, F, *self._measure)
                x[chosen] = np.clip(values * self._scale, component.x[0], component.x[-1])
        return x

    # --- transforms -------------------------------------------------------------------------

    def gaps(self) -> Intervals:
        """Intervals of real ``a = -1/s`` outside the support, where ``z(a)`` increases.

        Ascending, in the units of the weights, from -∞ to ∞; `place` maps them onto the
        complement of the continuous part.
        """
        ends = [end * self._scale for c in self._components for end in (c.u[0], c.u[-1])]
        ends = [-np.inf, *ends, np.inf]
        return list(zip(ends[::2], ends[1::2], strict=True))

    def place(self, a: ArrayLike) -> Elementwise:
        """``z(a) = a + E[λ a/(a - γ λ)]`` at real a (any shape).

        If a lies in one of the `gaps`, the place where ``s(z) = -1/a``; else it means nothing.
        """
        a = real_array(a, "a")[..., None] / self._scale
        return (a[..., 0] * (1.0 + np.sum(self._b / (a - self._p), axis=-1)) * self._scale)[()]

    def slope(self, a: ArrayLike) -> Elementwise:
        """``z'(a) = 1 - h(a)`` at real a (any shape); positive in the `gaps`."""
        a = real_array(a, "a")[..., None] / self._scale
        return (1.0 - np.sum(self._b * self._p / (a - self._p) ** 2, axis=-1))[()]

    def _parameter(self, z: ComplexArray) -> ComplexArray:
        """``a`` with ``z(a) = z``, in units of the scale, for one-dimensional z, Im z >= 0."""
        x, y = z.real / self._scale, z.imag / self._scale
        if self._p.size == 0:
            return z / self._scale
        a = np.empty(z.shape, dtype=np.complex128)
        above = y > 0
        u, v = kernels.locate_above(x[above], y[above], *self._measure)
        a[above] = u + 1j * v
        real = np.flatnonzero(~above)
        rights = np.array([component.x[-1] for component in self._components])
        owner = np.searchsorted(rights, x[real] * self._scale)
        for k, (lo, hi) in enumerate(self.gaps()):
            chosen = real[owner == k]
            lo, hi = lo / self._scale, hi / self._scale
            a[chosen] = kernels.locate_outside(x[chosen], lo, hi, *self._measure)
        for chosen, _, u, v in self._inside(x[real] * self._scale):
            a[real[chosen]] = u + 1j * v
        return a

    def stieltjes(self, z: ArrayLike) -> Elementwise:  # noqa: D102
        z = complex_array(z, "z")
        flat = np.where(z.imag < 0, z.conj(), z).ravel()
        a = self._parameter(flat)
        s = np.full(a.shape, complex(np.inf))
        finite = (np.abs(a) > np.finfo(float).tiny) & ((flat != 0) | (self.atom_at_zero == 0))
        s[finite] = -1.0 / a[finite] / self._scale
        s = s.reshape(z.shape)
        return np.where(z.imag < 0, s.conj(), s)[()]

    def log_potential(self, z: ArrayLike) -> Elementwise:
        """``∫ log|z - x| dμ(x)`` at any real or complex z (any shape), in closed form.

        ``= log|a| + Σ (w_k/γ) log|1 - p_k/a| + Re Σ w_k λ_k/(a - p_k)``, with ``z(a) = z``. Its
        gradient is ``-Re s`` along the real axis; -∞ at an atom.
        """
        z = complex_array(z, "z")
        flat = np.where(z.imag < 0, z.conj(), z).ravel()
        with np.errstate(divide="ignore"):
            a = self._parameter(flat)
            U = kernels.log_potential(a.real, a.imag, *self._measure) + np.log(self._scale)
        U[(flat == 0) & (self.atom_at_zero > 0)] = -np.inf
        return U.reshape(z.shape)[()]

    # --- outliers ---------------------------------------------------------------------------

    def outliers(self, spikes: ArrayLike) -> list[Outlier]:
        """Outliers of H from single eigenvalues θ of the features' covariance, else white.

        In ``a = -1/s`` a root of ``θ (z(a) - a) - z(a)``, which decreases on each of the `gaps`;
        squared overlap of the eigenvector and that of the spike ``(1 - h)/(1 + (θ - 1) h)``,
        ``h = 1 - z'(a)``. Constant weights: ``θ (1 + γ/(θ - 1))`` if ``|θ - 1| > √γ``. Derivation:
        `rmt_hessian.theory.laws.spikes`.

        Parameters
        ----------
        spikes : float or array_like, shape (K,)
            θ > 0, beside the 1 of all other directions; equal ones count as multiplicity.

        Returns
        -------
        list of Outlier, ascending
            With place, multiplicity, overlap and spike. Spikes too near to 1 have none.

        Raises
        ------
        ValueError
            If a θ is not positive.

        Examples
        --------
        >>> law = GeneralizedMarchenkoPastur([1.0], [1.0], 0.25)
        >>> for outlier in law.outliers([3.0, 3.0, 0.25, 1.2]):
        ...     print(outlier.spike, outlier.multiplicity, round(outlier.place, 12))
        0.25 1 0.166666666667
        3.0 2 3.375
        """
        theta, multiplicities = distinct_spikes(spikes)
        if not self._components:
            return []
        gaps = np.array([gap for gap in self.gaps() if not gap[0] <= 0 <= gap[1]])
        gaps = gaps.reshape(-1, 2)

        def kappa_and_h(a: FloatArray) -> tuple[FloatArray, FloatArray]:
            """``κ = z(a) - a`` and ``h = 1 - z'(a)``, without these differences."""
            distance = a[..., None] / self._scale - self._p
            terms = self._b / distance
            return a * terms.sum(axis=-1), (terms * (self._p / distance)).sum(axis=-1)

        def branches(a: FloatArray, spike: FloatArray) -> tuple[FloatArray, FloatArray]:
            kappa, h = kappa_and_h(a)
            return spike * kappa - (a + kappa), h * (1.0 - spike) - 1.0

        ends = np.where(np.isfinite(gaps), gaps, 0.0)
        at_ends = np.stack([branches(ends, spike)[0] for spike in theta])
        at_ends = np.where(np.isfinite(gaps), at_ends, -gaps)  # at infinity the sign of -z
        scale = self._scale * max(1.0, self.aspect_ratio)
        which, a = roots_in_gaps(branches, theta, gaps, at_ends, scale)
        kappa, h = kappa_and_h(a)
        overlaps = (1.0 - h) / (1.0 + (theta[which] - 1.0) * h)
        return listed(theta, multiplicities, which, theta[which] * kappa, overlaps)

    # --- moments ----------------------------------------------------------------------------

    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0, exact from the free cumulants ``κ_n = γ^{n-1} E[λⁿ]``.

        ``m_n = Σ_{s=1}^n κ_s [t^{n-s}] (1 + m₁ t + m₂ t² + …)^s`` (Speicher).
        """
        k = positive_integer(k, "k", minimum=0)
        gamma = self.aspect_ratio
        # in units of at least half of the largest |x|, scale (1 + √γ)²: no power overflows
        exponent = exponent_of(self._scale) + exponent_of((1.0 + np.sqrt(gamma)) ** 2)
        lam = self._p / gamma * np.ldexp(self._scale, -exponent)
        cumulants = [float(self._w @ (lam * (gamma * lam) ** (n - 1))) for n in range(1, k + 1)]
        m = np.zeros(k + 1)
        m[0] = 1.0
        for n in range(1, k + 1):
            power = np.zeros(n)
            power[0] = 1.0
            for s in range(1, n + 1):
                power = np.convolve(power, m[:n])[:n]
                m[n] += cumulants[s - 1] * power[n - s]
        return times_two_to(m[k], k * exponent)

    def mean(self) -> float:
        """``E X = E λ``."""
        return self._m1 * self._scale

    def _variance(self) -> tuple[float, int]:
        """``Var X = γ E λ²``."""
        exponent = exponent_of(self._scale)
        return float(self._b @ self._p * np.ldexp(self._scale, -exponent) ** 2), exponent
