r"""A law of weights with a density, on panels.

**Panels.** The axis of λ is cut into intervals, short where the density varies: on each it is the
polynomial through its values at eight Gauss nodes. Integrals against smooth functions are sums over
the nodes. Those of `generalized_mp` have a pole at a, which runs close above the panels, or through
them in a thin tail: far panels remain sums, near ones are integrated exactly, with Legendre
functions of the second kind (`kernels`, product integration as in potential theory: Helsing and
Ojala 2008). So the law of a block (`continuous_mp`) is that of the density itself. A tail is a
tail: no node shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._checks.distributions import probability
from rmt_hessian._types import BoolArray, FloatArray
from rmt_hessian.theory.laws import kernels
from rmt_hessian.theory.laws.identity import key

POINTS, GAUSS = leggauss(kernels.NODES)  # in [-1, 1], and their weights
TO_LEGENDRE = (np.arange(kernels.NODES) + 0.5)[:, None] * legvander(POINTS, kernels.NODES - 1).T
CHECKED = np.cos(np.linspace(0.05, np.pi - 0.05, 12))  # where a polynomial is compared
ACCURACY = 1e-6  # of a polynomial, over the largest value in its panel
NEGLIGIBLE = 1e-9  # probability of a panel that need not be resolved
MOST_PANELS = 4096
ZERO = 1e-20  # of √E λ²: panels of smaller weights count as 0
RESOLVED = 1e-8  # error of the total probability, before it is made 1


def gauss_nodes(edges: FloatArray) -> FloatArray:
    """The eight Gauss nodes of each panel, (J, 8), from its ends, (J, 2)."""
    return _points(edges, POINTS)


def _points(edges: FloatArray, t: FloatArray) -> FloatArray:
    """Points of each panel at t in [-1, 1]."""
    return edges.mean(axis=1)[:, None] + np.diff(edges, axis=1) / 2 * t


@dataclass(frozen=True, eq=False, repr=False)
class WeightDensity:
    """Law of weights λ: a density on panels, and a probability of λ = 0.

    Parameters
    ----------
    edges : array_like, shape (J, 2)
        Ends of the panels, ascending, none of them around 0; two that share an end are neighbours.
    density : array_like, shape (J, 8)
        Values, not negative, at the eight Gauss–Legendre nodes of each panel; see also `of`.
    zero : float
        ``P(λ = 0)``, in [0, 1).

    Attributes
    ----------
    nodes, probabilities : numpy.ndarray, shape (8 J,)
        The Gauss nodes and their probabilities, of sum ``1 - zero``.

    Raises
    ------
    ValueError
        If the panels are not as above, a density is negative, or the total is not 1 to 1e-8.

    References
    ----------
    ``docs/laws.md`` §2.5; product integration: Helsing and Ojala (2008).

    Examples
    --------
    >>> edges = np.array([[0.0, 0.5], [0.5, 1.0]])
    >>> uniform = WeightDensity(edges, np.ones((2, 8)))
    >>> round(uniform.second_moment(), 12)
    0.333333333333
    """

    edges: FloatArray
    density: FloatArray
    zero: float = 0.0
    nodes: FloatArray = field(init=False)
    probabilities: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        edges = finite_array(self.edges, "edges", ndim=2)
        density = finite_array(self.density, "density", ndim=2)
        if (
            edges.shape[1] != 2
            or (np.diff(edges.ravel()) < 0).any()
            or (edges[:, 0] >= edges[:, 1]).any()
        ):
            raise ValueError(f"edges must be (J, 2) ascending ends of panels, got {edges.shape}")
        if ((edges[:, 0] < 0) & (edges[:, 1] > 0)).any():
            raise ValueError("edges must have no panel around 0, got one")
        if density.shape != (len(edges), kernels.NODES):
            raise ValueError(
                f"density must have shape {(len(edges), kernels.NODES)}, got {density.shape}"
            )
        if density.min() < 0:
            raise ValueError(f"density must not be negative, got {density.min():g}")
        zero = probability(self.zero, "zero", below_one=True)
        masses = density * GAUSS * (np.diff(edges, axis=1) / 2)
        total = masses.sum() + zero
        if not abs(total - 1) <= RESOLVED:
            raise ValueError(f"the total probability must be 1 to {RESOLVED:g}, got {total:.10g}")
        factor = (1 - zero) / masses.sum()
        filled = density.any(axis=1)  # others are gaps
        edges, density, masses = edges[filled], density[filled], masses[filled]
        for name, value in (
            ("edges", edges),
            ("density", density * factor),
            ("zero", zero),
            ("nodes", gauss_nodes(edges).ravel()),
            ("probabilities", masses.ravel() * factor),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of(
        cls, density: Callable[[FloatArray], ArrayLike], edges: ArrayLike, zero: float = 0.0
    ) -> Self:
        """From a function, the panels halved until it is a polynomial on each, or holds nothing.

        A pole or a root at the end of a panel gets panels that halve towards it.

        Parameters
        ----------
        density : callable
            Of an array of λ, elementwise; of any positive integral, which is made ``1 - zero``.
        edges : array_like, shape (J, 2)
            Panels to begin with; where the density has a kink or a pole they must end.
        zero : float
            ``P(λ = 0)``.

        Raises
        ------
        ValueError
            If the density is negative or not finite inside a panel, or its integral 0.
        RuntimeError
            If thousands of panels do not suffice.
        """
        edges = finite_array(edges, "edges", ndim=2)
        if edges.shape[1] != 2 or edges.shape[0] == 0:
            raise ValueError(f"edges must be (J, 2) ends of panels, got {edges.shape}")

        def values_at(x: FloatArray) -> FloatArray:
            values = np.broadcast_to(real_array(density(x), "values of density"), x.shape)
            if not (values >= 0).all() or np.isinf(values).any():
                worst = values[~((values >= 0) & (values < np.inf))][0]
                raise ValueError(f"density must be finite and not negative, got {worst:g}")
            return values

        while len(edges) <= MOST_PANELS:
            values = values_at(gauss_nodes(edges))
            masses = (values @ GAUSS) * np.diff(edges, axis=1)[:, 0] / 2
            total = masses.sum()
            if not total > 0:
                raise ValueError(f"density must have a positive integral, got {total:g}")
            unresolved = _unresolved(values_at, edges, values) & (masses > NEGLIGIBLE * total)
            if not unresolved.any():
                return cls(edges, values * ((1 - zero) / total), zero)
            middle = np.where(  # of the logarithms, of long panels
                edges.prod(axis=1) > 0, _geometric_mean(edges), edges.mean(axis=1)
            )
            halves = np.stack([edges[:, 0], middle, middle, edges[:, 1]], axis=1).reshape(-1, 2)
            edges = np.sort(
                np.concatenate([edges[~unresolved], halves[np.repeat(unresolved, 2)]]), axis=0
            )
        at = edges[np.flatnonzero(unresolved)[0]]
        raise RuntimeError(
            f"{MOST_PANELS} panels do not resolve the density, first near {at[0]:.6g}"
        )

    def __repr__(self) -> str:
        lo, hi = self.edges[0, 0], self.edges[-1, 1]
        zero = f", zero {self.zero:.4g}" if self.zero > 0 else ""
        return f"<{type(self).__name__}: {len(self.edges)} panels in [{lo:.4g}, {hi:.4g}]{zero}>"

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return key([self.edges, self.density, self.zero])

    def panels(self, factor: float) -> tuple[FloatArray, FloatArray]:
        """Panels of ``factor λ``, and the Legendre coefficients of its density: for `kernels`."""
        ends = factor * self.edges
        masses = self.probabilities.reshape(-1, kernels.NODES)
        shares = (masses / (np.diff(ends, axis=1) / 2)) @ TO_LEGENDRE.T
        return ends, np.ascontiguousarray(shares)

    def trimmed(self, tolerance: float) -> WeightDensity:
        """Without panels at the ends where neither ``|λ| f`` nor ``λ² f/E|λ|`` reaches this.

        That is the order of ``Im κ/|κ|`` there: what float64 still tells from 0.
        """
        size = np.abs(self.nodes).reshape(self.density.shape)
        share = size * self.density * np.maximum(1.0, size / (self.probabilities @ size.ravel()))
        kept = np.flatnonzero((share > tolerance).any(axis=1))
        kept = slice(kept[0], kept[-1] + 1)
        lost = self.probabilities.sum() - self.probabilities.reshape(size.shape)[kept].sum()
        factor = 1.0 + lost / (1.0 - self.zero - lost)
        return WeightDensity(self.edges[kept], factor * self.density[kept], self.zero)

    def without_zeros(self) -> WeightDensity:
        """With panels of weights that no spectrum tells from 0 as a probability of 0."""
        kept = np.abs(self.edges).max(axis=1) > ZERO * self.root_mean_square()
        if kept.all():
            return self
        zero = self.zero + self.probabilities.reshape(self.density.shape)[~kept].sum()
        return WeightDensity(self.edges[kept], self.density[kept], zero)

    def root_mean_square(self) -> float:
        """``√E λ²``, where the square is no float too."""
        unit = np.abs(self.nodes).max()
        return float(unit * np.sqrt(self.probabilities @ (self.nodes / unit) ** 2))

    def scaled(self, factor: float) -> WeightDensity:
        """The law of ``factor λ``, factor > 0."""
        return WeightDensity(factor * self.edges, self.density / factor, self.zero)

    def mean(self) -> float:
        """``E λ``."""
        return float(self.probabilities @ self.nodes)

    def second_moment(self) -> float:
        """``E λ²``."""
        return float(self.probabilities @ self.nodes**2)


def _geometric_mean(edges: FloatArray) -> FloatArray:
    return np.sign(edges[:, 0]) * np.sqrt(np.abs(edges[:, 0])) * np.sqrt(np.abs(edges[:, 1]))


def _unresolved(
    density: Callable[[FloatArray], FloatArray], edges: FloatArray, values: FloatArray
) -> BoolArray:
    """Panels where the polynomial misses the density."""
    wanted = density(_points(edges, CHECKED))
    got = (values * GAUSS) @ TO_LEGENDRE.T @ legvander(CHECKED, kernels.NODES - 1).T
    return np.abs(got - wanted).max(axis=1) > ACCURACY * wanted.max(axis=1)
