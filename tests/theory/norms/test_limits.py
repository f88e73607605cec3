"""Constants of the block norms as C → ∞: every formula against an independent one."""

import mpmath
import numpy as np
import pytest
from scipy.special import roots_genlaguerre

from rmt_hessian import Ensemble
from rmt_hessian.theory import block_norm_limits, block_norms, cross_layer_ratio_limit
from rmt_hessian.theory.norms.ce_limits import orthant_function
from rmt_hessian.theory.norms.cross_layer import cross_layer_limit
from rmt_hessian.theory.norms.gram_pairs import angle_rule
from tests.tolerances import EXACT, ITERATIVE

GAINS = {"lecun": 1, "he": 2}


# --- linear CE and MSE ----------------------------------------------------------------------


def test_linear_ce_tends_to_its_constants():
    """At C = 20,000 both norms and the ratio are within 1 % and 4 standard errors of them."""
    ens = Ensemble([60, 20_000], 0, "ce", 150)
    limits, found = block_norm_limits(ens), block_norms(ens, n_draws=800)
    for value, error, (constant, exponent) in (
        (found.diagonal, found.diagonal_error, (limits.diagonal, limits.diagonal_exponent)),
        (
            found.off_diagonal,
            found.off_diagonal_error,
            (limits.off_diagonal, limits.off_diagonal_exponent),
        ),
        (found.ratio, found.ratio_error, limits.ratio),
    ):
        scale = float(ens.n_classes) ** exponent
        assert abs(scale * value - constant) < 4 * scale * error + 0.01 * constant


def test_linear_ce_constant_at_the_size_of_a_vocabulary():
    """Measured over all blocks at C = 131,072, d = 512, N = 2048: 1.724."""
    constant, _ = block_norm_limits(Ensemble([512, 131_072], 0, "ce", 2048)).ratio
    assert constant == pytest.approx(1.7205, abs=5e-5)


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize("C", [2, 5, 1000])
def test_hidden_mse_at_any_C_is_its_limit(C, init):
    """``(C + 2) R``, ``E‖H_ii‖²/(C(C + 2))`` and ``E‖H_ij‖²/C`` do not depend on C."""
    ens = Ensemble([30, 4, C], 0, "mse", 70, init=init)
    limits, exact = block_norm_limits(ens), block_norms(ens)
    constant, exponent = block_norm_limits(ens).ratio
    assert (limits.diagonal_exponent, limits.off_diagonal_exponent, exponent) == (-2, -1, 1)
    assert limits.diagonal * C * (C + 2) == pytest.approx(exact.diagonal, rel=EXACT)
    assert limits.off_diagonal * C == pytest.approx(exact.off_diagonal, rel=EXACT)
    assert (C + 2) * exact.ratio == pytest.approx(constant, rel=EXACT)


@pytest.mark.parametrize("widths", [[9, 3], [9, 2, 3]])
@pytest.mark.parametrize("infinite", [True, False])
def test_mse_of_a_last_layer_has_no_off_diagonal(widths, infinite):
    ens = Ensemble(widths, -1, "mse", 9)
    assert tuple(block_norm_limits(ens, infinite_inputs=infinite).ratio) == (0.0, 0)


@pytest.mark.parametrize("init", GAINS)
@pytest.mark.parametrize(
    ("hidden", "loss"), [([], "ce"), ([24], "mse"), ([24], "ce")], ids=["linear", "mse", "ce"]
)
def test_proportional_constants(hidden, loss, init):
    """The constants at d, N tend to those at γ = d/N with corrections O(1/d)."""
    d, gamma, g = 10**5, 0.25, GAINS[init]
    ens = Ensemble([d, *hidden, 3], 0, loss, int(d / gamma), init=init)
    by_ratio, by_size = block_norm_limits(ens, infinite_inputs=True), block_norm_limits(ens)
    assert by_size.diagonal / d == pytest.approx(by_ratio.diagonal, rel=1e-3)
    assert by_size.off_diagonal / d == pytest.approx(by_ratio.off_diagonal, rel=1e-3)
    assert by_size.ratio.exponent == by_ratio.ratio.exponent
    known = {
        (1, "ce"): (gamma * np.exp(2 * g) + 1) / (gamma * np.exp(g) + 1),
        (2, "mse"): (4 * gamma + 1) / (4 * (2 * gamma + 1)),
    }
    if (ens.n_layers, loss) in known:
        assert by_ratio.ratio.constant == pytest.approx(known[ens.n_layers, loss], rel=EXACT)


@pytest.mark.parametrize(("widths", "layer"), [([40, 3], 0), ([40, 24, 3], 0), ([40, 24, 3], 1)])
@pytest.mark.parametrize("infinite", [True, False])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_the_number_of_classes_does_not_matter(widths, layer, infinite, loss):
    few, many = (Ensemble([*widths[:-1], C], layer, loss, 90) for C in (3, 1000))
    expected = block_norm_limits(few, infinite_inputs=infinite)
    assert block_norm_limits(many, infinite_inputs=infinite) == expected


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
    ens = Ensemble([40, m, 3], 0, "ce", 100, init=init)
    limits = block_norm_limits(ens, infinite_inputs=True)
    assert ens.aspect_ratio == gamma
    assert limits.off_diagonal == pytest.approx(float(tau * (pair + gamma * same)), rel=1e-10)
    diagonal = g**2 * (1 / (4 * m**2) + gamma / (2 * m**2))
    assert limits.diagonal == pytest.approx(diagonal, rel=EXACT)
    assert limits.ratio.exponent == 1


