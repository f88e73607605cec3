"""Norms of what decoupling changes: an integral, plain simulation, known limits."""

from itertools import pairwise

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network
from rmt_hessian.theory import expected_kronecker_error
from rmt_hessian.theory.structure.decoupled import DecoupledNorms, decoupled_norms
from tests.theory.structure.layer_samples import samples, squared_norms

CASES = {
    "linear CE": ([6, 3], 0, "ce"),
    "hidden CE": ([6, 3, 2], 0, "ce"),
    "hidden MSE": ([6, 3, 2], 0, "mse"),
    "output CE": ([6, 3, 2], 1, "ce"),
}


def of_case(case, seed=0):
    widths, layer, loss = CASES[case]
    net = Network.random(widths, seed)
    return net, Ensemble(widths, layer, loss, 10).given(net)


@pytest.mark.parametrize("block", [None, (0, 0), (0, 1)], ids=str)
@pytest.mark.parametrize("N", [1, 2, 7, np.inf])
def test_two_classes_are_integrals(block, N):
    """C = 2, V = ±e₁ s/2: ``M = λ(u) (1 -1; -1 1)``, one direction, so that every mean is one of u;
    every block and the layer have one relative error. 16,384 Sobol' points are good for 1e-3."""
    s, p = 2.0, 7
    V = np.zeros((2, p))
    V[:, 0] = [s / 2, -s / 2]
    u, w = np.polynomial.hermite_e.hermegauss(100)
    w /= w.sum()
    lam = 0.25 / np.cosh(s * u / 2) ** 2
    fourth = u**4 + 2 * u**2 * (p - 1) + (p - 1) ** 2 + 2 * (p - 1)
    mean, excess = w @ lam, w @ (lam * (u**2 - 1))
    raw = (w @ (lam * u**2)) ** 2 + (p - 1) * mean**2
    psi = w @ (lam**2 * fourth)
    # (λ - λ')² ‖z‖⁴ with λ' of an independent u', by the product rule
    phi = w @ ((lam[:, None] - lam[None]) ** 2 * fourth[:, None]) @ w
    once = 1 / N  # 0 for the limit
    expected = ((1 - once) * excess**2 + once * phi) / ((1 - once) * raw + once * psi)
    found = decoupled_norms(Ensemble([p, 2], 0, "ce", 10, weights=[V]), units=block)
    assert found.relative_error(N) ** 2 == pytest.approx(expected, rel=2e-3)
    assert found.crossover == pytest.approx(phi / excess**2, rel=4e-3)
    assert found.operator_plateau == pytest.approx(
        abs(excess) / max(mean, w @ (lam * u**2)), rel=2e-3
    )


def test_the_operator_norm_of_the_mean_may_be_that_off_the_directions_of_M():
    """One hidden unit, ``M = λ(u) 1{u > 0}``, small where u is large: ``E[M u²] < E[M]``, and of
    ``E[M ⊗ z zᵀ]`` the norm is ``E[M]``, on the inputs that M does not depend on."""
    s = 3.0
    u = np.linspace(0, 12, 120_001)
    M = s**2 / 4 / np.cosh(s * u / 2) ** 2 * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    mean, second = np.trapezoid(M, u), np.trapezoid(M * u**2, u)
    assert second < 0.5 * mean
    weights = [np.eye(1, 6), np.array([[s / 2], [-s / 2]])]
    norms = decoupled_norms(Ensemble([6, 1, 2], 0, "ce", 10, weights=weights))
    assert norms.operator_plateau == pytest.approx((mean - second) / mean, rel=2e-3)


