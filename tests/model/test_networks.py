import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from rmt_hessian import (
    Network,
    gaussian_inputs,
    layer_hessian,
    network_hessian,
    random_labels,
)
from rmt_hessian.model.losses import check_targets, encode_labels, get_loss
from tests.tolerances import EXACT


def test_forward_of_a_network_computed_by_hand():
    net = Network([[[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [[1.0, 2.0, 4.0]]])
    forward = net.forward([[2.0, -3.0]])  # pre-activations 2, -3, 1
    np.testing.assert_array_equal(forward.logits, [[2.0 + 4.0]])
    np.testing.assert_array_equal(forward.slopes[0], [[True, False, True]])
    np.testing.assert_array_equal(forward.features[1], [[2.0, 0.0, 1.0]])


@pytest.mark.parametrize(("init", "gain"), [("lecun", 1), ("he", 2)])
def test_variance_of_the_weights(init, gain, rng):
    """The sample variance of n Gaussians has relative standard error √(2/n): five of them."""
    net = Network.random([400, 300, 200], rng, init=init)
    for W in net.weights:
        assert abs(W.var() * W.shape[1] / gain - 1) < 5 * np.sqrt(2 / W.size)
    assert net.widths == [400, 300, 200]


def test_he_keeps_the_second_moment_of_the_features(rng):
    """Gain 2 makes up for the half that ReLU cuts: E h² stays 1 layer after layer; under LeCun it
    halves. The weights of a layer move the mean of 400 squares h² by at most √(5/400) = 11 %
    (E h⁴/(E h²)² - 1 = 5 for a Gaussian), 20 % after three layers: two of those."""
    X = gaussian_inputs(200, 400, rng)
    for init, ratio in (("he", 1.0), ("lecun", 0.5)):
        features = Network.random([400, 400, 400, 400, 2], rng, init=init).forward(X).features
        for l, h in enumerate(features):
            assert np.mean(h**2) == pytest.approx(ratio**l, rel=0.4)


def test_he_is_lecun_scaled():
    he, lecun = (
        Network.random([5, 4, 3], np.random.default_rng(1), init=init) for init in ("he", "lecun")
    )
    for A, B in zip(he.weights, lecun.weights, strict=True):
        np.testing.assert_allclose(A, np.sqrt(2) * B, rtol=EXACT)


def test_weights_are_copied():
    W = np.ones((2, 3))
    net = Network([W])
    W[:] = 0
    assert net.weights[0].min() == 1


def test_labels_are_uniform(rng):
    """Counts of 4000 labels over 4 classes: five standard deviations of a binomial."""
    counts = np.bincount(random_labels(4000, 4, rng), minlength=4)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(4000 * 0.25 * 0.75)


def test_the_loss_is_a_mean_over_samples():
    f, y = np.array([[1.0, 3.0], [0.0, 0.0], [2.0, 2.0]]), np.eye(2)[[0, 1, 1]]
    expected = (np.log(1 + np.exp(2)) + 2 * np.log(2)) / 3
    assert get_loss("ce", 2).values(f, y).mean() == pytest.approx(expected)
    assert get_loss("mse", 2).values(f, y).mean() == pytest.approx((9 + 1 + 4 + 1) / 6)


def test_weights_are_read_only_and_inputs_are_copied(rng):
    net, X = Network([np.ones((2, 3))]), rng.standard_normal((4, 3))
    forward, before = net.forward(X), X.copy()
    X[:] = 0
    np.testing.assert_array_equal(forward.features[0], before)
    with pytest.raises(ValueError, match="read-only"):
        net.weights[0][0, 0] = 5


@pytest.mark.parametrize(
    "restore", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy]
)
def test_copies_of_a_network_are_read_only_too(restore, rng):
    """So a Hessian made from a copy does not change under its user."""
    net = Network.random([3, 4, 2], rng)
    twin, X = restore(net), rng.standard_normal((5, 3))
    H = layer_hessian(twin, X, 0, "ce")
    before = H.to_dense()
    for W, other in zip(net.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(W, other)
        with pytest.raises(ValueError, match="read-only"):
            other += 1.0
    np.testing.assert_array_equal(H.to_dense(), before)
    np.testing.assert_array_equal(restore(H).to_dense(), before)
    np.testing.assert_array_equal(layer_hessian(net, X, 0, "ce").to_dense(), before)


def test_labels_that_are_text():
    """Classes in sorted order; a warning says which is which, so that nobody has to guess."""
    loss = get_loss("ce", 3)
    names = ["cat", "dog", "ant", "dog"]
    with pytest.warns(UserWarning, match="ant is class 0, cat is class 1, dog is class 2"):
        labels = check_targets(names, 4, 3, loss)
    np.testing.assert_array_equal(labels, [1, 2, 0, 2])
    with pytest.warns(UserWarning, match="see encode_labels"):
        as_objects = check_targets(np.array(names, dtype=object), 4, 3, loss)
    np.testing.assert_array_equal(as_objects, labels)
    with pytest.raises(
        ValueError, match="must name 4 classes, got 3, 'ant', 'cat', 'dog'; integers"
    ):
        check_targets(names, 4, 4, get_loss("ce", 4))
    many = [f"class {c:02d}" for c in range(12)]
    with pytest.warns(UserWarning, match="class 04 is class 4, …, in sorted order"):
        np.testing.assert_array_equal(check_targets(many, 12, 12, get_loss("ce", 12)), range(12))


def test_the_hessian_of_encoded_labels(rng):
    net, X = Network.random([3, 2], rng), rng.standard_normal((4, 3))
    labels, classes = encode_labels(["no", "yes", "no", "no"])
    assert classes == ["no", "yes"]
    with pytest.warns(UserWarning, match="no is class 0, yes is class 1") as caught:
        of_text = network_hessian(net, X, ["no", "yes", "no", "no"], "mse").to_dense()
    np.testing.assert_array_equal(of_text, network_hessian(net, X, labels, "mse").to_dense())
    assert caught[0].filename == __file__  # the line of the user, not one of the package


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_missing_labels_are_no_class(missing):
    names = ["cat", missing, "dog"]
    for labels in (names, pd.Series(names), [1, missing, 2], [1.0, missing]):
        with pytest.raises(ValueError, match="labels must have no missing entries, got 1"):
            encode_labels(labels)
    with pytest.raises(ValueError, match="no missing entries, got 1"):
        check_targets(names, 3, 2, get_loss("ce", 2))
    masked = np.ma.masked_equal([1, 2, 2], 1)
    for call in (encode_labels, lambda y: check_targets(y, 3, 2, get_loss("ce", 2))):
        with pytest.raises(ValueError, match="no masked entries, got 1"):
            call(masked)


def test_targets_of_another_kind_are_named():
    loss = get_loss("mse", 2)
    for y, came in ((None, "None"), ("zero", "'zero'"), (3, "3"), ([[1.0], [1.0, 2.0]], r"\[\[1")):
        with pytest.raises(ValueError, match=rf"y must have shape \(2,\) or \(2, 2\), got {came}"):
            check_targets(y, 2, 2, loss)
    with pytest.raises(ValueError, match=r"got dtype float64; targets have shape \(N, C\)$"):
        check_targets([0.5, 1.0], 2, 2, get_loss("mse", 2))
    y = np.array([0.5, 1.0])
    with pytest.raises(ValueError, match=r"targets have shape \(N, C\), y\[:, None\]$"):
        check_targets(y, 2, 1, get_loss("mse", 1))
    assert check_targets(y[:, None], 2, 1, get_loss("mse", 1)).shape == (2, 1)


def test_encoded_labels_of_numbers():
    labels, classes = encode_labels([7, 3, 7])
    np.testing.assert_array_equal(labels, [1, 0, 1])
    assert classes == [3, 7]
    with pytest.raises(ValueError, match="labels must lie along one axis"):
        encode_labels([])
    with pytest.raises(ValueError, match="labels must be all text or all numbers, got both"):
        encode_labels([1, "a"])


def test_same_seed_same_draw():
    draws = [
        (
            gaussian_inputs(3, 2, np.random.default_rng(7)),
            random_labels(9, 4, np.random.default_rng(7)),
            Network.random([2, 3], np.random.default_rng(7)).weights[0],
        )
        for _ in range(2)
    ]
    for a, b in zip(*draws, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["ce", "mse"])
def test_labels_stand_for_one_hot_rows(name, rng):
    loss, logits = get_loss(name, 3), rng.standard_normal((2, 3))
    labels = check_targets([2, 0], 2, 3, loss)
    one_hot = check_targets([[0, 0, 1], [1, 0, 0]], 2, 3, loss)
    before = logits.copy()
    residual = loss.residual(logits, labels)
    np.testing.assert_allclose(residual, loss.residual(logits, one_hot), rtol=EXACT)
    np.testing.assert_array_equal(logits, before)  # nothing is written to them


def test_distributions_pass():
    distribution = [[0.5, 0.5, 0]]
    passed = check_targets(distribution, 1, 3, get_loss("ce", 3))
    np.testing.assert_array_equal(passed, distribution)


@pytest.mark.parametrize("name", ["ce", "mse"])
def test_the_residual_is_the_derivative_of_the_value(name, rng):
    """Central differences with step h: error O(h²) = 1e-10 and rounding eps/h = 2e-11."""
    loss, h = get_loss(name, 4), 1e-5
    f, y = rng.standard_normal((1, 4)), np.eye(4)[[2]]
    steps = h * np.eye(4)
    slope = [(loss.values(f + e, y) - loss.values(f - e, y)).mean() / (2 * h) for e in steps]
    np.testing.assert_allclose(loss.residual(f, y)[0], slope, atol=1e-9)


def test_a_read_only_view_of_an_array_that_can_change_is_copied():
    W = np.ones((2, 2))
    view = W[:]
    view.setflags(write=False)
    net = Network([view])
    W[0, 0] = 7.0
    assert net.weights[0][0, 0] == 1.0


def test_the_network_above_a_layer_has_the_same_hessian(rng):
    net = Network.random([4, 5, 6, 3], rng)
    X = gaussian_inputs(20, 4, rng)
    upper = net.above(-2)
    assert upper.widths == [5, 6, 3]
    features = net.forward(X).features[1]
    np.testing.assert_array_equal(upper(features), net(X))
    whole, part = layer_hessian(net, X, 1, "ce"), layer_hessian(upper, features, 0, "ce")
    np.testing.assert_array_equal(whole.to_dense(), part.to_dense())
    with pytest.raises(IndexError, match="layer"):
        net.above(3)
