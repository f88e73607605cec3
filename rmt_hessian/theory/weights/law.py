"""A law of block weights: its rule of nodes, its density, and the law of a block that follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.weights.gauss_rules import gauss_rule
from rmt_hessian.theory.weights.softmax_rules import Direction

Made = TypeVar("Made", bound=SpectralLaw)
MOST_ATOMS = 2**12  # of a law without density
COMPARED = 64  # quantiles at which two laws are compared


@dataclass(frozen=True, repr=False)
class WeightLaw:
    """A law of block weights: a rule of nodes and, where it is continuous, its `density`.

    Attributes
    ----------
    nodes, probabilities : numpy.ndarray, shape (K,)
        Atoms and their probabilities, with sum 1.
    error : float
        The error of ``E λ`` over ``√E λ²``, or that of ``E λ²`` over itself, whichever is larger
        (not of the density). Quadrature: an upper estimate, the difference to a rule with twice
        the step and fewer nodes and groups. Sobol' points: the standard error over independent
        blocks. A rule ends at nine standard deviations of the logits, which its error does not
        know: He, off the diagonal, E λ² lacks 3e-7.
    directions : tuple of softmax_rules.Direction
        For outliers: kinds of directions of the features on which λ depends, where known.
    halves : tuple of WeightLaw
        Of a sampled law: the laws of two halves of the sample.
    make_density : callable, or None
        Makes the `density`.

    References
    ----------
    ``docs/laws.md`` §2 and §2.5.
    """

    nodes: FloatArray
    probabilities: FloatArray
    error: float
    directions: tuple[Direction, ...] = ()
    halves: tuple["WeightLaw", ...] = field(default=(), compare=False)
    make_density: Callable[[], WeightDensity | None] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return (
            f"WeightLaw({self.nodes.size} nodes, E λ = {self.mean():.6g}, error {self.error:.1g})"
        )

    def mean(self) -> float:
        """``E λ``."""
        return float(self.probabilities @ self.nodes)

    def second_moment(self) -> float:
        """``E λ²``."""
        return float(self.probabilities @ self.nodes**2)

    def density(self) -> WeightDensity | None:
        """The law as a `WeightDensity`; None where it is discrete, or too wide to be resolved.

        Of independent logits: moments to 1e-10, values to 1e-6 of the largest in a panel. Of
        sampled weights a smooth density of their first two moments. Not resolved are logits with
        standard deviations beyond 10 or so, and samples of more scales than panels.
        """
        return None if self.make_density is None else self.make_density()

    def block_law(self, aspect_ratio: float) -> GeneralizedMarchenkoPastur:
        """Limiting law of a block with such weights and white features, ``γ = p/N``.

        Returns
        -------
        ContinuousMarchenkoPastur, or GeneralizedMarchenkoPastur where there is no `density`
            Its ``error`` is of the CDF: for sampled weights half of the largest difference between
            the laws of two halves of the sample, else the error of the weights.

        Raises
        ------
        ValueError
            If the aspect ratio is not positive.
        """

        def law(weights: Any, probabilities: Any) -> GeneralizedMarchenkoPastur:
            if probabilities is None:
                return ContinuousMarchenkoPastur(weights, aspect_ratio)
            return GeneralizedMarchenkoPastur(weights, probabilities, aspect_ratio)

        return self.law_of(law)

    def law_of(self, law: Callable[[Any, Any], Made]) -> Made:
        """The law of spectra that a function makes of these weights, with its error.

        Parameters
        ----------
        law : callable
            Of a `WeightDensity` and None, or of nodes and probabilities.
        """
        made = self._made(law)
        made.error = self.error
        if self.halves:
            first, second = self.halves
            x = _quantiles(made, COMPARED)
            difference = first._made(law).cdf(x) - second._made(law).cdf(x)
            made.error = float(np.abs(difference).max()) / 2
        return made

    def _made(self, law: Callable[[Any, Any], Made]) -> Made:
        density = self.density()
        if density is not None:
            return law(density, None)
        few = self.equal_masses(MOST_ATOMS) if self.nodes.size > MOST_ATOMS else self
        return law(few.nodes, few.probabilities)

    def equal_masses(self, n: int) -> "WeightLaw":
        """The law as n atoms of mass 1/n, each the mean of its share: what a sample looks like.

        No atom is isolated by a tiny mass, and the CDF of a spectrum changes by O(1/n) at most.

        Raises
        ------
        ValueError
            If n is not a positive integer.
        """
        n = positive_integer(n, "n")
        order = np.argsort(self.nodes)
        below = np.append(0.0, np.cumsum(self.probabilities[order]))
        sums = np.append(0.0, np.cumsum((self.probabilities * self.nodes)[order]))
        shares = np.interp(np.linspace(0.0, below[-1], n + 1), below, sums)
        return WeightLaw(n * np.diff(shares) / below[-1], np.full(n, 1.0 / n), self.error)

    def compressed(self, aspect_ratio: float, tolerance: float = 1e-6) -> "WeightLaw":
        """The smallest Gauss rule that keeps the density of the block's law.

        Tried are 8, 12, 16, 24, … 256 nodes. The density at γ is kept if it differs by at most
        ``tolerance`` over the width of the support, at 64 quantiles of the continuous part. For
        γ > 1 and for broad laws few nodes never do, and the law is returned as it is.

        Raises
        ------
        ValueError
            If the aspect ratio or the tolerance is not positive.
        """
        tolerance = positive_real(tolerance, "tolerance")
        full = GeneralizedMarchenkoPastur(self.nodes, self.probabilities, aspect_ratio)
        width = np.ptp(full.support())
        x = _quantiles(full, COMPARED)
        for size in (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256):
            if size >= self.nodes.size:
                break
            nodes, masses = gauss_rule(self.nodes, self.probabilities, size)
            law = GeneralizedMarchenkoPastur(nodes, masses, aspect_ratio)
            if np.abs(law.pdf(x) - full.pdf(x)).max(initial=0.0) * width <= tolerance:
                return WeightLaw(nodes, masses, self.error)
        return self


def _quantiles(law: SpectralLaw, n: int) -> FloatArray:
    """Quantiles of the continuous part of a law of spectra."""
    atom = law.atom_at_zero
    q = (1 - atom) * (np.arange(n) + 0.5) / n
    return law.ppf(np.where(q < law.cdf(0.0) - atom, q, q + atom))
