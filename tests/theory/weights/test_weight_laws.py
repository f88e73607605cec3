"""Weight laws against identities, Gauss–Hermite quadrature and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    WeightLaw,
    weight_law,
)
from rmt_hessian.theory.weights import gauss_rules, softmax_rules, weight_laws
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


def error_against(fine, law):
    """The error in the units in which `WeightLaw.error` is stated."""
    second = fine.probabilities @ fine.nodes**2
    return max(
        abs(law.mean() - fine.probabilities @ fine.nodes) / np.sqrt(second),
        abs(law.second_moment() / second - 1),
    )


@pytest.mark.parametrize("C", [2, 3, 10, 1024, 131072])
@pytest.mark.parametrize("init", ["lecun", "he"])
@pytest.mark.parametrize("diagonal", [True, False])
def test_the_error_estimate_is_true(C, init, diagonal):
    """Against a rule with 100 times as many points, those of L twice as many."""
    law = weight_law(model="linear", loss="ce", diagonal=diagonal, n_classes=C, init=init)
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    std, finer = {"lecun": 1.0, "he": math.sqrt(2)}[init], 50 if diagonal else 7
    fine = rule(C, 0.15 / finer, std, 2 * gauss_rules.GAUSS_SIZE)
    assert error_against(fine, law) <= law.error + 100 * EXACT
    assert law.error < 1e-2


@pytest.mark.parametrize(("C", "m", "init"), [(100, 3, "lecun"), (100, 3, "he"), (200, 64, "he")])
@pytest.mark.parametrize("block", [(5, 5), (5, 6)])
def test_the_error_of_grouped_classes_is_true(C, m, init, block, monkeypatch):
    """Against every class by itself; at m = 3 the norms of rows of V vary most."""
    V = np.random.default_rng(1).standard_normal((C, m)) / np.sqrt(m)
    case = {"model": "output", "loss": "ce", "V": V, "block": block, "init": init}
    law = weight_law(**case)
    monkeypatch.setattr(weight_laws, "GROUPS", 2 * C)
    assert error_against(weight_law(**case), law) <= law.error < 0.02


def test_he_scales_of_the_mixture(rng):
    """Output CE without V, He on both layers: logits of variance 2, the square of the gain over 2.

    Four standard errors of 200,000 draws."""
    law = weight_law(model="output", loss="ce", n_classes=4, init="he")
    p = oracles.softmax(np.sqrt(2) * rng.standard_normal((200_000, 4)))
    lam = p[:, 0] * (1 - p[:, 0])
    assert abs(lam.mean() - law.mean()) < 4 * lam.std() / np.sqrt(lam.size)


@pytest.mark.parametrize("scale", [1e5, 1e6, 1e7])
def test_a_mass_that_no_point_met_shows_in_the_error(scale):
    """Huge logits: p is 0 or 1 at almost every Sobol' point."""
    V = scale * np.random.default_rng(0).standard_normal((3, 3))
    law = weight_law(model="linear", loss="ce", V=V)
    assert law.error > 0.5 or not law.nodes.any()


def test_the_error_of_sampled_laws_is_true(rng):
    """Four standard errors of 8 blocks, against 100 times as many points (t law: 7 degrees)."""
    V = rng.standard_normal((5, 6)) / np.sqrt(6)
    for block in ((0, 0), (0, 1)):
        law = weight_law(model="hidden", loss="ce", V=V, block=block)
        fine = weight_law(model="hidden", loss="ce", V=V, block=block, refinement=100, rng=1)
        assert fine.nodes.size >= 100 * law.nodes.size
        assert error_against(fine, law) <= 5 * law.error
        assert fine.error < law.error


@pytest.mark.parametrize("diagonal", [True, False])
def test_the_limit_of_many_classes(diagonal):
    """``C λ → e^{f - ½}``, ``C² λ → -e^{f + f' - 1}``: moments, and the CDF at C = 131,072."""
    limit = weight_law(model="linear", loss="ce", diagonal=diagonal, n_classes=math.inf)
    assert limit.mean() == pytest.approx(1 if diagonal else -1, rel=1e-12)
    assert limit.second_moment() == pytest.approx(np.e if diagonal else np.e**2, rel=1e-9)
    C = 131072
    law, scale = linear(C, diagonal), C if diagonal else C**2
    a = GeneralizedMarchenkoPastur(limit.nodes, limit.probabilities, 0.5)
    b = GeneralizedMarchenkoPastur(scale * law.nodes, law.probabilities, 0.5)
    x = a.ppf(np.linspace(0.05, 0.95, 19))
    np.testing.assert_allclose(b.cdf(x), a.cdf(x), atol=2e-3)


