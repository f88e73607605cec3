"""Constants of the block norms as C → ∞: every formula against an independent one."""

import mpmath
import numpy as np
import pytest
from scipy.special import roots_genlaguerre

from rmt_hessian.theory import block_norm_limit, expected_block_norms
from rmt_hessian.theory.norms.ce_limits import linear_moment, orthant_function, output_ce_limit
from rmt_hessian.theory.norms.gram_pairs import angle_rule
from rmt_hessian.theory.norms.mse_norms import both_active, relu_moments
from rmt_hessian.theory.norms.norm_limits import block_norm_from_weights, block_norm_limits
from tests.tolerances import EXACT, ITERATIVE

GAINS = {"lecun": 1, "he": 2}


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_orthant_function(rho):
    """``J^{(k)} = E[(st)^k e^{zst} 1[s > 0] 1[t > 0]]`` by a product rule over the quadrant.

    The exponent is at most ``-(1 - z(1 + ρ)) s²/(1 + ρ)`` on the diagonal: nothing beyond 20.
    """
    z, variance = 0.3, 1 - rho**2
    nodes, weights = np.polynomial.legendre.leggauss(500)
    s, w = 10 * (nodes + 1), 10 * weights
    product = np.outer(s, s)
    exponent = z * product - (np.add.outer(s**2, s**2) - 2 * rho * product) / (2 * variance)
    density = np.outer(w, w) * np.exp(exponent) / (2 * np.pi * np.sqrt(variance))
    expected = [np.sum(product**k * density) for k in range(3)]
    np.testing.assert_allclose(orthant_function(z, np.arcsin(rho)), expected, rtol=1e-10)


def test_a_sample_with_itself():
    """``ρ = 1``: ``J(z) = ½ (1 - 2z)^{-1/2}``."""
    z = 0.2
    expected = [0.5 * 0.6**-0.5, 0.5 * 0.6**-1.5, 1.5 * 0.6**-2.5]
    np.testing.assert_allclose(orthant_function(z, np.pi / 2), expected, rtol=EXACT)


