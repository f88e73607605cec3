"""Weights of samples and of classes, and labels to ignore: what they mean, as properties."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rmt_hessian as rh
from tests.problems import (
    ACTIVATIONS,
    Problem,
    network,
    random_parameters,
    random_targets,
    weighting,
)
from tests.tolerances import EXACT

KINDS = ("layer", "gauss-newton", "covariance", "network")


@st.composite
def problems(draw, kinds=("labels", "targets"), losses=("ce", "mse")):
    """One to three layers, any activation; no weights yet."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    widths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    widths.append(draw(st.integers(2, 4)))
    W, b = random_parameters(widths, rng, biases=draw(st.booleans()))
    N, loss = draw(st.integers(1, 6)), draw(st.sampled_from(losses))
    y = random_targets(N, widths[-1], loss, draw(st.sampled_from(kinds)), rng)
    X = rng.standard_normal((N, widths[0]))
    return Problem(W, b, draw(st.sampled_from(ACTIVATIONS)), X, y, loss)


def build(problem, kind, layer=0, **options):
    """One of the four kinds of matrices, biases among the parameters."""
    net, X, y, loss = network(problem), problem.X, problem.y, problem.loss
    options = {"bias": problem.has_biases} | weighting(problem) | options
    if kind == "network":
        return rh.network_hessian(net, X, y, loss, **options)
    if kind == "covariance":
        return rh.layer_gradient_covariance(net, X, layer, loss, y=y, **options)
    part = "full" if kind == "layer" else kind
    return rh.layer_hessian(net, X, layer, loss, y=y, part=part, **options)


def same(a, b):
    """The matrices, their factors' means and their numbers, up to rounding."""
    for name in ("to_dense", "output_hessian", "input_autocorrelation", "diagonal", "block_norms"):
        of_a, of_b = (getattr(H, name)() for H in (a, b))
        atol = EXACT * max(np.abs(of_a).max(), np.abs(of_b).max())
        np.testing.assert_allclose(of_a, of_b, rtol=0, atol=10 * atol, err_msg=name)
    for name in ("trace", "frobenius_norm"):
        of_a, of_b = (getattr(H, name)() for H in (a, b))
        scale = max(a.frobenius_norm(), b.frobenius_norm()) * a.shape[0]
        np.testing.assert_allclose(of_a, of_b, rtol=0, atol=10 * EXACT * scale, err_msg=name)


kinds = st.sampled_from(KINDS)
ratios = st.floats(-8, 8).map(lambda t: float(10**t))


@given(problems(), kinds, ratios)
def test_the_scale_of_the_weights_does_not_matter(problem, kind, factor):
    w = np.random.default_rng(len(problem.X)).exponential(size=len(problem.X))
    a = build(replace(problem, sample_weight=w), kind)
    same(a, build(replace(problem, sample_weight=factor * w), kind))


@given(problems(), kinds, ratios)
def test_equal_weights_are_none(problem, kind, value):
    w = np.full(len(problem.X), value)
    same(build(replace(problem, sample_weight=w), kind), build(problem, kind))


@given(problems(), kinds, st.data())
def test_weights_that_count_are_repetitions(problem, kind, data):
    """Weight 2 is the sample twice, weight 0 the data without it."""
    times = [data.draw(st.integers(0, 3)) for _ in problem.X]
    assume(any(times))
    repeated = replace(problem, X=np.repeat(problem.X, times, 0), y=np.repeat(problem.y, times, 0))
    a, b = build(replace(problem, sample_weight=times), kind), build(repeated, kind)
    same(a, b)
    assert a.n_samples == np.count_nonzero(times)


@given(problems(), kinds, st.data())
def test_a_sample_of_weight_zero_may_be_anything(problem, kind, data):
    """Even one whose logits are huge, or whose softmax is saturated."""
    w = np.ones(len(problem.X) + 1)
    w[-1] = 0.0
    X = np.vstack([problem.X, np.full(problem.X.shape[1], data.draw(st.sampled_from([0, 1e3])))])
    longer = replace(problem, X=X, y=np.concatenate([problem.y, problem.y[:1]]), sample_weight=w)
    a, b = build(longer, kind), build(problem, kind)
    np.testing.assert_array_equal(a.to_dense(), b.to_dense())


