"""The interface of every limiting law of a spectrum: SciPy's verbs, intervals, one atom at 0.

A law consists of a continuous part on finitely many intervals and at most an atom at 0. A
subclass says what is its own: `components`, `component_masses`, `atom_at_zero`, `moment`,
`stieltjes`, and the elementwise ``_density``, ``_distribution`` and ``_quantile`` of arrays with
one axis; ``_variance`` where it knows better than a quadrature; ``_parameters`` where an argument
of its constructor is no attribute of that name. The verbs are made of these, here.
`rmt_hessian.ks_distance`, `rmt_hessian.wasserstein_distance` and the plots take any.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import boolean, describe, shape_of
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.distributions import probabilities_of_any_shape
from rmt_hessian._random import random_generator
from rmt_hessian._types import Elementwise, FloatArray, Intervals, RandomState
from rmt_hessian.theory.laws import identity
from rmt_hessian.theory.laws.expectation import entropy, expectation, integral, pieces
from rmt_hessian.theory.laws.scaling import exponent_of, times_two_to
from rmt_hessian.theory.laws.upper_tail import inverse_survival, survival


class SpectralLaw(ABC):
    """A probability law on the real line with an atom at 0 at most.

    Its verbs are those of a frozen distribution of `scipy.stats`. Laws of one class with equal
    parameters are equal, and have one hash; `repr` of a law of at most twelve atoms makes it again.

    Attributes
    ----------
    atom_at_zero : float
        Mass of the atom at 0.
    error : float
        Of the CDF, as far as the law was made from something sampled or rounded; 0 if exact.

    References
    ----------
    ``docs/laws.md`` §9.
    """

    atom_at_zero: float
    error: float = 0.0

    @abstractmethod
    def components(self) -> Intervals:
        """Intervals ``(lo, hi)`` of the continuous part, ascending, the atom excluded."""

    @abstractmethod
    def component_masses(self) -> FloatArray:
        """Mass of each interval of `components`; with the atom they sum to 1."""

    @abstractmethod
    def moment(self, k: int) -> float:
        """``E[X^k]``, k >= 0.

        Raises
        ------
        ValueError
            If k is not an integer of at least 0.
        """

    @abstractmethod
    def stieltjes(self, z: ArrayLike) -> Elementwise:
        """Stieltjes transform ``s(z) = ∫ dμ(x)/(x - z)`` at complex z (any shape), complex.

        On the support it is the limit from above, so that ``Im s/π`` is the density; infinite at
        the atom.

        Raises
        ------
        ValueError
            If a z is not finite.
        """

    @abstractmethod
    def _density(self, x: FloatArray) -> FloatArray:
        """Density of the continuous part at finite or infinite x."""

    @abstractmethod
    def _distribution(self, x: FloatArray) -> FloatArray:
        """``P(X <= x)``, the atom included."""

    @abstractmethod
    def _quantile(self, q: FloatArray) -> FloatArray:
        """``inf {x : P(X <= x) >= q}`` for 0 < q < 1."""

    def _parameters(self) -> dict[str, Any]:
        """The constructor's arguments by name, as float64 arrays, floats, laws or lists of them.

        Two laws of one class with the same parameters are equal.
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def _summary(self) -> str:
        """What a `repr` says of a law of too many parameters."""
        return identity.summary(self)

    def _variance(self) -> tuple[float, int]:
        """``(v, e)`` with ``Var X = 4^e v``, where Var X itself may be no float."""
        exponent = exponent_of(*self.support())
        mean = np.ldexp(self.mean(), -exponent)
        continuous = integral(
            self, lambda x: (np.ldexp(x, -exponent) - mean) ** 2, pieces(self, -np.inf, np.inf)
        )
        return float(continuous + self.atom_at_zero * mean**2), exponent

    # --- identity ---------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class with equal parameters."""
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return type(self), identity.key([*self._parameters().values()])

    def __repr__(self) -> str:
        return identity.spelled(self) or f"<{type(self).__name__}: {self._summary()}>"

    # --- density, distribution, quantiles ---------------------------------------------------

    def support(self) -> tuple[float, float]:
        """``(lo, hi)`` of everything, the atom included."""
        ends = [x for interval in self.components() for x in interval]
        if self.atom_at_zero > 0 or not ends:
            ends.append(0.0)
        return min(ends), max(ends)

    def pdf(self, x: ArrayLike) -> Elementwise:
        """Density of the continuous part at x (any shape); 0 at the ends, the atom is not in it."""
        return _elementwise(self._density, x)

    def logpdf(self, x: ArrayLike) -> Elementwise:
        """``log pdf(x)`` at x (any shape); -∞ where the density is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(x))

    def cdf(self, x: ArrayLike) -> Elementwise:
        """``P(X <= x)``, the atom included, at x (any shape); right-continuous."""
        return _elementwise(self._distribution, x)

    def sf(self, x: ArrayLike) -> Elementwise:
        """``P(X > x) = 1 - cdf(x)`` at x (any shape).

        Beside the upper end of the support, where 1 - cdf is rounding, the integral of the
        density: as accurate as the density there, relative to itself.
        """
        return _elementwise(lambda t: survival(self, t), x)

    def logcdf(self, x: ArrayLike) -> Elementwise:
        """``log cdf(x)`` at x (any shape), near 1 as ``log1p(-sf(x))``; -∞ below the support."""
        F, sf = self.cdf(x), self.sf(x)
        with np.errstate(divide="ignore"):
            return np.where(F < 0.5, np.log(F), np.log1p(-sf) + 0.0)[()]

    def ppf(self, q: ArrayLike) -> Elementwise:
        """Quantile function ``inf {x : cdf(x) >= q}`` at q in [0, 1] (any shape).

        Raises
        ------
        ValueError
            If a q lies outside [0, 1].
        """
        return self._inverse(self._quantile, q, "q", *self.support())

    def isf(self, q: ArrayLike) -> Elementwise:
        """``inf {x : sf(x) <= q} = ppf(1 - q)`` at q in [0, 1] (any shape).

        It inverts `sf`: for q below 1e-3 too, up to four roundings of the width from the end.

        Raises
        ------
        ValueError
            If a q lies outside [0, 1].
        """
        lo, hi = self.support()
        return self._inverse(lambda t: inverse_survival(self, t), q, "q", hi, lo)

    @staticmethod
    def _inverse(
        function: Callable[[FloatArray], FloatArray],
        q: ArrayLike,
        name: str,
        at_zero: float,
        at_one: float,
    ) -> Elementwise:
        q = probabilities_of_any_shape(q, name)
        x = np.where(q == 0, at_zero, at_one)
        inner = (q > 0) & (q < 1)
        x[inner] = function(q[inner])
        return x[()]

    def median(self) -> float:
        """``ppf(1/2)``."""
        return float(self.ppf(0.5))

    def interval(self, confidence: ArrayLike) -> tuple[Elementwise, Elementwise]:
        """``(ppf(t), isf(t))`` with ``t = (1 - confidence)/2``: equal tails (any shape).

        Raises
        ------
        ValueError
            If a confidence lies outside [0, 1].
        """
        tail = (1.0 - probabilities_of_any_shape(confidence, "confidence")) / 2
        return self.ppf(tail), self.isf(tail)

    def rvs(
        self,
        size: int | tuple[int, ...] | None = None,
        rng: RandomState = None,
        random_state: RandomState = None,
    ) -> Elementwise:
        """Independent draws from the law, by inversion.

        Parameters
        ----------
        size : None, int or tuple of int
            Shape of the draws; None for one number.
        rng, random_state : None, int, SeedSequence or Generator
            Two names of one thing; None for a fresh generator.

        Raises
        ------
        ValueError
            If both rng and random_state are given, or an argument is not as above.
        """
        name = "rng" if random_state is None else "random_state"
        if rng is not None and random_state is not None:
            raise ValueError(
                "rng and random_state must not both be given, they mean the same, "
                f"got {describe(rng)} and {describe(random_state)}"
            )
        generator = random_generator(rng if random_state is None else random_state, name)
        return self.ppf(generator.random(shape_of(size, "size")))

    # --- expectations -----------------------------------------------------------------------

    def mean(self) -> float:
        """``E X``."""
        return self.moment(1)

    def var(self) -> float:
        """``Var X``; infinite or 0 where float64 ends, as `moment`."""
        value, exponent = self._variance()
        return times_two_to(value, 2 * exponent)

    def std(self) -> float:
        """``√Var X``, in units of the support: right where the variance leaves float64."""
        value, exponent = self._variance()
        return times_two_to(np.sqrt(value), exponent)

    def expect(
        self,
        func: Callable[[float], complex] | None = None,
        lb: float | None = None,
        ub: float | None = None,
        conditional: bool = False,
    ) -> Any:
        """``E[f(X); lb <= X <= ub]``, the atom included.

        Parameters
        ----------
        func : callable, optional
            f, from a number to a real or complex number; the identity if it is not given.
        lb, ub : float, optional
            Bounds, infinite if they are not given.
        conditional : bool
            Whether to divide by ``P(lb <= X <= ub)``.

        Returns
        -------
        float or complex
            To 1e-9 of ``E|f|``, but for what roundings of x and of probabilities, 1e-15 of the
            largest ``|f|``, move it; to 1e-5 for a logarithm at a hard edge, where quantiles are
            known to 1e-8 of probability. Not finite if values of f are not.

        Raises
        ------
        ValueError
            If func is no function or does not return a number, ``lb > ub``, or there is nothing
            between the bounds to condition on.
        RuntimeError
            If the quadrature does not converge.

        Notes
        -----
        The rule of `expectation`: in probability, interval by interval, halved until it settles. A
        jump of f is found.

        Examples
        --------
        >>> from rmt_hessian.theory import MarchenkoPastur
        >>> law = MarchenkoPastur(0.5)
        >>> round(law.expect(lambda x: 1 / x), 9)  # 1/(1 - γ)
        2.0
        """
        return expectation(self, func, lb, ub, boolean(conditional, "conditional"))

    def entropy(self) -> float:
        """``-∫ ρ log ρ dx`` of the continuous part ρ, whose mass is 1 less the atom.

        Differential entropy, in nats, if there is no atom. Weights times c > 0 move it by
        ``(1 - atom_at_zero) log c``; without a continuous part it is 0. To 1e-9 of
        ``∫ ρ |log ρ|``; to 1e-6 at a hard edge.

        Raises
        ------
        RuntimeError
            If the density is not resolved in float64: components are narrower than 1e-10 of their
            distance from 0.
        """
        return entropy(self)


def _elementwise(function: Callable[[FloatArray], FloatArray], x: ArrayLike) -> Elementwise:
    x = real_array(x, "x")
    flat = x.ravel()
    values = np.full(flat.shape, np.nan)
    known = ~np.isnan(flat)
    with np.errstate(over="ignore"):  # the density of a law as narrow as 1e-310
        values[known] = function(flat[known])
    return values.reshape(x.shape)[()]
