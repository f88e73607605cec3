"""Rank of output Hessians: every column again from the same seed, by brute force."""

import numpy as np
import pytest
from scipy.stats import norm

import rmt_hessian as rh
from rmt_hessian.measurements.output_rank import (
    gap_and_overlap,
    output_rank,
    population_rank,
    top_of_output_hessian,
)
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant
from tests import oracles
from tests.measurements.columns import SEED, assert_columns, gradients, top
from tests.tolerances import EXACT, ITERATIVE

BATCH, GROUPS = 2048, 16  # of `population_output_hessian`


# --- output_rank --------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [2, 4])
def test_every_column_of_output_rank(C):
    ens = rh.Ensemble([7, 9, C], 0, "ce", n_samples=40)
    result = output_rank(np.random.default_rng(SEED), ens=ens)
    rng = np.random.default_rng(SEED)
    net, X, labels = rh.sample(ens, rng)  # labels are drawn last
    W, V = net.weights
    g = gradients(net, X, 0, labels, "ce")
    M = oracles.output_hessians(net, X, 0, "ce").mean(axis=0)
    P = oracles.softmax(net(X))
    A = np.mean([np.diag(p) - np.outer(p, p) for p in P], axis=0)
    cosines = W @ W.T / np.outer(*[np.linalg.norm(W, axis=1)] * 2)
    both = 1 / 4 + np.arcsin(np.clip(cosines, -1, 1)) / (2 * np.pi)
    values, predicted, of_gradients = (
        np.linalg.eigvalsh(matrix)[::-1] for matrix in (M, both * (V.T @ A @ V), g.T @ g / 40)
    )
    frame = projector((V - V.mean(axis=0)).T)
    expected = {
        "top_eigenvalue": values[0],
        "last_large_eigenvalue": values[C - 2],
        "first_small_eigenvalue": values[C - 1],
        "gap": values[C - 1] / values[C - 2],
        "predicted_gap": predicted[C - 1] / predicted[C - 2],
        "overlap": 1 - defect(M, frame),
        "gradient_gap": of_gradients[C - 1] / of_gradients[C - 2],
        "gradient_overlap": 1 - defect(g.T @ g, frame),
        "eigenvalues": values,
        "predicted_eigenvalues": predicted,
        "gradient_eigenvalues": of_gradients,
    }
    assert_columns(result, expected, ITERATIVE)


@pytest.mark.parametrize("n_samples", [1, 40])
def test_no_gap_where_the_rank_is_below_that_of_the_classes(n_samples):
    """Of one sample the gradients have rank 1; of units that are dead nothing is left."""
    ens = rh.Ensemble([7, 9, 4], 0, "ce", n_samples=n_samples)
    result = output_rank(np.random.default_rng(SEED), ens=ens)
    absent = np.isnan([result["gradient_gap"], result["gradient_overlap"]])
    assert (absent == (n_samples == 1)).all()
    V = np.random.default_rng(1).standard_normal((4, 9))
    net = rh.Network([-np.ones((9, 7)), V])
    X = np.random.default_rng(0).uniform(0.5, 1, (n_samples, 7))
    top_values = top_of_output_hessian(ens.given(net), net, rh.layer_hessian(net, X, 0, "ce"))
    assert (top_values.pop("eigenvalues") == 0).all()
    assert np.isnan([top_values["gap"], top_values["overlap"]]).all()
    assert 0 < top_values["predicted_gap"] < 1  # of the weights


@pytest.mark.parametrize(("smallest", "known"), [(1e-10, True), (1e-15, False)])
def test_a_gap_below_rounding_is_none(smallest, known):
    values = np.array([1.0, smallest, smallest / 4])
    gap, overlap = gap_and_overlap(np.diag(values), 2, np.eye(3)[:, :2])
    if known:
        assert (gap, overlap) == (pytest.approx(0.25, rel=1e-4), pytest.approx(1.0))
    else:
        assert np.isnan([gap, overlap]).all()


# --- population_rank ----------------------------------------------------------------------------

RELATIVE_ERROR = 0.1


def rank_widths(depth):
    return [7, *[8] * depth, 3]


def projector(columns):
    return columns @ np.linalg.pinv(columns)


def defect(M, P):
    """1 - overlap of the top eigenspace of M with the range of the projector P."""
    rank = round(np.trace(P))
    U = top(M, rank)
    return 1 - np.trace(U.T @ P @ U) / rank


