"""[D]'s dynamic force, statement by statement: what holds along a training, and what does not.

"The residual p - y vanishes with training, and with it the stripes between the layers"; cross-layer
entries are O(loss - optimum); blocks within the layers stay diagonal. Bands over seeds have room
of a third or more beyond what was seen. Derivations in docs/training.md.
"""

from functools import cache

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.dynamic_force import exponent
from rmt_hessian.measurements.structure_of_network import structure_of_network
from rmt_hessian.measurements.trained import TrainingRun
from tests import oracles

SEEDS = range(5)
ADAM = {"optimiser": "adam", "learning_rate": 0.02, "schedule": "cosine", "steps": 600}
CASES = {
    "clusters, CE": {"widths": [20, 8, 8], "loss": "ce", "inputs": "clusters"},
    "clusters, MSE": {"widths": [20, 8, 8], "loss": "mse", "inputs": "clusters"},
    "mixture, CE": {"widths": [20, 8, 8], "loss": "ce", "inputs": "mixture", "separation": 3.0},
    "random labels, CE": {"widths": [20, 4, 8], "loss": "ce", "inputs": "gaussian"},
    "wide, random labels, CE": {"widths": [20, 32, 8], "loss": "ce", "inputs": "gaussian"},
}


@cache
def trained(case, seed):
    run = TrainingRun(n_samples=150, n_checkpoints=8, **ADAM, **CASES[case])
    return run.train(np.random.default_rng(seed))


@cache
def structure(case, seed, checkpoint, fresh=False):
    done = trained(case, seed)
    X, y = (done.fresh_X, done.fresh_y) if fresh else (done.X, done.y)
    return structure_of_network(done.path.networks[checkpoint], X, y, done.run.loss)


def first_and_last(case, name, index=0, fresh=False):
    """Of all seeds, two arrays."""
    values = [
        [structure(case, seed, place, fresh)[name][index] for place in (0, -1)] for seed in SEEDS
    ]
    return np.transpose(values)


def growth(case, name, index=0, fresh=False):
    first, last = first_and_last(case, name, index, fresh)
    return last / first


# --- the stripes vanish -------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["clusters, CE", "mixture, CE"])
def test_stripes_vanish_where_cross_entropy_fits_all_labels(case):
    """To less than 1 %, as the loss does: exponents 0.8 to 1.4."""
    assert (growth(case, "residual_norm") < 0.01).all()
    for seed in SEEDS:
        norms = [structure(case, seed, k)["residual_norm"][0] for k in range(len(path(case, seed)))]
        assert 0.7 < exponent(path(case, seed), norms) < 1.6


def path(case, seed):
    return trained(case, seed).path.losses


def test_stripes_of_labels_that_cannot_be_fitted_stay():
    """CE, eight classes: between a third and all of what they were."""
    kept = growth("random labels, CE", "residual_norm")
    assert (kept > 0.25).all()
    assert (kept < 1.1).all()
    for seed in SEEDS:
        assert path("random labels, CE", seed)[-1] > 1


def test_on_fresh_samples_stripes_stay_as_far_as_their_loss_does():
    """Overlapping clusters: training fits all, to a hundredth; of fresh samples, a quarter are
    misclassified and a quarter of the stripes or more is left. Of random labels that are fitted
    they grow."""
    assert (growth("mixture, CE", "residual_norm") < 0.01).all()
    assert (growth("mixture, CE", "residual_norm", fresh=True) > 0.15).all()
    assert (growth("wide, random labels, CE", "residual_norm") < 0.05).all()
    assert (growth("wide, random labels, CE", "residual_norm", fresh=True) > 0.7).all()


@pytest.mark.parametrize(("C", "low", "high"), [(2, 0, 2e-3), (4, 0.15, 1)])
def test_at_a_stationary_point_stripes_of_two_classes_vanish_and_those_of_four_do_not(C, low, high):
    """Random labels that cannot be fitted, a smooth activation, L-BFGS to its end.

    Of CE and C = 2 they are the gradient over ``V_0i - V_1i``; of more classes it contracts them,
    ``Σ_c V_ci s_ic = ∂L/∂w_i``, and leaves C - 2 directions free.
    """
    for seed in range(4):
        rng = np.random.default_rng(seed)
        net = rh.Network.random([4, 2, C], rng, activation="gelu")
        X, y = rng.standard_normal((100, 4)), rng.integers(0, C, 100)
        last = rh.train(net, X, y, "ce", steps=1000).network
        first, end = (structure_of_network(n, X, y, "ce")["residual_norm"][0] for n in (net, last))
        assert low <= end / first < high


