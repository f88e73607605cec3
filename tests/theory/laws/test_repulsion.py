"""Against closed forms of the classical law and the kernel of the central limit theorem itself."""

import numpy as np
import pytest
from scipy.integrate import quad

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SeparableLaw,
    WithNullSpace,
)
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.repulsion import _of_separable, mean_repulsion
from rmt_hessian.theory.laws.separable_solver import solve
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity

# r is about log q at an end, q the probability up to there: the midpoint of the first of 128 cells
# is off by 1 - log 2 of it, 0.0024, and the others by as much again at most
MIDPOINTS = 7e-3


def test_the_semicircle():
    """``s = e^{iθ}`` on it, so ``e^r = 2 sin³θ``: ``E log sin θ = ½ - log 2`` over it."""
    assert mean_repulsion(MarchenkoPastur(1e-6)) == pytest.approx(
        1.5 - 2 * np.log(2), abs=MIDPOINTS
    )


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.9])
def test_the_classical_law(gamma):
    """``a = γ + √γ e^{iθ}``: ``v = √γ sin θ``, ``|z'(a)| = 2 sin θ``, closed density."""
    root = np.sqrt(gamma)

    def x(theta):
        return 1 + gamma + 2 * root * np.cos(theta)

    def density(theta):  # closed form of the law
        return 2 * root * np.sin(theta) / (2 * np.pi * gamma * x(theta))

    def integrand(theta):
        r = np.log(np.pi * density(theta) * root * np.sin(theta) * 2 * np.sin(theta))
        return r * density(theta) * 2 * root * np.sin(theta)

    mean = quad(integrand, 0, np.pi, epsabs=1e-10)[0]
    assert mean_repulsion(MarchenkoPastur(gamma)) == pytest.approx(mean, abs=MIDPOINTS)


@pytest.mark.parametrize("gamma", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("weights", [[1.0, 0.2], [1.0, -0.5], [3.0, 0.0]])
def test_the_two_routes_agree_and_units_do_not_matter(weights, gamma):
    law = GeneralizedMarchenkoPastur(weights, [0.4, 0.6], gamma)
    twin = SeparableLaw(1e5 * np.array(weights), [0.4, 0.6], [1.0], [1.0], gamma)
    assert mean_repulsion(law) == pytest.approx(mean_repulsion(twin), abs=1e-5)


def test_the_kernel_of_the_central_limit_theorem():
    """``-log|(1 - K(z, z̄))/(1 - K(z, z))| - log η -> r - log π ρ``, K by its double sum."""
    a, p = np.array([0.3, 1.0, 4.0]), np.array([0.2, 0.5, 0.3])
    lam, w, phi = np.array([1.0, 0.4, -0.3]), np.array([0.5, 0.3, 0.2]), 0.6
    law = SeparableLaw(lam, w, a, p, phi)
    x, eta = law.ppf(np.linspace(0.1, 0.9, 9)), 1e-7
    z = (x + 1j * eta) / law._unit
    delta = solve(law._equation, z)
    a, lam = a / a.max(), lam / np.abs(lam).max()
    kappa = (w * lam / (1 + np.outer(delta, lam))).sum(axis=1)

    def kernel(k, d, z_):
        first = phi * (
            p * a**2 / ((np.outer(kappa, a) - z[:, None]) * (np.outer(k, a) - z_[:, None]))
        )
        second = w * lam**2 / ((1 + np.outer(delta, lam)) * (1 + np.outer(d, lam)))
        return first.sum(axis=1) * second.sum(axis=1)

    same, across = kernel(kappa, delta, z), kernel(kappa.conj(), delta.conj(), z.conj())
    expected = np.log(np.abs((1 - same) / (1 - across)) * eta * np.pi * law.pdf(x))
    np.testing.assert_allclose(_of_separable(law, x), expected, atol=1e-4)


def test_an_atom_at_zero_and_a_null_space_only_change_the_number():
    """γ and 1/γ are one matrix and its transpose, which has the same eigenvalues but zeros."""
    half, two = mean_repulsion(MarchenkoPastur(0.5)), mean_repulsion(MarchenkoPastur(2.0))
    assert two - np.log(0.5) == pytest.approx(half, abs=1e-4)
    with_zeros = mean_repulsion(WithNullSpace(MarchenkoPastur(0.5), 0.2))
    assert with_zeros == pytest.approx(half + np.log(0.8), abs=1e-12)


def test_weights_with_a_density():
    density = WeightDensity(np.array([[0.5, 1.0], [1.0, 1.5]]), np.ones((2, 8)))
    fine = np.linspace(0.5, 1.5, 4001)[1::2]
    nodes = GeneralizedMarchenkoPastur(fine, np.full(fine.size, 1 / fine.size), 0.3)
    law = ContinuousMarchenkoPastur(density, 0.3)
    assert mean_repulsion(law) == pytest.approx(mean_repulsion(nodes), abs=1e-4)


def test_unknown_laws():
    x = np.linspace(0.1, 2.0, 50)
    semicircle = 8 / (np.pi * 1.9**2) * np.sqrt((x - 0.1) * (2.0 - x))
    assert np.isnan(mean_repulsion(TabulatedLaw([(x, semicircle)], tolerance=0.1)))
    assert np.isnan(mean_repulsion(GeneralizedMarchenkoPastur([0.0], [1.0], 1.0)))


@pytest.mark.parametrize("gamma", [1e-40, 1e-20, 1e8])
def test_components_narrower_than_rounding(gamma):
    """A number or NaN, no warning."""
    weights = [1.0, 3.0, 1e6], [0.5, 0.3, 0.2]
    for law in (GeneralizedMarchenkoPastur(*weights, gamma), MarchenkoPastur(gamma)):
        assert not np.isinf(mean_repulsion(law))
