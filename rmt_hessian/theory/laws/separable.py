r"""Blocks whose features are correlated: the law of a separable sample covariance.

**Statement.** For ``H = (1/N) Σ_n λ_n z_n z_nᵀ`` with ``z_n = Σ^{1/2} g_n``, population spectrum
ν of Σ, weights with law F (signed allowed, asymptotically independent of the bulk of g), and
``p, N → ∞`` with ``p/N → φ``, the spectrum tends to the law with

    ``δ = φ ∫ a/(a κ - z) dν(a)``,   ``κ = E_F[λ/(1 + λ δ)]``,   ``s = ∫ dν(a)/(a κ - z)``

(Zhang, *Spectral analysis of large dimensional random matrices*; Paul & Silverstein 2009; signed
weights change nothing below). With Σ = I it is the generalised Marchenko–Pastur law, δ = φ s; with
constant weights, the classical sample covariance law of population ν.

**On the real axis, without a small imaginary part.** For ``Im z >= 0`` the right-hand side, as a
map T of δ, takes the upper half plane into itself: Im κ < 0 there. By Schwarz–Pick a holomorphic
self-map that is no automorphism has at most one fixed point inside. So a solution δ at real x with
``Im δ > 0`` is *the* solution, however it was found, x lies inside the support, and

    ``π ρ(x) = Im s = -Im κ · ∫ a/|aκ - x|² dν(a)``, a product of positive terms.

It is found by Newton's method on ``δ = T(δ)``, continued from ``x + iη``, η decreasing to 0.
Where no such δ exists, x is outside the support. Ends of components are bisected between the two.

**Outliers.** A single eigenvalue θ of Σ outside ν gives one of H at z, ``κ(z) θ = z``
(`SeparableLaw.outliers`).
"""

import numpy as np

from rmt_hessian._matrices import covariance_spectrum, distributions
from rmt_hessian._validation import complex_array, finite_array, positive_real
from rmt_hessian.theory.laws.separable_equation import MASS, SeparableEquation
from rmt_hessian.theory.laws.tabulated import TabulatedLaw

NEGLIGIBLE = 1e-16  # probabilities, and sizes of atoms over the largest, that count as 0


class SeparableLaw(TabulatedLaw):
    """Limiting law of ``(1/N) Σ_n λ_n z_n z_nᵀ`` with correlated features, ``z_n = Σ^{1/2} g_n``.

    Parameters
    ----------
    weights, probabilities : array_like, shape (K,)
        Atoms λ_k of the weight law, of either sign, and their probabilities.
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
        eigenvalue is negative, probabilities do not sum to 1 (to 1e-9), or the aspect ratio is
        not positive.
    RuntimeError
        If the equation is not solved, or the mass is not 1 to 1e-6 (no curve is returned).

    Notes
    -----
    Equation and source: the docstring of this module. Small components are looked for down to
    1e-9 of the largest possible eigenvalue; one that is missed shows in the mass, as an error. Not
    resolved, an error as well, is the density near 0 close to the hard edge
    ``φ P(a≠0) = P(λ≠0)``: within about 1 % for weights of both signs, less for one sign. A ν of
    few atoms shows them one by one once φ is small.
    Time grows like weights times population: 3 s for 1000 × 300, 20 s for 1000 × 1000 atoms.

    Examples
    --------
    >>> law = SeparableLaw([1.0, 0.5], [0.5, 0.5], [1.0, 4.0], [0.5, 0.5], aspect_ratio=0.25)
    >>> round(law.mean(), 6)  # E λ · E a
    1.875
    """

    def __init__(self, weights, probabilities, population, population_probabilities, aspect_ratio):
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        names = "weights", "probabilities"
        weights = finite_array(weights, "weights", ndim=1)
        self.weights, self.probabilities = _atoms(weights, probabilities, names)
        names = "population", "population_probabilities"
        population = covariance_spectrum(population, "population")
        self.population, self.population_probabilities = _atoms(
            population, population_probabilities, names
        )
        lam, w, lam_unit = _nonzero(self.weights, self.probabilities)
        a, p, a_unit = _nonzero(self.population, self.population_probabilities)
        self._a_unit, self._unit = a_unit, lam_unit * a_unit
        self._equation = SeparableEquation(lam, w, a, p, self.aspect_ratio)
        if lam.size == 0 or a.size == 0:
            super().__init__([], atom_at_zero=1.0)
            return
        tables = [(self._unit * x, rho / self._unit) for x, rho in self._equation.tables()]
        super().__init__(tables, 1.0 - self._equation.continuous_mass, tolerance=2 * MASS)

    def stieltjes(self, z):
        """``s(z) = ∫ dμ(x)/(x - z)`` at complex z (any shape), by solving the equation there.

        At real points it is the limit from above; infinite at the atom.

        Raises
        ------
        ValueError
            If a z is not finite.
        RuntimeError
            If the equation is not solved.
        """
        if not self._components:
            return super().stieltjes(z)
        z = complex_array(z, "z")
        flat = np.where(z.imag < 0, z.conj(), z).ravel() / self._unit
        s = np.full(flat.shape, complex(np.inf))
        solved = (flat != 0) | (self.atom_at_zero == 0)
        flat, equation = flat[solved], self._equation
        value = equation.stieltjes(equation.solve(flat), flat)
        zeros = 1.0 - equation.p_nonzero  # of the population
        if zeros > 0:
            value -= zeros / flat
        s[solved] = value / self._unit
        s = s.reshape(z.shape)
        return np.where(z.imag < 0, s.conj(), s)[()]

    def outliers(self, spike):
        """Places of the outliers of H outside its support, from one eigenvalue θ of Σ above ν.

        ``κ(z) θ = z`` with real δ: then ``δ κ = -φ ∫ a/(θ - a) dν(a)``, and
        ``δ κ = E[λδ/(1 + λδ)]`` is concave between the poles next to 0. A root is an outlier if
        ``dT/dδ < 1`` there (otherwise z is inside the support, or not of this branch): at most one
        above the support (δ < 0) and one below it (δ > 0).

        Parameters
        ----------
        spike : float
            θ, above the largest population eigenvalue.

        Returns
        -------
        numpy.ndarray, shape (0,), (1,) or (2,)
            Ascending.

        Raises
        ------
        ValueError
            If θ is not above the population.

        Examples
        --------
        >>> law = SeparableLaw([1.0], [1.0], [1.0], [1.0], aspect_ratio=0.25)
        >>> law.outliers(3.0)  # θ (1 + φ/(θ - 1)), as θ > 1 + √φ
        array([3.375])
        """
        theta = positive_real(spike, "spike")
        top = self.population[-1]
        if theta <= top:
            raise ValueError(f"spike must be above the population, {top:g}, got {theta:g}")
        if not self._components:
            return np.empty(0)
        return self._equation.outliers(theta / self._a_unit) * self._unit


def _atoms(x, probabilities, names):
    """A discrete law: distinct values, ascending, and probabilities of sum 1."""
    w = distributions(probabilities, names[1])
    if x.shape != w.shape:
        raise ValueError(f"{names[0]} and {names[1]} must have one shape, got {x.shape}, {w.shape}")
    x, inverse = np.unique(x, return_inverse=True)
    return x, np.bincount(inverse, weights=w / w.sum())


def _nonzero(x, w):
    """Atoms different from 0, divided by the size of the largest, their probabilities, the size."""
    unit = np.abs(x).max() or 1.0
    kept = (np.abs(x) > NEGLIGIBLE * unit) & (w > NEGLIGIBLE)
    return x[kept] / unit, w[kept], unit
