"""The fixed point: slow loops, one dimension by quadrature, scalars against matrices."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, root
from scipy.special import expit

from rmt_hessian import Ensemble, Mixture
from rmt_hessian.theory import trained_head, trained_softmax
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.equations import (
    AnyClasses,
    SymmetricClasses,
    basis,
    mean_resolved,
)
from rmt_hessian.theory.trained.fixed_point import TOLERANCE, solve
from rmt_hessian.theory.trained.samples import Points, points_of


def moments_of(K, d, N, mixture):
    return ClassMoments.of_ensemble(Ensemble([d, K], 0, "ce", N, inputs=mixture))


def all_orders(K, n, seed, group_size=1):
    """Points of equal masses that all permutations of a symmetry map onto themselves."""
    rng = np.random.default_rng(seed)
    noise, labels = rng.standard_normal((n, K)), rng.integers(K, size=n)
    groups = np.arange(K).reshape(-1, group_size)
    inside = itertools.product(itertools.permutations(range(group_size)), repeat=len(groups))
    orders = [
        np.concatenate([groups[u, list(order)] for u, order in zip(outer, inner, strict=True)])
        for inner in inside
        for outer in itertools.permutations(range(len(groups)))
    ]
    parts = [(noise[:, order], np.argsort(order)[labels]) for order in orders]
    noise, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Points(noise, labels, np.full(len(labels), 1 / len(labels)))


@pytest.mark.parametrize(
    ("K", "mixture", "group_size"),
    [(K, Mixture(rho), 1) for K in (2, 3, 4) for rho in (0.0, 2.0)]
    + [(4, Mixture(2.0, groups=(2, kappa)), 2) for kappa in (0.5, 1.0)]
    + [(6, Mixture(2.5, groups=groups), 6 // groups[0]) for groups in ((2, 0.3), (3, 0.8))],
)
def test_scalars_and_matrices_are_one_theory(K, mixture, group_size):
    """Over points that all permutations of the symmetry map onto themselves."""
    compare_forms(moments_of(K, 80, 300, mixture), group_size)


@pytest.mark.parametrize(
    ("mixture", "group_size"), [(Mixture(2.0), 1), (Mixture(2.0, groups=(2, 0.5)), 2)]
)
def test_they_are_one_theory_of_features_with_a_covariance(mixture, group_size):
    compare_forms(with_two_eigenvalues(moments_of(4, 80, 300, mixture)), group_size)


def with_two_eigenvalues(moments):
    """Of Σ, the means in both eigenspaces."""
    return replace(
        moments,
        eigenvalues=np.array([0.5, 2.0]),
        shares=np.array([0.7, 0.3]),
        grams=np.stack([0.25 * moments.grams[0], 0.75 * moments.grams[0]]),
    )


def compare_forms(moments, group_size):
    """The states of both, at their fixed points."""
    K = moments.n_classes
    points = all_orders(K, 60 // K**2 + 4, K, group_size)
    assert moments.symmetry.group_size == group_size
    scalar = SymmetricClasses(moments, points, 0.05, moments.symmetry)
    matrix = AnyClasses(moments, points, 0.05)
    one, other = (equations.state(solve(equations)[0]) for equations in (scalar, matrix))
    for name in ("prox", "means", "noise", "signal"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(one, name), rtol=1e-6, atol=1e-7, err_msg=name
        )
    assert other.weight_norm == pytest.approx(one.weight_norm, rel=1e-6)


@pytest.mark.parametrize(
    "mixture",
    [Mixture(2.0, frequencies=[5, 3, 2]), Mixture(1.5, groups=(1, 0.4)), Mixture(0.0)],
    ids=["frequencies", "groups", "labels"],
)
def test_the_fixed_point_solves_the_equations_as_they_are_written(mixture):
    """Sample by sample, with inverses and Kronecker sums spelt out, as in the docstring."""
    K, d, N, mu = 3, 60, 200, 0.03
    moments = with_two_eigenvalues(moments_of(K, d, N, mixture))
    points = Points(
        *[
            getattr(points_of(moments.frequencies, False, 1), n)[::16]
            for n in ("noise", "labels", "masses")
        ]
    )
    points = replace(points, masses=points.masses / points.masses.sum())
    equations = AnyClasses(moments, points, mu)
    x, left = solve(equations)
    assert left <= TOLERANCE
    state, sample = equations.state(x), equations.sample(x)
    P, gamma = np.eye(K) - 1 / K, d / N
    V, X, B = np.zeros((K, K)), np.zeros((K, K)), np.zeros((K, K))
    for w, p, g, y in zip(
        sample.masses,
        sample.fitted.probabilities,
        sample.fitted.gradients,
        sample.labels,
        strict=True,
    ):
        A = np.diag(p) - np.outer(p, p)
        V += w * A @ np.linalg.inv(np.eye(K) + state.prox @ A)
        X += w * np.outer(g, g)
        B[:, y] -= w * g
    S, means, covariance, norm = np.zeros((K, K)), np.zeros((K, K)), np.zeros((K, K)), 0.0
    for a, share, gram in zip(moments.eigenvalues, moments.shares, moments.grams, strict=True):
        R = np.linalg.inv(a * V + mu * np.eye(K))
        S += gamma * share * a * P @ R
        means += R @ B @ gram
        of_V = R @ (B @ gram @ B.T + gamma * share * a * X) @ R
        covariance += a * of_V
        norm += np.trace(of_V)
    np.testing.assert_allclose(state.prox, S, atol=1e-6 * np.abs(S).max())
    np.testing.assert_allclose(state.means, P @ means, atol=1e-6)
    np.testing.assert_allclose(state.covariance, covariance, atol=1e-6)
    assert state.weight_norm == pytest.approx(norm, rel=1e-6)
    # and the logits are what the points make of the state
    noise = sample.unseen - state.means.T[sample.labels]
    values, vectors = np.linalg.eigh(state.covariance)
    half = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    np.testing.assert_allclose(noise, points.noise @ half, atol=1e-6)


def binary(gamma, mu, rho):
    """Two classes by one-dimensional quadrature: ``t = f_y - f_other``, its prox by a bracket.

    With S = s P the difference of the logits moves by 2 s (1 - p): ``t = u + 2 s σ(-t)``,
    ``u ~ N(m, 2Q)``; v, χ and h from p alone.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(121)
    weights = weights / weights.sum()

    def image(x):
        s, Q, m = np.exp(x[0]), np.exp(x[1]), x[2]
        t = np.array(
            [
                brentq(lambda t, u=u: t - u - 2 * s * expit(-t), u - 1, u + 2 * s + 1, xtol=1e-13)
                for u in m + np.sqrt(2 * Q) * nodes
            ]
        )
        p = expit(t)
        v = weights @ (2 * p * (1 - p) / (1 + 2 * s * p * (1 - p)))
        chi, h = weights @ (2 * (1 - p) ** 2), weights @ (2 * (1 - p))
        R = 1 / (v + mu)
        m = h / 2 * rho**2 * R
        return np.array([np.log(gamma * R), np.log(gamma * chi * R**2 + (h / 2 * rho * R) ** 2), m])

    found = root(lambda x: image(x) - x, np.array([0.0, 0.0, 0.5]), tol=1e-11)
    assert found.success
    return np.exp(found.x[0]), np.exp(found.x[1]), found.x[2]