@pytest.mark.parametrize("theta", [-1.5, -0.4, 0.0, 0.8, np.pi / 2])
def test_relu_moments_are_derivatives_at_zero(theta):
    expected = (both_active(theta), *relu_moments(theta))
    np.testing.assert_allclose(orthant_function(0.0, theta), expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("d", [1, 2, 3, 50, 10**6])
def test_mean_of_cos2_times_angle2(d):
    """``asin²ρ = ½ Σ (2ρ)^{2n}/(n² binom(2n, n))`` with ``E ρ^{2k} = Π (2j+1)/(d+2j)``."""
    if d <= 2:  # the series converges too slowly
        expected = {1: np.pi**2 / 4, 2: np.pi**2 / 24 + 0.25}[d]
    else:
        total, term, moment = mpmath.mpf(0), mpmath.mpf(2), mpmath.mpf(1) / d
        for n in range(1, 20_000):  # term = 4^n / binom(2n, n)
            moment *= mpmath.mpf(2 * n + 1) / (d + 2 * n)
            total += term * moment / (2 * mpmath.mpf(n) ** 2)
            term *= mpmath.mpf(2 * (n + 1)) / (2 * n + 1)
            if abs(term * moment) < 1e-25 * total:
                break
        expected = float(total)
    theta, probabilities = angle_rule(d)
    value = probabilities @ (np.sin(theta) * theta) ** 2
    assert value == pytest.approx(expected, rel=1e-5 if d == 3 else 1e-9)


# --- linear CE and MSE ----------------------------------------------------------------------


def test_second_derivatives_in_the_linear_ce_constant():
    """``Ψ`` against mpmath's numerical derivatives."""
    d, N = 12, 30
    for kappa in (1, 2, 4):
        t = mpmath.mpf(kappa) / d
        u = mpmath.diff(lambda r: (1 - r**2) ** (-mpmath.mpf(d) / 2), t, 2)
        q = mpmath.diff(lambda s: (1 - 2 * s) ** (-mpmath.mpf(d) / 2), t, 2)
        expected = (1 - mpmath.mpf(1) / N) * u + q / N
        assert linear_moment(kappa, d, N) == pytest.approx(float(expected), rel=EXACT)


def test_linear_ce_tends_to_its_constants():
    """At C = 20,000 both norms and the ratio are within 1 % and 4 standard errors of them."""
    sizes = {"n_inputs": 60, "n_samples": 150}
    limits = block_norm_limits(model="linear", loss="ce", **sizes)
    C = 20_000
    found = expected_block_norms(model="linear", loss="ce", n_classes=C, n_draws=800, **sizes)
    for value, error, (constant, exponent) in (
        (found.diagonal, found.diagonal_error, (limits.diagonal, limits.diagonal_exponent)),
        (
            found.off_diagonal,
            found.off_diagonal_error,
            (limits.off_diagonal, limits.off_diagonal_exponent),
        ),
        (found.ratio, found.ratio_error, limits.ratio),
    ):
        scale = float(C) ** exponent
        assert abs(scale * value - constant) < 4 * scale * error + 0.01 * constant


def test_linear_ce_constant_at_the_size_of_a_vocabulary():
    """Measured over all blocks at C = 131,072, d = 512, N = 2048: 1.724."""
    constant, _ = block_norm_limit(model="linear", loss="ce", n_inputs=512, n_samples=2048)
    assert constant == pytest.approx(1.7205, abs=5e-5)


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize("C", [2, 5, 1000])
def test_hidden_mse_at_any_C_is_its_limit(C, init):
    """``(C + 2) R``, ``E‖H_ii‖²/(C(C + 2))`` and ``E‖H_ij‖²/C`` do not depend on C."""
    case = {"model": "hidden", "loss": "mse", "n_inputs": 30, "n_samples": 70, "init": init}
    limits = block_norm_limits(n_hidden=4, **case)
    exact = expected_block_norms(n_classes=C, n_hidden=4, **case)
    constant, exponent = block_norm_limit(**case)
    assert (limits.diagonal_exponent, limits.off_diagonal_exponent, exponent) == (-2, -1, 1)
    assert limits.diagonal * C * (C + 2) == pytest.approx(exact.diagonal, rel=EXACT)
    assert limits.off_diagonal * C == pytest.approx(exact.off_diagonal, rel=EXACT)
    assert (C + 2) * exact.ratio == pytest.approx(constant, rel=EXACT)


@pytest.mark.parametrize("case", [{"model": "linear", "aspect_ratio": 1.0}, {"model": "output"}])
def test_mse_of_a_last_layer_has_no_off_diagonal(case):
    sizes = {"n_samples": 9} if case["model"] == "output" else {}
    assert block_norm_limit(loss="mse", **sizes, **case) == (0.0, 0)


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(("model", "loss"), [("linear", "ce"), ("hidden", "mse"), ("hidden", "ce")])
def test_proportional_constants(model, loss, init):
    """The constants at d, N tend to those at γ = d/N with corrections O(1/d)."""
    case = {"model": model, "loss": loss, "init": init}
    case["n_hidden"] = None if model == "linear" else 24
    d, gamma, g = 10**5, 0.25, GAINS[init]
    by_ratio = block_norm_limits(aspect_ratio=gamma, **case)
    by_size = block_norm_limits(n_inputs=d, n_samples=int(d / gamma), **case)
    assert by_size.diagonal / d == pytest.approx(by_ratio.diagonal, rel=1e-3)
    assert by_size.off_diagonal / d == pytest.approx(by_ratio.off_diagonal, rel=1e-3)
    assert by_size.ratio[1] == by_ratio.ratio[1]
    known = {
        ("linear", "ce"): (gamma * np.exp(2 * g) + 1) / (gamma * np.exp(g) + 1),
        ("hidden", "mse"): (4 * gamma + 1) / (4 * (2 * gamma + 1)),
    }
    if (model, loss) in known:
        assert by_ratio.ratio[0] == pytest.approx(known[model, loss], rel=EXACT)


# --- CE with a hidden layer -----------------------------------------------------------------


def I(r):  # noqa: E743 the notation of the formula
    return (1 - r**2) ** -mpmath.mpf("0.5") * (
        mpmath.mpf("0.25") + mpmath.asin(r) / (2 * mpmath.pi)
    )


@pytest.mark.parametrize("init", GAINS)
def test_hidden_ce_as_inputs_grow(init):
    """Two samples at a right angle, ``‖x‖² = d``: the closed form with ``α = (1-2τ/m)^{-1/2}``."""
    m, gamma, g = 24, 0.4, GAINS[init]
    tau, half = mpmath.mpf(g**2), mpmath.mpf("0.5")
    alpha = (1 - 2 * tau / m) ** -half
    same = (half * (alpha / m + tau * alpha**3 / m**2)) ** 2 * (half + half * alpha) ** (m - 2)
    pair = (I(tau / m) / m + tau * mpmath.diff(I, tau / m) / m**2) ** 2
    pair *= (mpmath.mpf("0.75") + I(tau / m)) ** (m - 2)
    limits = block_norm_limits(model="hidden", loss="ce", aspect_ratio=gamma, n_hidden=m, init=init)
    assert limits.off_diagonal == pytest.approx(float(tau * (pair + gamma * same)), rel=1e-10)
    diagonal = g**2 * (1 / (4 * m**2) + gamma / (2 * m**2))
    assert limits.diagonal == pytest.approx(diagonal, rel=EXACT)
    assert limits.ratio[1] == 1


@pytest.mark.parametrize("init", GAINS)
def test_output_ce_as_inputs_grow(init):
    """``Ψ(κ) = (1-1/N) ∂²u^m(κτ/m) + (1/N) ∂²q^m(κτ/m)``, ``u = ¾ + I``, times ``σ_w⁴``."""
    m, N, g = 20, 30, GAINS[init]

    def psi(kappa):
        r = mpmath.mpf(kappa * g**2) / m
        u = mpmath.diff(lambda t: (mpmath.mpf("0.75") + I(t)) ** m, r, 2)
        q = mpmath.diff(lambda t: (0.5 + 0.5 * (1 - 2 * t) ** -mpmath.mpf("0.5")) ** m, r, 2)
        return float(g**2 * ((1 - mpmath.mpf(1) / N) * u + q / N))

    limits = block_norm_limits(model="output", loss="ce", n_samples=N, n_hidden=m, init=init)
    assert limits.diagonal == pytest.approx(psi(1), rel=1e-10)
    assert limits.off_diagonal == pytest.approx(psi(2), rel=1e-10)
    assert (limits.diagonal_exponent, limits.off_diagonal_exponent) == (2, 4)
    nearly = block_norm_limits(
        model="output", loss="ce", n_inputs=10**7, n_samples=N, n_hidden=m, init=init
    )
    assert nearly.ratio[0] == pytest.approx(limits.ratio[0], rel=1e-3)  # O(1/d), tilted tails


def test_finite_inputs_against_a_plain_rule():
    """m = d = 64, κ = 1: the divergence is far away, and a Gauss–Laguerre product rule in
    ``‖x‖²``, ``‖x'‖²`` without tilts or cuts, 20 nodes each, stays below it.
    """
    m = d = 64
    N = 10
    nodes, weights = roots_genlaguerre(20, d / 2 - 1)
    a, weights = 2 * nodes / d, weights / weights.sum()
    theta, probabilities = angle_rule(d)

    def phi(z, t):
        J, J1, J2 = orthant_function(z, t)
        return 0.75 - t / (2 * np.pi) + J, J, J1, J2

    q = np.sqrt(np.outer(a, a))
    pair_weights = np.outer(weights, weights)[:, :, None] * probabilities
    z, t = q[:, :, None] / m, theta[None, None, :]
    base, J, J1, J2 = phi(z, t)
    squared = q[:, :, None] ** 2
    output = squared * (m * base ** (m - 1) * J2 + m * (m - 1) * base ** (m - 2) * J1**2)
    hidden = d**2 * squared * np.sin(t) ** 2 * ((J + z * J1) / m) ** 2 * base ** (m - 2)
    pair = [np.sum(pair_weights * f) for f in (output, hidden)]
    base, J, J1, J2 = phi(a / m, np.pi / 2)
    output = a**2 * (m * base ** (m - 1) * J2 + m * (m - 1) * base ** (m - 2) * J1**2)
    hidden = d**2 * a**2 * ((J + a / m * J1) / m) ** 2 * base ** (m - 2)
    same = [weights @ f for f in (output, hidden)]
    expected = [(1 - 1 / N) * p + s / N for p, s in zip(pair, same, strict=True)]
    sizes = {"loss": "ce", "n_inputs": d, "n_samples": N, "n_hidden": m}
    found = block_norm_limits(model="output", **sizes), block_norm_limits(model="hidden", **sizes)
    assert found[0].diagonal == pytest.approx(expected[0], rel=ITERATIVE)
    assert found[1].off_diagonal == pytest.approx(expected[1], rel=ITERATIVE)
    assert found[0].diagonal_error + found[1].off_diagonal_error < 1e-30


@pytest.mark.parametrize(("diagonal", "m"), [(True, 6), (False, 12)])
def test_a_constant_with_a_large_error_is_refused(diagonal, m):
    """A finite mean whose cut leaves 15 and 89 % of one term out at d = 32, below 0.03 % at 64."""
    with pytest.raises(ValueError, match="has no constant at this size"):
        output_ce_limit(diagonal, 32, 64, m, 1.0)
    value, error = output_ce_limit(diagonal, 64, 128, m, 1.0)
    assert 0.0 < error < 3e-4 * value


@pytest.mark.parametrize("n_hidden", [16, 32])
def test_where_the_off_diagonal_constant_stops_to_exist(n_hidden):
    """At d = 16 the norm of m = 16 keeps growing with C (C⁴ E‖H_ij‖² = 43, 49, 57 at C = 10³, 10⁴,
    10⁵); that of m = 32 settles at 109.9 (1.04 of it, ± 4 %, over those C).
    """
    case = {"model": "output", "loss": "ce", "n_inputs": 16, "n_samples": 100}
    if n_hidden == 16:
        with pytest.raises(ValueError, match="output CE, off the diagonal, has no constant"):
            block_norm_limits(n_hidden=16, **case)
    else:
        limits = block_norm_limits(n_hidden=32, **case)
        assert limits.off_diagonal == pytest.approx(109.88, abs=0.01)
        assert 1e-3 < limits.off_diagonal_error < 0.1


SIZES = {"n_inputs": 60, "n_samples": 90}
REFUSED = {
    "hidden CE, He, m = 8": (
        {"model": "hidden", "aspect_ratio": 1.0, "n_hidden": 8, "init": "he"},
        "hidden CE exists for n_hidden > 8, got 8",
    ),
    "hidden CE, m = 2": (
        {"model": "hidden", "n_hidden": 2, **SIZES},
        "hidden CE exists for n_hidden > 2, got 2",
    ),
    "output CE, m = 4": (
        {"model": "output", "n_samples": 9, "n_hidden": 4},
        "off the diagonal, exists for n_hidden > 4, got 4",
    ),
    "output CE, m = 2": (
        {"model": "output", "n_samples": 9, "n_hidden": 2},
        "on the diagonal, exists for n_hidden > 2, got 2",
    ),
    "output CE, He, m = 16": (
        {"model": "output", "n_samples": 9, "n_hidden": 16, "init": "he"},
        "off the diagonal, exists for n_hidden > 16, got 16",
    ),
    "linear CE, He, d = 8": (
        {"model": "linear", "n_inputs": 8, "n_samples": 5, "init": "he"},
        "n_inputs > 8, got 8",
    ),
    "hidden CE, He, at that size": (
        {"model": "hidden", "n_hidden": 10, "init": "he", **SIZES},
        "must be larger, got 60 and 10",
    ),
    "no width": ({"model": "hidden", **SIZES}, "n_hidden of model 'hidden' must be an integer"),
    "a width": ({"model": "linear", "n_hidden": 3, **SIZES}, "n_hidden means nothing"),
    "no samples": ({"model": "output", "n_hidden": 9}, "n_samples must be an integer, got None"),
    "γ of an output layer": (
        {"model": "output", "n_hidden": 9, "aspect_ratio": 1.0},
        "aspect_ratio means nothing for it, got 1.0",
    ),
    "one size": ({"model": "linear", "n_inputs": 9}, "either n_inputs and n_samples"),
    "unknown init": ({"model": "linear", "init": "x", **SIZES}, "'lecun', 'he', got 'x'"),
}


@pytest.mark.parametrize(("case", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(case, message):
    with pytest.raises(ValueError, match=message):
        block_norm_limit(loss="ce", **case)


def test_norm_from_weights():
    class Law:
        def mean(self):
            return -0.5

        def second_moment(self):
            return 3.0

    assert block_norm_from_weights(Law(), 2.0) == 0.25 + 6.0
    with pytest.raises(ValueError, match="aspect_ratio must be positive"):
        block_norm_from_weights(Law(), 0.0)
