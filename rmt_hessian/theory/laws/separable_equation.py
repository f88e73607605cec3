r"""The equation of the separable law, ``δ = T(δ; z)``: its sums, and what follows from a solution.

Statement and source: `separable`. Everything here is in units in which the largest |λ| and the
largest a are 1. `separable_solver` solves it.

References
----------
``docs/laws.md`` §6.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian.theory.laws import kernels
from rmt_hessian.theory.laws.atomic_equation import DEPTH, AtomicEquation, sums_from_0
from rmt_hessian.theory.laws.separable_defect import Defect

LARGE = 10.0  # |λδ| that is large; one over an excess that is small
EPS = np.finfo(float).eps


@dataclass(frozen=True)
class SeparableEquation(AtomicEquation):
    """``δ = T(δ; z)``, with T the right-hand side; an excess of 0 is a hard edge at x = 0.

    Attributes
    ----------
    panels : (ends, shares), optional
        Of weights with a density, whose Gauss nodes λ are: as in `kernels`.
    """

    panels: tuple = ()
    near = 1e-77  # |z| below which a start is as there

    @property
    def reach(self):
        """The support lies well inside [-reach, reach]."""
        return 1.1 * (1.0 + np.sqrt(self.phi)) ** 2

    @property
    def floor(self):
        """Where the search for components ends towards 0: no mass is left below."""
        return DEPTH * np.abs(self.lam).min() * self.a.min()

    # --- the sums ---------------------------------------------------------------------------

    @cached_property
    def _w_lam(self):
        return self.w * self.lam

    @cached_property
    def mean_inverse(self):
        """``E[1/λ; λ≠0]``: its sign is the side of a hard edge."""
        terms = self.w / self.lam
        mean = math.fsum(terms)
        return 0.0 if abs(mean) < EPS * np.abs(terms).sum() else mean

    @cached_property
    def _smallest_weight(self):
        return np.abs(self.lam).min()

    @cached_property
    def _phi_p_a(self):
        return self.phi * self.p * self.a

    def kappa(self, delta):
        """``κ = E[λ/(1 + λδ)]`` and ``-dκ/dδ``."""
        if self.panels:
            return kernels.curvature_sums(delta, self.lam, self.w, self.panels)
        return kernels.fraction_sums(delta, np.ones_like(delta), self.lam, self._w_lam)

    def defect(self, delta, z):
        """`Defect` at each (δ, z), shape (n,)."""
        kappa, minus_kappa_slope = self.kappa(delta)
        T, per_kappa = kernels.fraction_sums(kappa, -z, self.a, self._phi_p_a)  # and -dT/dκ
        slope = minus_kappa_slope * per_kappa
        in_z = kappa * per_kappa - T  # T is homogeneous of degree -1 in (κ, z)
        found = Defect(
            image=T,
            difference=T - delta,
            slope=slope,
            contraction=1.0 - slope,
            in_z=in_z,
            size=np.maximum(np.abs(delta), np.abs(in_z)),
            contraction_size=np.ones(z.shape),
        )
        near_0 = np.abs(delta) * self._smallest_weight > LARGE
        if abs(self.excess) < 1.0 / LARGE and near_0.any():
            at = delta[near_0], z[near_0], kappa[near_0], minus_kappa_slope[near_0]
            found.put(near_0, self._defect_near_0(*at))
        return found

    def _defect_near_0(self, delta, z, kappa, minus_kappa_slope):
        """`defect` where every ``|λδ|`` is large, near a hard edge at 0.

        There ``κδ`` is ``P(λ≠0)`` up to little, and ``κT`` is ``φ P(a≠0)``. The difference comes
        from what is left,

            ``κ (T - δ) = excess + φ z ∫ dν/(aκ - z) + E[1/(1 + λδ)]``,
            ``E[1/(1 + λδ)] = (E[1/λ] - E[1/(λ (1 + λδ))])/δ``,

        and the contraction is minus its derivative in δ.
        """
        one = np.ones_like(delta)
        # E[1/(λ (1 + λδ))] and E[1/(1 + λδ)²], its derivative but for the sign
        inverse, by_square = kernels.fraction_sums(delta, one, self.lam, self.w / self.lam)
        rest = (self.mean_inverse - inverse) / delta
        minus_rest_slope = rest / delta - by_square / delta
        s, minus_s_slope = kernels.fraction_sums(kappa, -z, self.a, self.p)  # in κ
        difference = (self.excess + self.phi * z * s + rest) / kappa
        by_z = self.phi * z * minus_s_slope * minus_kappa_slope / kappa
        contraction = minus_rest_slope / kappa - by_z - minus_kappa_slope / kappa * difference
        terms = np.abs(self.excess) + np.abs(self.phi * z * s)
        terms += (np.abs(self.mean_inverse) + np.abs(inverse)) / np.abs(delta)
        return Defect(
            image=delta + difference,
            difference=difference,
            slope=1.0 - contraction,
            contraction=contraction,
            in_z=self.phi * z * minus_s_slope,
            size=terms / np.abs(kappa),
            contraction_size=terms / np.abs(kappa * delta),
        )

    def stieltjes(self, delta, z):
        """``s(z) = ∫ dν(a)/(aκ - z)`` of a solution δ, the atom of population zeros left out."""
        return kernels.fraction_sums(self.kappa(delta)[0], -z, self.a, self.p)[0]

    def density(self, delta, x):
        """``Im s/π`` of solutions at real x, a sum of positive terms; 0 for real δ."""
        rho, inside = np.zeros(x.shape), delta.imag > 0
        rho[inside] = self.stieltjes(delta[inside], x[inside] + 0j).imag / np.pi
        return rho

    # --- the distribution function ----------------------------------------------------------

    def distribution(self, delta, x):
        """``P(X <= x)`` at real x ≠ 0 from a solution with ``Im δ > 0``.

        The logarithmic potential ``∫ log(z - x) dμ = ∫ log(z - aκ) dν + E log(1 + λδ)/φ - κδ/φ``
        is stationary in κ and δ, and its derivative is -s. Its imaginary part gives

            ``F = 1 - (∫ Arg(x - aκ) dν + (E Arg(1 + λδ) - Im κδ)/φ)/π``:

        an error of δ enters squared.
        """
        kappa = self.kappa(delta)[0]
        angles = kernels.angle_sums(-kappa, x + 0j, self.a, self.p)
        angles += (1.0 - self.p_nonzero) * np.pi * (x < 0)
        if self.panels:
            turns = kernels.density_angles(delta, self.lam, self.w, self.panels)
        else:
            turns = kernels.angle_sums(delta, np.ones_like(delta), self.lam, self.w)
        return 1.0 - (angles + (turns - (kappa * delta).imag) / self.phi) / np.pi

    @cached_property
    def _group_ends(self):
        """For each number of λ below a point, the number that stands for its gap: itself.

        Weights with a density have no gap inside a group of neighbouring panels. A point in a tail
        so thin that its δ counts as real belongs to the gap beyond that tail.
        """
        numbers = np.arange(self.lam.size + 1)
        if not self.panels:
            return numbers
        ends, size = self.panels[0], self.lam.size // len(self.panels[0])
        breaks = 1 + np.flatnonzero(ends[1:, 0] != ends[:-1, 1])
        starts = size * np.concatenate([[0], breaks, [len(ends)]])
        below = sums_from_0(self.w)
        group = np.clip(np.searchsorted(starts, numbers, side="right") - 1, 0, starts.size - 2)
        lower, upper = starts[group], starts[group + 1]
        nearer_lower = below[numbers] - below[lower] < below[upper] - below[numbers]
        return np.where(nearer_lower, lower, upper)

    def index(self, delta, x):
        """Two numbers that tell the gaps between components apart, shape (2, n), from a real δ.

        How many a have ``aκ > x``; how many λ have ``1 + λδ < 0``, with minus where λ < 0.
        """
        n_a, n_lam = self.a.size, self.lam.size
        with np.errstate(divide="ignore", invalid="ignore"):
            kappa = self.kappa(delta + 0j)[0].real
            smaller = np.searchsorted(self.a, x / kappa)  # a < x/κ
            more_negative = self._group_ends[np.searchsorted(self.lam, -1.0 / delta)]  # λ < -1/δ
        above = np.where(kappa > 0, n_a - smaller, smaller)
        above = np.where(kappa == 0, n_a * (x < 0), above)
        crossed = np.where(delta < 0, n_lam - more_negative, -more_negative)
        crossed = np.where(delta == 0, 0, crossed)
        return np.stack([above, crossed]).astype(int)

    def share_below(self, index, x):
        """``P(X <= x)`` in gaps, from their `index`: `distribution` with angles 0 or π."""
        above, crossed = index
        # P of the so many largest or smallest a, and of the so many largest or smallest λ
        largest_a, smallest_a = sums_from_0(self.p[::-1]), sums_from_0(self.p)
        largest_lam, smallest_lam = sums_from_0(self.w[::-1]), sums_from_0(self.w)
        mass = np.where(x > 0, largest_a[above], smallest_a[above])
        turned = largest_lam[np.maximum(crossed, 0)] - smallest_lam[np.maximum(-crossed, 0)]
        return (1.0 - mass) - (1.0 - self.p_nonzero) * (x < 0) - turned / self.phi