@pytest.mark.parametrize(("s", "t"), [(0.6, 1.7), (1.7, 0.6), (1.1, 1.1)])
def test_logits_of_different_laws_by_gauss_hermite(s, t):
    """Moments over the logits ``N(0.3, s²)`` and ``N(-0.5, t²)``, a two-point law of L beside them:
    products of 150-point rules, exact to 1e-9 for these smooth functions."""
    means, stds = np.array([0.3, -0.5]), np.array([s, t])
    others = np.array([0.2, 1.4]), np.array([0.7, 0.3])
    (f, P), (g, Q) = (
        gauss_rules.gaussian_rule(m, std, 150) for m, std in zip(means, stds, strict=True)
    )
    e, k = np.exp(f)[:, None, None], np.exp(g)[:, None]
    both = e * k / (e + k + np.exp(others[0])) ** 2
    alone = np.exp(f)[:, None] * np.exp(others[0]) / (np.exp(f)[:, None] + np.exp(others[0])) ** 2
    off_diagonal = softmax_rules.offset_off_diagonal_rule(means, stds, others, 0.1)
    diagonal = softmax_rules.offset_diagonal_rule(means[0], stds[0], others, 0.1)
    for n in (1, 2, 3):
        expected = np.einsum("fgl,f,g,l->", both**n, P, Q, others[1])
        found = off_diagonal.probabilities @ (-off_diagonal.nodes) ** n
        assert found == pytest.approx(expected, rel=1e-7)
        expected = np.einsum("fl,f,l->", alone**n, P, others[1])
        assert diagonal.probabilities @ diagonal.nodes**n == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("C", [2, 3, 20, 1000])
def test_output_layer_given_its_weights(C, rng):
    """Offsets of the classes from the mean of the features: moments of 20,000 draws at m = 2000,
    within five standard errors and ``8/√m`` for the correlations of the logits, left out."""
    m = 2000
    V = rng.standard_normal((C, m)) / np.sqrt(m)
    f = np.concatenate([np.maximum(rng.standard_normal((2000, m)), 0) @ V.T for _ in range(10)])
    p = oracles.softmax(f)
    for i, j in ((0, 0), (1, 1), (0, 1)):
        law = weight_law(model="output", loss="ce", V=V, block=(i, j))
        lam = p[:, i] * ((i == j) - p[:, j])
        for power in (1, 2):
            expected = law.probabilities @ law.nodes**power
            error = (lam**power).std() / np.sqrt(lam.size)
            assert abs((lam**power).mean() - expected) < 5 * error + 8 / np.sqrt(m) * abs(expected)


def test_output_layer_without_weights_is_the_mixture():
    """Logits ``N(0, ½)``; a network's own offsets matter: E λ of two classes of one network."""
    mixture = weight_law(model="output", loss="ce", n_classes=10)
    by_hand = softmax_rules.diagonal_rule(10, 0.15, np.sqrt(0.5))
    assert mixture.mean() == pytest.approx(by_hand.probabilities @ by_hand.nodes, rel=1e-12)
    V = np.random.default_rng(0).standard_normal((10, 400)) / 20
    means = [weight_law(model="output", loss="ce", V=V, block=(i, i)).mean() for i in range(10)]
    assert np.ptp(means) > 0.3 * mixture.mean()
    assert np.mean(means) == pytest.approx(mixture.mean(), rel=0.1)


@pytest.mark.parametrize("model", ["linear", "output"])
def test_given_weights_by_sampling(model, rng):
    """V alone (linear), V and W (output): five standard errors of 200,000 draws."""
    W, V = rng.standard_normal((6, 5)) / np.sqrt(5), rng.standard_normal((4, 6)) / np.sqrt(6)
    x = rng.standard_normal((200_000, 6 if model == "linear" else 5))
    f = x @ V.T if model == "linear" else np.maximum(x @ W.T, 0) @ V.T
    p = oracles.softmax(f)
    for i, j in ((2, 2), (1, 3)):
        law = weight_law(
            model=model, loss="ce", V=V, W=None if model == "linear" else W, block=(i, j)
        )
        lam = p[:, i] * ((i == j) - p[:, j])
        error = 5 * (lam**2).std() / np.sqrt(lam.size) + 5 * law.error * law.second_moment()
        assert abs((lam**2).mean() - law.second_moment()) < error


