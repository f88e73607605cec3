"""The Gaussian posterior: KL against an integral and against matrices, draws, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.stats import multivariate_normal, ortho_group

import rmt_hessian as rh
from rmt_hessian.bounds.bases import Basis, LayerBasis, basis_of
from rmt_hessian.bounds.posterior import GaussianPosterior, gaussian_kl
from rmt_hessian.model.parameter_vector import parameter_vector


def test_kl_is_the_integral():
    """In two dimensions, rotated by 0.7."""
    U = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    s, mean, lam = np.array([0.3, 0.02]), np.array([0.4, -0.2]), 0.5
    q, p = multivariate_normal(mean, U * s @ U.T), multivariate_normal(np.zeros(2), lam * np.eye(2))

    def density(b, a):
        x = mean + U @ (np.sqrt(s) * [a, b])
        return np.sqrt(s.prod()) * q.pdf(x) * (q.logpdf(x) - p.logpdf(x))

    integral = dblquad(density, -9, 9, -9, 9, epsabs=1e-10)[0]
    assert gaussian_kl(mean @ mean, s, lam) == pytest.approx(integral, rel=1e-8)


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_kl_in_any_basis(n, seed):
    """``½ [tr Σ/λ + ‖m‖²/λ - n + n log λ - log det Σ]`` of the matrix."""
    rng = np.random.default_rng(seed)
    U, s = ortho_group.rvs(n, random_state=rng), rng.uniform(1e-3, 3.0, n)
    m, lam = rng.standard_normal(n), rng.uniform(0.01, 2.0)
    Sigma = U * s @ U.T
    expected = (np.trace(Sigma) + m @ m) / lam - n + n * np.log(lam) - np.linalg.slogdet(Sigma)[1]
    assert gaussian_kl(m @ m, s, lam) == pytest.approx(expected / 2, rel=1e-9, abs=1e-9)


def test_kl_is_zero_for_the_prior_alone():
    assert gaussian_kl(0.0, np.full(5, 0.3), 0.3) == 0.0
    assert gaussian_kl(0.0, np.array([0.3, 0.31]), 0.3) > 0
    assert gaussian_kl(0.0, np.array([0.3, 0.0]), 0.3) == np.inf


@pytest.fixture
def posterior(rng):
    """Of 12 parameters with biases, in a Kronecker eigenbasis."""
    net = rh.Network.random([2, 2, 2], rng, bias_scale=0.5)
    X, y = rng.standard_normal((30, 2)), rng.integers(2, size=30)
    basis = basis_of(net, X, y, "kronecker")
    P = parameter_vector(net).size
    return GaussianPosterior(net, rng.standard_normal(P), rng.uniform(0.1, 2.0, P), basis)


def test_draws(posterior, rng):
    """Mean and covariance of 20,000: standard errors of entries are at most √2 σ²/√20,000."""
    theta = np.array([parameter_vector(posterior.draw(rng)) for _ in range(20_000)])
    U = np.column_stack([posterior.basis.vector(e) for e in np.eye(theta.shape[1])])
    expected = U * posterior.variances @ U.T
    error = 2.0 * np.sqrt(2 / 20_000)
    mean = parameter_vector(posterior.initial) + U @ posterior.displacement
    np.testing.assert_allclose(theta.mean(axis=0), mean, atol=5 * np.sqrt(2.0 / 20_000))
    np.testing.assert_allclose(np.cov(theta.T), expected, atol=5 * error)
    np.testing.assert_allclose(parameter_vector(posterior.network), mean, atol=1e-14)


def test_risks_are_shares_of_wrong_labels(posterior, rng):
    X, y = rng.standard_normal((17, 2)), rng.integers(2, size=17)
    found = posterior.risks(X, y, 6, 3)
    stream = np.random.default_rng(3)
    for risk in found:
        net = posterior.draw(stream)
        wrong = [int(net(x[None]).argmax()) != label for x, label in zip(X, y, strict=True)]
        assert risk == pytest.approx(np.mean(wrong))


def test_kl_and_distance(posterior):
    d = posterior.displacement
    assert posterior.squared_distance == pytest.approx(np.sum(d**2))
    assert posterior.kl(0.2) == gaussian_kl(posterior.squared_distance, posterior.variances, 0.2)
    assert "12 parameters" in repr(posterior)


def test_arguments_are_checked(posterior):
    X = np.zeros((3, 2))
    with pytest.raises(ValueError, match="y must have labels"):
        posterior.risks(X, np.eye(2)[[0, 1, 0]], 2, 0)
    with pytest.raises(ValueError, match="prior_variance must"):
        posterior.kl(0.0)
    with pytest.raises(ValueError, match="n_draws must"):
        posterior.risks(X, [0, 1, 0], 0, 0)
    with pytest.raises(ValueError, match="X must have shape"):
        posterior.risks(np.zeros((3, 4)), [0, 1, 0], 1, 0)


def test_a_basis_may_be_anyones(rng):
    """Any orthogonal matrix for the layer, as vectors of weights."""
    net = rh.Network.random([2, 2], rng)
    U = ortho_group.rvs(4, random_state=rng)
    q = GaussianPosterior(net, np.zeros(4), np.ones(4), Basis((LayerBasis((4, 1), U),)))
    np.testing.assert_allclose(q.basis.vector(np.eye(4)[1]), U[:, 1])
