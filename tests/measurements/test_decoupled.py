"""The decoupled Hessian beside H: every column again from the same seed, by brute force."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.decoupled import decoupled_hessian
from rmt_hessian.sweep.parameters import arguments
from rmt_hessian.theory import weight_law
from rmt_hessian.theory.structure.decoupled import decoupled_norms
from rmt_hessian.theory.weights.influence import weight_influence
from tests import oracles
from tests.measurements.columns import SEED, assert_columns
from tests.small import ensemble
from tests.tolerances import ITERATIVE

N = 40
CASES = ("linear-ce", "hidden-ce", "hidden-mse")


def expected(ens):
    """Two samples of one network, sums of Kronecker products, LAPACK; predictions by the seed."""
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(ens.widths, rng)
    X, Y = (rh.gaussian_inputs(N, ens.widths[0], rng) for _ in range(2))
    M, copy = (oracles.output_hessians(net, Z, 0, ens.loss) for Z in (X, Y))
    H, other = (
        sum(np.kron(m, np.outer(x, x)) for m, x in zip(W, X, strict=True)) / N for W in (M, copy)
    )
    given, k, d = ens.given(net), M.shape[1], ens.widths[0]
    norms = decoupled_norms(given, rng=rng)
    result = {
        "error": np.linalg.norm(H - other) / np.linalg.norm(H),
        "predicted_error": norms.relative_error(N),
        "plateau": norms.relative_error(np.inf),
        "crossover": norms.crossover,
        "operator_error": np.linalg.norm(H - other, 2) / np.linalg.norm(H, 2),
        "operator_plateau": norms.operator_plateau,
    }
    for name, j in (("diagonal", 0), ("off_diagonal", 1)):
        norms, weights = decoupled_norms(given, units=(0, j), rng=rng), weight_law(given, 0, j)
        A, B = (H_.reshape(k, d, k, d)[0, :, j] for H_ in (H, other))
        sigma = np.sqrt(weights.mean() ** 2 + d / N * weights.second_moment())
        h = weight_influence(given, 0, j, 1j * sigma)
        s, t = (np.trace(np.linalg.inv(C - 1j * sigma * np.eye(d))) / d for C in (A, B))
        rest = sigma * (s - t - np.mean(h.of(M[:, 0, j])) + np.mean(h.of(copy[:, 0, j])))
        values, others = np.linalg.eigvalsh(A), np.linalg.eigvalsh(B)
        both = np.concatenate([values, others])
        columns = {
            "error": np.linalg.norm(A - B) / np.linalg.norm(A),
            "predicted_error": norms.relative_error(N),
            "plateau": norms.relative_error(np.inf),
            "stieltjes": sigma * abs(s - t),
            "predicted_stieltjes": sigma * np.sqrt(2 * h.variance / N),
            "rest": abs(rest),
            "rest_real": rest.real,
            "rest_imag": rest.imag,
            "ks": max(abs(np.mean(values <= x) - np.mean(others <= x)) for x in both),
            "wasserstein": np.mean(np.abs(values - others)) / sigma,
            "eigenvalues": values,
            "decoupled_eigenvalues": others,
        }
        result |= {f"{name}_{column}": value for column, value in columns.items()}
    return result


@pytest.mark.parametrize("case", CASES)
def test_every_column(case):
    ens = ensemble(case, 9, 6, 4, n_samples=N)
    result = decoupled_hessian(np.random.default_rng(SEED), ens=ens)
    assert_columns(result, expected(ens), ITERATIVE)


def test_a_block_of_zeros_has_no_relative_distance():
    """One sample on which units 0 and 1 are not both active."""
    W, V = np.random.default_rng(0).standard_normal((6, 9)), np.eye(4, 6)
    ens = rh.Ensemble([9, 6, 4], 0, "ce", 1, weights=[W, V])
    seed = next(s for s in range(20) if (rh.sample(ens, s)[1] @ W[:2].T).min() < 0)
    result = decoupled_hessian(np.random.default_rng(seed), ens=ens)
    assert not result["off_diagonal_eigenvalues"].any()
    assert np.isnan(result["off_diagonal_error"])
    assert np.isfinite(result["off_diagonal_stieltjes"])


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("linear-mse", "loss must be 'ce' for a last layer: nothing to decouple, got 'mse'"),
        ("output-ce", "layer must be 0: the features of others are not white, got 1"),
    ],
)
def test_what_it_does_not_measure(case, message):
    ens = ensemble(case, 9, 6, 4, n_samples=N)
    parameters = {"widths": list(ens.widths), "layer": ens.layer, "loss": ens.loss, "n_samples": N}
    with pytest.raises(ValueError, match=message):
        arguments(decoupled_hessian, parameters)
    with pytest.raises(ValueError, match=r"widths\[1\] must be at least 2, got 1"):
        arguments(decoupled_hessian, parameters | {"widths": [9, 1, 4], "layer": 0})