@pytest.mark.parametrize("init", GAINS)
def test_output_ce_as_inputs_grow(init):
    """``Ψ(κ) = (1-1/N) ∂²u^m(κτ/m) + (1/N) ∂²q^m(κτ/m)``, ``u = ¾ + I``, times ``σ_w⁴``."""
    m, N, g = 20, 30, GAINS[init]

    def psi(kappa):
        r = mpmath.mpf(kappa * g**2) / m
        u = mpmath.diff(lambda t: (mpmath.mpf("0.75") + I(t)) ** m, r, 2)
        q = mpmath.diff(lambda t: (0.5 + 0.5 * (1 - 2 * t) ** -mpmath.mpf("0.5")) ** m, r, 2)
        return float(g**2 * ((1 - mpmath.mpf(1) / N) * u + q / N))

    ens = Ensemble([10**7, m, 3], 1, "ce", N, init=init)
    limits, nearly = block_norm_limits(ens, infinite_inputs=True), block_norm_limits(ens)
    assert limits.diagonal == pytest.approx(psi(1), rel=1e-10)
    assert limits.off_diagonal == pytest.approx(psi(2), rel=1e-10)
    assert (limits.diagonal_exponent, limits.off_diagonal_exponent) == (2, 4)
    assert nearly.ratio.constant == pytest.approx(
        limits.ratio.constant, rel=1e-3
    )  # O(1/d), tilted tails


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
    hidden, output = (block_norm_limits(Ensemble([d, m, 3], l, "ce", N)) for l in (0, 1))
    assert output.diagonal == pytest.approx(expected[0], rel=ITERATIVE)
    assert hidden.off_diagonal == pytest.approx(expected[1], rel=ITERATIVE)
    assert output.diagonal_error + hidden.off_diagonal_error < 1e-30


@pytest.mark.parametrize("m", [16, 32])
def test_where_the_off_diagonal_constant_stops_to_exist(m):
    """At d = 16 the norm of m = 16 keeps growing with C (C⁴ E‖H_ij‖² = 43, 49, 57 at C = 10³, 10⁴,
    10⁵); that of m = 32 settles at 109.9 (1.04 of it, ± 4 %, over those C).
    """
    ens = Ensemble([16, m, 3], 1, "ce", 100)
    if m == 16:
        with pytest.raises(ValueError, match="output CE, off the diagonal, has no constant"):
            block_norm_limits(ens)
    else:
        limits = block_norm_limits(ens)
        assert limits.off_diagonal == pytest.approx(109.88, abs=0.01)
        assert 1e-3 < limits.off_diagonal_error < 0.1


REFUSED = {
    "hidden CE, He, m = 8": (
        Ensemble([9, 8, 3], 0, "ce", 9, init="he"),
        True,
        "hidden CE exists for m > 8, got 8",
    ),
    "hidden CE, m = 2": (
        Ensemble([60, 2, 3], 0, "ce", 90),
        False,
        "hidden CE exists for m > 2, got 2",
    ),
    "output CE, m = 4": (
        Ensemble([60, 4, 3], 1, "ce", 9),
        True,
        "off the diagonal, exists for m > 4, got 4",
    ),
    "output CE, m = 2": (
        Ensemble([60, 2, 3], 1, "ce", 9),
        True,
        "on the diagonal, exists for m > 2, got 2",
    ),
    "output CE, He, m = 16": (
        Ensemble([60, 16, 3], 1, "ce", 9, init="he"),
        True,
        "off the diagonal, exists for m > 16, got 16",
    ),
    "linear CE, He, d = 8": (Ensemble([8, 3], 0, "ce", 5, init="he"), False, "d > 8, got 8"),
    "hidden CE, He, at that size": (
        Ensemble([60, 10, 3], 0, "ce", 90, init="he"),
        False,
        "must be larger, got 60 and 10",
    ),
    "one hidden unit": (
        Ensemble([60, 1, 3], 0, "ce", 90),
        False,
        r"widths\[1\] must be at least 2, got 1",
    ),
    "given weights": (
        Ensemble([4, 3], 0, "ce", 90, weights=[np.ones((3, 4))]),
        False,
        "no weights may be given: .* got Ensemble",
    ),
    "a deep network": (Ensemble([9, 9, 9, 3], 0, "ce", 9), False, "deeper networks are not cover"),
    "γ of an output layer": (
        Ensemble([60, 9, 3], 1, "ce", 9),
        1.0,
        "infinite_inputs must be True or False, got 1.0",
    ),
    "no ensemble": ([60, 9, 3], False, r"ens must be an? Ensemble, got \[60, 9, 3\]"),
}


@pytest.mark.parametrize(("ens", "infinite", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(ens, infinite, message):
    with pytest.raises(ValueError, match=message):
        block_norm_limits(ens, infinite_inputs=infinite)


@pytest.mark.parametrize("layer", [0, 1])
def test_the_number_of_classes_of_a_limit_means_nothing(layer):
    """One class, that has no block off the diagonal, as well as many."""
    few, many = (Ensemble([60, 9, C], layer, "mse", 90) for C in (1, 50))
    assert block_norm_limits(few) == block_norm_limits(many)
    assert cross_layer_limit(few) == cross_layer_limit(many)
    assert cross_layer_ratio_limit(few) == cross_layer_ratio_limit(many)
