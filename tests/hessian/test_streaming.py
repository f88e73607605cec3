"""Any chunk size, either precision and any selection of units give the same Hessian."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from tests import oracles
from tests.strategies import cases
from tests.tolerances import EXACT

# Single precision: z, the weights and what is made of them are rounded to u = 2⁻²⁴ each. An entry
# of H is a sum of products of at most L + 4 such factors (L ≤ 4 weights of B, two of them; two
# of z; A), sums of at most 12 samples and 5 units in a row: 8 + 12 + 5·8 roundings of at most u.
# Logits |f| add u |f| times the roundings of f. Rarely more than a tenth of it is seen.
SINGLE = 60 * 2.0**-24


def chunk_sizes(case):
    """1, a few, N C - 1, N C, N C + 1, more than everything."""
    everything = len(case.X) * case.net.widths[-1]
    return [1, 2, 7, 60, max(1, everything - 1), everything, everything + 1, 10**7]


def sizes(case):
    """What rounding errors scale with: ``|B|ᵀ |B| |z| |z|ᵀ``, without any cancellation."""
    positive = rh.Network([np.abs(W) for W in case.net.weights])
    Z = np.abs(rh.layer_hessian(case.net, case.X, case.layer, "mse").features)
    B = np.eye(case.net.widths[case.layer + 1])
    for W in positive.weights[case.layer + 1 :]:
        B = W @ B
    return max(np.abs(B.T @ B).max() * max(1.0, Z.max()) ** 2, 1e-300)


def check(H, dense, M, Z, relative, scale):
    """All public methods of H against the dense matrix, the M_n and the features of an oracle."""
    (k, p), N = (M.shape[1], Z.shape[1]), len(Z)
    blocks = dense.reshape(k, p, k, p)

    def close(a, b, factor=1.0):
        np.testing.assert_allclose(a, b, rtol=0, atol=relative * scale * factor)

    dtype = Z.dtype
    assert H.dtype == dtype
    assert (H.n_blocks, H.block_size, H.n_samples, H.shape) == (k, p, N, (k * p, k * p))
    close(H.to_dense(), dense)
    close(H.output_hessian(), M.mean(axis=0))
    close(H.trace(), dense.trace(), k * p)
    close(H.input_autocorrelation(), Z.T @ Z / N)
    squares = np.einsum("iajb,iajb->ij", blocks, blocks)
    close(H.block_norms() ** 2, squares, scale * p * p)
    close(H.frobenius_norm() ** 2, squares.sum(), scale * (k * p) ** 2)
    diagonal, off_diagonal = H.mean_squared_block_norms()
    close(diagonal, squares.trace() / k, scale * p * p)
    if k > 1:
        mean = (squares.sum() - squares.trace()) / (k * (k - 1))
        close(off_diagonal, mean, scale * p * p)
    i, j = np.indices((k, k)).reshape(2, -1)
    made = list(H.blocks(i, j))
    for (a, b), block in zip(zip(i, j, strict=True), made, strict=True):
        close(H.block_weights(a, b), M[:, a, b])
        close(block, blocks[a, :, b])
        close(H.block(a, b), blocks[a, :, b])
        assert H.block_weights(a, b).dtype == block.dtype == dtype
    for array in (H.to_dense(), H.output_hessian(), H.input_autocorrelation()):
        assert array.dtype == dtype
    for number in (H.trace(), H.frobenius_norm(), diagonal, off_diagonal):
        assert isinstance(number, float)


def check_products(H, dense, rng, relative, scale):
    n, operator = len(dense), H.to_operator()
    v = rng.standard_normal((n, 3))
    wide = np.zeros((n, 6))
    wide[:, ::2] = v
    whole = np.round(5 * v).astype(int)
    for argument in (v, np.asfortranarray(v), wide[:, ::2], whole, v[:, :1], v[:, 0], v[::-1, 1]):
        expected, tolerance = (
            dense @ argument,
            relative * scale * n * max(1, np.abs(argument).max()),
        )
        for product in (H @ argument, operator @ argument):
            np.testing.assert_allclose(product, expected, rtol=0, atol=tolerance)
            assert product.shape == argument.shape
            assert product.dtype == H.dtype
    np.testing.assert_array_equal(operator.matvec(v[:, 0]), operator.rmatvec(v[:, 0]))
    np.testing.assert_array_equal(operator.matmat(v), operator.rmatmat(v))


@given(cases(), st.integers(0, 7))
def test_any_chunk_size(case, which):
    H = rh.layer_hessian(
        case.net, case.X, case.layer, case.loss, chunk_size=chunk_sizes(case)[which]
    )
    dense = oracles.layer_hessian(case.net, case.X, case.layer, case.loss)
    M = oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    Z = case.net.forward(case.X).features[case.layer]
    check(H, dense, M, Z, EXACT, sizes(case))
    check_products(H, dense, case.rng, EXACT, sizes(case))


@given(cases(), st.integers(0, 7), st.integers(0, 2))
def test_restricted_to_some_units(case, which, kind):
    """Rows and columns of some units; in any order, and a slice as well as a list."""
    H = rh.layer_hessian(
        case.net, case.X, case.layer, case.loss, chunk_size=chunk_sizes(case)[which]
    )
    k, p = H.n_blocks, H.block_size
    start = int(case.rng.integers(0, k))
    order = case.rng.permutation(k)[: case.rng.integers(1, k + 1)]
    units = [order, order - k, slice(start, None)][kind]
    kept = np.arange(k)[units]
    rows = (kept[:, None] * p + np.arange(p)).ravel()
    dense = oracles.layer_hessian(case.net, case.X, case.layer, case.loss)[np.ix_(rows, rows)]
    M = oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    M = M[:, kept][:, :, kept]
    check(H.restrict(units), dense, M, H.features, EXACT, sizes(case))
    check_products(H.restrict(units), dense, case.rng, EXACT, sizes(case))
    again = H.restrict(units).restrict([0])
    np.testing.assert_allclose(again.to_dense(), dense[:p, :p], atol=EXACT * sizes(case))


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("units", [[1, 1], [0, 2, 2, 1]])
def test_restricted_to_a_unit_twice(loss, layer, units, rng):
    """A unit asked for twice has two equal rows of blocks; or it is refused."""
    net, X = rh.Network.random([3, 4, 4], rng), rng.standard_normal((6, 3))
    H = rh.layer_hessian(net, X, layer, loss)
    try:
        part = H.restrict(units)
    except ValueError:
        return
    rows = (np.array(units)[:, None] * H.block_size + np.arange(H.block_size)).ravel()
    dense = H.to_dense()[np.ix_(rows, rows)]
    M = oracles.output_hessians(net, X, layer, loss)[:, units][:, :, units]
    check(part, dense, M, H.features, EXACT, 10.0)
    check_products(part, dense, rng, EXACT, 10.0)


# --- single precision -----------------------------------------------------------------------------


@given(cases(), st.integers(0, 7))
def test_single_precision(case, which):
    single = rh.layer_hessian(
        case.net,
        case.X,
        case.layer,
        case.loss,
        dtype="float32",
        chunk_size=chunk_sizes(case)[which],
    )
    dense = oracles.layer_hessian(case.net, case.X, case.layer, case.loss)
    M = oracles.output_hessians(case.net, case.X, case.layer, case.loss)
    Z = case.net.forward(case.X).features[case.layer].astype(np.float32)
    relative = SINGLE
    if case.loss == "ce":
        last = case.net.forward(case.X).features[-1]
        relative *= 1 + (np.abs(last) @ np.abs(case.net.weights[-1]).T).max()
    check(single, dense, M, Z, relative, sizes(case))
    check_products(single, dense, case.rng, relative, sizes(case))


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", [[30, 20], [30, 40, 10], [20, 30, 30, 10]])
def test_single_precision_is_good_to_1e_6(widths, loss, rng):
    """Of norms and products, at initialisation, where |f| is of order 1."""
    net, X = rh.Network.random(widths, rng), rng.standard_normal((300, widths[0]))
    for layer in range(net.n_layers):
        H, single = (rh.layer_hessian(net, X, layer, loss, dtype=t) for t in ("float64", "float32"))
        v = rng.standard_normal((H.shape[0], 2))
        assert np.linalg.norm(single @ v - H @ v) < 1e-6 * np.linalg.norm(H @ v)
        assert single.frobenius_norm() == pytest.approx(H.frobenius_norm(), rel=1e-6)
        assert single.trace() == pytest.approx(H.trace(), rel=1e-6)
        norms = H.block_norms()
        np.testing.assert_allclose(single.block_norms(), norms, atol=1e-6 * norms.max())
        for fast, slow in zip(
            single.mean_squared_block_norms(), H.mean_squared_block_norms(), strict=True
        ):
            assert fast == pytest.approx(slow, rel=2e-6)  # of squares
        difference = single.to_dense() - H.to_dense()
        assert np.linalg.norm(difference) < 1e-6 * H.frobenius_norm()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_hidden_unit_has_no_pairs(dtype, capfd, rng):
    """A product over no pairs is none: BLAS complains of it on standard output."""
    net = rh.Network.random([3, 1, 4], rng)
    H = rh.layer_hessian(net, rng.standard_normal((6, 3)), 0, "ce", dtype=dtype)
    diagonal, off_diagonal = H.mean_squared_block_norms()
    assert diagonal == pytest.approx(np.sum(H.to_dense().astype(float) ** 2), rel=1e-6)
    assert np.isnan(off_diagonal)
    assert capfd.readouterr() == ("", "")


# --- extreme logits -------------------------------------------------------------------------------


def exact_curvature(f):
    """``A_n`` with 800 digits, enough for the logits ±700 to differ by e^1400."""
    with mpmath.workdps(800):
        A = np.zeros((*f.shape, f.shape[1]))
        for n, row in enumerate(f):
            e = [mpmath.exp(mpmath.mpf(value)) for value in row]
            p = [value / sum(e) for value in e]
            for i, j in np.ndindex(len(p), len(p)):
                A[n, i, j] = p[i] * (1 - p[i]) if i == j else -p[i] * p[j]
    return A


@pytest.mark.parametrize("chunk_size", [1, 5, 10**6])
def test_logits_of_700(chunk_size):
    V = np.array([[700.0], [-700.0], [0.0], [690.0]])
    X = np.array([[1.0], [-1.0], [0.5], [0.0]])
    H = rh.layer_hessian(rh.Network([V]), X, 0, "ce", chunk_size=chunk_size)
    A = exact_curvature(X @ V.T)
    tiny = np.finfo(float).tiny
    for i, j in np.ndindex(4, 4):
        np.testing.assert_allclose(H.block_weights(i, j), A[:, i, j], rtol=1e-12, atol=tiny)
    dense = np.einsum("nij,n->ij", A, X[:, 0] ** 2) / 4
    np.testing.assert_allclose(H.to_dense(), dense, rtol=1e-12, atol=tiny)
    np.testing.assert_allclose(H @ np.eye(4), dense, rtol=1e-12, atol=1e-12 * np.abs(dense).max())
    np.testing.assert_allclose(H.block_norms(), np.abs(dense), rtol=1e-12, atol=1e-150)
    assert H.trace() == pytest.approx(dense.trace(), rel=1e-12)
    squares = dense**2
    expected = squares.trace() / 4, (squares.sum() - squares.trace()) / 12
    np.testing.assert_allclose(H.mean_squared_block_norms(), expected, rtol=1e-12)


@pytest.mark.parametrize("chunk_size", [1, 5, 10**6])
def test_one_confident_sample(chunk_size):
    """Everything is of order e^-60, and right relative to that."""
    V, X = np.array([[60.0], [0.0], [-3.0]]), np.array([[1.0]])
    H = rh.layer_hessian(rh.Network([V]), X, 0, "ce", chunk_size=chunk_size)
    A = exact_curvature(X @ V.T)[0]
    np.testing.assert_allclose(H.to_dense(), A, rtol=1e-12)
    np.testing.assert_allclose(H @ np.eye(3), A, rtol=1e-12)
    np.testing.assert_allclose(H.block_norms(), np.abs(A), rtol=1e-12)
    assert H.frobenius_norm() == pytest.approx(np.linalg.norm(A), rel=1e-12)


# --- bad input ------------------------------------------------------------------------------------

NET, X = rh.Network.random([3, 4, 2], np.random.default_rng(0)), np.ones((5, 3))


@pytest.mark.parametrize("make", [rh.layer_hessian, rh.network_hessian])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float16"}, "dtype must be one of 'float64', 'float32', got"),
        ({"dtype": complex}, "dtype must be one of"),
        ({"dtype": "single precision"}, "dtype must be one of"),
        ({"dtype": 3}, "dtype must be one of"),
        ({"chunk_size": 0}, "chunk_size must be at least 1, got 0"),
        ({"chunk_size": -5}, "chunk_size must be at least 1, got -5"),
        ({"chunk_size": 2.5}, "chunk_size must be an integer, got 2.5"),
        ({"chunk_size": None}, "chunk_size must be an integer, got None"),
    ],
)
def test_bad_options(make, options, message):
    third = 0 if make is rh.layer_hessian else [0] * 5
    with pytest.raises(ValueError, match=message):
        make(NET, X, third, "ce", **options)


@pytest.mark.parametrize("dtype", [np.float32, "f4", np.dtype("float32")])
def test_other_names_of_a_dtype(dtype):
    assert rh.layer_hessian(NET, X, 0, "ce", dtype=dtype).dtype == np.float32


@pytest.mark.parametrize(
    ("units", "error", "message"),
    [
        ([4], IndexError, "units must lie in 0 … 3, got 4 … 4"),
        ([0, -5], IndexError, "units must lie in 0 … 3, got -5 … 0"),
        ([], ValueError, "units must be integers along one axis"),
        (slice(0, 0), ValueError, "units"),
        (2, ValueError, "units must be integers along one axis, got 2"),
        ([0.0], ValueError, "units must be integers along one axis"),
        ([[0]], ValueError, "units must be integers along one axis"),
        ("ab", ValueError, "units must be integers along one axis"),
    ],
)
def test_bad_units(units, error, message):
    H = rh.layer_hessian(NET, X, 0, "ce")
    with pytest.raises(error, match=message):
        H.restrict(units)
    if not isinstance(units, slice):
        with pytest.raises(error, match=message):
            list(H.blocks(units, [0]))


def test_blocks_of_lists_of_different_lengths():
    H = rh.layer_hessian(NET, X, 0, "ce")
    with pytest.raises(ValueError, match="same length, got 2 and 1"):
        list(H.blocks([0, 1], [0]))
