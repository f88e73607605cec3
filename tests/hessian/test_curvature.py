"""The output curvatures against explicit matrices A_n, one per sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.hessian import softmax_curvature
from rmt_hessian.hessian.logits import LinearLogits
from rmt_hessian.hessian.norms import squared_gram
from rmt_hessian.hessian.softmax_curvature import SoftmaxCurvature
from rmt_hessian.hessian.unit_curvature import UnitCurvature
from rmt_hessian.model.losses import get_loss
from tests import oracles

RELATIVE = 1e-11  # of results without cancellation, logits up to 200: eps |f| is 4e-14
DILUTE = 1e-10  # what `entry_sums` promises of its path in single precision


def softmax_case(rng, n=6, p=3, c=5, scale=1.0, chunk_size=10**6):
    Z, V = rng.standard_normal((n, p)), scale * rng.standard_normal((c, p))
    return SoftmaxCurvature.from_logits(LinearLogits(Z, V), chunk_size), oracles.softmax_curvature(
        Z @ V.T
    )


def unit_case(rng, n=6, c=5):
    curvature = UnitCurvature.from_logits(LinearLogits(np.ones((n, 3)), np.ones((c, 3))), 10)
    return curvature, np.broadcast_to(np.eye(c), (n, c, c))


def entry_sums(A, K, classes):
    """Of pairs of samples, (2, N, N); and without the signs of all terms, for rounding errors."""
    A = A[:, classes][:, :, classes]
    on = np.eye(classes.size)
    return [
        np.array([np.einsum("nij,nm,mij,ij->nm", A, K, A, place) for place in (on, 1 - on)])
        for A, K in ((A, K), (np.abs(A), np.abs(K)))
    ]


def agree(curvature, A, rng, relative):
    """Every question, on all classes and on some, with weights and tangents of either sign."""
    n, c, _ = A.shape
    F = rng.standard_normal((n, 2, c))
    differences = F[..., :, None] - F[..., None, :]
    null = np.abs(A.sum(axis=2)).max() < 0.5  # A 1 = 0: then (A F)_c = -Σ_d A_cd (F_c - F_d)
    terms = -A[:, None] * differences if null else A[:, None] * F[..., None, :]
    applied, size = terms.sum(axis=3), np.abs(terms).sum(axis=3)
    for samples in (slice(None), slice(1, 4), np.array([0, 3])):
        error = np.abs(curvature.apply(F[samples].copy(), samples) - applied[samples])
        assert (error <= relative * size[samples]).all()
    S = rng.standard_normal((c, 4))
    i, j = rng.integers(0, 4, (2, 7))
    bounds = np.abs(A).sum(axis=(1, 2))[:, None] * np.abs(S).max() ** 2
    error = np.abs(curvature.pull_back(S, i, j) - np.einsum("ncd,cq,dq->nq", A, S[:, i], S[:, j]))
    assert (error <= relative * bounds).all()
    i, j = np.indices((c, c)).reshape(2, -1)
    np.testing.assert_allclose(curvature.entries(i, j), A.reshape(n, -1), rtol=relative)
    w, K = rng.standard_normal((n, 3)), squared_gram(rng.standard_normal((n, 4)))[0]
    for classes in (np.arange(c), rng.permutation(c), rng.permutation(c)[: max(1, c // 2)]):
        block = A[:, classes][:, :, classes]
        np.testing.assert_allclose(
            curvature.traces(classes), np.einsum("ncc->n", block), rtol=relative
        )
        size = np.einsum("nq,nij->qij", np.abs(w), np.abs(block))
        error = np.abs(curvature.weighted_sums(w, classes) - np.einsum("nq,nij->qij", w, block))
        assert (error <= relative * size).all()
        sums, (slow, size) = curvature.entry_sums(K, classes), entry_sums(A, K, classes)
        own, total = np.eye(n), size.sum(axis=(1, 2))
        assert (np.abs(sums.total - slow.sum(axis=(1, 2))) <= relative * total).all()
        error = np.abs(sums.own - np.sum(slow * own, axis=2))
        # of one sample alone, c² terms may be below 2^-1022, where each rounds to 2^-1074
        assert (error <= relative * np.sum(size * own, axis=2) + 4 * c * c * 2.0**-1074).all()
        error = np.abs(sums.rows - np.sum(slow * (1 - own), axis=2))
        assert (error <= relative * total[:, None]).all()


@given(
    st.integers(4, 8),
    st.integers(2, 7),
    st.sampled_from([0.0, 0.1, 1.0, 10.0, 60.0]),
    st.sampled_from([1, 3, 13, 10**6]),
    st.integers(0, 10**6),
)
def test_softmax(n, c, scale, chunk_size, seed):
    rng = np.random.default_rng(seed)
    curvature, A = softmax_case(rng, n, 3, c, scale, chunk_size)
    assert (curvature._held is not None) == (n * c <= chunk_size)
    agree(curvature, A, rng, RELATIVE)


def test_unit(rng):
    agree(*unit_case(rng), rng, RELATIVE)


@pytest.mark.parametrize("make", [softmax_case, unit_case])
def test_classes_asked_for_twice(make, rng):
    """Also where the softmax is confident, and the two must not differ."""
    curvature, A = make(rng, **({"scale": 40.0} if make is softmax_case else {}))
    i, j = np.array([1, 1, 0, 4, 4, 1]), np.array([1, 1, 0, 4, 4, 2])
    np.testing.assert_allclose(curvature.entries(i, j), A[:, i, j], rtol=RELATIVE)


@pytest.mark.parametrize("chunk_size", [1, 7, 10**6])
def test_no_pair_on_the_diagonal(chunk_size, rng):
    curvature, A = softmax_case(rng, chunk_size=chunk_size)
    i, j = np.array([0, 1]), np.array([2, 3])
    np.testing.assert_allclose(curvature.entries(i, j), A[:, i, j], rtol=RELATIVE)


@pytest.mark.parametrize("name", ["ce", "mse"])
def test_curvature_is_the_derivative_of_the_residual(name, rng):
    """Central differences with step h: error O(h²) = 1e-10 and rounding eps/h = 2e-11."""
    loss, h, f, y = get_loss(name, 4), 1e-5, rng.standard_normal((1, 4)), np.eye(4)[[2]]
    kind = {"ce": SoftmaxCurvature, "mse": UnitCurvature}[name]
    curvature = kind.from_logits(LinearLogits(np.ones((1, 1)), f.T.copy()), 100)
    second = [
        (loss.residual(f + e, y) - loss.residual(f - e, y))[0] / (2 * h) for e in h * np.eye(4)
    ]
    A = curvature.entries(*np.indices((4, 4)).reshape(2, -1)).reshape(4, 4)
    np.testing.assert_allclose(A, second, atol=1e-9)


# --- many classes: corrections in single precision ------------------------------------------------


def features_and_weights(kind, rng, n, c):
    """Z and V with small probabilities; each kind tries to spoil the corrections differently."""
    Z, V = rng.standard_normal((n, 8)), np.zeros((c, 8))
    if kind == "random":
        return Z, 0.05 * rng.standard_normal((c, 8))
    if kind == "uniform":  # every p is rounded the same way
        return Z, V
    if kind == "uniform, equal features":  # and all sums of the product round the same way
        return np.ones((n, 8)), V
    if kind == "uniform, nearly equal features":
        return 1 + 0.01 * Z, V
    if kind == "one class at 2e-4":
        V[0] = np.log(2e-4 * (c - 1) / (1 - 2e-4)) / 8
        return np.ones((n, 8)), V
    if kind == "supports hardly overlap":
        Z = np.repeat(np.eye(2), 4, axis=1)[np.arange(n) % 2] + 0.01
        V[: c // 2, :4] = V[c // 2 :, 4:] = 2.0
        return Z, V
    if kind == "correlated":
        return rng.standard_normal((n, 1)) * np.ones(8) + 0.1 * Z, 0.01 * rng.standard_normal(
            (c, 8)
        )
    if kind == "one large sample":
        Z[0] *= 1e3
        return Z, V
    # Hessians scale with the square of the features, whatever that is
    scale = {"tiny features": 1e-11, "huge features": 1e13}[kind]
    return scale * Z, 0.02 / scale * rng.standard_normal((c, 8))


KINDS = [
    "random",
    "uniform",
    "uniform, equal features",
    "uniform, nearly equal features",
    "one class at 2e-4",
    "supports hardly overlap",
    "correlated",
    "one large sample",
    "tiny features",
    "huge features",
]


@pytest.fixture
def paths(monkeypatch):
    """Which way each call of `entry_sums` went: a list of "confident"."""
    taken, original = [], SoftmaxCurvature._confident_entry_sums

    def spy(self, K, classes):
        taken.append("confident")
        return original(self, K, classes)

    monkeypatch.setattr(SoftmaxCurvature, "_confident_entry_sums", spy)
    return taken


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "c"), [(40, 100_000), (200, 100_000)])
def test_dilute_sums(kind, n, c, rng, paths):
    Z, V = features_and_weights(kind, rng, n, c)
    curvature, K = SoftmaxCurvature.from_logits(LinearLogits(Z, V), 2**20), squared_gram(Z)[0]
    fast = curvature.entry_sums(K, np.arange(c))
    assert not paths, "this case is meant for the path in single precision"
    slow = curvature._confident_entry_sums(K, np.arange(c))
    np.testing.assert_allclose(fast.total, slow.total, rtol=DILUTE)
    np.testing.assert_allclose(fast.own, slow.own, rtol=DILUTE)
    # rows have 2 Σ p q' for Σ (p q' + q p'), within DILUTE of the total
    atol = softmax_curvature.DILUTE * slow.total[:, None]
    assert (np.abs(fast.rows - slow.rows) <= atol).all()


@pytest.mark.parametrize("n", [100, 500])
def test_dilute_sums_at_the_threshold(n):
    """Corrections just below their limit, 2/C = 1e-4, and every rounding in one direction."""
    c = 20_100
    Z = np.ones((n, 8))
    curvature, K = (
        SoftmaxCurvature.from_logits(LinearLogits(Z, np.zeros((c, 8))), 2**22),
        squared_gram(Z)[0],
    )
    expected = np.sum(K) * (1 - 1 / c) ** 2 / c, np.sum(K) * (1 - 1 / c) / c**2
    np.testing.assert_allclose(curvature.entry_sums(K, np.arange(c)).total, expected, rtol=DILUTE)


@pytest.mark.parametrize("kind", KINDS)
def test_confident_sums_of_many_classes(kind, rng):
    """The path without cancellation against Gram matrices of the formed diagonals and rows of A."""
    n, c = 10, 1500
    Z, V = features_and_weights(kind, rng, n, c)
    curvature, K = SoftmaxCurvature.from_logits(LinearLogits(Z, V), 10**4), squared_gram(Z)[0]
    p = oracles.softmax(Z @ V.T)
    diagonal = p * (1 - p)
    S, Q = p @ p.T, p**2 @ (p**2).T
    expected = np.vdot(K, diagonal @ diagonal.T), np.vdot(K, S**2 - Q)
    fast = curvature._confident_entry_sums(K, np.arange(c)).total
    np.testing.assert_allclose(fast, expected, rtol=RELATIVE)


def test_dilute_sums_equal_those_of_formed_blocks(rng, paths, monkeypatch):
    """n = 3 samples, so that 2100² blocks are 2100² forms λᵀ K λ."""
    monkeypatch.setattr(softmax_curvature, "DILUTE", 1e-3)  # of 2100 classes
    n, c = 3, 2100
    Z, V = rng.standard_normal((n, 2)), 0.01 * rng.standard_normal((c, 2))
    curvature, K = SoftmaxCurvature.from_logits(LinearLogits(Z, V), 2**20), squared_gram(Z)[0]
    p = oracles.softmax(Z @ V.T)
    diagonal = p * (1 - p)
    squares = np.zeros((c, c))
    for m in range(n):
        for l in range(n):
            squares += K[m, l] * np.outer(p[m] * p[l], p[m] * p[l])
    off_diagonal = squares.sum() - squares.trace()
    expected = np.einsum("nc,nm,mc->", diagonal, K, diagonal), off_diagonal
    np.testing.assert_allclose(curvature.entry_sums(K, np.arange(c)).total, expected, rtol=DILUTE)
    assert not paths


@pytest.mark.parametrize(("few", "many", "c"), [(20, 40, 20_000), (10, 30, 5000)])
def test_small_corrections_that_hide_large_probabilities(few, many, c):
    """Large features with uniform probabilities beside tiny ones with probabilities of 1/1100:
    where K is nearly 0, its mean is what single precision rounds.
    """
    Z, V = np.zeros((few + many, 2)), np.zeros((c, 2))
    Z[:few, 0], Z[few:, 1], V[:1100, 1] = 1.0, 1e-3, 2e4
    curvature, K = SoftmaxCurvature.from_logits(LinearLogits(Z, V), 2**22), squared_gram(Z)[0]
    slow = curvature._confident_entry_sums(K, np.arange(c)).total
    np.testing.assert_allclose(curvature.entry_sums(K, np.arange(c)).total, slow, rtol=DILUTE)


def test_a_large_common_offset_of_the_columns_changes_little(rng):
    """``A 1 = 0``: rounding is relative to the spread of S, not to its offset."""
    curvature, A = softmax_case(rng)
    S, i, j = rng.standard_normal((A.shape[1], 2)), np.array([0, 0]), np.array([0, 1])
    expected = np.einsum("ncd,cq,dq->nq", A, S[:, i], S[:, j])
    offset = S + 2.0**20  # exact to 2^-32
    spread = (offset - 2.0**20) - S
    assert np.abs(spread).max() < 1e-9
    np.testing.assert_allclose(curvature.pull_back(offset, i, j), expected, atol=1e-8)


def test_corrections_that_matter_are_not_left_out(rng):
    """Null test: without its corrections a dilute sum is off by far more than the tolerance."""
    Z, V = features_and_weights("random", rng, 40, 40_000)
    curvature, K = SoftmaxCurvature.from_logits(LinearLogits(Z, V), 2**20), squared_gram(Z)[0]
    p = curvature.probabilities()
    first = curvature.entry_sums(K, np.arange(40_000)).total[0]
    assert abs(np.vdot(K, p @ p.T) / first - 1) > 1e5 * DILUTE
