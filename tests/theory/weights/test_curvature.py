"""Eigenvalues of ``diag(p) - p pᵀ`` counted by interlacing, against eigenvalues computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Ensemble
from rmt_hessian.theory import curvature_law, weight_law
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.weights.softmax_kernels import count_curvature_eigenvalues
from tests import oracles
from tests.theory.weights.test_softmax_densities import cdf


def eigenvalues(p):
    """The C - 1 nonzero ones of each row, shape (n, C - 1)."""
    A = p[:, :, None] * np.eye(p.shape[1]) - p[:, :, None] * p[:, None, :]
    return np.linalg.eigvalsh(A)[:, 1:]


@given(st.integers(2, 12), st.integers(1, 5), st.integers(0, 10**6))
def test_counts(C, n, seed):
    rng = np.random.default_rng(seed)
    p = np.sort(oracles.softmax(2 * rng.standard_normal((n, C))), axis=1)
    alpha = eigenvalues(p).ravel()
    x = np.sort(rng.uniform(0.0, 0.6, 20))
    x = x[np.abs(x[:, None] - alpha).min(axis=1) > 1e-9]
    expected = np.array([(alpha < t).sum() for t in x])
    np.testing.assert_array_equal(count_curvature_eigenvalues(p, x), expected)


@pytest.mark.parametrize("C", [2, 3, 10, 50])
def test_law_against_sampled_eigenvalues(C, rng):
    """CDF within Kolmogorov's bound of independent rows and one cell of the grid (2 %)."""
    law = curvature_law(Ensemble([400, C], 0, "ce", 1000))
    n = 4000
    alpha = np.sort(eigenvalues(oracles.softmax(rng.standard_normal((n, C)))).ravel())
    ends = np.sqrt(law.nodes[1:] * law.nodes[:-1])
    F = np.searchsorted(alpha, ends) / alpha.size
    assert np.abs(F - np.cumsum(law.probabilities)[:-1]).max() < 1.95 / np.sqrt(n) + 0.01
    assert alpha.mean() == pytest.approx(law.mean(), rel=5 / np.sqrt(n))


@pytest.mark.parametrize("init", ["lecun", "he"])
@pytest.mark.parametrize("C", [2, 3, 40, 2000, 131072])
def test_moments_and_error(C, init):
    """The mean is exact, ``E α²`` as good as stated."""
    ens = Ensemble([400, C], 0, "ce", 1000, init=init)
    law = curvature_law(ens)
    diagonal, off_diagonal = (weight_law(ens, 0, j) for j in (0, 1))
    assert (C - 1) * law.mean() == pytest.approx(C * diagonal.mean(), rel=1e-12)
    second = C * (diagonal.second_moment() + (C - 1) * off_diagonal.second_moment())
    assert law.second_moment() == pytest.approx(second / (C - 1), rel=law.error + 1e-9)
    assert law.error < 0.01
    assert (law.nodes <= 0.5 * 1.02).all()


def test_transform_by_sherman_morrison(rng):
    """``tr A (I + tA)^{-1} = Σ q - Σ q²/Σ q`` with ``q = p/(1 + t p)``, averaged, is that of the
    law: a check in O(C) that uses neither counts nor eigenvalues."""
    C = 500
    law = curvature_law(Ensemble([400, C], 0, "ce", 1000))
    p = oracles.softmax(rng.standard_normal((2000, C)))
    for t in (1.0, 50.0, 500.0):
        q = p / (1 + t * p)
        traces = q.sum(axis=1) - (q**2).sum(axis=1) / q.sum(axis=1)
        expected = (C - 1) * law.probabilities @ (law.nodes / (1 + t * law.nodes))
        error = traces.std() / np.sqrt(len(p))
        assert abs(traces.mean() - expected) < 5 * error + law.error * expected


def test_the_law_tends_to_that_of_one_block():
    """KS distance to ``p_i (1 - p_i)``: 0.52 at C = 3, 0.10 at 8, below 0.02 at 30."""
    distances = []
    for C in (3, 8, 30, 300):
        ens = Ensemble([400, C], 0, "ce", 1000)
        law, block = curvature_law(ens), weight_law(ens, 0, 0, refinement=8)
        x = np.sqrt(law.nodes[1:] * law.nodes[:-1])
        F = np.interp(x, block.nodes, np.cumsum(block.probabilities), left=0.0)
        distances.append(np.abs(F - np.cumsum(law.probabilities)[:-1]).max())
    np.testing.assert_allclose(distances[:2], [0.52, 0.10], atol=0.02)
    assert distances[2] < 0.02
    assert distances[3] < 0.01


@pytest.mark.parametrize("C", [2, 3, 10, 300])
def test_curvature_density(C):
    """Exact mean and second moment, from the blocks; the counts themselves to 1e-3."""
    ens = Ensemble([400, C], 0, "ce", 1000)
    law = curvature_law(ens)
    density = law.density()
    blocks = [weight_law(ens, 0, j) for j in (0, 1)]
    second = C / (C - 1) * blocks[0].second_moment() + C * blocks[1].second_moment()
    assert density.mean() == pytest.approx(C / (C - 1) * blocks[0].mean(), rel=1e-9)
    assert density.second_moment() == pytest.approx(second, rel=1e-9)
    order = np.argsort(law.nodes)
    F = np.cumsum(law.probabilities[order]) - law.probabilities[order] / 2
    step = law.probabilities.max()
    assert np.abs(cdf(density, law.nodes[order]) - F).max() < 2e-3 + step / 2
    assert isinstance(law.block_law(2.0), ContinuousMarchenkoPastur)


@pytest.mark.parametrize(
    ("ens", "message"),
    [
        (Ensemble([4, 3], 0, "mse", 8), "ens must have two widths and loss 'ce', got Ensemble"),
        (Ensemble([4, 4, 3], 1, "ce", 8), "ens must have two widths and loss 'ce', got Ensemble"),
        (Ensemble([4, 3], 0, "ce", 8, weights=[np.ones((3, 4))]), "no weights may be given"),
    ],
)
def test_it_is_of_the_linear_model_with_cross_entropy(ens, message):
    with pytest.raises(ValueError, match=message):
        curvature_law(ens)
