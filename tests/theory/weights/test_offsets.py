"""Weight laws of classes with offsets, against Laplace transforms, identities and simulation."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, eigenvalues, ks_distance, layer_hessian, sample
from rmt_hessian.theory import block_law, block_outliers, layer_law, sampling_band, weight_law
from tests import oracles
from tests.theory.offsets import Moments, zipf

STDS = {"lecun": 1.0, "he": np.sqrt(2)}


def head(b, init="lecun", **options):
    return Ensemble([400, len(b)], 0, "ce", 1000, init=init, biases=[b], **options)


def error_of(law, mean, second):
    return max(abs(law.mean() - mean) / np.sqrt(second), abs(law.second_moment() / second - 1))


def test_the_oracle():
    """Equal offsets: ``Σ p = 1``, so ``E p = 1/C``; and ``E p² + (C - 1) E p p' = 1/C``."""
    moments = Moments(np.full(7, 0.3), 1.0)
    assert moments({2: 1}) == pytest.approx(1 / 7, rel=1e-12)
    assert moments({0: 2}) + 6 * moments({0: 1, 4: 1}) == pytest.approx(1 / 7, rel=1e-12)


@pytest.mark.parametrize(
    ("C", "s", "init", "most"),
    [
        (5, 1.0, "lecun", 1e-10),
        (5, 4.0, "he", 1e-9),
        (200, 1.0, "he", 2e-4),
        (1000, 0.5, "lecun", 1e-5),
        (50_000, 1.0, "lecun", 3e-5),
        (50_000, 1.0, "he", 2e-3),
        (50_000, 1.5, "lecun", 3e-3),
    ],
)
def test_moments_by_laplace_transforms(C, s, init, most):
    """Frequent and rare classes; the stated error is an upper estimate, the bound what is seen."""
    moments = Moments(zipf(C, s), STDS[init])
    rare = 2 * C // 5
    for i, j in ((0, 0), (2, 2), (rare, rare), (0, 2), (2, C - 1), (rare, C - 1)):
        law = weight_law(head(zipf(C, s), init), i, j)
        error = error_of(law, *moments.of_weights(i, j))
        assert error <= max(law.error, 1e-12)
        assert error <= most
        assert law.error < 0.05


@pytest.mark.parametrize("pair", [(0, 0), (2, 2), (0, 4), (3, 1)])
def test_the_density_has_the_moments_of_the_rule(pair):
    for b in (np.array([0.0, 3.0, -2.0, 1.0, -9.0]), zipf(50_000)):
        law = weight_law(head(b), *pair)
        density = law.density()
        assert density.second_moment() == pytest.approx(law.second_moment(), rel=1e-8)
        assert density.probabilities @ density.nodes == pytest.approx(law.mean(), rel=1e-8)


@pytest.mark.parametrize("C", [2, 3, 10])
def test_equal_offsets_are_none(C):
    """Two constructions: each class by itself, and all alike."""
    for j in (0, 1):
        law = weight_law(head(np.full(C, 5.0)), 0, j)
        same = weight_law(replace(head(np.zeros(C)), biases=None), 0, j)
        assert error_of(law, same.mean(), same.second_moment()) < 1e-9


def test_rows_sum_to_zero_and_a_shift_changes_nothing():
    b = np.array([2.0, -1.0, 0.5, 0.0, -30.0])
    row = [weight_law(head(b), 2, j).mean() for j in range(5)]
    assert abs(sum(row)) < 1e-9 * row[2]
    law, shifted = weight_law(head(b), 1, 4), weight_law(head(b + 100.0), 1, 4)
    assert law.mean() == pytest.approx(shifted.mean(), rel=1e-9)
    permuted = weight_law(head(b[::-1]), 3, 0)
    assert law.mean() == pytest.approx(permuted.mean(), rel=1e-12)


def simulated(net, b, i, j, n, rng):
    """λ of n Gaussian inputs."""
    f = rng.standard_normal((n, net[0].shape[1]))
    for W in net[:-1]:
        f = np.maximum(f @ W.T, 0)
    p = oracles.softmax(f @ net[-1].T + b)
    return p[:, i] * ((i == j) - p[:, j])


@pytest.mark.parametrize("pair", [(0, 0), (3, 3), (0, 3)])
def test_given_weights(pair, rng):
    """Four standard errors of 400,000 inputs, and of the Sobol' points."""
    W, b = rng.standard_normal((5, 6)) / np.sqrt(6), np.array([2.0, 0.0, 1.0, -3.0, 0.5])
    law = weight_law(Ensemble([6, 5], 0, "ce", 9, weights=[W], biases=[b]), *pair)
    lam = simulated([W], b, *pair, 400_000, rng)
    for power, value in ((1, law.mean()), (2, law.second_moment())):
        error = np.hypot((lam**power).std() / np.sqrt(lam.size), law.error * value)
        assert abs((lam**power).mean() - value) < 4 * error