def test_stripes_with_weight_decay_are_those_of_the_decay():
    """``Σ_c V_ci s_ic = -μ w_i`` at the optimum: of two classes they do not vanish."""
    rng, mu = np.random.default_rng(0), 0.01
    X, y = rng.standard_normal((100, 4)), rng.integers(0, 2, 100)
    net = rh.Network.random([4, 3, 2], rng, activation="tanh")
    done = rh.train(net, X, y, "ce", weight_decay=mu)
    W, V = done.network.weights
    slopes = 1 - np.tanh(X @ W.T) ** 2
    r = oracles.softmax(done.network(X)) - np.eye(2)[y]
    s = np.einsum("nc,ni,nd->icd", r, slopes, X) / 100
    expected = -mu * W / (V[0] - V[1])[:, None]
    np.testing.assert_allclose(s[:, 0], expected, atol=20 * done.gradient_norms[-1])
    assert np.linalg.norm(s) > 1e-3


# --- cross-layer entries are O(loss - optimum) --------------------------------------------------


def test_cross_layer_norms_fall_with_the_loss_where_cross_entropy_fits_all_labels():
    """To less than 5 %, with an exponent below 1: they are O(loss · ‖weights‖²), which grow."""
    for case in ("clusters, CE", "mixture, CE"):
        assert (growth(case, "cross_norm") < 0.07).all()
        for seed in SEEDS:
            losses = path(case, seed)
            checkpoints = range(len(losses))
            norms = [structure(case, seed, k)["cross_norm"][0] for k in checkpoints]
            assert 0.4 < exponent(losses, norms) < 1


def test_relatively_the_curvature_between_layers_grows_instead():
    """Over the geometric mean of the layers' norms: from 0.5 … 0.7 to 0.65 … 0.9, of at most 1.
    What fell, to less than a tenth, were stripes."""
    for case in ("clusters, CE", "mixture, CE"):
        first, last = first_and_last(case, "curvature_relative")
        assert (last > 1.05 * first).all()
        assert (last < 1).all()
        assert (first_and_last(case, "cross_relative")[1] > 0.55).all()


def test_cross_layer_norms_of_the_squared_error_do_not_fall_with_the_loss():
    """Stripes fall to a tenth, what remains knows no residual; the loss falls tenfold or more."""
    assert (growth("clusters, MSE", "residual_norm") < 0.1).all()
    norms = growth("clusters, MSE", "cross_norm")
    assert (norms > 0.5).all()
    assert (norms < 2).all()
    for seed in SEEDS:
        losses = path("clusters, MSE", seed)
        assert losses[-1] < 0.15 * losses[0]


def test_cross_layer_norms_of_labels_that_cannot_be_fitted_grow():
    """CE: with the weights, while the loss falls."""
    assert (growth("random labels, CE", "cross_norm") > 1.2).all()


def test_near_an_optimum_that_keeps_a_loss_the_exponent_is_a_half_at_best():
    """Two classes, where stripes vanish at the optimum: linear in the distance, the loss quadratic.
    The norm between the layers tends to a constant."""
    rng = np.random.default_rng(0)
    net = rh.Network.random([4, 2, 2], rng, activation="gelu")
    X, y = rng.standard_normal((100, 4)), rng.integers(0, 2, 100)
    done = rh.train(net, X, y, "ce", steps=1000)
    assert done.converged
    best = done.network
    directions = [rng.standard_normal(W.shape) for W in best.weights]
    gaps, stripes, cross = [], [], []
    for size in (1e-2, 3e-3, 1e-3):
        steps = zip(best.weights, directions, strict=True)
        moved = rh.Network([W + size * step for W, step in steps], activation="gelu")
        found = structure_of_network(moved, X, y, "ce")
        p = oracles.softmax(moved(X))[np.arange(100), y]
        gaps.append(-np.mean(np.log(p)) - done.losses[-1])
        stripes.append(found["residual_norm"][0])
        cross.append(found["cross_norm"][0])
    slopes = [np.polyfit(np.log(gaps), np.log(norms), 1)[0] for norms in (stripes, cross)]
    assert slopes[0] == pytest.approx(0.5, abs=0.05)
    assert slopes[1] == pytest.approx(0, abs=0.05)


# --- blocks within layers stay diagonal ---------------------------------------------------------


def test_of_cross_entropy_the_last_layer_becomes_less_block_diagonal():
    """R and share grow at every seed: of the sample, of its different pairs and, at the same
    weights, of fresh samples."""
    for case in ("clusters, CE", "mixture, CE", "random labels, CE"):
        for fresh in (False, True):
            for name in ("ratio", "share"):
                assert (growth(case, name, -1, fresh) > 1.05).all()
        assert (growth(case, "population_share", -1) > 1.0).all()
    assert (growth("clusters, CE", "ratio", -1) > 2).all()


def test_of_the_squared_error_the_last_layer_is_block_diagonal_at_any_weights():
    """``M = I``: no force needed."""
    for place in (0, -1):
        assert structure("clusters, MSE", 0, place)["share"][-1] == 0


def test_of_random_labels_and_mixtures_the_hidden_layer_becomes_less_block_diagonal():
    """Its share grows; of clusters it has no direction, and of no case it falls at every seed."""
    for case in ("mixture, CE", "wide, random labels, CE"):
        assert (growth(case, "share") > 1.05).all()
    for case in CASES:
        assert growth(case, "share").max() > 1