@pytest.mark.parametrize(
    ("gamma", "mu", "rho"), [(0.5, 0.02, 1.5), (0.2, 0.1, 0.0), (2.0, 0.05, 2.0)]
)
def test_two_classes_by_quadrature(gamma, mu, rho):
    """Logistic regression: nothing is shared with the package but the equations on paper."""
    s, Q, m = binary(gamma, mu, rho)
    N = 1000
    ens = Ensemble([int(gamma * N), 2], 0, "ce", N, inputs=Mixture(rho))
    trained = trained_softmax(ens, ridge=mu)
    assert trained.prox_step == pytest.approx(s, rel=2e-3)
    assert trained.logit_variance + trained.mean_response**2 == pytest.approx(Q, rel=3e-3)
    # ω = m P e_y: the difference of the two logits is m
    assert trained.mean_response * rho == pytest.approx(m, rel=2e-3, abs=1e-9)


@settings(max_examples=20)
@given(st.integers(2, 12), st.floats(-2, 1), st.floats(-4, 1), st.floats(0, 5), st.integers(0, 99))
def test_it_converges_everywhere(K, log_gamma, log_mu, rho, seed):
    N = 2000
    d = max(int(10**log_gamma * N), K)
    ens = Ensemble([d, K], 0, "ce", N, inputs=Mixture(rho))
    trained = trained_softmax(ens, ridge=10**log_mu, rng=seed)
    assert trained.residual <= TOLERANCE
    assert trained.train_loss <= trained.test_loss + 1e-9
    assert 0 <= trained.block_norms().ratio <= 1.5
    assert trained.prox_step > 0
    assert trained.logit_variance > 0


