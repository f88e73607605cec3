import copy
import os
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import (
    Network,
    gaussian_inputs,
    layer_hessian,
    network_hessian,
    random_labels,
)
from rmt_hessian.activations import ACTIVATIONS, Activation, get_activation
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
        features = Network.random([400, 400, 400, 400, 2], rng, init).forward(X).features
        for l, h in enumerate(features):
            assert np.mean(h**2) == pytest.approx(ratio**l, rel=0.4)


def test_he_is_lecun_scaled():
    he, lecun = (
        Network.random([5, 4, 3], np.random.default_rng(1), init) for init in ("he", "lecun")
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
    assert get_loss("ce", 2).value(f, y) == pytest.approx(expected)
    assert get_loss("mse", 2).value(f, y) == pytest.approx((9 + 1 + 4 + 1) / 6)


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
    with pytest.raises(ValueError, match=r"got dtype float64; targets have shape \(N, C\)"):
        check_targets([0.5, 1.0], 2, 1, get_loss("mse", 1))


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
    slope = [(loss.value(f + e, y) - loss.value(f - e, y)) / (2 * h) for e in steps]
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


# --- biases and activations -----------------------------------------------------------------------

SINE = np.sin, np.cos, lambda a: -np.sin(a)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, SINE])
def test_the_forward_pass_layer_by_layer(activation, rng):
    """Every product by itself, σ and its derivatives of the pre-activations."""
    net = Network.random([3, 4, 5, 2], rng, activation=activation, bias_scale=0.5)
    X, sigma = rng.standard_normal((6, 3)), get_activation(activation)
    forward = net.forward(X)
    z = X
    for l, (W, b) in enumerate(zip(net.weights, net.biases, strict=True)):
        np.testing.assert_allclose(forward.features[l], z, rtol=EXACT)
        a = np.array([[w @ row + c for w, c in zip(W, b, strict=True)] for row in z])
        if l < 2:
            np.testing.assert_allclose(forward.slopes[l], sigma.derivative(a), rtol=EXACT)
            if sigma.piecewise_linear:
                assert forward.bends[l] is None
            else:
                bends = sigma.second_derivative(a)
                np.testing.assert_allclose(forward.bends[l], bends, rtol=1e-10, atol=EXACT)
            z = sigma.function(a)
    assert len(forward.slopes) == len(forward.bends) == 2
    np.testing.assert_allclose(forward.logits, a, rtol=EXACT)
    np.testing.assert_array_equal(net(X), forward.logits)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_a_forward_pass_keeps(name, rng):
    """Booleans of ReLU and the identity; pre-activations only where σ has a second derivative."""
    forward = Network.random([3, 4, 2], rng, activation=name).forward(rng.standard_normal((5, 3)))
    assert forward.slopes[0].dtype == (bool if name in ("relu", "identity") else float)
    assert len(forward.preactivations) == (0 if ACTIVATIONS[name].piecewise_linear else 1)


def test_zero_biases_change_nothing(rng):
    net, X = Network.random([3, 4, 2], rng), rng.standard_normal((5, 3))
    for biases in ([np.zeros(4), np.zeros(2)], [None, np.zeros(2)], [None, None]):
        np.testing.assert_array_equal(Network(net.weights, biases)(X), net(X))
    assert Network(net.weights).biases == (None, None)


def test_a_bias_is_a_feature_that_is_1(rng):
    W, b, X = rng.standard_normal((2, 3)), rng.standard_normal(2), rng.standard_normal((5, 3))
    longer = Network([np.column_stack([W, b])])(np.column_stack([X, np.ones(5)]))
    np.testing.assert_allclose(Network([W], [b])(X), longer, rtol=EXACT, atol=EXACT)


def test_functions_that_return_numbers_or_float32(rng):
    W, X = np.ones((2, 3)), rng.standard_normal((5, 3))
    linear = Network([W, np.ones((1, 2))], activation=(lambda a: 2 * a, lambda a: 2, lambda a: 0.0))
    forward = linear.forward(X)
    np.testing.assert_array_equal(forward.slopes[0], np.full((5, 2), 2.0))
    np.testing.assert_array_equal(forward.bends[0], np.zeros((5, 2)))
    narrow = Network(
        [W, np.ones((1, 2))],
        activation=(lambda a: a.astype(np.float32), lambda a: np.float32(1), None),
    ).forward(X)
    assert narrow.features[1].dtype == narrow.slopes[0].dtype == np.float64


@pytest.mark.parametrize(
    ("triple", "what"),
    [
        ((np.exp, np.exp, np.exp), "features"),
        ((lambda a: np.minimum(a, 9) * (a < 99), lambda a: 1 / (a < 99) * (a < 9), None), "slopes"),
    ],
)
def test_an_activation_that_overflows(triple, what):
    net = Network([[[1.0]], [[1.0]]], activation=triple)
    with pytest.raises(ValueError, match=f"X must not make the {what} overflow"):
        net.forward([[1e4]])