@given(problems(), kinds, st.data())
def test_a_weighted_mean_of_parts(problem, kind, data):
    """H of all samples is the mean of those of two groups, by the sums of their weights."""
    assume(len(problem.X) > 1)
    cut = data.draw(st.integers(1, len(problem.X) - 1))
    w = np.random.default_rng(cut).exponential(size=len(problem.X))
    groups = [
        replace(problem, X=problem.X[part], y=problem.y[part], sample_weight=w[part])
        for part in (slice(cut), slice(cut, None))
    ]
    whole = build(replace(problem, sample_weight=w), kind).to_dense()
    shares = np.array([w[:cut].sum(), w[cut:].sum()]) / w.sum()
    parts = [build(group, kind).to_dense() for group in groups]
    expected = shares[0] * parts[0] + shares[1] * parts[1]
    atol = 10 * EXACT * max(np.abs(part).max() for part in parts)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("value", [0.1, 3.0, 1e-300, 1e300])
@pytest.mark.parametrize("kind", KINDS)
def test_equal_weights_are_none_to_the_last_bit(kind, value):
    """No power of 2 as a value; the largest weight, perhaps, is that of a sample left out."""
    rng = np.random.default_rng(1)
    W, b = random_parameters([3, 2, 2], rng, biases=True)
    problem = Problem(W, b, "tanh", rng.standard_normal((6, 3)), rng.integers(0, 2, 6), "ce")
    expected = build(problem, kind).to_dense()
    longer = replace(
        problem,
        X=np.vstack([problem.X[:1], problem.X]),
        y=np.append(-1, problem.y),
        ignore_index=-1,
        sample_weight=np.append(min(7 * value, 1e301), np.full(6, value)),
    )
    for case in (
        replace(problem, sample_weight=np.full(6, value)),
        replace(problem, class_weight=np.full(2, value)),
        replace(problem, sample_weight=np.full(6, value), class_weight=np.full(2, value)),
        longer,
    ):
        H = build(case, kind)
        layers = H.layers if kind == "network" else [H]
        assert all(layer.sample_weights is None for layer in layers)
        np.testing.assert_array_equal(H.to_dense(), expected)


@pytest.mark.parametrize("size", [1e-300, 1e300])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_whose_products_leave_the_range(kind, size):
    """Of samples and of classes, both tiny or both huge: ratios count."""
    rng = np.random.default_rng(2)
    W, b = random_parameters([3, 2, 2], rng, biases=True)
    w, v, y = rng.exponential(size=6), np.array([1.0, 3.0]), np.array([0, 1, 1, 0, 1, 0])
    problem = Problem(W, b, "tanh", rng.standard_normal((6, 3)), y, "ce")
    found = replace(problem, sample_weight=size * w, class_weight=size * v)
    same(build(found, kind), build(replace(problem, sample_weight=w * v[y]), kind))
    # what is left out is larger by more than the range
    longer = replace(
        problem,
        X=np.vstack([problem.X[:1], problem.X]),
        y=np.append(-1, y),
        ignore_index=-1,
        sample_weight=np.append(1e10, 1e-300 * w),
    )
    same(build(longer, kind), build(replace(problem, sample_weight=w), kind))


# --- classes ------------------------------------------------------------------------------------


def class_weights(problem, zeros):
    """Of the classes; of those that no label names perhaps 0."""
    C = problem.weights[-1].shape[0]
    v = np.random.default_rng(C).exponential(size=C)
    return np.where(np.isin(np.arange(C), problem.y), v, 0.0) if zeros else v


@given(problems(kinds=("labels",)), kinds, st.booleans())
def test_weights_of_classes_are_weights_of_samples(problem, kind, zeros):
    v = class_weights(problem, zeros)
    a = build(replace(problem, class_weight=v), kind)
    same(a, build(replace(problem, sample_weight=v[problem.y]), kind))


@given(problems(kinds=("labels",)), kinds)
def test_weights_of_classes_and_samples_multiply(problem, kind):
    v = class_weights(problem, False)
    w = np.random.default_rng(1).exponential(size=len(problem.X))
    a = build(replace(problem, class_weight=v, sample_weight=w), kind)
    same(a, build(replace(problem, sample_weight=w * v[problem.y]), kind))


@given(problems(kinds=("labels",), losses=("ce",)), kinds)
def test_labels_are_distributions(problem, kind):
    """With weights of classes too: one-hot rows or labels."""
    weighted = replace(problem, class_weight=class_weights(problem, False))
    rows = np.eye(problem.weights[-1].shape[0])[problem.y]
    same(build(weighted, kind), build(replace(weighted, y=rows), kind))


