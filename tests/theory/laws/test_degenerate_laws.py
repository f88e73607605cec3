"""Weight laws at the border of what the formulas cover: each has a documented answer."""

import numpy as np
import pytest
from scipy.optimize import brentq

from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws import kernels
from tests.tolerances import EXACT


def test_all_weights_zero_is_the_unit_atom():
    law = GeneralizedMarchenkoPastur([0.0, 0.0], [0.5, 0.5], 0.3)
    assert law.components() == []
    assert law.component_masses().size == 0
    assert law.atom_at_zero == 1
    assert law.support() == (0.0, 0.0)
    np.testing.assert_array_equal(law.cdf([-1.0, 0.0, 1.0]), [0, 1, 1])
    np.testing.assert_array_equal(law.pdf([-1.0, 0.0, 1.0]), [0, 0, 0])
    assert law.mean() == law.var() == law.moment(3) == 0
    assert law.ppf(0.5) == 0
    assert law.stieltjes(2.0) == -0.5
    assert law.log_potential(np.e) == pytest.approx(1, rel=EXACT)
    assert law.gaps() == [(-np.inf, np.inf)]


def test_equal_weights_are_one_atom():
    law = GeneralizedMarchenkoPastur([2.0, 2.0, 2.0], [0.2, 0.3, 0.5], 0.25)
    assert law.weights.size == 1
    np.testing.assert_allclose(law.components(), [(0.5, 4.5)], rtol=EXACT)


@pytest.mark.parametrize(
    ("weights", "power"), [((1.0, 0.5), -1 / 2), ((-1.0, -0.5), -1 / 2), ((1.0, -0.5), -1 / 2)]
)
def test_hard_edge(weights, power):
    """``P(λ≠0) = γ``: no atom, a density ``|x|^{-1/2}`` on the side of the sign of E[1/λ]."""
    law = GeneralizedMarchenkoPastur([*weights, 0.0], [0.25, 0.25, 0.5], 0.5)
    side = np.sign(sum(1 / t for t in weights))
    assert law.atom_at_zero == 0
    near, far = law.pdf(side * np.array([1e-8, 4e-8]))
    assert near / far == pytest.approx(4.0**-power, rel=1e-3)
    assert law.pdf(-side * 1e-8) == 0
    assert law.component_masses().sum() == pytest.approx(1, abs=EXACT)


def test_hard_edge_whose_mean_reciprocal_vanishes():
    """``|x|^{-1/3}`` on both sides when E[1/λ; λ≠0] = 0."""
    law = GeneralizedMarchenkoPastur([1.0, -1.0, 0.0], [0.25, 0.25, 0.5], 0.5)
    assert law.pdf(1e-6) / law.pdf(8e-6) == pytest.approx(2, rel=1e-3)
    assert law.pdf(-1e-6) == pytest.approx(law.pdf(1e-6), rel=1e-9)
    assert law.cdf(0.0) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_two_weights_merge(distance):
    """The law is continuous in the distance of two weights, down to one ulp."""
    law = GeneralizedMarchenkoPastur([1.0, 1.0 + distance], [0.5, 0.5], 0.5)
    merged = GeneralizedMarchenkoPastur([1.0 + distance / 2], [1.0], 0.5)
    x = np.linspace(0.2, 2.7, 9)
    np.testing.assert_allclose(law.cdf(x), merged.cdf(x), atol=distance**2 + 10 * EXACT)
    np.testing.assert_allclose(
        law.components(), merged.components(), atol=10 * distance**2 + 10 * EXACT
    )


def test_two_components_merge():
    """Two equal masses split where ``(c₁^{1/3} + c₂^{1/3})³ = (p₂ - p₁)²``, and not before."""

    def closing(gamma):
        return ((gamma / 2) ** (1 / 3) + (9 * gamma / 2) ** (1 / 3)) ** 3 - (2 * gamma) ** 2

    critical = brentq(closing, 0.1, 100, xtol=1e-14)
    for factor, count in ((1 + 1e-4, 2), (1 + 1e-8, 2), (1 - 1e-8, 1), (1 - 1e-4, 1)):
        law = GeneralizedMarchenkoPastur([1.0, 3.0], [0.5, 0.5], critical * factor)
        assert len(law.components()) == count
        assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    # at the cusp the density vanishes like a cube root, and the gap like the 3/2 power
    law = GeneralizedMarchenkoPastur([1.0, 3.0], [0.5, 0.5], critical * (1 - 1e-9))
    assert 0 < law.pdf(5.46262507) < 0.05 * law.pdf(4.0)


@pytest.mark.parametrize("mass", [1e-6, 1e-10, 1e-14])
def test_one_weight_of_tiny_mass(mass):
    """Its component sits at the spike ``z(γℓ)`` of the rest, with mass ``w/γ``."""
    gamma, weight = 0.1, 100.0
    law = GeneralizedMarchenkoPastur([1.0, weight], [1 - mass, mass], gamma)
    (_, _), (lo, hi) = law.components()
    place = GeneralizedMarchenkoPastur([1.0], [1.0], gamma).place(gamma * weight)
    assert (lo + hi) / 2 == pytest.approx(place, abs=10 * weight * np.sqrt(mass) + 1e-9)
    assert hi - lo < 10 * weight * np.sqrt(gamma * mass)
    assert law.component_masses()[1] == pytest.approx(mass / gamma, rel=1e-6, abs=1e-14)


def test_a_weight_of_negligible_mass_is_dropped():
    law = GeneralizedMarchenkoPastur([1.0, 100.0], [1.0, 1e-17], 0.1)
    assert len(law.components()) == 1


def test_an_atom_inside_the_bulk():
    """γ ≫ 1: one component for each sign, the atom ``1 - 1/γ`` between them."""
    law = GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 20.0)
    assert law.atom_at_zero == pytest.approx(0.95)
    (a, b), (c, d) = law.components()
    assert a < b < 0 < c < d
    assert law.cdf(0.0) - law.cdf(-1e-12) == pytest.approx(0.95)
    np.testing.assert_array_equal(law.ppf([0.03, 0.5, 0.97]), [0, 0, 0])
    assert law.ppf(0.02) < b
    assert law.ppf(0.98) > c
    assert law.stieltjes(0.0) == np.inf
    assert law.log_potential(0.0) == -np.inf


def test_probabilities_are_made_to_sum_to_one_exactly():
    """They may come 1e-9 off: the mass and the mean are those of the probabilities normalised."""
    law = GeneralizedMarchenkoPastur([1.0, 2.0], [0.5, 0.5 + 9e-10], 0.5)
    assert law.probabilities.sum() == pytest.approx(1.0, abs=1e-15)
    assert law.mean() == pytest.approx((1.5 + 18e-10) / (1 + 9e-10), rel=1e-14)


def test_an_edge_that_is_wrong_is_an_error(monkeypatch):
    """A component left out: its mass is missing, and no curve is returned."""
    edges = kernels.component_edges
    monkeypatch.setattr(kernels, "component_edges", lambda *args: edges(*args)[1:])
    with pytest.raises(RuntimeError, match=r"masses must sum to 1, got a sum off by -0\.12"):
        GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 4.0).components()
