"""Eigenvalues outside the bulk sit where the outlier equation puts them, and point where it says.

The place of an outlier fluctuates about its prediction given the weights as a mean over samples
does: by ``overlap · sd(B (q·u)²)/√N``, ``B = λ/(1 + γ s λ)``, q its direction in the span of the
weight rows. Tolerance: four of these, and 2 % of the distance from the bulk's mean for O(1/d).
"""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, Network, draw, layer_hessian, sample
from rmt_hessian.theory import MarchenkoPastur, block_law, block_outliers, layer_outliers
from rmt_hessian.theory.outliers.equation import additive_spike, weight_spike


def measured(H, span):
    """Eigenvalues, squared overlaps with R^k ⊗ span, and eigenvectors as (k, p, n)."""
    values, vectors = np.linalg.eigh(H)
    frame = np.linalg.qr(span.T)[0]
    vectors = vectors.reshape(-1, span.shape[1], values.size)
    projected = np.einsum("kpn,pr->krn", vectors, frame)
    return values, (projected**2).sum(axis=(0, 1)), vectors


def check_block(ens, X, block, min_distance):
    """Every predicted outlier of noticeable overlap is there, nothing else is far outside."""
    W = ens.weights[0]
    H = layer_hessian(Network(ens.weights), X, 0, ens.loss)
    law, predicted = block_law(ens, *block), block_outliers(ens, *block)
    values, overlaps, vectors = measured(H.block(*block), W)
    lam, frame = H.block_weights(*block), np.linalg.qr(W.T)[0]
    (lo, hi) = law.components()[0]
    clear = [o for o in predicted if o.overlap > 0.3]
    assert clear
    for o in clear:
        k = int(np.argmin(np.abs(values - o.place)))
        q = frame @ (frame.T @ vectors[0, :, k])
        B = lam / (1 + law.aspect_ratio * law.stieltjes(o.place).real * lam)
        scale = o.overlap * (B * (X @ q) ** 2 / (q @ q)).std() / np.sqrt(len(X))
        tolerance = 4 * scale + 0.02 * abs(o.place - law.mean())
        assert abs(values[k] - o.place) < tolerance
        assert overlaps[k] == pytest.approx(o.overlap, abs=0.15)
        # null: the edge of the bulk, where this eigenvalue would sit without the equation
        assert min(abs(values[k] - lo), abs(values[k] - hi)) > min_distance * (hi - lo)
    outside = np.maximum(lo - values, values - hi) > 0.05 * (hi - lo)
    assert outside.sum() <= len(clear) + 1  # one may come from those of small overlap


@pytest.mark.parametrize("block", [(0, 0), (0, 1)])
def test_linear_ce(block):
    """C = 3, d = 400, N = 16000."""
    ens = Ensemble([400, 3], layer=0, loss="ce", n_samples=16000)
    net, X, _ = sample(ens, 0)
    given = ens.given(net)
    check_block(given, X, block, 0.02)
    # for orthonormal rows instead of the given ones the place is close, not the same
    population, predicted = (block_outliers(e, *block) for e in (ens, given))
    assert population[-1 if block == (0, 1) else 0].place == pytest.approx(
        predicted[-1 if block == (0, 1) else 0].place, rel=0.07
    )


@pytest.mark.parametrize("loss", ["mse", "ce"])
def test_hidden_off_the_diagonal(loss):
    """m = 3, C = 4, d = 400, N = 20000, given V and W."""
    ens = Ensemble([400, 3, 4], layer=0, loss=loss, n_samples=20000)
    net, X, _ = sample(ens, 2)
    check_block(ens.given(net), X, (0, 1), 0.02)


