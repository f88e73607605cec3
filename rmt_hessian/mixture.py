"""`Mixture`: the description of inputs that are a Gaussian mixture, one class a component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import describe, list_of, positive_integer, real_number
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.distributions import normalised, probability
from rmt_hessian._types import FloatArray


@dataclass(frozen=True, eq=False, repr=False)
class Mixture:
    """Inputs of K classes, ``x = ρ m_y + g`` with ``g ~ N(0, I_d)`` and means m of unit length.

    The means are a random frame of R^d, orthonormal, or correlated within groups of classes; or
    they are given, and have lengths of their own. Like
    an `Ensemble` it holds names and sizes only: K and d are those of a network. `mixture_inputs`,
    which takes the same parameters, draws from it.

    With orthonormal means and classes of one size no classifier is right more often than with
    probability ``E Φ(z + ρ)^{K-1}``, z standard normal: for K = 10 that is 0.67 at ρ = 2, 0.90 at
    3, 0.98 at 4.

    Parameters
    ----------
    separation : float
        ρ, not negative; the means of two classes are ``ρ √2`` apart, the noise along the line
        between them has standard deviation 1. At 0 labels are independent of the inputs.
    groups : tuple of int and float, optional
        The number of groups, of consecutive classes and of one size, and the correlation κ in
        [0, 1] of the means: ``m_kᵀm_l = κ`` in one group (at 1 they coincide), 0 between groups.
        None: orthonormal means.
    frequencies : array_like, shape (K,), optional
        Positive, of any sum, each at least 5e-324 of it; kept as probabilities of the classes.
        None: balanced classes.
    means : array_like, shape (K, d), optional
        The very means m, of any length, for laws of weights that have learnt them; kept as a
        read-only array. None: a random frame.

    Raises
    ------
    ValueError
        If an argument is not as above, or both groups and means are given.

    References
    ----------
    ``docs/training.md`` §1.

    Examples
    --------
    >>> Mixture(3, frequencies=[3, 1])
    Mixture(separation=3.0, groups=None, frequencies=(0.75, 0.25))
    >>> Mixture(3, groups=(2, 0.5)).means_gram(4)
    array([[1. , 0.5, 0. , 0. ],
           [0.5, 1. , 0. , 0. ],
           [0. , 0. , 1. , 0.5],
           [0. , 0. , 0.5, 1. ]])
    """

    separation: float
    groups: tuple[int, float] | None = None
    frequencies: ArrayLike | None = None
    means: ArrayLike | None = None

    def __post_init__(self) -> None:
        separation = real_number(self.separation, "separation")
        if separation < 0:
            raise ValueError(f"separation must not be negative, got {self.separation!r}")
        object.__setattr__(self, "separation", separation)
        if self.groups is not None:
            wanted = "a number of groups and a correlation"
            pair = list_of(self.groups, "groups", wanted)
            if len(pair) != 2:
                raise ValueError(f"groups must be {wanted}, got {describe(self.groups)}")
            n_groups = positive_integer(pair[0], "groups[0]")
            object.__setattr__(self, "groups", (n_groups, probability(pair[1], "groups[1]")))
        if self.frequencies is not None:
            given = finite_array(self.frequencies, "frequencies", ndim=1)
            least, largest = given.min(), given.max()
            if least <= 0:
                raise ValueError(f"frequencies must be positive, got {least:g}")
            above_two = max(int(np.frexp(largest)[1]) - 1, 0)  # a power of 2: no sum overflows
            w = normalised(np.ldexp(given, -above_two))
            if w.min() == 0:
                wanted = "at least 5e-324 of their sum, the least number above 0"
                raise ValueError(
                    f"frequencies must be {wanted}, got {float(least)} beside {float(largest)}"
                )
            object.__setattr__(self, "frequencies", tuple(w.tolist()))
        if self.means is not None:
            if self.groups is not None:
                raise ValueError("groups must be None beside means, which have correlations")
            means = finite_array(self.means, "means", ndim=2).copy()
            means.setflags(write=False)
            object.__setattr__(self, "means", means)

    def means_gram(self, n_classes: int) -> FloatArray:
        """``m_kᵀm_l`` of the means: 1, κ in one group, else 0; or that of given means.

        Parameters
        ----------
        n_classes : int
            K, of which the groups are equal parts, and as many as there are frequencies.

        Returns
        -------
        numpy.ndarray, shape (K, K)

        Raises
        ------
        ValueError
            If there can be no K classes.
        """
        K = self._classes(n_classes)
        if self.means is not None:
            means = np.asarray(self.means)
            return means @ means.T
        n_groups, correlation = self.groups or (K, 0.0)
        group = np.arange(K) // (K // n_groups)
        gram: FloatArray = np.where(group[:, None] == group, correlation, 0.0)
        np.fill_diagonal(gram, 1.0)
        return gram

    def probabilities(self, n_classes: int) -> FloatArray:
        """Those of the classes, shape (K,): the frequencies, 1/K each without; as `means_gram`."""
        K = self._classes(n_classes)
        return np.full(K, 1 / K) if self.frequencies is None else np.array(self.frequencies)

    def _classes(self, n_classes: int) -> int:
        """K, if the groups and the frequencies are of so many classes."""
        K = positive_integer(n_classes, "n_classes")
        if self.groups is not None and K % self.groups[0]:
            raise ValueError(
                f"n_classes must be a multiple of the {self.groups[0]} groups, got {K}"
            )
        if self.frequencies is not None and np.size(self.frequencies) != K:
            given = np.size(self.frequencies)
            raise ValueError(f"n_classes must be that of the {given} frequencies, got {K}")
        if self.means is not None and len(np.asarray(self.means)) != K:
            given = len(np.asarray(self.means))
            raise ValueError(f"n_classes must be that of the {given} means, got {K}")
        return K

    def refuse_other_sizes(self, n_classes: int, n_inputs: int) -> None:
        """Raise ValueError if there can be no such means of K classes in d dimensions."""
        K = self._classes(n_classes)
        if self.means is None and n_inputs < K:
            raise ValueError(f"n_inputs must be at least n_classes, {K}, got {n_inputs}")
        if self.means is not None and np.shape(self.means)[1] != n_inputs:
            given = np.shape(self.means)[1]
            raise ValueError(f"n_inputs must be that of the means, {given}, got {n_inputs}")

    def _parts(self) -> tuple[Any, ...]:
        return self.separation, self.groups, self.frequencies

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mixture):
            return NotImplemented
        known = self.means is not None, other.means is not None
        same = known[0] == known[1] and np.array_equal(self.means, other.means)  # type: ignore[arg-type]
        return self._parts() == other._parts() and bool(same)

    def __hash__(self) -> int:
        if self.means is not None:
            raise TypeError("a Mixture with given means has no hash: they are an array")
        return hash(self._parts())

    def __repr__(self) -> str:
        parts = [f"separation={self.separation}", f"groups={self.groups}"]
        parts.append(f"frequencies={self.frequencies}")
        if self.means is not None:
            K, d = np.shape(self.means)
            parts.append(f"means={K} in {d} dimensions")
        return f"Mixture({', '.join(parts)})"