@given(problems(kinds=("labels",)), kinds)
def test_a_class_of_weight_zero_is_left_out(problem, kind):
    first = problem.y == problem.y[0]
    assume(not first.all())
    v = np.ones(problem.weights[-1].shape[0])
    v[problem.y[0]] = 0.0
    a = build(replace(problem, class_weight=v), kind)
    b = build(replace(problem, X=problem.X[~first], y=problem.y[~first]), kind)
    np.testing.assert_array_equal(a.to_dense(), b.to_dense())
    assert a.n_samples == np.count_nonzero(~first)


@given(problems(kinds=("labels",)), kinds, st.sampled_from([-100, -1, 255, 0, 1]))
def test_ignored_labels_are_left_out(problem, kind, label):
    """A label of no class, or one of a class."""
    y = problem.y.copy()
    y[::2] = label
    kept = y != label
    assume(kept.any())
    a = build(replace(problem, y=y, ignore_index=label), kind)
    b = build(replace(problem, X=problem.X[kept], y=y[kept]), kind)
    np.testing.assert_array_equal(a.to_dense(), b.to_dense())
    assert a.n_samples == np.count_nonzero(kept)


@given(problems(kinds=("labels",)), kinds)
def test_a_label_to_ignore_that_does_not_occur(problem, kind):
    a = build(replace(problem, ignore_index=-100), kind)
    np.testing.assert_array_equal(a.to_dense(), build(problem, kind).to_dense())


# --- units --------------------------------------------------------------------------------------


@given(problems(), kinds, st.data())
def test_permuting_units_permutes_the_hessian(problem, kind, data):
    """Rows of ``[W_l | b_l]`` and columns of ``W_{l+1}``: the function is the same."""
    assume(len(problem.weights) > 1)
    layer = data.draw(st.integers(0, len(problem.weights) - 2))
    k, below = problem.weights[layer].shape
    order = np.array(data.draw(st.permutations(range(k))))
    weights, biases = list(problem.weights), problem.biases and list(problem.biases)
    weights[layer], weights[layer + 1] = weights[layer][order], weights[layer + 1][:, order]
    if biases:
        biases[layer] = biases[layer][order]
        biases = tuple(biases)
    permuted = replace(problem, weights=tuple(weights), biases=biases)
    a, b = (build(p, kind, layer).to_dense() for p in (problem, permuted))
    bias = problem.has_biases
    index, start = [], 0
    for l, W in enumerate(problem.weights):
        place = start + np.arange(W.shape[0] * (W.shape[1] + bias)).reshape(W.shape[0], -1)
        start += place.size
        if l == layer:
            place = place[order]
        if l == layer + 1:
            place = np.hstack([place[:, order], place[:, k:]])
        index.append(place.ravel() if kind == "network" or l == layer else [])
    if kind != "network":
        index[layer] = index[layer] - index[layer].min()
    index = np.concatenate(index).astype(int)
    atol = 10 * EXACT * np.abs(a).max()
    np.testing.assert_allclose(b, a[np.ix_(index, index)], rtol=0, atol=atol)
    assert below + bias == len(a) // k or kind == "network"


@given(problems(), kinds)
def test_the_constant_feature_is_an_input_that_is_one(problem, kind):
    """The first layer's bias is the weight of one more input, which is 1 for every sample."""
    assume(problem.has_biases)
    W, b = problem.weights, problem.biases
    X = np.column_stack([problem.X, np.ones(len(problem.X))])
    first = np.column_stack([W[0], b[0]])
    moved = replace(problem, X=X, weights=(first, *W[1:]), biases=(None, *b[1:]))
    a, b = build(problem, kind), build(moved, kind, bias=kind == "network" and len(W) > 1)
    same(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_lists_and_integers_are_weights_too(kind):
    rng = np.random.default_rng(0)
    W, b = random_parameters([3, 2, 2], rng, biases=True)
    problem = Problem(W, b, "tanh", rng.standard_normal((4, 3)), np.array([0, 1, 1, 0]), "ce")
    a = replace(problem, sample_weight=[1, 2, 0, 1], class_weight=[1, 3])
    b = replace(problem, sample_weight=np.array([1.0, 6, 0, 1], np.float32))
    same(build(a, kind), build(b, kind))
