"""Numbers in the precision in which they come: float32, half, tensors that need a gradient."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.matrices import covariance_spectrum
from rmt_hessian._checks.precision import precision, slack
from rmt_hessian.model.losses import check_targets, get_loss
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from rmt_hessian.spectra.subspaces import kronecker_alignment
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant


class Tensor:
    """What torch's tensors do in NumPy's presence, without torch."""

    def __init__(self, values, dtype="float32", needs_gradient=False):
        kinds = {"float64": np.float64, "int64": np.int64}
        self.values = np.asarray(values, kinds.get(dtype, np.float32))
        self.dtype, self.needs_gradient = f"torch.{dtype}", needs_gradient
        self.shape = self.values.shape

    def detach(self):
        return Tensor(self.values, self.dtype.rpartition(".")[2])

    def cpu(self):
        return self

    def float(self):
        return Tensor(self.values)

    def numpy(self):
        if self.needs_gradient:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.numpy(), dtype=dtype)


@pytest.mark.parametrize(
    ("values", "eps"),
    [
        (np.full(2, 0.1, np.float32), 2.0**-23),
        (np.full(2, 0.1, ">f4"), 2.0**-23),
        (np.full(2, 0.1, np.float16), 2.0**-10),
        (np.full(2, 0.1), 2.0**-52),
        (np.full(2, np.float32(0.1)).astype(float), 2.0**-23),
        ([0.1, 0.2], 2.0**-52),
        (Tensor([0.1]), 2.0**-23),
        (Tensor([0.1], "float64"), 2.0**-52),
        (Tensor([0.1], "bfloat16"), 2.0**-7),
        (np.full(2, 1e300), 2.0**-52),
    ],
)
def test_precision(values, eps):
    assert precision(values) == eps


def test_tensors_are_arrays(rng):
    W, X = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    expected = rh.layer_hessian(rh.Network([W]), X, 0, "ce").to_dense()
    parameter, batch = Tensor(W, "float64", needs_gradient=True), Tensor(X, "float64")
    H = rh.layer_hessian(rh.Network([parameter]), batch, 0, "ce")
    np.testing.assert_array_equal(H.to_dense(), expected)
    half = Tensor(W, "bfloat16", needs_gradient=True)
    assert rh.Network([half]).weights[0].dtype == np.float64
    np.testing.assert_allclose(rh.Network([half]).weights[0], W, rtol=1e-6)
    labels = Tensor([0, 1, 1, 0], "int64")
    np.testing.assert_array_equal(check_targets(labels, 4, 2, get_loss("ce", 2)), [0, 1, 1, 0])


def test_numbers_of_other_packages():
    from decimal import Decimal
    from fractions import Fraction

    np.testing.assert_array_equal(real_array([Fraction(1, 2), Decimal("0.25")], "x"), [0.5, 0.25])
    np.testing.assert_array_equal(real_array([True, False], "x"), [1.0, 0.0])
    unmasked = np.ma.array([1.0, 2.0], mask=False)
    assert type(real_array(unmasked, "x")) is np.ndarray
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    for values in (masked, [masked, [3.0, 4.0]]):
        with pytest.raises(ValueError, match="x must have no masked entries, got 1"):
            real_array(values, "x")


def test_what_comes_is_named_by_what_it_is():
    class Foreign(Tensor):
        """A tensor of a kind that NumPy cannot have."""

        def detach(self):
            raise NotImplementedError("no storage\nsecond line")

    for values, came in (
        (Foreign([1.0]), r"got Foreign of shape \(1,\)$"),
        (None, "got None$"),
        (rh, "got module$"),
        ([[1.0], [1.0, 2.0]], ".* with rows of different lengths$"),
        ([1.0, object()], "got .* of float, object$"),
    ):
        with pytest.raises(ValueError, match="x must be an array of real numbers, " + came):
            real_array(values, "x")
    rows = [Tensor([1.0, 2.0], needs_gradient=True), Tensor([3.0, 4.0], "bfloat16")]
    np.testing.assert_array_equal(real_array(rows, "x"), [[1, 2], [3, 4]])


# --- frames and matrices ------------------------------------------------------------------------


@pytest.fixture
def single(rng):
    """A layer Hessian in float32."""
    net = rh.Network.random([12, 10, 5], rng)
    return rh.layer_hessian(net, rng.standard_normal((60, 12)), 0, "ce", dtype="float32")


def test_frames_of_a_hessian_in_single_precision(single):
    vectors = top_eigenspace(single.to_dense(), 6).astype(np.float32)
    assert np.abs(vectors.T @ vectors - np.eye(6)).max() > 1e-8  # what used to be refused
    np.testing.assert_allclose(rh.overlap_by_dimension(vectors, vectors), 1.0, rtol=1e-5)
    assert rh.subspace_overlap(vectors, vectors) == pytest.approx(1.0, rel=1e-5)
    parts = kronecker_alignment(vectors, np.eye(10), np.eye(12, dtype=np.float32))
    np.testing.assert_allclose(parts.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    with pytest.raises(ValueError, match=r"got a defect of 0\.001"):
        rh.subspace_overlap(vectors * 1.0005, vectors)


@given(st.integers(0, 10**6), st.sampled_from([1e-30, 1.0, 1e25]))
def test_what_is_symmetric_to_single_precision(seed, scale):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((6, 6))
    A = scale * (A @ A.T)
    noisy = (A * (1 + 2.0**-23 * rng.standard_normal((6, 6)))).astype(np.float32)
    product = rh.KroneckerProduct(noisy, np.eye(2))
    np.testing.assert_array_equal(product.left, product.left.T)
    expected = np.linalg.eigvalsh(A)
    np.testing.assert_allclose(
        rh.eigenvalues(noisy), expected, rtol=0, atol=2.0**-20 * expected[-1]
    )
    assert theory.overlap_peak(rh.KroneckerProduct(noisy, np.diag([2.0, 1.0]))) >= 1
    crooked = A.copy()
    crooked[0, 1] += 1e-3 * np.abs(A).max()
    for values in (crooked, crooked.astype(np.float32)):
        with pytest.raises(ValueError, match="must be symmetric"):
            rh.eigenvalues(values)


def test_the_matrix_of_an_operator_in_single_precision(single):
    matrix = single.to_operator() @ np.eye(single.shape[0], dtype=np.float32)
    assert matrix.dtype == np.float32
    expected = np.linalg.eigvalsh(matrix.astype(float))
    np.testing.assert_allclose(
        rh.eigenvalues(matrix), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e25])
@pytest.mark.parametrize("layer", [0, 1])
def test_scalars_in_single_precision_at_any_scale_of_the_features(scale, layer, rng):
    """Squares of features of 1e-30 and 1e25 are no numbers of float32. The logits stay of order
    one: the weights of the first layer go the other way."""
    W, V = rh.Network.random([6, 5, 3], rng).weights
    net = rh.Network([W / scale, V]) if layer == 0 else rh.Network([W, V / scale])
    X = rng.standard_normal((9, 6)) * scale
    double, single = (
        rh.layer_hessian(net, X, layer, "ce", dtype=t) for t in ("float64", "float32")
    )
    assert single.trace() == pytest.approx(double.trace(), rel=1e-5)
    assert single.frobenius_norm() == pytest.approx(double.frobenius_norm(), rel=1e-5)
    for a, b in zip(
        single.mean_squared_block_norms(), double.mean_squared_block_norms(), strict=True
    ):
        assert a == pytest.approx(b, rel=1e-4)
    np.testing.assert_allclose(single.block_norms(), double.block_norms(), rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-155, 1e155])
def test_the_trace_does_not_overflow_before_it_must(scale):
    """tr H = ‖z‖² tr M, whose first factor is no number of float64."""
    weight = 1e-150 if scale > 1 else 1e150
    net = rh.Network([np.eye(2), np.array([[weight, 0.0]])])
    H = rh.layer_hessian(net, [[scale, scale]], 0, "mse")
    assert H.trace() == pytest.approx(2.0 * (scale * weight) ** 2, rel=1e-12)


# --- distributions and spectra ------------------------------------------------------------------


def softmax(f):
    e = np.exp(f - f.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_targets_in_single_precision(n_classes, rng):
    p = softmax(3 * rng.standard_normal((20, n_classes)).astype(np.float32))
    smoothed = np.float32(0.9) * np.eye(n_classes, dtype=np.float32)[:2] + np.float32(
        0.1 / n_classes
    )
    for targets in (p, p.astype(float), Tensor(p), p.tolist(), smoothed):
        n = np.shape(targets)[0] if isinstance(targets, list) else targets.shape[0]
        checked = check_targets(targets, n, n_classes, get_loss("ce", n_classes))
        np.testing.assert_allclose(checked.sum(axis=1), 1.0, rtol=1e-8)
    off = p.copy()
    off[0, 0] += 1e-3
    with pytest.raises(ValueError, match="each row of y must sum to 1"):
        check_targets(off, 20, n_classes, get_loss("ce", n_classes))


def test_targets_in_double_precision_are_kept_bit_by_bit(rng):
    p = softmax(rng.standard_normal((20, 7)))
    checked = check_targets(p, 20, 7, get_loss("ce", 7))
    np.testing.assert_array_equal(checked, p)
    assert not np.shares_memory(checked, p)
    with pytest.raises(ValueError, match="must sum to 1"):
        check_targets(p * (1 + 1e-7), 20, 7, get_loss("ce", 7))


def test_probabilities_of_a_law_in_single_precision(rng):
    w = rng.random(1000).astype(np.float32)
    w /= w.sum(dtype=np.float32)
    lam = rng.standard_normal(1000)
    law = theory.GeneralizedMarchenkoPastur(lam, w, 0.5)
    exact = theory.GeneralizedMarchenkoPastur(lam, w / w.sum(dtype=float), 0.5)
    assert law.mean() == pytest.approx(exact.mean(), rel=1e-12)
    separable = theory.SeparableLaw([1.0, 2.0], np.float32([0.3, 0.7]), [1.0], [1.0], 0.5)
    assert separable.mean() == pytest.approx(1.7, rel=1e-6)


def test_rounding_below_zero_in_a_covariance_spectrum(rng):
    """Eigenvalues of a matrix of rank 2, as an eigenvalue solver gives them."""
    values = np.array([-6e-15, -1e-16, 0.5, 4.0])
    np.testing.assert_array_equal(covariance_spectrum(values, "x"), [0, 0, 0.5, 4])
    law = theory.SeparableLaw([1.0, 2.0], [0.5, 0.5], values, np.full(4, 0.25), 0.3)
    clean = theory.SeparableLaw([1.0, 2.0], [0.5, 0.5], [0, 0, 0.5, 4], np.full(4, 0.25), 0.3)
    assert law.atom_at_zero == clean.atom_at_zero == pytest.approx(0.5)
    assert rh.correlated_inputs(3, values, 0).shape == (3, 4)
    for low in (-1e-3, -1e-8):
        with pytest.raises(ValueError, match="population must not be negative"):
            theory.SeparableLaw([1.0], [1.0], [low, 1.0], [0.5, 0.5], 0.3)


EYES = rh.Ensemble([2, 2, 2], layer=0, loss="ce", n_samples=1, weights=[np.eye(2)] * 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda S: mean_curvature([0.0, 0.0], S),
        lambda S: mean_third_cumulant([0.0, 0.0], S),
        lambda S: theory.relu_moments([0.0, 0.0], S),
        lambda S: theory.propagate([np.eye(2)], input_covariance=S),
        lambda S: theory.population_factors([np.eye(2)], "ce", input_covariance=S),
        lambda S: theory.overlap_peak(rh.KroneckerProduct(S, np.eye(3))),
        lambda S: theory.overlap_peak(rh.KroneckerProduct(np.eye(3), S)),
        lambda S: theory.predicted_output_hessian(EYES, S),
    ],
)
def test_covariances_are_symmetric_and_positive_semidefinite(call):
    call(np.array([[1.0, 1.0], [1.0, 1.0 - 1e-14]]))  # but for rounding
    call(np.array([[1.0, 0.3], [0.3 + 1e-13, 1.0]]))
    with pytest.raises(ValueError, match="must be symmetric"):
        call(np.array([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="must be positive semidefinite, got the eigenvalue -1"):
        call(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_a_kronecker_error_is_that_of_a_symmetric_matrix():
    product = rh.KroneckerProduct(np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="H must be symmetric"):
        rh.kronecker_error(np.triu(np.ones((4, 4))), product)


def test_a_third_cumulant_is_symmetric(rng):
    ens = rh.Ensemble([3, 3, 2], layer=0, loss="ce", n_samples=1)
    ens = ens.given(rh.Network.random(ens.widths, rng))
    with pytest.raises(ValueError, match="third_cumulant must be symmetric"):
        theory.predicted_output_hessian(ens, np.eye(2), np.arange(8.0).reshape(2, 2, 2))


@pytest.mark.parametrize("low", [-1e-6, -1e-9])
def test_an_eigenvalue_below_rounding_is_refused(low):
    with pytest.raises(ValueError, match="logit_covariance must be positive semidefinite"):
        mean_curvature([0.0, 0.0], np.diag([1.0, low]))


def test_sums_of_probabilities_are_off_by_a_few_roundings_at_most():
    """Of float32: 2 classes may be off by 8 ε."""
    for off, good in ((4, True), (20, False)):
        p = np.float32([[0.25, 0.75 + off * 2.0**-23]])
        if good:
            check_targets(p, 1, 2, get_loss("ce", 2))
        else:
            with pytest.raises(ValueError, match="must sum to 1"):
                check_targets(p, 1, 2, get_loss("ce", 2))


def test_the_largest_count():
    assert theory.conditional_law([0.0], 2**53).atom_at_zero == 1.0
    with pytest.raises(ValueError, match=r"n_features must be at most 2\^53"):
        theory.conditional_law([0.0], 2**53 + 1)


def test_slack_follows_the_precision():
    assert slack(np.full(2, 0.1)) == 1e-10
    assert 1e-6 < slack(np.full(2, 0.1, np.float32)) < 1e-4
    assert slack(np.full(2, 0.1, np.float16)) == 0.05
