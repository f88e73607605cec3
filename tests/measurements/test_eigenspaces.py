"""Top eigenspaces: every column again from the same seed, by brute force."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.eigenspaces import eigenspaces
from tests import oracles
from tests.measurements.columns import SEED, assert_columns, cut, defined_overlaps, gradients, top
from tests.small import CASES, ensemble
from tests.tolerances import EXACT, ITERATIVE

MOST = 7


def spaces(case, d=6, C=4):
    return ensemble(case, d, 5, C, n_samples=30)


def expected_spaces(case, X, rng, input_mean, standardised, gaussian):
    """The columns, X being the inputs before their mean is added."""
    ens = spaces(case, d=X.shape[1])
    layer, loss, n_top = ens.layer, ens.loss, MOST
    X = X + input_mean
    hessians, products, predicted, uppers = [], [], [], []
    for _ in range(2):
        net = rh.Network.random(ens.widths, rng)
        Z = np.maximum(X @ net.weights[0].T, 0.0) if layer == 1 else X
        if standardised:
            scale = Z.std(axis=0)
            Z = (Z - Z.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        upper = rh.Network(net.weights[layer:])
        uppers.append((upper, Z))
        hessians.append(oracles.layer_hessian(upper, Z, 0, loss))
        M = oracles.output_hessians(upper, Z, 0, loss).mean(axis=0)
        products.append((M, Z.T @ Z / len(Z)))
        if gaussian and not standardised:
            mean = np.full(X.shape[1], input_mean)
            factors = rh.theory.population_factors(net.weights, loss, input_mean=mean, rng=rng)
            predicted.append((factors[layer].left, factors[layer].right))
    labels = rh.random_labels(len(X), ens.n_classes, rng)
    covariances = []
    for upper, Z in uppers:
        g = gradients(upper, Z, 0, labels, loss)
        rows = np.array([np.kron(*pair) for pair in zip(g, Z, strict=True)])
        covariances.append(rows.T @ rows / len(Z))
    in_hessian = [
        defined_overlaps(*pair, n_top) for pair in zip(covariances, hessians, strict=True)
    ]
    of_gradients = defined_overlaps(*covariances, n_top)
    (M, S), k, p = products[0], *map(len, products[0])
    of_layers = defined_overlaps(*hessians, n_top)
    largest = np.nanmax(of_layers)
    matrices = top(hessians[0], n_top).T.reshape(n_top, k, p)
    singular = np.linalg.svd(matrices, compute_uv=False)
    leading = np.array([np.linalg.svd(A)[2][0] for A in matrices])
    r, x = top(M, k), top(S, 1)[:, 0]
    aligned = np.array([[(u.ravel() @ np.kron(r_i, x)) ** 2 for r_i in r.T] for u in matrices])
    # one eigenvector of a multiple eigenvalue is any
    of_multiple, of_multiple_r = (
        cut(A, n) | np.append(False, cut(A, n)[:-1]) for A, n in ((hessians[0], n_top), (M, k))
    )
    singular[of_multiple], leading[of_multiple] = np.nan, np.nan
    aligned[of_multiple], aligned[:, of_multiple_r] = np.nan, np.nan
    in_theory = np.full(n_top, np.nan)
    if predicted:
        in_theory = defined_overlaps(*(np.kron(*factors) for factors in predicted), n_top)
    shares = singular[~of_multiple, 0] ** 2
    return {
        "peak": np.argmax(of_layers > largest - 1e-9) + 1,
        "peak_overlap": largest,
        "predicted_peak": np.mean([peak_of(*factors) for factors in predicted or products]),
        "random_overlap": n_top / (k * p),
        "leading_share": np.mean([np.linalg.norm(S, 2) / np.trace(S) for _, S in products]),
        "rank_one_share": np.mean(shares) if shares.size else np.nan,
        "overlaps": of_layers,
        "kronecker_overlaps": defined_overlaps(*(np.kron(*f) for f in products), n_top),
        "predicted_overlaps": in_theory,
        "gradient_peak": np.nanargmax(of_gradients) + 1,
        "gradient_peak_overlap": np.nanmax(of_gradients),
        "gradient_overlaps": of_gradients,
        "gradient_in_hessian_overlaps": np.mean(in_hessian, axis=0),
        "singular_values": singular,
        "feature_alignment": (leading @ x) ** 2,
        "alignment": aligned,
    }


def peak_of(M, S):
    """How many of the top eigenvalues of M ⊗ S belong to the first eigenvector of S."""
    lam, mu = np.linalg.eigvalsh(M), np.linalg.eigvalsh(S)
    return np.sum(lam * mu[-1] > lam[-1] * mu[-2] * (1 + 1e-12))


@pytest.mark.parametrize("standardised", [False, True])
@pytest.mark.parametrize("input_mean", [0.0, 1.0])
@pytest.mark.parametrize("case", CASES)
def test_every_column_of_eigenspaces(case, input_mean, standardised):
    rng = np.random.default_rng(SEED)
    kind = {"input_mean": input_mean, "standardised": standardised}
    result = eigenspaces(rng, ens=spaces(case), inputs="gaussian", n_top=MOST, **kind)
    rng = np.random.default_rng(SEED)
    X = rh.gaussian_inputs(30, 6, rng)
    expected = expected_spaces(case, X, rng, input_mean, standardised, gaussian=True)
    assert_columns(result, expected, ITERATIVE)


def test_equal_overlaps_peak_at_the_first(rng):
    """Linear MSE: ``I ⊗ S`` for both networks, their spaces one in dimensions 4, 8, …; whatever the
    machine, the peak is at 4 and no eigenvector has a shape."""
    kind = {"inputs": "gaussian", "input_mean": 0.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-mse"), n_top=MOST, **kind)
    assert (result["peak"], result["peak_overlap"]) == (4, pytest.approx(1.0, abs=EXACT))
    for name in ("rank_one_share", "singular_values", "feature_alignment", "alignment"):
        assert np.isnan(result[name]).all(), name


def test_no_peak_where_no_space_is_determined(rng):
    kind = {"inputs": "gaussian", "input_mean": 0.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-mse"), n_top=3, **kind)
    assert np.isnan([result["peak"], result["peak_overlap"]]).all()


def test_overlaps_are_predicted_where_no_multiple_eigenvalue_is_cut(rng):
    """Two classes, inputs of a mean: E[A] has rank 1 and I + b bᵀ one eigenvector of its own,
    d = 6."""
    kind = {"inputs": "gaussian", "input_mean": 1.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-ce", C=2), n_top=MOST, **kind)
    assert result["predicted_peak"] == 1
    determined = np.isfinite(result["predicted_overlaps"]).nonzero()[0] + 1
    np.testing.assert_array_equal(determined, [1, 6])  # before and after the five copies of 1


def test_eigenspaces_of_a_file_and_of_the_digits(tmp_path, rng):
    own = rng.standard_normal((50, 6))
    np.save(tmp_path / "own.npy", own)
    kind = {"input_mean": 0.5, "standardised": False}
    for inputs, data in ((str(tmp_path / "own.npy"), own), ("digits", rh.digits()[0])):
        ens, drawn = spaces("hidden-ce", d=data.shape[1]), np.random.default_rng(SEED)
        result = eigenspaces(drawn, ens=ens, inputs=inputs, n_top=MOST, **kind)
        drawn = np.random.default_rng(SEED)
        X = data[drawn.permutation(len(data))[:30]]
        expected = expected_spaces("hidden-ce", X, drawn, **kind, gaussian=False)
        assert_columns(result, expected, ITERATIVE)
        assert np.isnan(result["predicted_overlaps"]).all()


SHAPES = {"few": (29, 6), "narrow": (30, 5), "flat": (180,), "cube": (30, 6, 1)}
REFUSED = {
    "mnist": "inputs must be gaussian, digits or a file name.npy, got 'mnist'",
    "digits": r"at least 30 rows of 6 numbers .*, got shape \(1797, 64\)",
    "few.npy": r"at least 30 rows of 6 numbers .*, got shape \(29, 6\)",
    "narrow.npy": r"got shape \(30, 5\)",
    "flat.npy": r"got shape \(180,\)",
    "cube.npy": r"got shape \(30, 6, 1\)",
}


@pytest.mark.parametrize(("inputs", "message"), REFUSED.items())
def test_eigenspaces_refuses_inputs(inputs, message, tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    for name, shape in SHAPES.items():
        np.save(f"{name}.npy", np.zeros(shape))
    kind = {"inputs": inputs, "input_mean": 0.0, "standardised": False}
    with pytest.raises(ValueError, match=message):
        eigenspaces(rng, ens=spaces("hidden-ce"), n_top=MOST, **kind)
