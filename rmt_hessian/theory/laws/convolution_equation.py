r"""The equation of the free convolution of weights and a spectrum, ``u = T(u; z)``: its sums.

Statement and derivation: `free_convolution`. It has the interface of `SeparableEquation`, so that
`separable_solver` solves it and `separable_components` finds its components. Everything here is in
units in which the largest |λ| and the largest e are 1.

**Coordinate.** ``δ`` passes through infinity in gaps beside weights that hardly differ. So the
unknown is ``u = δ/(1 + cδ)``, δ again for c = 0: with c one of the weights ``u = ∞`` would be a
pole of κ, which no gap holds. With ``b = λ - c``

    ``1 + λδ = (1 + b u)/(1 - c u)``,  ``g = V/κ``,  ``V = E[1/(1 + b u)]``,
    ``κ = E[λ/(1 + b u)]``,  ``T = g A/D``,  ``D = 1 - A + c g A``.

References
----------
``docs/laws.md`` §8.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian.theory.laws import kernels
from rmt_hessian.theory.laws.atomic_equation import (
    DEPTH,
    ROUNDING,
    AtomicEquation,
    sums_from_0,
)
from rmt_hessian.theory.laws.separable_defect import Defect

TINY = 1e-77  # |z|


@dataclass(frozen=True)
class ConvolutionEquation(AtomicEquation):
    """``u = T(u; z)``, see above; methods call u ``delta``, as in `SeparableEquation`.

    ``φ P(a≠0) <= 1``.

    Attributes
    ----------
    centre : float
        c: 0, or one of weights that are of one sign and none of them 0.
    """

    centre: float = 0.0
    panels = ()  # weights with a density are not covered
    reach = 1.1  # of the support: ``‖H‖ <= max|λ| max e``

    @cached_property
    def floor(self):
        """Where the search for components ends towards 0: no mass is left below.

        If no weight is 0, none is smaller than the smallest ``|λ| e``, for weights of one sign or
        N eigenvalues other than 0.
        """
        smallest = np.abs(self.lam).min() * self.a.min()
        definite = self.lam[0] > 0 or self.lam[-1] < 0
        bounded = self._no_weight == 0 and (definite or self._rankless == 0)
        return smallest * (0.9 if bounded else DEPTH)

    @property
    def hard_edge(self):
        """Whether the density has a pole at 0: weights and features leave the same rank."""
        return self.excess == 0 and self._no_weight > 0

    @cached_property
    def near(self):
        """``|z|`` below which a start is as there: δ is bounded where the features limit the rank.

        Im g is rounding where ``|λδ|`` is huge.
        """
        return (self.p @ self.a) * np.median(np.abs(self.lam)) if self.excess < 0 else TINY

    # --- the sums ---------------------------------------------------------------------------

    @cached_property
    def _no_weight(self):
        """``P(λ=0)``, exactly 0 where it is 0 up to rounding."""
        return 1.0 - self.w_nonzero

    @cached_property
    def _rankless(self):
        """``1 - φ P(e≠0)``, what the features leave of the samples."""
        left = 1.0 - self.phi * self.p_nonzero
        return left if left > ROUNDING else 0.0

    @cached_property
    def _b(self):
        return self.lam - self.centre

    @cached_property
    def _w_lam(self):
        return self.w * self.lam

    @cached_property
    def _phi_p(self):
        return self.phi * self.p

    @cached_property
    def _phi_p_a(self):
        return self._phi_p * self.a

    def weight_sums(self, delta):
        """``κ``, ``V``, ``-dκ/du`` and ``-dV/du``."""
        one = np.ones_like(delta)
        kappa, kappa_fall = kernels.fraction_sums(delta, one, self._b, self._w_lam)
        V, V_fall = kernels.fraction_sums(delta, one, self._b, self.w)
        return kappa, V + self._no_weight, kappa_fall, V_fall

    def feature_sums(self, w):
        """``A = φ E[e/(e - w)]``, ``1 - A`` and ``w dA/dw`` at each w."""
        one = np.ones_like(w)
        A, _ = kernels.fraction_sums(one, -w, self.a, self._phi_p_a)
        inverse, slope = kernels.fraction_sums(one, -w, self.a, self._phi_p)
        return A, self._rankless - w * inverse, w * slope

    def defect(self, delta, z):
        """`Defect` at each (u, z), shape (n,)."""
        kappa, V, kappa_fall, V_fall = self.weight_sums(delta)
        g = V / kappa
        g_slope = (g * kappa_fall - V_fall) / kappa
        A, left, A_slope = self.feature_sums(z * g)
        D = left + self.centre * g * A
        slope = g_slope * (A * left + A_slope) / D / D
        T, in_z = g * A / D, g * A_slope / D / D
        return Defect(
            image=T,
            difference=T - delta,
            slope=slope,
            contraction=1.0 - slope,
            in_z=in_z,
            size=np.maximum(np.abs(delta), np.abs(in_z)),
            contraction_size=np.ones(z.shape),
        )

    def place(self, delta, z):
        """``w = z g``, where the transform of the spectrum is taken."""
        kappa, V, _, _ = self.weight_sums(delta)
        return z * V / kappa

    def stieltjes(self, delta, z):
        """``s(z) = (w/z) E[1/(e - w)]`` of a solution, the atom of zero e left out."""
        w = self.place(delta, z)
        return w / z * kernels.fraction_sums(np.ones_like(w), -w, self.a, self.p)[0]

    def density(self, delta, x):
        """``Im s/π = Im A/(π φ x)`` of solutions at real x, of positive terms; 0 for real u."""
        rho, inside = np.zeros(x.shape), delta.imag > 0
        A, _, _ = self.feature_sums(self.place(delta[inside], x[inside] + 0j))
        rho[inside] = A.imag / (np.pi * self.phi * x[inside])
        return rho

    # --- the distribution function ----------------------------------------------------------

    def distribution(self, delta, x):
        """``P(X <= x)`` at real x ≠ 0 from a solution with ``Im u > 0``; see `free_convolution`.

        An error of u enters squared. For x < 0 w is turned to the upper half plane.
        """
        kappa, V, _, _ = self.weight_sums(delta)
        w = x * V / kappa
        here = self.defect(delta, x + 0j)
        A, left, _ = self.feature_sums(w)
        turns = kernels.angle_sums(delta, np.ones_like(delta), self._b, self.w)
        turns += np.angle(left + self.centre * w / x * A)
        turns += ((kappa - self.centre * V) * here.difference).imag
        w = np.where(x > 0, w, w.conj())
        angles = kernels.angle_sums(np.full(w.shape, -1.0 + 0j), w, self.a, self.p)
        angles -= self.p_nonzero * np.angle(w)
        below = np.where(x > 0, angles, -angles) + turns / self.phi
        return np.where(x > 0, 1.0, 0.0) - below / np.pi

    def index(self, delta, x):
        """Two numbers that tell the gaps between components apart, shape (2, n), from a real u.

        Five times the number of e above w > 0, and 2 more than the half turns of D; how many λ
        have ``1 + b u < 0``, with minus where b < 0.
        """
        n_e, n_lam = self.a.size, self.lam.size
        side = np.where(x > 0, 1, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            kappa, V, _, _ = (sums.real for sums in self.weight_sums(delta + 0j))
            w = x * V / kappa
            more_negative = np.searchsorted(self._b, -1.0 / delta)  # b < -1/u
        turns = side * np.where(V < 0, np.where(self.centre * delta > 1, 1, -1), 0)
        above = np.where(w > 0, n_e - np.searchsorted(self.a, w), 0)
        if self._rankless == 0:  # w passes through 0
            all_above = above == n_e
            above, turns = np.where(all_above, 0, above), turns + side * all_above
        crossed = np.where(delta < 0, n_lam - more_negative, -more_negative)
        crossed = np.where(delta == 0, 0, crossed)
        if self.centre == 0 and self._no_weight == 0:  # what δ beyond infinity comes back as
            negative = int(np.searchsorted(self.lam, 0.0))
            positive = n_lam - negative
            back = (turns == -1) & (crossed == positive)
            crossed, turns = np.where(back, -negative, crossed), np.where(back, 0, turns)
            back = (turns == 1) & (crossed == -negative)
            crossed, turns = np.where(back, positive, crossed), np.where(back, 0, turns)
        return np.stack([5 * above + turns + 2, crossed]).astype(int)

    def share_below(self, index, x):
        """``P(X <= x)`` in gaps, from their `index`: `distribution` with angles 0 or π."""
        above, crossed = index
        largest_e = sums_from_0(self.p[::-1])
        largest_b, smallest_b = sums_from_0(self.w[::-1]), sums_from_0(self.w)
        turned = largest_b[np.maximum(crossed, 0)] - smallest_b[np.maximum(-crossed, 0)]
        turned += above % 5 - 2
        below = np.where(x > 0, 1.0, -1.0) * largest_e[above // 5] + turned / self.phi
        return np.where(x > 0, 1.0, 0.0) - below
