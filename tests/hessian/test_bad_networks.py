"""Bad input to Hessians of any network: one ValueError that names the argument."""

import numpy as np
import pytest

import rmt_hessian as rh

W, B = [np.ones((3, 2)), np.ones((2, 3))], [np.zeros(3), np.zeros(2)]
TANH, RELU = rh.Network(W, B, "tanh"), rh.Network(W)
X, Y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 1, 0])
ROWS = np.eye(2)[Y]
NAMES = "activation must .*'relu', 'leaky_relu', 'identity', 'tanh', 'erf', 'sigmoid', 'softplus'"


def every(net=TANH, X=X, y=Y, loss="ce", **options):
    """The three functions of networks, each to be called with the same arguments."""
    return [
        lambda: rh.layer_hessian(net, X, 0, loss, y=y, **options),
        lambda: rh.network_hessian(net, X, y, loss, **options),
        lambda: rh.layer_gradient_covariance(net, X, 0, loss, y=y, **options),
    ]


def weights(value, **options):
    return every(sample_weight=value, **options)


def classes(value, **options):
    return every(class_weight=value, **options)


def ignored(value, **options):
    return every(ignore_index=value, **options)


def hessians(**options):
    """Without the gradient covariance, which has no parts."""
    return every(**options)[:2]


nothing = [
    lambda: rh.layer_hessian(TANH, X, 0, "ce"),
    lambda: rh.network_hessian(TANH, X, None, "ce"),
]
without_labels = [
    lambda: rh.layer_hessian(RELU, X, 0, "ce", class_weight=[1, 2]),
    lambda: rh.layer_hessian(TANH, X, -1, "ce", class_weight=[1, 2]),
    lambda: rh.network_hessian(TANH, X, None, "ce", part="gauss-newton", class_weight=[1, 2]),
]
BAD = {
    # networks
    "unknown activation": (
        [lambda: rh.Network(W, B, "swish")],
        f"{NAMES}.*'swish'",
    ),
    "an activation by number": ([lambda: rh.Network(W, B, 3)], "activation must .*got 3"),
    "one function": ([lambda: rh.Network(W, B, (np.tanh,))], "activation must"),
    "a wrong derivative": ([lambda: rh.Network(W, B, (np.sin, np.sin, np.sin))], "derivative"),
    "too few biases": ([lambda: rh.Network(W, B[:1])], "biases must"),
    "a bias too long": ([lambda: rh.Network(W, [np.zeros(3), np.zeros(3)])], r"biases\[1\] must"),
    "a bias that is NaN": ([lambda: rh.Network(W, [B[0], B[1] * np.nan])], r"biases\[1\] must"),
    "no network": (every(net="tanh"), "net must be a Network"),
    # labels
    "no labels": (nothing, r"\by must .*part='gauss-newton'"),
    "no labels for gradients": ([every(y=None)[2]], r"\by must"),
    "labels of others": (every(y=[0, 1]), r"\by must have shape"),
    "labels that nothing needs": (
        every(net=RELU, y=[0, -100, 1, 0])
        + hessians(part="gauss-newton", y=[0, -100, 1, 0])
        + [lambda: rh.head_hessian(X, np.ones((2, 2)), y=[0, -100, 1, 0])],
        r"labels must lie in 0 … 1 \(one value may be left out by ignore_index\), got -100 … 1",
    ),
    "no such label": (every(y=[0, 1, 2, 0]), "labels must lie in 0 … 1"),
    "targets that are no distributions": (every(y=2 * ROWS), r"\by must sum to 1"),
    # weights of samples
    "negative": (weights([1, -1, 1, 1]), "sample_weight must not be negative, got -1"),
    "all zero": (weights([0, 0, 0, 0]), "sample_weight must .*zero"),
    "too few": (weights([1, 1, 1]), r"sample_weight must have shape \(4,\), got \(3,\)"),
    "one number": (weights(1.0), "sample_weight must"),
    "a column": (weights(np.ones((4, 1))), "sample_weight must"),
    "NaN": (weights([1, np.nan, 1, 1]), "sample_weight must be finite"),
    "infinite": (weights([1, np.inf, 1, 1]), "sample_weight must be finite"),
    "text": (weights(["a"] * 4), "sample_weight must"),
    "weights without samples": (weights([1, 1, 1, 1], X=X[:0], y=Y[:0]), "X must not be empty"),
    # weights of classes
    "too many classes": (classes([1, 1, 1]), r"class_weight must have shape \(2,\), got \(3,\)"),
    "a negative class": (classes([1, -1]), "class_weight must not be negative"),
    "classes by a word": (
        classes("balanced"),
        r"class_weight must have shape \(2,\) \('balanced': N / \(C \* np.bincount\(y\)\)\), got",
    ),
    "classes by name": (classes({0: 1, 1: 2}), r"class_weight must have shape \(2,\) .*got {0: 1"),
    "a class that is NaN": (classes([1, np.nan]), "class_weight must be finite"),
    "classes of zero": (classes([0, 0]), "class_weight must .*zero"),
    "classes without labels": (without_labels, r"\by must .*class_weight"),
    "classes of values": (classes([1, 2], y=ROWS, loss="mse"), r"\by must .*class_weight"),
    "only classes of weight zero": (classes([1, 0], y=[1, 1, 1, 1]), "must .*zero"),
    "nothing left by both": (
        every(class_weight=[1, 0], sample_weight=[0, 1, 1, 0]),
        "must .*zero",
    ),
    # labels to ignore
    "all ignored": (ignored(1, y=[1, 1, 1, 1]), r"\by must .*ignore.*1"),
    "all ignored or of weight zero": (
        every(ignore_index=1, sample_weight=[0, 1, 1, 0]),
        "must .*zero",
    ),
    "a label to ignore without labels": (
        [lambda: rh.layer_hessian(RELU, X, 0, "ce", ignore_index=-1)],
        r"\by must .*ignore_index",
    ),
    "a label to ignore among distributions": (ignored(-1, y=ROWS), r"\by must .*ignore_index"),
    "a label to ignore among fractions": (
        ignored(-1, y=[0.0, 1.0, 1.0, 0.0]),
        r"\by must .*ignore_index, got dtype float64",
    ),
    "a fractional label to ignore": (ignored(0.5), "ignore_index must be an integer"),
    "labels out of range beside one ignored": (ignored(-1, y=[0, -1, 2, 0]), "labels must lie in"),
    # options
    "unknown part": (hessians(part="fisher"), "part must be one of 'full', 'gauss-newton'"),
    "a part that is none": (hessians(part=None), "part must be one of"),
    "no biases": (every(net=RELU, bias=True), "bias must be False: .*no biases"),
    "a bias by number": (every(bias=1), "bias must be True or False, .*, got 1"),
    "unknown dtype": (every(dtype="float16"), "dtype must be one of"),
    "no chunk": (every(chunk_size=0), "chunk_size must be at least 1"),
    "unknown loss": (every(loss="hinge"), "loss must be one of 'ce', 'mse'"),
}


@pytest.mark.parametrize(("calls", "message"), BAD.values(), ids=BAD.keys())
def test_one_clear_error(calls, message):
    for call in calls:
        with pytest.raises(ValueError, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
        assert raised.value.__cause__ is None


def test_a_sample_that_is_left_out_must_be_an_input_too():
    """Weights of zero do not hide NaN."""
    holes = X.copy()
    holes[1] = np.nan
    for call in every(X=holes, sample_weight=[1, 0, 1, 1]):
        with pytest.raises(ValueError, match="X must be finite"):
            call()