def test_second_derivatives_that_overflow():
    bends = lambda a: np.where(a > 99, np.inf, 0.0)  # noqa: E731
    net = Network([[[1.0]], [[1.0]]], activation=(np.copy, np.ones_like, bends))
    forward = net.forward([[100.0]])
    with pytest.raises(ValueError, match="X must not make the second derivatives overflow"):
        forward.bends  # noqa: B018


def test_biases_that_overflow():
    net = Network([[[1e308]], [[1.0]]], [[1e308], None])
    with pytest.raises(ValueError, match="X must not make the features overflow"):
        net.forward([[1.0]])
    net = Network([[[1.0]]], [[1.7e308]])
    with pytest.raises(ValueError, match="X must not make the logits overflow"):
        net([[1.7e308]])


@pytest.mark.parametrize(
    ("biases", "message"),
    [
        ([[1.0] * 4], "biases must hold as many vectors or None as layers, 2, got 1"),
        (3, "biases must be a sequence of vectors or None, got 3"),
        (True, "biases must be a sequence of vectors or None, got True"),
        ([[1.0] * 3, None], r"biases\[0\] must have shape \(4,\), got \(3,\)"),
        ([None, 1.0], r"biases\[1\] must have 1 axis, got shape \(\)"),
        ([None, [[1.0, 2.0]]], r"biases\[1\] must have 1 axis, got shape \(1, 2\)"),
        ([None, [np.nan, 1.0]], r"biases\[1\] must be finite, got 1 NaN"),
        ([None, [1j, 1.0]], r"biases\[1\] must be an array of real numbers"),
    ],
)
def test_wrong_biases(biases, message):
    with pytest.raises(ValueError, match=message):
        Network([np.ones((4, 3)), np.ones((2, 4))], biases)


def test_an_unknown_activation():
    with pytest.raises(ValueError, match="activation must be one of 'relu'"):
        Network([[[1.0]]], activation="swish")
    with pytest.raises(ValueError, match="activation must be one of 'relu'"):
        Network.random([3, 2], 0, activation=None)


def test_weights_are_the_same_whether_biases_are_drawn_or_not():
    """Entries of 900 biases have the standard deviation asked for, to five standard errors."""
    plain, biased = (Network.random([3, 500, 400], 5, bias_scale=s) for s in (None, 0.3))
    for W, same in zip(plain.weights, biased.weights, strict=True):
        np.testing.assert_array_equal(W, same)
    b = np.concatenate(biased.biases)
    assert abs(b.std() / 0.3 - 1) < 5 / np.sqrt(2 * b.size)
    assert [b.shape for b in biased.biases] == [(500,), (400,)]
    assert not np.concatenate(Network.random([3, 4], 0, bias_scale=0).biases).any()
    for scale in (-1.0, np.inf, "a"):
        with pytest.raises(ValueError, match="bias_scale must"):
            Network.random([3, 2], 0, bias_scale=scale)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, ""),
        ({"activation": "tanh"}, ", activation='tanh'"),
        ({"activation": SINE}, ", activation='custom'"),
        ({"biases": [[1.0], [1.0]]}, ", biases=True"),
        (
            {"biases": [None, [1.0]], "activation": "gelu"},
            ", activation='gelu', biases=[False, True]",
        ),
    ],
)
def test_repr(arguments, text):
    assert repr(Network([[[1.0]], [[1.0]]], **arguments)) == f"Network(widths=[1, 1, 1]{text})"


