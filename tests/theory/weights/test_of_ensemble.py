"""Weight laws against identities, Gauss–Hermite quadrature and simulation."""

import math

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    weight_law,
    weight_law_limit,
)
from rmt_hessian.theory.weights import gauss_rules, of_ensemble, softmax_rules
from tests import oracles
from tests.tolerances import EXACT

CLASSES = [2, 3, 4, 10, 100, 1024, 131072]


both = pytest.mark.parametrize("j", [0, 1], ids=["diagonal", "off"])


def linear(C, j, init="lecun", refinement=1):
    """The law of block (0, j) of linear CE."""
    return weight_law(Ensemble([400, C], 0, "ce", 1000, init=init), 0, j, refinement=refinement)


def hidden(V, W=None, loss="ce", init="lecun"):
    return Ensemble([6, V.shape[1], len(V)], 0, loss, 1000, init=init, weights=[W, V])


def output(V, W=None, init="lecun"):
    return Ensemble([5, V.shape[1], len(V)], 1, "ce", 1000, init=init, weights=[W, V])


@pytest.mark.parametrize("C", CLASSES)
def test_rows_of_the_curvature_sum_to_zero_on_average(C):
    """``A 1 = 0``: ``E[p_1(1-p_1)] = (C-1) E[p_1 p_2]``, two rules of different kind."""
    mean = linear(C, 0).mean()
    assert (C - 1) * -linear(C, 1).mean() == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("C", CLASSES)
def test_probabilities_have_mean_one_over_C(C):
    """``E p_1 = 1/C`` by symmetry, so ``E p_1² = 1/C - E[p_1(1-p_1)]`` lies in (1/C², 1/C)."""
    assert 1 / C**2 < 1 / C - linear(C, 0).mean() < 1 / C


def test_two_classes_by_gauss_hermite():
    """C = 2: p is the logistic function of √2 g."""
    g, w = np.polynomial.hermite_e.hermegauss(180)
    p = 1 / (1 + np.exp(-np.sqrt(2) * g))
    for n in (1, 2, 3):
        expected = w @ (p * (1 - p)) ** n / w.sum()
        law = linear(2, 0)
        assert law.probabilities @ law.nodes**n == pytest.approx(expected, rel=1e-10)
        law = linear(2, 1)
        assert law.probabilities @ (-law.nodes) ** n == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("C", [3, 5, 40])
def test_moments_against_simulation(C, rng):
    """Four standard errors of 200,000 draws, two exchangeable classes of each used."""
    p = oracles.softmax(rng.standard_normal((200_000, C)))
    for j, lam in enumerate((p[:, 0] * (1 - p[:, 0]), -p[:, 0] * p[:, 1])):
        law = linear(C, j)
        for n in (1, 2):
            error = (lam**n).std() / np.sqrt(lam.size)
            assert abs((lam**n).mean() - law.probabilities @ law.nodes**n) < 4 * error


def test_lognormal_limits():
    """``C λ → e^{g - ½}`` and ``C² λ → -e^{g + g' - 1}``: moments 1, e and e^{2·…}."""
    C = 131072
    diagonal, off_diagonal = linear(C, 0), linear(C, 1)
    assert C * diagonal.mean() == pytest.approx(1, rel=1e-4)
    assert C**2 * diagonal.second_moment() == pytest.approx(np.e, rel=1e-3)
    assert C**2 * off_diagonal.mean() == pytest.approx(-1, rel=1e-4)
    assert C**4 * off_diagonal.second_moment() == pytest.approx(np.e**2, rel=1e-3)


def error_against(fine, law):
    """The error in the units in which `WeightLaw.error` is stated."""
    second = fine.probabilities @ fine.nodes**2
    return max(
        abs(law.mean() - fine.probabilities @ fine.nodes) / np.sqrt(second),
        abs(law.second_moment() / second - 1),
    )


@pytest.mark.parametrize("C", [2, 3, 10, 1024, 131072])
@pytest.mark.parametrize("init", ["lecun", "he"])
@both
def test_the_error_estimate_is_true(C, init, j):
    """Against a rule with 100 times as many points, those of L twice as many."""
    law = linear(C, j, init)
    rule = (softmax_rules.diagonal_rule, softmax_rules.off_diagonal_rule)[j]
    std, finer = {"lecun": 1.0, "he": math.sqrt(2)}[init], (50, 7)[j]
    fine = rule(C, 0.15 / finer, std, 2 * gauss_rules.GAUSS_SIZE)
    assert error_against(fine, law) <= law.error + 100 * EXACT
    assert law.error < 1e-2


