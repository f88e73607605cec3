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

**Limits of accuracy.** Components of mass below about 1e-8 are located but may be poorly
resolved. At ``P(λ≠0) = γ`` the density has an integrable pole at 0 (hard edge), and near it the
CDF is known to the square root of the resolution of x. Weights below 1e-16 of the largest count
as 0. A continuous weight law given by a quadrature rule of few nodes has the right CDF, but for
γ > 1 its density and its components show the single nodes.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rmt_hessian._validation import finite_array, positive_integer, positive_real
from rmt_hessian.theory import kernels

NEGLIGIBLE = 1e-16  # probability below which an atom of the weight law is dropped
ZERO = 1e-16  # weights below this fraction of the largest count as 0: no spectrum tells them apart


@dataclass(frozen=True)
class _Component:
    """One interval of the continuous part: its nodes (u, v, x) and the CDF at its ends."""

    u: np.ndarray
    v: np.ndarray
    x: np.ndarray
    F_left: float
    F_right: float


class GeneralizedMarchenkoPastur:
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` with discrete weights.

    Parameters
    ----------
    weights : array_like, shape (K,)
        Atoms λ_k of the weight law, of either sign; equal atoms are merged.
    probabilities : array_like, shape (K,)
        Their probabilities w_k, not negative, with sum 1 (to 1e-9).
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
    Equation and source: the docstring of this module. All weights zero: the unit atom at 0.
    Rescaling all weights rescales the law and changes nothing relative.

    Examples
    --------
    >>> law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.5, 0.5], aspect_ratio=0.25)
    >>> law.mean(), law.var()
    (0.25, 0.15625)
    >>> round(float(law.cdf(law.support()[1])), 12)
    1.0
    """

    def __init__(self, weights, probabilities, aspect_ratio):
        lam = finite_array(weights, "weights", ndim=1)
        w = finite_array(probabilities, "probabilities", ndim=1)
        if lam.shape != w.shape:
            raise ValueError(
                f"weights and probabilities must have one shape, got {lam.shape} and {w.shape}"
            )
        if w.min() < 0:
            raise ValueError(f"probabilities must not be negative, got {w.min():g}")
        if abs(w.sum() - 1.0) > 1e-9:
            raise ValueError(f"probabilities must sum to 1, got {w.sum():.12g}")
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        self.weights, inverse = np.unique(lam, return_inverse=True)
        self.probabilities = np.bincount(inverse, weights=w / w.sum())

        scale = float(np.abs(self.weights).max())
        self._scale = scale if scale > 0 else 1.0
        nonzero = np.abs(self.weights) > ZERO * self._scale
        kept = nonzero & (self.probabilities > NEGLIGIBLE)
        lam, self._w = self.weights[kept] / self._scale, self.probabilities[kept]
        self._p = self.aspect_ratio * lam
        self._c = self.aspect_ratio * self._w * lam**2
        self._m1 = float(self._w @ lam)
        self._p_nonzero = float(self._w.sum())

    def __repr__(self):
        weights = f"{self.weights.size} weights in [{self.weights[0]:.4g}, {self.weights[-1]:.4g}]"
        return f"{type(self).__name__}({weights}, aspect_ratio={self.aspect_ratio:.4g})"

    # --- atom, components, support ----------------------------------------------------------

    @property
    def atom_at_zero(self):
        """Mass of the atom at 0, ``max(0, 1 - P(λ≠0)/γ)``."""
        return max(0.0, 1.0 - self._p_nonzero / self.aspect_ratio)

    @cached_property
    def _components(self):
        if self._p.size == 0:
            return ()
        ends = kernels.component_edges(self._p, self._c)
        excess = self._p_nonzero / self.aspect_ratio - 1.0  # mass that u = 0 takes away
        found, F = [], 0.0
        for u_a, u_b in ends:
            inside = (u_a < self._p) & (self._p < u_b)
            n_nodes = min(256, 16 * (2 + int(inside.sum())))
            u, v, x = kernels.tabulate(u_a, u_b, n_nodes, self._p, self._c)
            if u_a >= 0 and not any(c.u[-1] >= 0 for c in found):
                F += self.atom_at_zero
            holds_zero = u_a < 0 < u_b
            mass = self._w[inside].sum() / self.aspect_ratio - (excess if holds_zero else 0.0)
            found.append(_Component(u, v, x * self._scale, F, F + max(mass, 0.0)))
            F = found[-1].F_right
        # what lies right of the last component is the atom or nothing: no rounding of the sum,
        # and a sum that is wrong by more than rounding means that an edge is wrong
        top = 1.0 if found[-1].u[-1] > 0 else 1.0 - self.atom_at_zero
        if abs(F - top) > 1e-9 + 1e-14 / self.aspect_ratio:
            raise RuntimeError(f"masses must sum to 1, got a sum off by {F - top:.2g}")
        found[-1] = replace(found[-1], F_right=top)
        return tuple(found)

    def components(self):
        """Intervals ``(lo, hi)`` of the continuous part, ascending, the atom excluded."""
        return [(float(c.x[0]), float(c.x[-1])) for c in self._components]

    def component_masses(self):
        """Mass of each interval of `components`; with the atom they sum to 1."""
        return np.array([c.F_right - c.F_left for c in self._components])

    def support(self):
        """``(lo, hi)`` of everything, the atom included."""
        ends = [x for interval in self.components() for x in interval]
        if self.atom_at_zero > 0 or not ends:
            ends.append(0.0)
        return min(ends), max(ends)

    # --- density, distribution, quantiles ---------------------------------------------------

    def _inside(self, x):
        """Yield ``(selection, component, u, v)`` for the points of x inside each component."""
        for component in self._components:
            chosen = np.flatnonzero((component.x[0] < x) & (x < component.x[-1]))
            if chosen.size:
                table = component.u, component.v, component.x / self._scale
                point = x[chosen] / self._scale
                u, v = kernels.locate(point, *table, self._p, self._c)
                yield chosen, component, u, v

    def pdf(self, x):
        """Density of the continuous part at x (any shape); 0 at the ends, the atom is not in it."""
        x = np.asarray(x, dtype=np.float64)
        flat = x.ravel()
        density = np.zeros(flat.shape)
        for chosen, _, u, v in self._inside(flat):
            density[chosen] = v / (np.pi * (u * u + v * v)) / self._scale
        density[np.isnan(flat)] = np.nan
        return density.reshape(x.shape)[()]

    def cdf(self, x):
        """``P(X <= x)``, the atom included, at x (any shape); right-continuous."""
        x = np.asarray(x, dtype=np.float64)
        flat = x.ravel()
        F = np.where(flat >= 0, self.atom_at_zero, 0.0)
        for component, mass in zip(self._components, self.component_masses(), strict=True):
            F += np.where(flat >= component.x[-1], mass, 0.0)
        for chosen, component, u, v in self._inside(flat):
            values = kernels.distribution(u, v, self._p, self._c)
            F[chosen] = np.clip(values, component.F_left, component.F_right)
        F[np.isnan(flat)] = np.nan
        return np.clip(F, 0.0, 1.0).reshape(x.shape)[()]

    def ppf(self, q):
        """Quantile function ``inf {x : cdf(x) >= q}`` at q in [0, 1] (any shape).

        Raises
        ------
        ValueError
            If a q lies outside [0, 1].
        """
        q = np.asarray(q, dtype=np.float64)
        flat = q.ravel()
        if not ((flat >= 0) & (flat <= 1)).all():
            raise ValueError("q must lie in [0, 1]")
        lo, hi = self.support()
        x = np.where(flat == 0, lo, np.where(flat == 1, hi, 0.0))
        for component in self._components:
            inside = (component.F_left < flat) & (flat <= component.F_right) & (flat < 1)
            chosen = np.flatnonzero(inside)
            if chosen.size:
                F = kernels.distribution(component.u, component.v, self._p, self._c)
                F = np.clip(F, component.F_left, component.F_right)
                F[0], F[-1] = component.F_left, component.F_right
                values = kernels.quantile(flat[chosen], component.u, F, self._p, self._c)
                x[chosen] = np.clip(values * self._scale, component.x[0], component.x[-1])
        return x.reshape(q.shape)[()]

    def rvs(self, size=None, rng=None):
        """Independent draws from the law, by inversion.

        ``rng`` is a `numpy.random.Generator`, a seed, or None for a fresh one.
        """
        return self.ppf(np.random.default_rng(rng).random(size))

    # --- moments ----------------------------------------------------------------------------

    def moment(self, k):
        """``E[X^k]``, k >= 0, exact from the free cumulants ``κ_n = γ^{n-1} E[λⁿ]``.

        ``m_n = Σ_{s=1}^n κ_s [t^{n-s}] (1 + m₁ t + m₂ t² + …)^s`` (Speicher).

        Raises
        ------
        ValueError
            If k is not an integer of at least 0.
        """
        k = positive_integer(k, "k", minimum=0)
        lam = self._p / self.aspect_ratio
        gamma = self.aspect_ratio
        cumulants = [gamma ** (n - 1) * float(self._w @ lam**n) for n in range(1, k + 1)]
        m = np.zeros(k + 1)
        m[0] = 1.0
        for n in range(1, k + 1):
            power = np.zeros(n)
            power[0] = 1.0
            for s in range(1, n + 1):
                power = np.convolve(power, m[:n])[:n]
                m[n] += cumulants[s - 1] * power[n - s]
        return float(m[k]) * self._scale**k

    def mean(self):
        """``E X = E λ``."""
        return self._m1 * self._scale

    def var(self):
        """``Var X = γ E λ²``."""
        return float(self._c.sum()) * self._scale**2


class MarchenkoPastur(GeneralizedMarchenkoPastur):
    """The classical law: ``(scale/N) Σ_n z_n z_nᵀ``, constant weights.

    With ``γ = p/N`` its continuous part is
    ``√((x₊ - x)(x - x₋)) / (2π γ scale x)`` on ``x_± = scale (1 ± √γ)²``.

    Parameters
    ----------
    aspect_ratio : float
        ``γ``, features over samples.
    scale : float
        The common weight, positive.

    Examples
    --------
    >>> MarchenkoPastur(0.25).components()
    [(0.25, 2.25)]
    """

    def __init__(self, aspect_ratio, scale=1.0):
        super().__init__([positive_real(scale, "scale")], [1.0], aspect_ratio)


def conditional_law(weights, n_features):
    """Limiting law of a block given its own weights: atoms λ_n of mass 1/N, ``γ = p/N``.

    Valid for any network, trained ones included, as long as the weights depend on few directions
    of the features.

    Parameters
    ----------
    weights : array_like, shape (N,)
        ``λ_n^{ij}``, as from ``LayerHessian.block_weights(i, j)``.
    n_features : int
        p, the size of the block.

    Raises
    ------
    ValueError
        If the weights are empty or not finite, or p is not positive.

    Examples
    --------
    >>> conditional_law([0.0, 0.0], 3).atom_at_zero
    1.0
    """
    lam = finite_array(weights, "weights", ndim=1)
    n = lam.size
    return GeneralizedMarchenkoPastur(
        lam, np.full(n, 1.0 / n), positive_integer(n_features, "n_features") / n
    )