def expected_rank(depth, layer):
    """The columns that do not depend on a definition of the rank, with plain NumPy."""
    d, *_, C = rank_widths(depth)
    rank = C - 1
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(rank_widths(depth), rng)
    moments = rh.theory.propagate(net.weights)
    predicted = rh.theory.population_factors(net.weights, "ce", rng=rng)[layer].left
    defects = np.nan, np.nan
    if (depth, layer) == (1, 0):
        last = moments[-1].preactivation_mean, moments[-1].preactivation_covariance
        A, T = mean_curvature(*last, rng=rng), mean_third_cumulant(*last, rng=rng)
        ens = rh.Ensemble(net.widths, 0, "ce", n_samples=1)
        predicted = rh.theory.predicted_output_hessian(ens.given(net), A, T)
        both = rh.theory.eigenspace_defect(ens)
        defects = both.centred, both.projected

    above = np.eye(C)  # ∂f/∂(pre-activation), each mask at its probability
    for l in range(depth, layer, -1):
        below = moments[l - 1]
        deviation = np.sqrt(below.preactivation_covariance.diagonal())
        above = above @ net.weights[l] @ np.diag(norm.cdf(below.preactivation_mean / deviation))
    total = above.sum(axis=0)
    frames = {
        "centred": projector((above - above.mean(axis=0)).T),
        "projected": projector(above.T) - np.outer(total, total) / (total @ total),
        "factors": projector(top(predicted, rank)),
    }

    batches = []
    spread = np.inf
    while spread > RELATIVE_ERROR:
        X = rh.gaussian_inputs(BATCH, d, rng)
        M = oracles.output_hessians(net, X, layer, "ce")
        batches.append(M.reshape(GROUPS, -1, *M.shape[1:]).mean(axis=1))
        groups = np.mean(batches, axis=0)
        M = groups.mean(axis=0)
        of_groups = np.sum((groups - M) ** 2) / (GROUPS * (GROUPS - 1))
        spread = np.sqrt(of_groups) / np.linalg.norm(M)

    def shape(M):
        values = np.linalg.eigvalsh(M)[::-1]
        defects = {f"{name}_defect": defect(M, P) for name, P in frames.items()}
        return {"gap": values[rank] / values[rank - 1], **defects}

    def ranks(M):
        values = np.linalg.eigvalsh(M)[::-1]
        ratios = values[1:] / values[:-1]
        return {
            "rank_by_gap": np.argmin(ratios[: max(len(M) // 2, rank)]) + 1,
            "rank_by_energy": np.argmax(np.cumsum(values**2) >= 0.9 * np.sum(values**2)) + 1,
            "share_of_trace": values[:rank].sum() / values.sum(),
            "numerical_rank": np.linalg.matrix_rank(M),
        }

    expected = {}
    without = [np.delete(groups, g, axis=0).mean(axis=0) for g in range(GROUPS)]
    for statistic, correct in ((shape, True), (ranks, False)):
        left_out = [statistic(mean) for mean in without]
        for name, value in statistic(M).items():
            others = np.array([values[name] for values in left_out])
            bias = (GROUPS - 1) * (others.mean() - value)
            expected[name] = value - bias if correct else value
            expected[f"{name}_error"] = np.sqrt(
                (GROUPS - 1) * np.mean((others - others.mean()) ** 2)
            )
    predicted = np.linalg.eigvalsh(predicted)[::-1]
    return expected | {
        "predicted_gap": predicted[rank] / predicted[rank - 1],
        "predicted_centred_defect": defects[0],
        "predicted_projected_defect": defects[1],
        "n_samples": BATCH * len(batches),
        "eigenvalues": np.linalg.eigvalsh(M)[::-1],
        "predicted_eigenvalues": predicted,
    }


@pytest.mark.parametrize(("depth", "layer"), [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)])
def test_every_column_of_population_rank(depth, layer):
    rng, sizes = np.random.default_rng(SEED), {"widths": rank_widths(depth), "layer": layer}
    result = population_rank(rng, **sizes, relative_error=RELATIVE_ERROR)
    # the correction of the bias multiplies rounding by 15
    assert_columns(result, expected_rank(depth, layer), 100 * EXACT)


def test_the_last_layer_has_rank_C_minus_one(rng):
    result = population_rank(rng, widths=[7, 8, 3], layer=1, relative_error=RELATIVE_ERROR)
    assert abs(result["gap"]) < EXACT
    assert result["rank_by_gap"] == result["numerical_rank"] == 2
    assert abs(result["centred_defect"]) < EXACT


@pytest.mark.parametrize(
    ("widths", "layer", "message"),
    [
        ([7, 8, 3], 2, "layer must lie in 0 … 1, got 2"),
        ([7, 3], 1, "layer must lie in 0 … 0, got 1"),
        ([7, 8, 8], 0, r"widths\[-1\] must be below 8, the units of layer 0, got 8"),
    ],
)
def test_population_rank_refuses(widths, layer, message, rng):
    with pytest.raises((ValueError, IndexError), match=message):
        population_rank(rng, widths=widths, layer=layer, relative_error=RELATIVE_ERROR)


def test_the_last_layer_may_have_more_classes_than_units(rng):
    result = population_rank(rng, widths=[7, 4, 5], layer=1, relative_error=RELATIVE_ERROR)
    assert result["numerical_rank"] == 4
