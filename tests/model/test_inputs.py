"""Bounds: a mean of n independent terms is within five of its standard errors."""

import numpy as np
import pytest
from scipy.stats import t

from rmt_hessian.model.inputs import (
    clustered_inputs,
    correlated_inputs,
    gaussian_inputs,
    rademacher_inputs,
    standardise,
    student_inputs,
    uniform_inputs,
)
from tests.tolerances import EXACT

N, D = 400, 300


def student(nu):
    return lambda n, d, rng: student_inputs(n, d, rng, degrees_of_freedom=nu)


# name -> (inputs, E x⁴)
STANDARDISED = {
    "gaussian": (gaussian_inputs, 3.0),
    "rademacher": (rademacher_inputs, 1.0),
    "uniform": (uniform_inputs, 9 / 5),
    "student": (student(9.0), 3 * (9 - 2) / (9 - 4)),
}
# the others, at arguments of their own
DRAWS = {name: lambda rng, f=f: f(6, 4, rng) for name, (f, _) in STANDARDISED.items()}
DRAWS["cauchy"] = lambda rng: student_inputs(6, 4, rng, degrees_of_freedom=1)
DRAWS["correlated"] = lambda rng: correlated_inputs(6, [1.0, 2.0], rng)
DRAWS["rotated"] = lambda rng: correlated_inputs(6, [1.0, 2.0], rng, rotate=True)
DRAWS["clustered"] = lambda rng: clustered_inputs(6, 4, 3, rng)[0]


@pytest.mark.parametrize("name", STANDARDISED)
def test_mean_zero_and_variance_one(name, rng):
    """Standard errors: 1/√n of the mean, √((E x⁴ - 1)/n) of the second moment."""
    inputs, fourth = STANDARDISED[name]
    X = inputs(N, D, rng)
    assert X.shape == (N, D)
    assert X.dtype == np.float64
    assert abs(X.mean()) < 5 / np.sqrt(X.size)
    assert abs(np.mean(X**2) - 1) <= 5 * np.sqrt((fourth - 1) / X.size)


@pytest.mark.parametrize("name", STANDARDISED)
def test_entries_are_uncorrelated(name, rng):
    """‖XᵀX/N - I‖_F² of the off-diagonal entries has mean d(d-1)/N."""
    X = STANDARDISED[name][0](N, D, rng)
    S = X.T @ X / N
    off = np.sum(S**2) - np.sum(np.diag(S) ** 2)
    assert off == pytest.approx(D * (D - 1) / N, rel=0.05)


def test_values():
    X = rademacher_inputs(N, D, np.random.default_rng(1))
    np.testing.assert_array_equal(np.unique(X), [-1, 1])
    X = uniform_inputs(N, D, np.random.default_rng(1))
    assert 0.999 * np.sqrt(3) < np.abs(X).max() <= np.sqrt(3)


@pytest.mark.parametrize("nu", [0.7, 1.0, 2.0, 2.2, 5.0])
def test_student_quantiles(nu, rng):
    """Tail probabilities are Student's, scaled only if there is a variance; binomial error."""
    draws = student_inputs(N, D, rng, degrees_of_freedom=nu)
    scale = np.sqrt((nu - 2) / nu) if nu > 2 else 1.0
    for q in (0.6, 0.9, 0.999):
        quantile = scale * t(nu).ppf(q)
        assert abs(np.mean(draws <= quantile) - q) < 5 * np.sqrt(q * (1 - q) / draws.size)


@pytest.mark.parametrize("rotate", [False, True])
def test_covariance_has_the_given_spectrum(rotate):
    """X = G Σ^{1/2} Qᵀ: the covariance of 20000 samples is within its fluctuation of QΣQᵀ, whose
    traces of powers do not depend on Q. Relative standard errors below √(2/n)(1 + d/n)."""
    eigenvalues = np.array([0.0, 0.5, 1.0, 8.0])
    X = correlated_inputs(20000, eigenvalues, np.random.default_rng(3), rotate=rotate)
    S = X.T @ X / len(X)
    values = np.linalg.eigvalsh(S)
    np.testing.assert_allclose(values, eigenvalues, rtol=5 * np.sqrt(2 / len(X)), atol=1e-12)
    off_axis = np.abs(S - np.diag(np.diag(S))).max()
    assert (off_axis > 0.5) == rotate