@pytest.mark.parametrize("restore", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_copies_keep_biases_and_activation(restore, rng):
    net = Network.random([3, 4, 2], rng, activation="gelu", bias_scale=1.0)
    twin, X = restore(net), rng.standard_normal((5, 3))
    assert twin.activation is net.activation
    np.testing.assert_array_equal(twin(X), net(X))
    for array in (*twin.weights, *twin.biases):
        with pytest.raises(ValueError, match="read-only"):
            array += 1.0
    assert repr(restore(Network([[[1.0]]], [None]))) == "Network(widths=[1, 1])"


def test_biases_are_copied_and_read_only():
    b = np.ones(2)
    net = Network([np.ones((2, 3))], [b])
    b[:] = 0
    assert net.biases[0].min() == 1
    with pytest.raises(ValueError, match="read-only"):
        net.biases[0][0] = 5


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_network_above_keeps_biases_and_activation(activation, rng):
    net = Network.random([4, 5, 6, 3], rng, activation=activation, bias_scale=1.0)
    X, upper = rng.standard_normal((7, 4)), net.above(1)
    assert upper.activation is net.activation
    np.testing.assert_array_equal(upper(net.forward(X).features[1]), net(X))


# --- files ----------------------------------------------------------------------------------------


NOT_SAVED = "path must be a file that Network.save wrote, got "


def same_network(net, other):
    assert other.activation.name == net.activation.name
    for arrays, others in ((net.weights, other.weights), (net.biases, other.biases)):
        for a, b in zip(arrays, others, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert a.tobytes() == b.tobytes()
                assert a.shape == b.shape
                assert not b.flags.writeable


SPECIAL = np.array([[-0.0, 5e-324, 1.7e308], [0.1, -1e-300, 1 / 3]])


@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    with_bias=st.lists(st.booleans(), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_saved_network_is_the_same_to_the_last_bit(tmp_path_factory, activation, with_bias, seed):
    rng = np.random.default_rng(seed)
    widths = [int(w) for w in rng.integers(1, 5, len(with_bias) + 1)]
    drawn = Network.random(widths, rng, bias_scale=1.0)
    biases = [b if has else None for b, has in zip(drawn.biases, with_bias, strict=True)]
    net = Network(drawn.weights, biases, activation)
    path = tmp_path_factory.mktemp("net") / "net"
    net.save(path)
    same_network(net, Network.load(path))


@pytest.mark.parametrize("name", ["net", "net.npz", "net.tar.gz", "ein Netz ü.bin"])
def test_a_network_is_saved_where_it_was_asked(name, tmp_path):
    path, net = tmp_path / name, Network([SPECIAL, np.asfortranarray(SPECIAL.T)], [None, [1, 2, 3]])
    for where in (path, str(path)):
        net.save(where)
        assert os.listdir(tmp_path) == [name]  # no suffix, nothing temporary
        same_network(net, Network.load(where))
    Network([SPECIAL]).save(path)  # over the old one
    same_network(Network([SPECIAL]), Network.load(path))


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path, net = tmp_path / "net.npz", Network([SPECIAL])
    net.save(path)

    def fails(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="No space"):
        Network([2 * np.eye(2)]).save(path)
    assert os.listdir(tmp_path) == ["net.npz"]
    same_network(net, Network.load(path))
    with pytest.raises(FileNotFoundError):
        net.save(tmp_path / "no such folder" / "net")
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "nothing")


def test_functions_are_not_in_the_file(tmp_path):
    path, net = tmp_path / "net", Network([[[1.0]], [[2.0]]], activation=SINE)
    net.save(path)
    with pytest.raises(
        ValueError, match=r"^activation must be given: the functions of 'custom' are not in"
    ):
        Network.load(path)
    same_network(net, Network.load(path, activation=SINE))
    sine = Activation("sine", *SINE)
    Network(net.weights, activation=sine).save(path)
    assert Network.load(path, sine).activation is sine
    net = Network([[[1.0]], [[2.0]]], activation="tanh")
    net.save(path)
    with pytest.raises(ValueError, match=r"activation means nothing for .*'tanh', got 'relu'"):
        Network.load(path, "relu")


def test_foreign_files(tmp_path):
    path = tmp_path / "file"
    contents = {
        "npz": lambda f: np.savez(f, a=np.ones(3)),
        "npy": lambda f: np.save(f, np.ones(3)),
        "pickle": lambda f: pickle.dump(np.ones(3), f),
        "objects": lambda f: np.savez(f, format=np.array({}, dtype=object)),
        "text": lambda f: f.write(b"weights"),
        "nothing": lambda f: None,
        "another format": lambda f: np.savez(f, format=np.array("rmt_hessian.Network 2")),
        "float32": lambda f: np.savez(
            f,
            format=np.array("rmt_hessian.Network 1"),
            activation=np.array("relu"),
            has_bias=np.array([False]),
            weights_0=np.ones((2, 2), np.float32),
        ),
    }
    for write in contents.values():
        with path.open("wb") as file:
            write(file)
        with pytest.raises(ValueError, match=NOT_SAVED) as e:
            Network.load(path)
        assert "\n" not in str(e.value)


def test_damage_is_seen_or_harmless(tmp_path):
    """Cut off anywhere: refused. Any bit turned: refused, or it was in what nobody reads."""
    path, net = tmp_path / "net", Network([SPECIAL, SPECIAL.T], [[1.0, 2.0], None], "tanh")
    net.save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=NOT_SAVED):
            Network.load(path)
    fine = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            other = Network.load(path)
        except ValueError as error:
            fine += str(error).startswith(NOT_SAVED)
        else:
            same_network(net, other)
            fine += 1
    assert fine == len(whole)