@settings(max_examples=5)
@given(
    st.sampled_from([(4, 2), (6, 3), (6, 2), (12, 4)]),
    st.floats(0, 1),
    st.floats(-2, 1),
    st.floats(-4, 1),
    st.floats(0, 8),
)
def test_it_converges_everywhere_with_groups(sizes, kappa, log_gamma, log_mu, rho):
    (K, G), N = sizes, 2000
    ens = Ensemble([int(10**log_gamma * N), K], 0, "ce", N, inputs=Mixture(rho, groups=(G, kappa)))
    trained = trained_softmax(ens, ridge=10**log_mu)
    assert trained.residual <= TOLERANCE
    assert 0 <= trained.block_norms(population=True).ratio <= 1.5


def test_a_large_ridge_is_one_step_of_gradient_descent():
    """``V ≈ -(1/μN) Σ g_n x_nᵀ`` with ``g = 1/K - e_y``."""
    K, d, N, mu, rho = 4, 200, 1000, 1e4, 2.0
    trained = trained_softmax(Ensemble([d, K], 0, "ce", N, inputs=Mixture(rho)), ridge=mu)
    assert trained.mean_response == pytest.approx(rho / (K * mu), rel=1e-3)
    assert trained.logit_variance == pytest.approx(d / N / (K * mu**2), rel=1e-3)  # E‖g‖² = 1 - 1/K
    assert trained.train_loss == pytest.approx(np.log(K), rel=1e-3)


def test_a_common_mean_of_balanced_classes_changes_nothing():
    """Of white features; means orthonormal up to it."""
    means = 2 * np.eye(3, 6)
    plain, moved = (trained_head(m, np.eye(6), 40, ridge=0.05) for m in (means, means + 0.7))
    assert plain.moments.exchangeable
    assert moved.moments.exchangeable
    assert plain.moments.white
    assert moved.train_loss == pytest.approx(plain.train_loss, rel=1e-9)
    ens = Ensemble([6, 3], 0, "ce", 40, inputs=Mixture(2.0))
    assert trained_softmax(ens, ridge=0.05).train_loss == pytest.approx(plain.train_loss, rel=1e-9)


@pytest.mark.parametrize(
    ("means", "loss"),
    [([[4.0, 0.0, 0.0], [0.0, 0.0, 0.0]], 0.376), ([[0, 0, 0], [-3, 3, 0], [-3, 0, 3.0]], 0.480)],
    ids=["two", "three"],
)
def test_a_mean_of_all_along_the_differences_is_an_offset(means, loss):
    """Simulated optima (four draws, p = 60, N = 1200) have these training losses."""
    head = trained_head(np.pad(means, [(0, 0), (0, 57)]), np.eye(60), 1200, ridge=0.05)
    assert not head.moments.exchangeable
    assert head.train_loss == pytest.approx(loss, rel=0.05)