def test_rotations_are_haar():
    """One sample with one nonzero eigenvalue is g times a column q, uniform on the sphere:
    E q = 0, E q qᵀ = I/d, with standard errors √(1/(d n)) and, at most, √(3/(d(d+2) n))."""
    n, d = 2000, 3
    rng = np.random.default_rng(0)
    q = np.array([correlated_inputs(1, [1.0, 0.0, 0.0], rng, rotate=True)[0] for _ in range(n)])
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    assert np.abs(q.mean(axis=0)).max() < 5 * np.sqrt(1 / (d * n))
    assert np.abs(q.T @ q / n - np.eye(d) / d).max() < 5 * np.sqrt(3 / (d * (d + 2) * n))


def test_clusters(rng):
    """Means of the clusters have norm 1; about them the noise is that of each coordinate."""
    n, d, k, noise = 6000, 30, 4, 0.2
    X, labels = clustered_inputs(n, d, k, rng, noise=noise)
    counts = np.bincount(labels, minlength=k)
    assert counts.size == k
    assert np.abs(counts - n / k).max() < 5 * np.sqrt(n / k * (1 - 1 / k))
    centres = np.array([X[labels == c].mean(axis=0) for c in range(k)])
    # ‖mean‖² is 1 + d noise²/count, with standard error 2 noise/√count
    share = noise**2 / counts
    norms = np.sum(centres**2, axis=1)
    assert (np.abs(norms - 1 - d * share) < 5 * (2 * np.sqrt(share) + d * share)).all()
    residual = X - centres[labels]
    # k centres are fitted: n - k degrees of freedom per coordinate
    variance = np.sum(residual**2) / (d * (n - k))
    assert abs(variance / noise**2 - 1) < 5 * np.sqrt(2 / (d * (n - k)))


def test_clusters_without_noise_are_points(rng):
    X, labels = clustered_inputs(50, 7, 3, rng, noise=0)
    assert len(np.unique(X.round(12), axis=0)) == len(np.unique(labels)) == 3
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=EXACT)


@pytest.mark.parametrize("name", DRAWS)
def test_same_seed_same_numbers(name):
    first, again, other = (DRAWS[name](np.random.default_rng(s)) for s in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


BAD = {
    "samples": (lambda rng: rademacher_inputs(0, 3, rng), "n_samples must be at least 1, got 0"),
    "inputs": (lambda rng: uniform_inputs(3, 0.5, rng), "n_inputs must be an integer, got 0.5"),
    "nu": (
        lambda rng: student_inputs(3, 3, rng, degrees_of_freedom=0),
        "degrees_of_freedom must be positive",
    ),
    "NaN": (
        lambda rng: student_inputs(3, 3, rng, degrees_of_freedom=np.nan),
        "positive and finite, got nan",
    ),
    "spectrum": (lambda rng: correlated_inputs(3, [1, -2], rng), "not be negative, got -2"),
    "empty": (lambda rng: correlated_inputs(3, [], rng), "eigenvalues must not be empty"),
    "matrix": (lambda rng: correlated_inputs(3, np.eye(2), rng), "eigenvalues must have 1 axis"),
    "clusters": (lambda rng: clustered_inputs(3, 3, 0, rng), "n_clusters must be at least 1"),
    "noise": (lambda rng: clustered_inputs(3, 3, 2, rng, noise=-0.1), "not be negative, got -0.1"),
    "noise NaN": (lambda rng: clustered_inputs(3, 3, 2, rng, noise=np.nan), "noise must be finite"),
    "text": (lambda rng: clustered_inputs(3, 3, 2, rng, noise="x"), "noise must be a number"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(rng)


def test_gaussian_inputs_about_a_mean(rng):
    b = np.array([0.0, 5.0, -3.0])
    X = gaussian_inputs(4000, 3, rng, mean=b)
    np.testing.assert_allclose(X.mean(axis=0), b, atol=5 / np.sqrt(4000))
    with pytest.raises(ValueError, match=r"mean must be a number or of shape \(3,\)"):
        gaussian_inputs(4, 3, rng, mean=[1.0, 2.0])


def test_standardised_features_have_mean_0_and_variance_1(rng):
    Z = np.column_stack([rng.exponential(size=(50, 2)), np.full(50, 0.1)])
    S = standardise(1e6 + Z)
    np.testing.assert_allclose(S.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(S.std(axis=0), [1.0, 1.0, 0.0], atol=1e-8)
