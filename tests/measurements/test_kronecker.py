"""Kronecker form: every column again from the same seed, by brute force."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.compare import density_curve
from rmt_hessian.measurements.kronecker import kronecker_form, network_kronecker
from tests import oracles
from tests.measurements.columns import SEED, assert_columns, defined_overlaps
from tests.small import CASES, ensemble
from tests.tolerances import ITERATIVE

# --- kronecker_form -----------------------------------------------------------------------------

N_TOP = 5


def form(case):
    return ensemble(case, 9, 6, 4, n_samples=40)


def expected_form(case):
    ens = form(case)
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(ens.widths, rng)
    X = rh.gaussian_inputs(40, 9, rng)
    prediction = rh.theory.expected_kronecker_error(ens.given(net), rng=rng)
    H = oracles.layer_hessian(net, X, ens.layer, ens.loss)
    Z = np.maximum(X @ net.weights[0].T, 0) if ens.layer == 1 else X
    M, S = oracles.output_hessians(net, X, ens.layer, ens.loss).mean(axis=0), Z.T @ Z / 40
    product, k, p = np.kron(M, S), len(M), len(S)
    rearranged = H.reshape(k, p, k, p).swapaxes(1, 2).reshape(k * k, p * p)
    singular = np.linalg.svd(rearranged, compute_uv=False)
    values, of_product = (np.linalg.eigvalsh(A)[::-1] for A in (H, product))
    law = rh.theory.layer_law(ens) if case.startswith("linear") else None
    return {
        "aspect_ratio": prediction.participation / 40,
        "error": np.linalg.norm(H - product) / np.linalg.norm(H),
        "predicted_error": prediction.relative_error(40),
        "plateau": prediction.relative_error(np.inf),
        "nearest_error": np.sqrt(np.sum(singular[1:] ** 2) / np.sum(singular**2)),
        "top_eigenvalue": values[0],
        "kronecker_top_eigenvalue": of_product[0],
        "ks_kronecker": kolmogorov(values, of_product),
        "ks_law": rh.ks_distance(values[::-1], law) if law else np.nan,
        "eigenvalues": values,
        "kronecker_eigenvalues": of_product,
        "overlaps": defined_overlaps(H, product, N_TOP),
        "law_curve": density_curve(law) if law else np.empty((2, 0)),
    }


def kolmogorov(values, others):
    """Largest difference of the two empirical CDFs, of values to ten digits of the largest."""
    values, others = (np.round(x / values.max(), 10) for x in (values, others))
    places = np.concatenate([values, others])
    return max(abs(np.mean(values <= x) - np.mean(others <= x)) for x in places)


@pytest.mark.parametrize("case", CASES)
def test_every_column_of_kronecker_form(case):
    result = kronecker_form(np.random.default_rng(SEED), ens=form(case), n_top=N_TOP)
    # an error that vanishes is the square root of rounding
    assert_columns(result, expected_form(case), ITERATIVE)


def test_the_exact_null_space_is_no_distance():
    """``A 1 = 0``: 9 eigenvalues of both are 0 but for rounding, of either sign."""
    result = kronecker_form(np.random.default_rng(SEED), ens=form("linear-ce"), n_top=N_TOP)
    values, others = result["eigenvalues"], result["kronecker_eigenvalues"]
    assert np.abs(values[-9:]).max() < 1e-15
    assert result["ks_kronecker"] == pytest.approx(kolmogorov(values, others))
    assert result["ks_kronecker"] == pytest.approx(kolmogorov(values[:-9], others[:-9]) * 27 / 36)


def test_an_exact_product_is_no_distance():
    """Linear MSE: ``H = I ⊗ S``, each eigenvalue fourfold, of either up to rounding; the top
    eigenspace is one in dimensions 4, 8, … only."""
    result = kronecker_form(np.random.default_rng(SEED), ens=form("linear-mse"), n_top=N_TOP)
    assert result["ks_kronecker"] == 0
    defined = np.isfinite(result["overlaps"])
    np.testing.assert_array_equal(defined, [False, False, False, True, False])


# --- network_kronecker --------------------------------------------------------------------------

NETWORK = {"widths": [4, 5, 5, 3], "n_samples": 25, "input_mean": 0.7}


def jacobians(net, x):
    """``B = (B_0, B_1, …)``, ``z = (z_0, z_1, …)`` and the probabilities of one sample."""
    z, masks = [x], []
    for W in net.weights[:-1]:
        masks.append(np.diag((W @ z[-1] > 0).astype(float)))
        z.append(masks[-1] @ W @ z[-1])
    B = [np.eye(len(net.weights[-1]))]
    for W, D in zip(net.weights[:0:-1], masks[::-1], strict=True):
        B.insert(0, B[0] @ W @ D)
    return np.hstack(B), np.concatenate(z), oracles.softmax((net.weights[-1] @ z[-1])[None])[0]


def expected_network(n_top):
    rng = np.random.default_rng(SEED)
    net = rh.Network.random([4, 5, 5, 3], rng)
    X = rng.standard_normal((25, 4)) + 0.7
    labels = rng.integers(3, size=25)
    samples = [jacobians(net, x) for x in X]
    P = np.array([p for *_, p in samples])
    M = np.mean([B.T @ (np.diag(p) - np.outer(p, p)) @ B for B, _, p in samples], axis=0)
    S = np.mean([np.outer(z, z) for _, z, _ in samples], axis=0)
    units, features = np.array([5, 5, 3]), np.array([4, 5, 5])
    i = np.repeat(np.arange(13), np.repeat(features, units))  # unit of each weight
    ends = np.cumsum(features)
    places = zip(ends - features, ends, units, strict=True)
    a = np.concatenate([np.tile(np.arange(lo, hi), k) for lo, hi, k in places])  # its feature
    layer = np.repeat(np.arange(3), units * features)
    khatri_rao = M[np.ix_(i, i)] * S[np.ix_(a, a)]
    matrices = {
        "hessian": oracles.full_hessian(net, X, np.eye(3)[labels], "ce"),
        "gauss_newton": oracles.full_hessian(net, X, P, "ce"),
        "cross_layer": khatri_rao,
        "layer_wise": np.where(np.equal.outer(layer, layer), khatri_rao, 0.0),
    }
    expected = {}
    for name, A in matrices.items():
        values = np.linalg.eigvalsh(A)[::-1][:n_top]
        expected |= {f"{name}_eigenvalues": values, f"{name}_top_eigenvalue": values[0]}
    for name in ("gauss_newton", "cross_layer", "layer_wise"):
        for reference in ("hessian", "gauss_newton"):
            if name != reference:
                both = defined_overlaps(matrices[name], matrices[reference], n_top)
                expected[f"{name}_in_{reference}_overlaps"] = both
                if n_top >= 2:  # C - 1 = 2
                    expected[f"{name}_in_{reference}_overlap"] = both[1]
    return expected


@pytest.mark.parametrize("n_top", [1, 6])
def test_every_column_of_network_kronecker(n_top):
    result = network_kronecker(np.random.default_rng(SEED), n_top=n_top, **NETWORK)
    assert_columns(result, expected_network(n_top), ITERATIVE)


def test_network_kronecker_has_no_more_eigenvalues_than_weights(rng):
    with pytest.raises(ValueError, match="k must be at most 60"):
        network_kronecker(rng, n_top=61, **NETWORK)
