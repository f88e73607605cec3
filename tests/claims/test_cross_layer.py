"""Between the layers: blocks that do not vanish against the diagonal ones as C grows, with CE."""

import numpy as np
import pytest

from rmt_hessian import Ensemble, layer_hessian, network_hessian, sample
from rmt_hessian.theory import cross_layer_ratio, cross_layer_ratio_limit
from rmt_hessian.theory.norms.cross_layer import cross_layer_norm


def cross_layer_norm_of(net, X, y, loss):
    """Mean of ``‖H_{w_i, v_c}‖²`` over units and classes."""
    d, m, C = net.widths
    return np.sum(network_hessian(net, X, y, loss).to_dense()[: m * d, m * d :] ** 2) / (m * C)


def own_outputs(net, X, loss):
    """Targets that leave no residual: f for MSE, p for CE."""
    f = net(X)
    p = np.exp(f - f.max(axis=1, keepdims=True))
    return f if loss == "mse" else p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("loss", "C", "init"),
    [("ce", 4, "lecun"), ("ce", 12, "he"), ("mse", 4, "he"), ("mse", 12, "lecun")],
)
def test_norm(loss, C, init):
    """Four standard errors; without the residual term the norm is twice as far off or more."""
    ens = Ensemble([12, 6, C], layer=0, loss=loss, n_samples=24, init=init)
    norms = np.empty((250, 2))
    for seed in range(len(norms)):
        net, X, y = sample(ens, np.random.default_rng([seed, C]))
        norms[seed] = [cross_layer_norm_of(net, X, t, loss) for t in (y, own_outputs(net, X, loss))]
    expected = cross_layer_norm(ens, n_draws=5000)
    errors = np.hypot(norms.std(axis=0) / np.sqrt(len(norms)), expected.error)
    with_residual, without = np.abs(norms.mean(axis=0) - expected.squared_norm) / errors
    assert with_residual < 4
    assert without > 8


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_ratio_to_the_diagonal_blocks(loss):
    """CE: a constant as C grows, reached at C = 100; MSE: it falls like 1/C."""
    ratios = []
    for C in (10, 100):
        ens = Ensemble([20, 16, C], layer=0, loss=loss, n_samples=20)
        norms = np.empty((16, 3))
        for seed in range(len(norms)):
            net, X, y = sample(ens, np.random.default_rng([seed, C]))
            norms[seed, 0] = cross_layer_norm_of(net, X, y, loss)
            for layer in (0, 1):
                H = layer_hessian(net, X, layer, loss)
                norms[seed, 1 + layer] = H.mean_squared_block_norms()[0]
        cross, hidden, output = norms.mean(axis=0)
        ratios.append(cross / np.sqrt(hidden * output))
        expected, _ = cross_layer_ratio(ens, n_draws=4000)
        # delta method for the logarithm of the ratio of means
        relative = norms / norms.mean(axis=0) @ [1.0, -0.5, -0.5]
        error = relative.std() / np.sqrt(len(norms))
        assert abs(np.log(ratios[-1] / expected)) < 4 * error
    constant, exponent = cross_layer_ratio_limit(ens)
    assert exponent == {"ce": 0, "mse": 1}[loss]
    # 0.1: the O(1/C); an exponent off by one would be off by log 100 = 4.6
    assert abs(np.log(C**exponent * ratios[-1] / constant)) < 4 * error + 0.1
    assert error < 0.1


def test_a_picture_of_many_classes_shows_diagonal_blocks():
    """[D]'s pictures, d = 16, m = 8, N = 400, five networks: of 64 classes most of ‖H‖² lies in the
    blocks of units, of two it does not. Within the layers less than a tenth is left off them;
    between the layers it is 0.3 to 0.5 with both, null: it does not fall with C."""
    for seed in range(5):
        off, between, within = {}, {}, {}
        for C in (2, 64):
            net, X, y = sample(Ensemble([16, 8, C], 0, "ce", 400), np.random.default_rng([seed, C]))
            H = network_hessian(net, X, y, "ce")
            off[C], between[C] = (H.off_diagonal_share(by) for by in ("unit", "layer"))
            within[C] = off[C] - between[C]
        assert off[64] < 0.5 < off[2]
        assert within[64] < 0.1 < within[2]
        assert 0.25 < min(between.values()) < max(between.values()) < 0.55
