"""Weight laws against identities, Gauss–Hermite quadrature and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory import softmax_rules, weight_law
from tests import oracles
from tests.tolerances import EXACT

CLASSES = [2, 3, 4, 10, 100, 1024, 131072]


def linear(n_classes, diagonal):
    return weight_law(model="linear", loss="ce", diagonal=diagonal, n_classes=n_classes)


@pytest.mark.parametrize("C", CLASSES)
def test_rows_of_the_curvature_sum_to_zero_on_average(C):
    """``A 1 = 0``: ``E[p_1(1-p_1)] = (C-1) E[p_1 p_2]``, two rules of different kind."""
    mean = linear(C, True).mean()
    assert (C - 1) * -linear(C, False).mean() == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("C", CLASSES)
def test_probabilities_have_mean_one_over_C(C):
    """``E p_1 = 1/C`` by symmetry, so ``E p_1² = 1/C - E[p_1(1-p_1)]`` lies in (1/C², 1/C)."""
    assert 1 / C**2 < 1 / C - linear(C, True).mean() < 1 / C


def test_two_classes_by_gauss_hermite():
    """C = 2: p is the logistic function of √2 g."""
    g, w = np.polynomial.hermite_e.hermegauss(180)
    p = 1 / (1 + np.exp(-np.sqrt(2) * g))
    for n in (1, 2, 3):
        expected = w @ (p * (1 - p)) ** n / w.sum()
        law = linear(2, True)
        assert law.probabilities @ law.nodes**n == pytest.approx(expected, rel=1e-10)
        law = linear(2, False)
        assert law.probabilities @ (-law.nodes) ** n == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("C", [3, 5, 40])
def test_moments_against_simulation(C, rng):
    """Four standard errors of 200,000 draws, two exchangeable classes of each used."""
    p = oracles.softmax(rng.standard_normal((200_000, C)))
    for diagonal, lam in ((True, p[:, 0] * (1 - p[:, 0])), (False, -p[:, 0] * p[:, 1])):
        law = linear(C, diagonal)
        for n in (1, 2):
            error = (lam**n).std() / np.sqrt(lam.size)
            assert abs((lam**n).mean() - law.probabilities @ law.nodes**n) < 4 * error


def test_lognormal_limits():
    """``C λ → e^{g - ½}`` and ``C² λ → -e^{g + g' - 1}``: moments 1, e and e^{2·…}."""
    C = 131072
    diagonal, off_diagonal = linear(C, True), linear(C, False)
    assert C * diagonal.mean() == pytest.approx(1, rel=1e-4)
    assert C**2 * diagonal.second_moment() == pytest.approx(np.e, rel=1e-3)
    assert C**2 * off_diagonal.mean() == pytest.approx(-1, rel=1e-4)
    assert C**4 * off_diagonal.second_moment() == pytest.approx(np.e**2, rel=1e-3)


@pytest.mark.parametrize("C", [2, 3, 10, 1024])
@pytest.mark.parametrize("diagonal", [True, False])
def test_the_error_estimate_is_true(C, diagonal):
    """Against the same rule with a third of the step."""
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    nodes, probabilities = rule(C, 0.05)
    law, fine = linear(C, diagonal), probabilities @ nodes**2
    assert abs(law.second_moment() / fine - 1) <= law.error + EXACT
    assert law.error < 1e-2


@given(st.integers(1, 40), st.integers(2, 12), st.integers(0, 10**6))
def test_gauss_rule_keeps_moments(n, size, seed):
    rng = np.random.default_rng(seed)
    nodes, probabilities = rng.standard_normal(n + size), rng.dirichlet(np.ones(n + size))
    x, w = softmax_rules.gauss_rule(nodes, probabilities, size)
    assert (w > -EXACT).all()
    for k in range(2 * size):
        scale = probabilities @ np.abs(nodes) ** k
        assert w @ x**k == pytest.approx(probabilities @ nodes**k, abs=1e-9 * scale)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1000, 131071])
def test_exponential_sums_have_their_mean_and_variance(n):
    """``E S = n e^{1/2}``, ``Var S = n (e² - e)``."""
    L, P = softmax_rules.log_sum_exp_rule(n)
    S = np.exp(L)
    assert P @ S / n == pytest.approx(np.exp(0.5), rel=1e-9)
    assert P @ (S - P @ S) ** 2 / n == pytest.approx(np.e**2 - np.e, rel=1e-6)


@pytest.mark.parametrize("diagonal", [True, False])
def test_linear_mse_is_one_or_zero(diagonal):
    law = weight_law(model="linear", loss="mse", diagonal=diagonal, n_classes=3)
    np.testing.assert_array_equal(law.nodes, [float(diagonal)])
    assert law.probabilities.sum() == 1


@pytest.mark.parametrize("given_W", [False, True])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("block", [(0, 0), (2, 1)])
def test_hidden_layer_against_simulation(given_W, loss, block, rng):
    """Five standard errors of 200,000 draws, plus the stated error of the rule."""
    V, W = rng.standard_normal((5, 4)), rng.standard_normal((4, 6)) / np.sqrt(6)
    law = weight_law(model="hidden", loss=loss, V=V, W=W if given_W else None, block=block)
    g = rng.standard_normal((200_000, 6)) @ W.T if given_W else rng.standard_normal((200_000, 4))
    h, (i, j) = np.maximum(g, 0), block
    p = oracles.softmax(h @ V.T)
    vi, vj = V[:, i], V[:, j]
    lam = p @ (vi * vj) - (p @ vi) * (p @ vj) if loss == "ce" else np.full(len(g), vi @ vj)
    lam = lam * (g[:, i] > 0) * (g[:, j] > 0)
    error = (lam**2).std() / np.sqrt(lam.size)
    tolerance = 5 * error + 3 * law.error * law.second_moment()
    assert law.probabilities.sum() == pytest.approx(1)
    assert abs((lam**2).mean() - law.second_moment()) < tolerance
    # E λ, with the Sobol' points' own standard error at most that of plain sampling
    spread = lam.std() * (5 / np.sqrt(lam.size) + 3 / np.sqrt(law.nodes.size))
    assert abs(lam.mean() - law.mean()) < spread


def test_hidden_ce_sees_only_differences_of_classes(rng):
    """``A 1 = 0``: a common offset of all rows of V changes nothing."""
    V = rng.standard_normal((5, 4))
    law, other = (weight_law(model="hidden", loss="ce", V=W) for W in (V, V + 1e7))
    np.testing.assert_allclose(other.nodes, law.nodes, atol=1e-6)


def test_the_standard_error_of_hidden_ce_is_calibrated(rng):
    """Over 60 scramblings the spread of E λ² is the error that the rules state."""
    V = rng.standard_normal((5, 8)) / np.sqrt(8)
    laws = [weight_law(model="hidden", loss="ce", V=V, rng=seed) for seed in range(60)]
    moments = np.array([law.second_moment() for law in laws])
    stated = np.sqrt(np.mean([law.error**2 for law in laws]))
    assert moments.std() / moments.mean() == pytest.approx(stated, rel=0.35)


def test_the_same_seed_gives_the_same_rule(rng):
    V = rng.standard_normal((5, 4))
    laws = [weight_law(model="hidden", loss="ce", V=V, rng=3) for _ in range(2)]
    np.testing.assert_array_equal(laws[0].nodes, laws[1].nodes)