@pytest.mark.parametrize("common", [0.0, 0.7, 1e3, 1e6])
def test_long_common_means_leave_classes_as_they_are(common):
    alike, unlike = 2 * np.eye(3, 8), np.diag([0.0, 3.0, 6.0]) @ np.eye(3, 8)
    for means, expected in ((alike, True), (unlike, False)):
        shifted = means + common * (np.arange(8) == 5)
        found = ClassMoments.of_means(shifted, np.eye(8), 100, None)
        assert found.exchangeable == expected


@pytest.mark.parametrize(("K", "rho"), [(2, 30.0), (3, 300.0), (3, 1e4), (20, 50.0)])
def test_means_far_apart(K, rho):
    ens = Ensemble([60, K], 0, "ce", 300, inputs=Mixture(rho))
    found = trained_softmax(ens, ridge=0.05)
    assert found.residual <= TOLERANCE
    assert 0 < found.train_loss < 0.01
    assert found.test_accuracy > 0.999


def test_a_separation_whose_square_overflows():
    ens = Ensemble([60, 3], 0, "ce", 300, inputs=Mixture(1e200))
    with pytest.raises(ValueError, match="separation must have a finite square, got 1e"):
        trained_softmax(ens, ridge=0.05)


def test_a_covariance_that_is_nearly_white_is_white():
    values = [1 - 0.9e-9] * 30 + [1 + 0.9e-9] * 30
    found = ClassMoments.of_means(np.zeros((3, 60)), np.diag(values), 200, None)
    assert found.white
    assert found.shares.tolist() == [1.0]


def test_equal_eigenvalues_are_one_eigenspace():
    rng = np.random.default_rng(2)
    Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    means = rng.standard_normal((3, 5))
    found = ClassMoments.of_means(means, Q @ np.diag([2, 2, 1, 1, 1.0]) @ Q.T, 10, None)
    np.testing.assert_allclose(found.eigenvalues, [1, 2])
    np.testing.assert_allclose(found.shares, [0.6, 0.4])
    np.testing.assert_allclose(found.grams[1], (means @ Q[:, :2]) @ (means @ Q[:, :2]).T)
    np.testing.assert_allclose(found.grams.sum(axis=0), means @ means.T)


def test_a_long_common_mean_does_not_stop_the_iteration():
    """Features of ReLU: their mean is √m long, and acts as an offset that is hardly penalised."""
    rng = np.random.default_rng(1)
    p, K = 60, 3
    covariance = np.diag(rng.uniform(0.1, 1, p))
    means = 3.0 + 0.5 * rng.standard_normal((K, p))
    head = trained_head(means, covariance, 200, ridge=0.01, frequencies=[6, 3, 1])
    assert head.residual <= TOLERANCE
    # the offset makes the mean gradient vanish, all but for the ridge
    mean = head.sample.masses @ head.sample.fitted.gradients
    assert np.abs(mean).max() < 2e-3


@pytest.mark.parametrize("K", [2, 3, 7])
def test_means_of_resolved_curvatures(K):
    rng = np.random.default_rng(K)
    p, w = rng.dirichlet(np.ones(K), size=5), rng.dirichlet(np.ones(5))
    S = basis(K) @ np.diag(rng.uniform(0.1, 4, K - 1)) @ basis(K).T
    A = [np.diag(x) - np.outer(x, x) for x in p]
    total = sum(x * a @ np.linalg.inv(np.eye(K) + S @ a) for x, a in zip(w, A, strict=True))
    np.testing.assert_allclose(mean_resolved(p, w, S), total, atol=1e-14)


@pytest.mark.parametrize("K", [2, 5, 12])
def test_the_basis_is_orthonormal_and_orthogonal_to_one(K):
    U = basis(K)
    np.testing.assert_allclose(U.T @ U, np.eye(K - 1), atol=1e-14)
    np.testing.assert_allclose(U.sum(axis=0), 0, atol=1e-14)


def test_what_does_not_converge_raises(monkeypatch):
    from rmt_hessian.theory.trained import fixed_point

    monkeypatch.setattr(fixed_point, "MOST_STEPS", 2)
    with pytest.raises(RuntimeError, match=r"the fixed point is not reached, residual .* got 0.01"):
        trained_softmax(Ensemble([40, 3], 0, "ce", 100), ridge=0.01)
