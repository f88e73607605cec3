r"""A law known by its density at points: the base of laws that a solver gives point by point.

In each component ``x = lo + (hi - lo) sin²θ``, ``θ ∈ [0, π/2]``. With density ρ,

    ``g(θ) = ρ(x) dx/dθ = ρ(x) (hi - lo) sin 2θ``

is smooth, and even about both ends, where ρ ends in a square root (``g ~ θ²``) or in a pole of
order ½ (``g → const``). A quintic spline in θ interpolates g, with the slopes ``±2 (hi - lo) ρ``
that g has at the ends and no third derivative there, and everything else is computed from that
spline: the CDF is the integral of the density. Its error is ``O(h⁶)`` for a spacing h in θ, and
nodes at uniform θ are best; a density that ends in another way is only resolved to the last cell.

References
----------
``docs/laws.md`` §2.4: the coordinate θ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import dct
from scipy.interpolate import BarycentricInterpolator, BSpline, make_interp_spline

from rmt_hessian._checks.arguments import describe, list_of, positive_integer, positive_real
from rmt_hessian._checks.arrays import complex_array, finite_array, real_array
from rmt_hessian._checks.distributions import probability
from rmt_hessian._types import ComplexArray, Elementwise, FloatArray, Intervals
from rmt_hessian.theory.laws import identity
from rmt_hessian.theory.laws.scaling import exponent_of, times_two_to
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

FEWEST_NODES = 6
BISECTIONS = 60  # of θ in [0, π/2]: to the last bit
LARGEST_GRID = 2**15


@dataclass(frozen=True)
class _Component:
    """One interval: nodes in θ, the spline of g, and its integral from 0."""

    lo: float
    hi: float
    nodes: FloatArray
    g: BSpline
    G: BSpline

    def angle(self, x: FloatArray) -> FloatArray:
        """θ of x, clipped to the interval, accurate at both ends."""
        x = np.clip(x, self.lo, self.hi)
        return np.arctan2(np.sqrt(x - self.lo), np.sqrt(self.hi - x))

    def point(self, theta: FloatArray) -> FloatArray:
        """``x = lo + (hi - lo) sin²θ``."""
        return np.clip(self.lo + (self.hi - self.lo) * np.sin(theta) ** 2, self.lo, self.hi)

    def mass(self) -> float:
        return float(self.G(np.pi / 2))

    def scaled(self, factor: float) -> _Component:
        splines = (BSpline(f.t, factor * f.c, f.k) for f in (self.g, self.G))
        return _Component(self.lo, self.hi, self.nodes, *splines)

    @cached_property
    def _uniform(self) -> tuple[FloatArray, FloatArray]:
        """θ and g on a uniform grid as fine as the finest nodes, a power of two."""
        n = 2 ** int(np.ceil(np.log2(np.pi / np.diff(self.nodes).min())))
        theta = np.linspace(0.0, np.pi / 2, min(n, LARGEST_GRID) + 1)
        return theta, self.g(theta)

    def masses(self) -> tuple[FloatArray, FloatArray]:
        """Points x and masses of the trapezoidal rule in θ, whose order is that of the spline."""
        theta, g = self._uniform
        mass = g * (np.pi / 2 / (theta.size - 1))
        mass[[0, -1]] /= 2
        return self.point(theta), mass

    def stieltjes(self, z: ComplexArray) -> ComplexArray:
        """``∫ dμ/(x - z)`` from ``dμ = Σ a_k cos kφ dφ``, φ = 2θ, term by term:

        ``∫_0^π cos kφ/(ζ - cos φ) dφ = π w^k/√(ζ²-1)``, ``w = 1/(ζ + √(ζ²-1))``, |w| <= 1, with
        ``x - z = r (ζ - cos φ)``: as accurate on the real axis as far from it.
        """
        _, g = self._uniform
        a = dct(g / 2, type=1) / (g.size - 1)
        a[[0, -1]] /= 2
        r = (self.hi - self.lo) / 2
        root = -np.sqrt(z - self.lo) * np.sqrt(z - self.hi)  # r √(ζ²-1), cut on the interval only
        with np.errstate(divide="ignore", invalid="ignore"):  # an end itself: NaN
            w = r / ((self.lo + r - z) + root)
            return np.pi / root * np.polynomial.polynomial.polyval(w, a)


def _nodes_and_density(component: Any, k: int) -> tuple[Any, Any]:
    try:
        x, rho = component
    except (TypeError, ValueError):
        raise ValueError(
            f"component {k} must be a pair of arrays, got {describe(component)}"
        ) from None
    return x, rho


def interpolate(x: ArrayLike, density: ArrayLike, name: str = "component") -> _Component:
    """One component, splined in θ; ``density = inf`` at an end is a pole of order ½."""
    x = finite_array(x, f"nodes of {name}", ndim=1)
    if x.size < FEWEST_NODES or (np.diff(x) <= 0).any():
        raise ValueError(
            f"{name} must have at least {FEWEST_NODES} ascending nodes, got {describe(x.tolist())}"
        )
    rho = real_array(density, f"density of {name}").copy()
    if rho.shape != x.shape:
        raise ValueError(f"{name} must have one density per node, {x.shape}, got {rho.shape}")
    poles = np.isinf(rho) & (rho > 0)
    poles[1:-1] = False
    finite_array(rho[~poles], f"density of {name}", ndim=1)
    if rho.min() < 0:
        raise ValueError(f"density of {name} must not be negative, got {rho.min():g}")
    width = x[-1] - x[0]
    theta = np.arctan2(np.sqrt(x - x[0]), np.sqrt(x[-1] - x))
    rho[poles] = 0.0
    g = rho * width * np.sin(2 * theta)
    for end in np.flatnonzero(poles):  # g is even in θ - θ_end: extrapolate it in the square
        near = slice(1, 5) if end == 0 else slice(-5, -1)
        g[end] = BarycentricInterpolator((theta[near] - theta[end]) ** 2, g[near])(0.0)
    ends = [[(1, slope), (3, 0.0)] for slope in (2 * width * rho[0], -2 * width * rho[-1])]
    spline = make_interp_spline(theta, g, k=5, bc_type=ends)
    return _Component(float(x[0]), float(x[-1]), theta, spline, spline.antiderivative())


class TabulatedLaw(SpectralLaw):
    """A law given by its density at points of each component, and an atom at 0.

    Parameters
    ----------
    components : sequence of (nodes, density)
        Of each interval of the continuous part, in ascending order: the nodes, ascending and at
        least six, whose first and last are the ends of the interval, and the density there, both
        of shape (K,). An infinite density at an end is a pole of order ½ (a hard edge). Best
        placed at ``lo + (hi - lo) sin²θ`` with uniform θ; any other spacing will do.
    atom_at_zero : float
        In [0, 1].
    tolerance : float
        By how much the total mass may differ from 1 before it is made 1 by scaling the density.

    Attributes
    ----------
    atom_at_zero : float
    mass_error : float
        Total mass minus 1, as it came: the quality of the table.

    Raises
    ------
    ValueError
        If nodes do not ascend or are too few, shapes differ, a density is negative or not finite,
        intervals overlap, or the total mass differs from 1 by more than the tolerance.

    Notes
    -----
    Between nodes a quintic spline in θ, of the density times dx/dθ, with an error of ``O(h⁶)`` for
    a spacing h in θ.

    References
    ----------
    ``docs/laws.md`` §2.4: the coordinate θ.

    Examples
    --------
    >>> x = np.cos(np.linspace(np.pi, 0, 65))  # the semicircle
    >>> law = TabulatedLaw([(x, 2 / np.pi * np.sqrt(1 - x**2))])
    >>> round(float(law.cdf(0.0)), 9), round(law.var(), 9)
    (0.5, 0.25)
    """

    def __init__(
        self,
        components: Sequence[tuple[ArrayLike, ArrayLike]],
        atom_at_zero: float = 0.0,
        tolerance: float = 1e-6,
    ) -> None:
        atom = probability(atom_at_zero, "atom_at_zero")
        tolerance = positive_real(tolerance, "tolerance")
        found = [
            interpolate(*_nodes_and_density(component, k), f"component {k}")
            for k, component in enumerate(list_of(components, "components", "pairs of arrays"))
        ]
        for k in range(1, len(found)):
            if found[k].lo < found[k - 1].hi:
                raise ValueError(
                    f"components must ascend, got {found[k].lo:g} after {found[k - 1].hi:g}"
                )
        mass = sum(component.mass() for component in found)
        self.mass_error = mass + atom - 1.0
        if not abs(self.mass_error) <= tolerance:
            raise ValueError(f"total mass must be 1 to {tolerance:g}, got {mass + atom:.12g}")
        self.atom_at_zero = atom if found else 1.0
        self._components = tuple(c.scaled((1.0 - atom) / mass) for c in found)

    def _parameters(self) -> dict[str, Any]:
        tables = [(c.lo, c.hi, c.nodes, c.g.c) for c in self._components]
        return {"components": tables, "atom_at_zero": self.atom_at_zero}

    def _summary(self) -> str:
        return identity.of_components(self)

    def components(self) -> Intervals:  # noqa: D102
        return [(c.lo, c.hi) for c in self._components]

    def component_masses(self) -> FloatArray:  # noqa: D102
        return np.array([c.mass() for c in self._components])

    # --- density, distribution, quantiles ---------------------------------------------------

    def _density(self, x: FloatArray) -> FloatArray:
        density = np.zeros(x.shape)
        for c in self._components:
            inside = (c.lo < x) & (x < c.hi)
            theta = c.angle(x[inside])
            g = np.maximum(c.g(theta), 0.0)
            density[inside] = g / ((c.hi - c.lo) * np.sin(2 * theta))
        return density

    def _distribution(self, x: FloatArray) -> FloatArray:
        F = np.where(x >= 0, self.atom_at_zero, 0.0) + self._continuous_cdf(x)
        return np.where(x >= self.support()[1], 1.0, np.clip(F, 0.0, 1.0))

    def _continuous_cdf(self, x: Elementwise) -> Elementwise:
        return sum((c.G(c.angle(x)) for c in self._components), np.zeros(x.shape))

    def _quantile(self, q: FloatArray) -> FloatArray:
        below = self._continuous_cdf(np.float64(0.0))  # the atom may lie inside a component
        at_zero = (below < q) & (q <= below + self.atom_at_zero)
        q_continuous = np.where(q <= below, q, q - self.atom_at_zero)
        x = np.zeros(q.shape)
        tops = np.cumsum(self.component_masses())
        which = np.searchsorted(tops[:-1], q_continuous)
        for k, c in enumerate(self._components):
            inside = which == k
            target = q_continuous[inside] - (tops[k] - c.mass())
            lo, hi = np.zeros(target.shape), np.full(target.shape, np.pi / 2)
            for _ in range(BISECTIONS):
                middle = (lo + hi) / 2
                low = c.G(middle) < target
                lo, hi = np.where(low, middle, lo), np.where(low, hi, middle)
            x[inside] = c.point(hi)
        return np.where(at_zero, 0.0, x)

    # --- moments and transform --------------------------------------------------------------

    @cached_property
    def _masses(self) -> tuple[FloatArray, FloatArray]:
        """Points and masses of a discrete law that stands for the continuous part."""
        parts = [c.masses() for c in self._components]
        return (
            np.concatenate([x for x, _ in parts] or [np.empty(0)]),
            np.concatenate([mass for _, mass in parts] or [np.empty(0)]),
        )

    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0, by quadrature."""
        k = positive_integer(k, "k", minimum=0)
        x, mass = self._masses
        exponent = exponent_of(*self.support())
        value = mass @ np.ldexp(x, -exponent) ** k + self.atom_at_zero * 0.0**k
        return times_two_to(value, k * exponent)

    def _variance(self) -> tuple[float, int]:
        """About the mean."""
        x, mass = self._masses
        exponent = exponent_of(*self.support())
        mean = np.ldexp(self.mean(), -exponent)
        squares = (np.ldexp(x, -exponent) - mean) ** 2
        return float(mass @ squares + self.atom_at_zero * mean**2), exponent

    def stieltjes(self, z: ArrayLike) -> Elementwise:
        """``s(z) = ∫ dμ(x)/(x - z)``, the atom included, at complex z (any shape).

        At real points of the support it is the limit from above, so that ``Im s/π`` is the
        density; infinite at the atom, NaN at the ends of components.
        """
        z = complex_array(z, "z")
        z = np.where(z.imag == 0, z.real + 0j, z)  # real points: the upper side of the cut
        with np.errstate(divide="ignore", invalid="ignore"):
            s = -self.atom_at_zero / z if self.atom_at_zero > 0 else np.zeros(z.shape, z.dtype)
        for c in self._components:
            s = s + c.stieltjes(z)
        return s[()]