@pytest.mark.parametrize("init", ["lecun", "he"])
def test_layer_of_linear_ce(init):
    """C = 3, d = 200, N = 20000, rows of V orthogonal: a singlet and a pair below the bulk."""
    rng = np.random.default_rng(0)
    V = np.linalg.qr(rng.standard_normal((200, 3)))[0].T * {"lecun": 1.0, "he": np.sqrt(2)}[init]
    ens = Ensemble([200, 3], layer=0, loss="ce", n_samples=20000, init=init)
    values, overlaps, _ = measured(draw(ens.given([V]), rng).to_dense(), V)
    values, overlaps = values[200:], overlaps[200:]  # A 1 = 0: d null eigenvalues
    singlet, pair = layer_outliers(ens)
    given = layer_outliers(ens.given([V]))  # from the matrix, over 1024 points: 3 %
    places = [singlet.place, pair.place, pair.place]
    np.testing.assert_allclose([o.place for o in given[:3]], places, rtol=0.03)
    wrong, _ = layer_outliers(replace(ens, init={"lecun": "he", "he": "lecun"}[init]))
    assert abs(values[0] - wrong.place) > 5 * 0.006
    assert (singlet.multiplicity, pair.multiplicity) == (1, 2)
    # sd of τ: entries of B u uᵀ of order 0.2, so 0.0014 at N = 20000; four of them
    assert values[0] == pytest.approx(singlet.place, abs=0.006)
    assert values[1:3] == pytest.approx(pair.place, abs=0.006)
    assert overlaps[0] == pytest.approx(singlet.overlap, abs=0.05)
    assert overlaps[1:3].mean() == pytest.approx(pair.overlap, abs=0.1)
    assert overlaps[3] < 0.2 < overlaps[2]
    assert values[3] - values[0] > 5 * 0.006  # the bulk is elsewhere


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_layer_of_hidden_ce(seed):
    """m = 4, C = 8, d = 200, N = 10000, given V and W: one outlier of large overlap, lowest."""
    ens = Ensemble([200, 4, 8], layer=0, loss="ce", n_samples=10000)
    net, X, _ = sample(ens, seed)
    values, overlaps, _ = measured(layer_hessian(net, X, 0, "ce").to_dense(), net.weights[0])
    (o,) = [o for o in layer_outliers(ens.given(net)) if o.overlap > 0.6]
    # entries of B u uᵀ have a standard deviation below 0.05: 0.0005 at N = 10000; four of them
    assert values[0] == pytest.approx(o.place, abs=0.002)
    assert overlaps[0] == pytest.approx(o.overlap, abs=0.05)
    assert overlaps[2] < 0.3  # in the bulk, or weakly tied to the span
    assert values[3] - values[0] > 0.002


@pytest.mark.parametrize("theta", [1.5, 4.0])
def test_additive_spike(theta):
    """``H + θ e eᵀ`` at d = 400, N = 1600; fluctuations O(1/√N) of the place, of order ``2/√N``."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((1600, 400))
    H = X.T @ X / 1600
    H[0, 0] += theta
    values, vectors = np.linalg.eigh(H)
    spike = additive_spike(MarchenkoPastur(0.25), theta)
    assert values[-1] == pytest.approx(spike.place, abs=4 * 2 / np.sqrt(1600) / 2)
    assert vectors[0, -1] ** 2 == pytest.approx(spike.overlap, abs=0.06)
    assert values[-1] - MarchenkoPastur(0.25).support()[1] > 0.1 * (theta - 0.75)


def test_weight_spike():
    """One sample of weight 12 among 1600 of weight 1: at z(12 γ), along that sample."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((1600, 400))
    lam = np.ones(1600)
    lam[7] = 12.0
    values, vectors = np.linalg.eigh((X.T * lam) @ X / 1600)
    spike = weight_spike(MarchenkoPastur(0.25), 12.0)
    # ‖x‖² fluctuates by √(2/d): 7 % of ℓ γ
    assert values[-1] == pytest.approx(spike.place, abs=4 * 0.07 * 3.0 / 2)
    direction = X[7] / np.linalg.norm(X[7])
    assert (direction @ vectors[:, -1]) ** 2 == pytest.approx(spike.overlap, abs=0.06)
    assert weight_spike(MarchenkoPastur(0.25), 2.0) is None