@pytest.mark.parametrize(("C", "m", "init"), [(100, 3, "lecun"), (100, 3, "he"), (200, 64, "he")])
@pytest.mark.parametrize("block", [(5, 5), (5, 6)])
def test_the_error_of_grouped_classes_is_true(C, m, init, block, monkeypatch):
    """Against every class by itself; at m = 3 the norms of rows of V vary most."""
    V = np.random.default_rng(1).standard_normal((C, m)) / np.sqrt(m)
    ens = output(V, init=init)
    law = weight_law(ens, *block)
    monkeypatch.setattr(of_ensemble, "GROUPS", 2 * C)
    assert error_against(weight_law(ens, *block), law) <= law.error < 0.02


def test_he_scales_of_the_mixture(rng):
    """Output CE without V, He on both layers: logits of variance 2, the square of the gain over 2.

    Four standard errors of 200,000 draws."""
    law = weight_law(Ensemble([50, 400, 4], 1, "ce", 1000, init="he"), 0, 0)
    p = oracles.softmax(np.sqrt(2) * rng.standard_normal((200_000, 4)))
    lam = p[:, 0] * (1 - p[:, 0])
    assert abs(lam.mean() - law.mean()) < 4 * lam.std() / np.sqrt(lam.size)


@pytest.mark.parametrize("scale", [1e5, 1e6, 1e7])
def test_a_mass_that_no_point_met_shows_in_the_error(scale):
    """Huge logits: p is 0 or 1 at almost every Sobol' point."""
    V = scale * np.random.default_rng(0).standard_normal((3, 3))
    law = weight_law(Ensemble([3, 3], 0, "ce", 1000, weights=[V]), 0, 0)
    assert law.error > 0.5 or not law.nodes.any()


def test_the_error_of_sampled_laws_is_true(rng):
    """Four standard errors of 8 blocks, against 100 times as many points (t law: 7 degrees)."""
    V = rng.standard_normal((5, 6)) / np.sqrt(6)
    for j in (0, 1):
        law = weight_law(hidden(V), 0, j)
        fine = weight_law(hidden(V), 0, j, refinement=100, rng=1)
        assert fine.nodes.size >= 100 * law.nodes.size
        assert error_against(fine, law) <= 5 * law.error
        assert fine.error < law.error


@both
def test_the_limit_of_many_classes(j):
    """``C λ → e^{f - ½}``, ``C² λ → -e^{f + f' - 1}``: moments, and the CDF at C = 131,072."""
    C = 131072
    limit = weight_law_limit(Ensemble([400, C], 0, "ce", 1000), 0, j)
    assert limit.mean() == pytest.approx((1, -1)[j], rel=1e-12)
    assert limit.second_moment() == pytest.approx(np.e ** (1 + j), rel=1e-9)
    law, scale = linear(C, j), C ** (1 + j)
    a = GeneralizedMarchenkoPastur(limit.nodes, limit.probabilities, 0.5)
    b = GeneralizedMarchenkoPastur(scale * law.nodes, law.probabilities, 0.5)
    x = a.ppf(np.linspace(0.05, 0.95, 19))
    np.testing.assert_allclose(b.cdf(x), a.cdf(x), atol=2e-3)


@pytest.mark.parametrize("C", [2, 3, 20, 1000])
def test_output_layer_given_its_weights(C, rng):
    """Offsets of the classes from the mean of the features: moments of 20,000 draws at m = 2000,
    within five standard errors and ``8/√m`` for the correlations of the logits, left out."""
    m = 2000
    V = rng.standard_normal((C, m)) / np.sqrt(m)
    f = np.concatenate([np.maximum(rng.standard_normal((2000, m)), 0) @ V.T for _ in range(10)])
    p = oracles.softmax(f)
    for i, j in ((0, 0), (1, 1), (0, 1)):
        law = weight_law(output(V), i, j)
        lam = p[:, i] * ((i == j) - p[:, j])
        for power in (1, 2):
            expected = law.probabilities @ law.nodes**power
            error = (lam**power).std() / np.sqrt(lam.size)
            assert abs((lam**power).mean() - expected) < 5 * error + 8 / np.sqrt(m) * abs(expected)