def test_compression_keeps_the_density():
    law = linear(10, True)
    small = law.compressed(0.4, tolerance=1e-6)
    assert small.nodes.size < 30 < law.nodes.size
    full, other = (GeneralizedMarchenkoPastur(t.nodes, t.probabilities, 0.4) for t in (law, small))
    x = np.linspace(*full.support(), 200)[1:-1]
    np.testing.assert_allclose(other.pdf(x), full.pdf(x), atol=1e-5 / np.ptp(full.support()))
    fine = weight_law(model="linear", loss="ce", n_classes=10, refinement=8)
    assert fine.compressed(50.0) is fine  # γ > 1: the density shows every node


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 10**6))
def test_equal_masses_keep_the_mean_and_the_order(K, n, seed):
    """Mean exact, CDF within 1/n, nothing outside the range; n = 1 is the mean."""
    rng = np.random.default_rng(seed)
    law = WeightLaw(rng.standard_normal(K), rng.dirichlet(np.ones(K)), 0.0)
    equal = law.equal_masses(n)
    assert equal.mean() == pytest.approx(law.mean(), abs=1e-12)
    assert (np.diff(equal.nodes) >= -1e-9).all()
    x = rng.standard_normal(20)
    F, G = ((x[:, None] >= t.nodes) @ t.probabilities for t in (law, equal))
    assert np.abs(F - G).max() <= 1 / n + 1e-9


@pytest.mark.parametrize(("C", "std"), [(2, 1.0), (3, 1.0), (6, 1.4)])
@pytest.mark.parametrize("diagonal", [True, False])
def test_directions_of_the_logits(C, std, diagonal, rng):
    """``E[((q·u)² - 1) φ(λ)]`` of each kind of q against five standard errors of 400,000 draws."""
    u = rng.standard_normal((400_000, C))
    p = oracles.softmax(std * u)
    if diagonal or C == 2:
        vectors = [np.r_[C - 1, -np.ones(C - 1)], np.r_[0, 1, -1, np.zeros(C)][:C]]
    else:
        vectors = [np.r_[1, -1, np.zeros(C - 2)], np.r_[[C / 2 - 1] * 2, -np.ones(C - 2)]]
        vectors.append(np.r_[0, 0, 1, -1, np.zeros(C)][:C])
    lam = p[:, 0] * (1 - p[:, 0]) if diagonal else -p[:, 0] * p[:, 1]
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    rule = rule(C, 0.15, std)
    assert sum(d.multiplicity for d in rule.directions) == C - 1
    for direction, q in zip(rule.directions, vectors, strict=False):
        q = q / np.linalg.norm(q)
        draws = ((u @ q) ** 2 - 1) * lam / (0.9 - 0.5 * lam)
        predicted = direction.excess @ (rule.nodes / (0.9 - 0.5 * rule.nodes))
        assert abs(draws.mean() - predicted) < 5 * draws.std() / np.sqrt(draws.size)


@given(st.integers(1, 40), st.integers(2, 12), st.integers(0, 10**6))
def test_gauss_rule_keeps_moments(n, size, seed):
    rng = np.random.default_rng(seed)
    nodes, probabilities = rng.standard_normal(n + size), rng.dirichlet(np.ones(n + size))
    x, w = gauss_rules.gauss_rule(nodes, probabilities, size)
    assert (w > -EXACT).all()
    for k in range(2 * size):
        scale = probabilities @ np.abs(nodes) ** k
        assert w @ x**k == pytest.approx(probabilities @ nodes**k, abs=1e-9 * scale)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1000, 131071])
def test_exponential_sums_have_their_mean_and_variance(n):
    """``E S = n e^{1/2}``, ``Var S = n (e² - e)``."""
    L, P = gauss_rules.log_sum_exp_rule(n)
    S = np.exp(L)
    assert P @ S / n == pytest.approx(np.exp(0.5), rel=1e-9)
    assert P @ (S - P @ S) ** 2 / n == pytest.approx(np.e**2 - np.e, rel=1e-6)


@pytest.mark.parametrize("diagonal", [True, False])
def test_linear_mse_is_one_or_zero(diagonal):
    law = weight_law(model="linear", loss="mse", diagonal=diagonal, n_classes=3)
    np.testing.assert_array_equal(law.nodes, [float(diagonal)])
    assert law.probabilities.sum() == 1


@pytest.mark.parametrize(("given_W", "init"), [(False, "lecun"), (False, "he"), (True, "lecun")])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("block", [(0, 0), (2, 1)])
def test_hidden_layer_against_simulation(given_W, init, loss, block, rng):
    """Five standard errors of 200,000 draws, plus the stated error of the rule."""
    V, W = rng.standard_normal((5, 4)), rng.standard_normal((4, 6)) / np.sqrt(6)
    given = {"V": V, "W": W if given_W else None, "init": init}
    law = weight_law(model="hidden", loss=loss, block=block, **given)
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
    law, other = (weight_law(model="hidden", loss="ce", V=W) for W in (V, V + 2.0**40))
    np.testing.assert_allclose(other.nodes, law.nodes, atol=EXACT)


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