@pytest.mark.parametrize("block", [None, (0, 0), (0, 1)], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_mean_squared_norms_by_simulation(case, block):
    """60,000/N draws of N samples and N copies, plain sums of Kronecker products: exact at N = 1, 2
    and 5, within five standard errors of the ratio of two means, and 2 % for the Sobol' points."""
    net, ens = of_case(case)
    norms, rng = decoupled_norms(ens, units=block), np.random.default_rng(1)
    for N in (1, 2, 5):
        R = 60_000 // N
        M, z = (
            np.array(values).reshape(R, N, *np.shape(values)[1:])
            for values in samples(net.weights, ens, rng.standard_normal((R * N, 6)))
        )
        copy, _ = samples(net.weights, ens, rng.standard_normal((R * N, 6)))
        copy = copy.reshape(M.shape)
        if block:
            M, copy = (A[:, :, block[0], block[1]][:, :, None, None] for A in (M, copy))
        difference, own = (squared_norms(A, z) for A in (M - copy, M))
        ratio = difference.mean() / own.mean()
        error = np.std(difference - ratio * own) / own.mean() / np.sqrt(R)
        assert norms.relative_error(N) ** 2 == pytest.approx(ratio, rel=0.02, abs=5 * error), N


def test_constant_output_hessians_have_nothing_to_decouple(rng):
    V, W = rng.standard_normal((3, 6)), rng.standard_normal((6, 4))
    for ens in (
        Ensemble([6, 3], 0, "mse", 10, weights=[V]),
        Ensemble([4, 6, 3], 1, "mse", 10, weights=[W, V]),
    ):
        norms = decoupled_norms(ens)
        assert abs(norms.plateau) < 1e-12
        assert norms.fluctuation < 1e-10
        assert norms.operator_plateau < 1e-12
        assert norms.squared_mean == pytest.approx(1.0, abs=1e-12)
        assert norms.relative_error(3) < 1e-5  # √ of rounding
        with pytest.raises(ValueError, match=r"E\[M\] must be finite and not zero"):
            decoupled_norms(ens, units=(0, 1))


@pytest.mark.parametrize("case", CASES)
def test_beside_the_kronecker_product(case):
    """The same T, μ and ``E‖M‖²‖z‖⁴``: `expected_kronecker_error` draws the same points. Of few
    features the fluctuation is about twice that of the product."""
    _, ens = of_case(case)
    decoupled, product = decoupled_norms(ens, rng=3), expected_kronecker_error(ens, rng=3)
    assert decoupled.plateau == pytest.approx(product.plateau, rel=1e-9)
    assert decoupled.squared_mean == pytest.approx(product.squared_mean, rel=1e-9)
    assert decoupled.second_moment == pytest.approx(product.second_moment, rel=1e-9)
    assert product.fluctuation < decoupled.fluctuation < 3.5 * product.fluctuation


def test_in_high_dimensions_its_fluctuation_is_twice_that_of_the_product():
    """And tends to ``2 p (r - 1)``: in the mean p is 1 + 2/p times as large."""
    for p, tolerance in ((50, 0.12), (1000, 0.006)):
        V = np.eye(3, p)
        ens = Ensemble([p, 3], 0, "ce", 10, weights=[V])
        decoupled, product = decoupled_norms(ens), expected_kronecker_error(ens)
        assert decoupled.fluctuation / product.fluctuation == pytest.approx(2, rel=tolerance)
        assert decoupled.fluctuation == pytest.approx(2 * p * (product.spread - 1), rel=tolerance)


def test_masks_alone_have_a_plateau_off_the_diagonal_only(rng):
    """Hidden MSE: ``E[D_i (u uᵀ - I)] = 0``, as u and -u are alike. Both masks tell of both u."""
    V, W = rng.standard_normal((2, 3)), np.eye(3, 8)
    ens = Ensemble([8, 3, 2], 0, "mse", 10, weights=[W, V])
    for i, j in np.ndindex(3, 3):
        norms = decoupled_norms(ens, units=(i, j))
        if i == j:
            assert abs(norms.plateau) < 1e-4
            assert norms.crossover > 1e5
        else:  # u_i, u_j on a quarter plane: E[u_i u_j | both > 0] = 2/π, once above, once below
            assert norms.plateau == pytest.approx(2 * (2 / np.pi) ** 2 / 8, rel=0.01)
            assert norms.operator_plateau == pytest.approx((2 / np.pi) / (1 + 2 / np.pi), rel=0.01)


def test_the_plateau_falls_like_one_over_the_features():
    taus = [decoupled_norms(Ensemble([p, 3], 0, "ce", 9, weights=[np.eye(3, p)])).plateau * p
            for p in (10, 40, 160)]  # fmt: skip
    for a, b in pairwise(taus):
        assert a == pytest.approx(b, rel=1e-9)


def test_errors_between_fluctuation_and_plateau():
    norms = DecoupledNorms(0.01, 20.0, 1.0, 30.0, 0.1)
    assert norms.relative_error(1) == pytest.approx(np.sqrt(20 / 30))
    assert norms.relative_error(np.inf) == pytest.approx(0.1)
    assert norms.crossover == 2000
    none = DecoupledNorms(-1e-9, 20.0, 1.0, 30.0, 0.1)
    assert none.relative_error(np.inf) == 0.0
    assert none.crossover == np.inf
    assert none.relative_error(10**8) == pytest.approx(np.sqrt(2e-7), rel=0.01)
    assert DecoupledNorms(0.0, 20.0, 1.0, 30.0, 0.0).crossover == np.inf
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        norms.relative_error(0)


def test_wants_what_it_needs():
    _, ens = of_case("linear CE")
    for block, message in (
        (0, "pair must be a sequence of two units, got 0"),
        ("00", "pair must be a sequence of two units, got '00'"),
        ((0,), "pair must be two units, got 1"),
        ((0, 1, 2), "pair must be two units, got 3"),
    ):
        with pytest.raises(ValueError, match=message):
            decoupled_norms(ens, units=block)
    with pytest.raises(IndexError, match="j must lie in 0 … 2, got 3"):
        decoupled_norms(ens, units=(0, 3))
    big = Ensemble([50, 50], 0, "ce", 10, weights=[np.eye(50)])
    with pytest.raises(ValueError, match="at most 128 each and 2000 multiplied, got 50 and 50"):
        decoupled_norms(big)
    assert decoupled_norms(big, units=(0, -1)).plateau > 0
