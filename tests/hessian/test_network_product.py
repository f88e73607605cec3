"""The Hessian of the whole network, formed and as products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import eigsh, lobpcg

import rmt_hessian as rh
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT, ITERATIVE


def draw_targets(case, kind):
    """Labels, or a distribution over the classes (MSE: any numbers)."""
    N, C = len(case.X), case.net.widths[-1]
    if kind == "labels":
        return case.rng.integers(0, C, N)
    return case.rng.dirichlet(np.ones(C), N) if case.loss == "ce" else case.rng.random((N, C))


def as_rows(y, n_classes):
    return np.eye(n_classes)[y] if y.ndim == 1 else y


def size(net, X, y):
    """What rounding errors scale with: both terms of every entry, without cancellation."""
    positive = rh.Network([np.abs(W) for W in net.weights])
    forward = positive.forward(np.abs(X))
    z = max(1.0, *(np.abs(features).max() for features in forward.features))
    B = np.eye(net.widths[-1])
    largest = 1.0
    for W in reversed(net.weights):
        largest = max(largest, np.abs(B).max())
        B = B @ np.abs(W)
    residual = np.abs(forward.logits).max() + 1 + np.abs(y).max()
    widest = max(net.widths)
    return widest * ((largest * z) ** 2 + residual * largest**2 * z)


cases_and_options = st.tuples(
    cases(),
    st.sampled_from(["labels", "targets"]),
    st.sampled_from([1, 2, 7, 40, 41, 10**7]),
)


@given(cases_and_options)
def test_operator_equals_the_formed_hessian(drawn):
    case, kind, chunk_size = drawn
    y = draw_targets(case, kind)
    rows = as_rows(y, case.net.widths[-1])
    expected = oracles.full_hessian(case.net, case.X, rows, case.loss)
    scale = size(case.net, case.X, rows)
    dense = rh.network_hessian(case.net, case.X, y, case.loss).to_dense()
    np.testing.assert_allclose(dense, expected, rtol=0, atol=EXACT * scale)
    H = rh.network_hessian(case.net, case.X, y, case.loss, chunk_size=chunk_size)
    operator = H.to_operator()
    P = len(expected)
    assert operator.shape == (P, P)
    assert operator.dtype == np.float64
    v = case.rng.standard_normal((P, 3))
    wide = np.zeros((P, 6))
    wide[:, ::2] = v
    whole = np.round(5 * v).astype(int)
    for argument in (v, np.asfortranarray(v), wide[:, ::2], whole, v[:, :1], v[:, 0], v[::-1, 1]):
        product = operator @ argument
        np.testing.assert_allclose(
            product, expected @ argument, rtol=0, atol=EXACT * scale * P * np.abs(v).max() * 5
        )
        assert product.shape == argument.shape
    np.testing.assert_array_equal(operator.matvec(v[:, 0]), operator.rmatvec(v[:, 0]))
    np.testing.assert_array_equal(operator.matmat(v), operator.rmatmat(v))


@given(cases_and_options)
def test_single_precision(drawn):
    """Rounding in units of 2⁻²⁴ in place of 2⁻⁵³, and of the logits |f| besides."""
    case, kind, chunk_size = drawn
    y = draw_targets(case, kind)
    single = rh.network_hessian(
        case.net, case.X, y, case.loss, dtype="float32", chunk_size=chunk_size
    )
    rows = as_rows(y, case.net.widths[-1])
    expected = oracles.full_hessian(case.net, case.X, rows, case.loss)
    v = case.rng.standard_normal((len(expected), 2))
    product = single @ v
    assert product.dtype == single.dtype == np.float32
    last = case.net.forward(case.X).features[-1]
    logits = (np.abs(last) @ np.abs(case.net.weights[-1]).T).max() if case.loss == "ce" else 0.0
    tolerance = 60 * 2.0**-24 * (1 + logits) * size(case.net, case.X, rows)
    atol = tolerance * len(expected) * np.abs(v).max()
    np.testing.assert_allclose(product, expected @ v, rtol=0, atol=atol)


@given(cases(), st.sampled_from(["labels", "targets"]))
def test_symmetric_and_linear(case, kind):
    y = draw_targets(case, kind)
    H = rh.network_hessian(case.net, case.X, y, case.loss)
    x, z = case.rng.standard_normal((2, H.shape[0]))
    scale = size(case.net, case.X, as_rows(y, case.net.widths[-1]))
    rounding = EXACT * scale * np.linalg.norm(x) * np.linalg.norm(z) * H.shape[0]
    assert abs(x @ (H @ z) - z @ (H @ x)) <= rounding
    error = H @ (2 * x - 3 * z) - (2 * (H @ x) - 3 * (H @ z))
    assert np.abs(error).max() <= 10 * EXACT * scale * H.shape[0] * np.abs([x, z]).max()


# --- against derivatives and eigenvalues ----------------------------------------------------------

WIDTHS = [[4, 3], [5, 6, 3], [4, 6, 5, 3], [3, 5, 5, 5, 3]]


@pytest.fixture(params=[(w, loss) for w in WIDTHS for loss in ("ce", "mse")], ids=str)
def network(request, rng):
    widths, loss = request.param
    net, X = rh.Network.random(widths, rng, init="he"), rng.standard_normal((20, widths[0]))
    return net, X, rng.integers(0, widths[-1], 20), loss


def test_directional_difference_of_the_gradient(network, rng):
    """``(g(w + h u) - g(w - h u))/2h``: O(h²) = 1e-10, rounding 1e-16/h = 1e-11.

    ReLU has kinks: a direction is small enough for no sample to cross one.
    """
    net, X, y, loss = network
    targets, h = np.eye(net.widths[-1])[y], 1e-5
    H = rh.network_hessian(net, X, y, loss)
    sizes = np.cumsum([W.size for W in net.weights])
    masks = net.forward(X).slopes
    for _ in range(3):
        u = rng.standard_normal(H.shape[0])
        moved = []
        for step in (h, -h):
            parts = np.split(step * u, sizes[:-1])
            weights = [
                W + part.reshape(W.shape) for W, part in zip(net.weights, parts, strict=True)
            ]
            moved.append(rh.Network(weights))
            for before, after in zip(masks, moved[-1].forward(X).slopes, strict=True):
                np.testing.assert_array_equal(before, after)
        up, down = (oracles.gradient(other, X, targets, loss) for other in moved)
        expected = (up - down) / (2 * h)
        np.testing.assert_allclose(H @ u, expected, atol=ITERATIVE * np.abs(expected).max())


def test_eigenvalues_of_the_network(network, rng):
    """Both ends: with its residual term the whole Hessian has negative eigenvalues as well."""
    net, X, y, loss = network
    dense = rh.network_hessian(net, X, y, loss).to_dense()
    H = rh.network_hessian(net, X, y, loss).to_operator()
    values = np.linalg.eigvalsh(dense)
    scale = np.abs(values).max()
    start = rng.standard_normal(len(dense))
    top = eigsh(H, k=2, which="LA", return_eigenvectors=False, v0=start)
    np.testing.assert_allclose(np.sort(top), values[-2:], atol=ITERATIVE * scale)
    if net.n_layers > 1:
        bottom = eigsh(H, k=2, which="SA", return_eigenvectors=False, v0=start)
        np.testing.assert_allclose(np.sort(bottom), values[:2], atol=ITERATIVE * scale)
        assert values[0] < -1e-3 * scale
    # an error t of a vector is one of t² of its eigenvalue: t = 1e-5 would do
    block = rng.standard_normal((len(dense), 2))
    for largest in (True, False) if net.n_layers > 1 else (True,):
        found = lobpcg(H, block, largest=largest, tol=1e-6 * scale, maxiter=500)[0]
        expected = values[-2:] if largest else values[:2]
        np.testing.assert_allclose(np.sort(found), expected, atol=ITERATIVE * scale)


def test_eigenvalues_of_a_layer(network, rng):
    net, X, _, loss = network
    for layer in range(net.n_layers):
        H = rh.layer_hessian(net, X, layer, loss)
        values = rh.eigenvalues(H)
        start, block = rng.standard_normal(H.shape[0]), rng.standard_normal((H.shape[0], 2))
        top = eigsh(H.to_operator(), k=2, which="LA", return_eigenvectors=False, v0=start)
        np.testing.assert_allclose(np.sort(top), values[-2:], atol=ITERATIVE * values[-1])
        if H.shape[0] > 10:  # lobpcg wants five columns in the dimension
            found = lobpcg(H.to_operator(), block, tol=1e-6 * values[-1], maxiter=500)[0]
            np.testing.assert_allclose(np.sort(found), values[-2:], atol=ITERATIVE * values[-1])


def test_no_columns(rng):
    net, X = rh.Network.random([3, 4, 2], rng), rng.standard_normal((5, 3))
    for H in (rh.layer_hessian(net, X, 0, "ce"), rh.network_hessian(net, X, [0] * 5, "ce")):
        assert (H @ np.ones((H.shape[0], 0))).shape == (H.shape[0], 0)


@pytest.mark.parametrize("columns", [None, 2])
def test_complex_vectors_are_not_cut_to_their_real_part(columns, rng):
    """H is real: ``H (x + iy) = Hx + i Hy``, or an error; never Hx alone."""
    net, X = rh.Network.random([3, 4, 2], rng), rng.standard_normal((5, 3))
    for H in (rh.layer_hessian(net, X, 0, "ce"), rh.network_hessian(net, X, [0] * 5, "ce")):
        shape = (H.shape[0],) if columns is None else (H.shape[0], columns)
        x, z = rng.standard_normal((2, *shape))
        try:
            product = H @ (x + 1j * z)
        except (TypeError, ValueError):
            continue
        np.testing.assert_allclose(product, H @ x + 1j * (H @ z), atol=1e-12)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_the_operator_keeps_its_own_targets(loss, rng):
    net, X = rh.Network.random([3, 4, 3], rng), rng.standard_normal((6, 3))
    y = rng.dirichlet(np.ones(3), 6)
    operator, v = rh.network_hessian(net, X, y, loss), rng.standard_normal(24)
    before = operator @ v
    y[...] = np.roll(y, 1, axis=0)
    np.testing.assert_array_equal(operator @ v, before)