@pytest.mark.parametrize("pair", [(0, 0), (1, 1), (0, 1)])
def test_given_output_weights_of_a_wide_network(pair, rng):
    """Logits ``N(b_c + Σ_k v_ck/√(2π), ‖v_c‖² (½ - 1/(2π)))``; four standard errors."""
    V, b = rng.standard_normal((3, 400)) / 20, np.array([1.0, -2.0, 0.0])
    ens = Ensemble([40, 400, 3], 1, "ce", 9, weights=[None, V], biases=[None, b])
    scales = np.sqrt((V**2).sum(axis=1) * (0.5 - 0.5 / np.pi))
    logits = b + V.sum(axis=1) / np.sqrt(2 * np.pi) + scales * rng.standard_normal((400_000, 3))
    p, (i, j) = oracles.softmax(logits), pair
    lam = p[:, i] * ((i == j) - p[:, j])
    assert abs(lam.mean() - weight_law(ens, i, j).mean()) < 4 * lam.std() / np.sqrt(lam.size)


@pytest.mark.parametrize("pair", [(0, 0), (1, 2)])
def test_biases_above_a_hidden_layer(pair, rng):
    """``V^T A(p) V`` behind the masks, the logits with b; four standard errors."""
    W, V = rng.standard_normal((3, 4)) / 2, rng.standard_normal((5, 3))
    b, (i, j) = np.array([3.0, 0.0, 1.0, -3.0, 0.5]), pair
    ens = Ensemble([4, 3, 5], 0, "ce", 9, weights=[W, V], biases=[None, b])
    g = rng.standard_normal((200_000, 4)) @ W.T
    p = oracles.softmax(np.maximum(g, 0) @ V.T + b)
    lam = (p * V[:, i] * V[:, j]).sum(1) - (p @ V[:, i]) * (p @ V[:, j])
    lam *= (g[:, i] > 0) & (g[:, j] > 0)
    law = weight_law(ens, i, j)
    error = np.hypot(lam.std() / np.sqrt(lam.size), law.error * np.sqrt(law.second_moment()))
    assert abs(lam.mean() - law.mean()) < 4 * error


def test_given_weights_of_many_classes(rng):
    """C = 50,000 and d = 40: no C × C matrix. Against the law over random weights, of which one
    network strays by O(1/√d) of the frequent classes' spread. Its error, of E λ² from 2048 points,
    is that of a law with a relative variance of λ² in the hundreds."""
    C = 50_000
    W = rng.standard_normal((C, 40)) / np.sqrt(40)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    ens = Ensemble([40, C], 0, "ce", 9, weights=[W], biases=[zipf(C)])
    for pair in ((2, 2), (2, 20_000)):
        law, drawn = weight_law(ens, *pair), weight_law(replace(ens, weights=None), *pair)
        assert law.mean() == pytest.approx(drawn.mean(), rel=0.2)
        assert law.error < 0.2


def test_mean_squared_error_does_not_see_them():
    b = [[3.0, 0.0, -1.0]]
    ens = Ensemble([4, 3], 0, "mse", 9)
    for some in (ens, ens.given([np.eye(3, 4)])):
        for pair in ((0, 0), (0, 1)):
            assert weight_law(replace(some, biases=b), *pair).mean() == float(pair[0] == pair[1])
    assert block_outliers(replace(ens, biases=b), 0, 0) == []


def test_what_follows_from_weight_laws():
    """A head of two classes, one of them certain: a band, of weights near 0."""
    assert 0.0 < sampling_band(head(np.array([1.0, -1.0])), 0, 1) < 0.3


def test_laws_and_outliers_of_given_weights():
    """d = 300, N = 12000: the spectrum within 0.025 of the laws, 1/√N fluctuations, and one outlier
    of each block within 3 % of its place and 0.1 of its overlap."""
    ens = Ensemble([300, 3], 0, "ce", 12_000, biases=[[1.0, 0.0, -1.5]])
    net, X, _ = sample(ens, 0)
    H, given = layer_hessian(net, X, 0, "ce"), ens.given(net)
    frame = np.linalg.qr(net.weights[0].T)[0]
    for pair in ((0, 0), (0, 1)):
        values, vectors = np.linalg.eigh(H.block(*pair))
        assert ks_distance(values, block_law(given, *pair)) < 0.025
        (outlier,) = block_outliers(given, *pair)
        nearest = np.argmin(np.abs(values - outlier.place))
        assert nearest in (0, 299)
        assert values[nearest] == pytest.approx(outlier.place, rel=0.03)
        overlap = ((frame.T @ vectors[:, nearest]) ** 2).sum()
        assert overlap == pytest.approx(outlier.overlap, abs=0.1)
    assert ks_distance(eigenvalues(H.to_dense()), layer_law(given)) < 0.025