@both
def test_open_hidden_weights_of_he_are_output_weights_times_root_two(j):
    """``relu(√2 a) = √2 relu(a)``: the logits ``V relu(W x)`` see the product alone."""
    V = np.random.default_rng(0).standard_normal((5, 30)) / np.sqrt(30)
    he, scaled = weight_law(output(V, init="he"), 0, j), weight_law(output(np.sqrt(2) * V), 0, j)
    assert he.mean() == pytest.approx(scaled.mean(), rel=1e-12)
    assert he.second_moment() == pytest.approx(scaled.second_moment(), rel=1e-12)
    assert abs(he.mean() / weight_law(output(V), 0, j).mean() - 1) > 0.01


def test_output_layer_without_weights_is_the_mixture():
    """Logits ``N(0, ½)``; a network's own offsets matter: E λ of two classes of one network."""
    mixture = weight_law(Ensemble([5, 400, 10], 1, "ce", 1000), 0, 0)
    by_hand = softmax_rules.diagonal_rule(10, 0.15, np.sqrt(0.5))
    assert mixture.mean() == pytest.approx(by_hand.probabilities @ by_hand.nodes, rel=1e-12)
    V = np.random.default_rng(0).standard_normal((10, 400)) / 20
    means = [weight_law(output(V), i, i).mean() for i in range(10)]
    assert np.ptp(means) > 0.3 * mixture.mean()
    assert np.mean(means) == pytest.approx(mixture.mean(), rel=0.1)


@pytest.mark.parametrize("widths", [[6, 4], [5, 6, 4]])
def test_given_weights_by_sampling(widths, rng):
    """V alone (linear), V and W (output): five standard errors of 200,000 draws."""
    W, V = rng.standard_normal((6, 5)) / np.sqrt(5), rng.standard_normal((4, 6)) / np.sqrt(6)
    ens = Ensemble(widths, -1, "ce", 1000, weights=[W, V][1 - len(widths) :])
    x = rng.standard_normal((200_000, widths[0]))
    f = x @ V.T if ens.n_layers == 1 else np.maximum(x @ W.T, 0) @ V.T
    p = oracles.softmax(f)
    for i, j in ((2, 2), (1, 3)):
        law = weight_law(ens, i, j)
        lam = p[:, i] * ((i == j) - p[:, j])
        error = 5 * (lam**2).std() / np.sqrt(lam.size) + 5 * law.error * law.second_moment()
        assert abs((lam**2).mean() - law.second_moment()) < error


@both
@pytest.mark.parametrize("widths", [[4, 3], [5, 4, 3]])
def test_mse_of_the_last_layer_is_one_or_zero(widths, j):
    law = weight_law(Ensemble(widths, -1, "mse", 9), 0, j)
    np.testing.assert_array_equal(law.nodes, [float(j == 0)])
    assert law.probabilities.sum() == 1


@pytest.mark.parametrize(("given_W", "init"), [(False, "lecun"), (False, "he"), (True, "lecun")])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("block", [(0, 0), (2, 1)])
def test_hidden_layer_against_simulation(given_W, init, loss, block, rng):
    """Five standard errors of 200,000 draws, plus the stated error of the rule."""
    V, W = rng.standard_normal((5, 4)), rng.standard_normal((4, 6)) / np.sqrt(6)
    law = weight_law(hidden(V, W if given_W else None, loss, init), *block)
    g = rng.standard_normal((200_000, 6)) @ W.T if given_W else rng.standard_normal((200_000, 4))
    g *= np.sqrt({"lecun": 1, "he": 2}[init])
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
    """``A 1 = 0``: a common offset of all rows of V changes nothing, to the last digits.

    Entries are multiples of 2⁻¹⁰, so that adding 2⁴⁰ and the mean of four rows are exact; logits of
    that size would round to 2e-4.
    """
    V = np.round(1024 * rng.standard_normal((4, 4))) / 1024
    law, other = (weight_law(hidden(U), 0, 0) for U in (V, V + 2.0**40))
    np.testing.assert_allclose(other.nodes, law.nodes, atol=EXACT)


def test_the_standard_error_of_hidden_ce_is_calibrated(rng):
    """Over 60 scramblings the spread of E λ² is the error that the rules state."""
    V = rng.standard_normal((5, 8)) / np.sqrt(8)
    laws = [weight_law(hidden(V), 0, 0, rng=seed) for seed in range(60)]
    moments = np.array([law.second_moment() for law in laws])
    stated = np.sqrt(np.mean([law.error**2 for law in laws]))
    assert moments.std() / moments.mean() == pytest.approx(stated, rel=0.35)


def test_the_same_seed_gives_the_same_rule(rng):
    V = rng.standard_normal((5, 4))
    laws = [weight_law(hidden(V), 0, 0, rng=3) for _ in range(2)]
    np.testing.assert_array_equal(laws[0].nodes, laws[1].nodes)
