"""The influence of a weight: differences of the law in its weights, and simulated copies."""

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network
from rmt_hessian.theory import weight_law
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.weights import influence
from rmt_hessian.theory.weights.influence import weight_influence
from tests import oracles
from tests.tolerances import ITERATIVE

LINEAR = Ensemble([40, 3], 0, "ce", 100)
GIVEN = Ensemble([12, 3, 2], 0, "ce", 30).given(Network.random([12, 3, 2], 0))
MASKS = Ensemble([12, 3, 2], 0, "mse", 8).given(Network.random([12, 3, 2], 0))


@pytest.mark.parametrize("z", [0.05 + 0.1j, -0.3 + 0.02j, 2j])
@pytest.mark.parametrize("pair", [(0, 0), (0, 1)], ids=str)
@pytest.mark.parametrize("ens", [LINEAR, GIVEN, MASKS], ids=["linear", "hidden CE", "hidden MSE"])
def test_it_is_the_derivative_of_the_transform_towards_one_weight(ens, pair, z):
    """``ds/dε`` of ``(1 - ε) F + ε δ_λ``, by central differences that take λ away too."""
    h, law = weight_influence(ens, *pair, z), weight_law(ens, *pair)
    lam, p = law.nodes, law.probabilities
    at = np.array([0.0, lam[np.argmax(p)], -1.3 * np.abs(lam).max()])
    for weight, found in zip(at, h.of(at), strict=True):

        def transform(share, weight=weight):
            atoms, masses = np.append(lam, weight), np.append((1 - share) * p, share)
            return complex(GeneralizedMarchenkoPastur(atoms, masses, ens.aspect_ratio).stieltjes(z))

        e = 1e-5  # one-sided, a mass being positive: second order by extrapolation
        slope = (4 * transform(e) - transform(2 * e) - 3 * transform(0.0)) / (2 * e)
        assert found == pytest.approx(slope, rel=1e-4, abs=1e-6 * abs(h.stieltjes))
    assert abs(p @ h.of(lam)) < 1e-10 * abs(h.stieltjes)
    assert p @ np.abs(h.of(lam)) ** 2 == pytest.approx(h.variance, rel=1e-9)
    assert h.decoupled_error(50) == pytest.approx(np.sqrt(h.variance / 25))


def test_the_transform_is_that_of_the_law():
    """Two masks and a scale: a root of a polynomial by mpmath."""
    z, law = 0.3 + 0.4j, weight_law(MASKS, 0, 1)
    root = complex(oracles.stieltjes_root(z, law.nodes, law.probabilities, MASKS.aspect_ratio))
    assert weight_influence(MASKS, 0, 1, z).stieltjes == pytest.approx(root, rel=ITERATIVE)


@pytest.mark.parametrize("height", [1e-8, 1e-3, 0.1, 50.0])
@pytest.mark.parametrize("pair", [(0, 0), (0, 1)], ids=str)
def test_the_transform_at_any_height(pair, height):
    """Inside the support, in a gap, outside: that of the tabulated law of the same atoms."""
    law = weight_law(LINEAR, *pair)
    atoms = GeneralizedMarchenkoPastur(law.nodes, law.probabilities, LINEAR.aspect_ratio)
    for x in (-0.5, -0.03, 0.0, 0.01, 0.15, 0.4):
        z = complex(x, height)
        found = weight_influence(LINEAR, *pair, z).stieltjes
        assert found == pytest.approx(complex(atoms.stieltjes(z)), rel=ITERATIVE)


def test_a_solver_that_does_not_arrive_says_so(monkeypatch):
    monkeypatch.setattr(influence, "MOST_STEPS", 2)
    with pytest.raises(
        RuntimeError, match=r"s\(z\) at z = 0\+0.01j after 2 steps: residual [0-9.]+e"
    ):
        weight_influence(LINEAR, 0, 0, 0.01j)


def test_equal_weights_have_no_influence_on_a_copy():
    h = weight_influence(Ensemble([40, 3], 0, "mse", 100), 0, 0, 1j)
    assert h.decoupled_error(100) == 0
    assert h.of([1.0])[0] == pytest.approx(0, abs=1e-15)
    assert abs(h.of([2.0])[0]) > 0.1


@pytest.mark.parametrize("pair", [(0, 0), (0, 1)], ids=str)
def test_samples_of_weights_move_the_conditional_law_by_it(pair):
    """The law given N weights of its own against that given others, both without eigenvalues: the
    difference less its linear part is O(1/N); 200 pairs, a tenth of a standard deviation."""
    ens, N, rng = Ensemble([40, 3], 0, "ce", 4000), 4000, np.random.default_rng(0)
    law = weight_law(ens, *pair)
    z = 1j * np.sqrt(law.block_law(ens.aspect_ratio).moment(2))
    h = weight_influence(ens, *pair, z)
    rows = []
    for _ in range(200):
        lam, copy = rng.choice(law.nodes, size=(2, N), p=law.probabilities)
        s, other = (
            complex(GeneralizedMarchenkoPastur(x, np.full(N, 1 / N), ens.aspect_ratio).stieltjes(z))
            for x in (lam, copy)
        )
        rows.append((s - other, np.mean(h.of(lam) - h.of(copy))))
    difference, linear = np.array(rows).T
    size = np.sqrt(np.mean(np.abs(difference) ** 2))
    assert size == pytest.approx(h.decoupled_error(N), rel=0.15)  # 1/√(2 · 200), thrice
    assert np.sqrt(np.mean(np.abs(difference - linear) ** 2)) < 0.1 * size


@pytest.mark.parametrize("z", [1.0, -1j, 0.0, [1j], "1j", None, np.nan, complex(0, np.inf)])
def test_wants_a_point_of_the_upper_half_plane(z):
    with pytest.raises(ValueError, match="z must"):
        weight_influence(LINEAR, 0, 0, z)


def test_wants_units_and_white_features():
    with pytest.raises(IndexError, match="i must lie in 0 … 2, got 3"):
        weight_influence(LINEAR, 3, 0, 1j)
    output = Ensemble([12, 3, 2], 1, "ce", 30)
    with pytest.raises(ValueError, match="layer must be 0"):
        weight_influence(output, 0, 0, 1j)
    h = weight_influence(LINEAR, 0, 0, 1j)
    with pytest.raises(ValueError, match="weights must be finite"):
        h.of([np.nan])
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        h.decoupled_error(0)
