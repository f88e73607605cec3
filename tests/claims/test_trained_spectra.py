"""Which law explains the spectrum of a block while the network is trained, and what leaves it.

Three laws: that of the start, that given the weights of the moment (of fresh Gaussian inputs), and
the conditional one, of the output Hessians of the sample. d = 200; N = 500 samples with random
labels are few: softmax regression separates them.
"""

from functools import cache

import numpy as np
import pytest

from rmt_hessian import eigenvalues, ks_distance, layer_hessian
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.trained_outliers import trained_outliers
from rmt_hessian.measurements.trained_spectra import laws_of_start, trained_blocks, trained_output
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from tests.tolerances import STATISTICAL

LINEAR = {"widths": [200, 5], "loss": "ce", "optimiser": "lbfgs", "steps": 200}
HIDDEN = {"widths": [200, 16, 4], "optimiser": "adam", "schedule": "cosine"}
HIDDEN |= {"learning_rate": 3e-3, "steps": 500}
FEW = {"inputs": "gaussian", "n_samples": 500}
MANY = {"inputs": "gaussian", "n_samples": 2000}
MIXTURE = {"inputs": "mixture", "separation": 3.0, "n_samples": 2000}
CASES = {
    "linear, few": LINEAR | FEW,
    "linear, many": LINEAR | MANY,
    "linear, mixture": LINEAR | MIXTURE,
    "hidden CE, few": HIDDEN | FEW | {"loss": "ce"},
    "hidden CE, mixture": HIDDEN | MIXTURE | {"loss": "ce"},
    "hidden CE, clusters": HIDDEN
    | {"widths": [100, 8, 4], "inputs": "clusters", "n_samples": 2000, "loss": "ce"},
    "hidden MSE, few": HIDDEN | FEW | {"loss": "mse"},
    "hidden MSE, mixture": HIDDEN | MIXTURE | {"loss": "mse"},
}
GAUSSIAN = [case for case, run in CASES.items() if run["inputs"] == "gaussian"]
UNIT_NOISE = [case for case in CASES if "clusters" not in case]
SEEDS = (0, 1)
BLOCKS = ("diagonal", "off_diagonal")
# of 350 eigenvalues, and O(log p/p)
AT_200 = STATISTICAL * (np.log(200) / 200) / (np.log(350) / 350)


@cache
def trained(case, seed):
    """Checkpoints: step 0, 1, the root of all steps, and the last."""
    run = TrainingRun(**CASES[case], n_checkpoints=3)
    return run.train(np.random.default_rng([18, seed]))


@cache
def distances(case, seed):
    """Distances to the laws before training, amid it and after it."""
    run = trained(case, seed)
    networks, loss = run.path.networks, run.run.loss
    start = laws_of_start(networks[0], loss, run.run.n_samples)
    return [
        trained_blocks(net, run.X, run.fresh_X, loss, start)
        for net in (networks[0], networks[2], networks[-1])
    ]


def of_all_seeds(case, column, at):
    """One number for each seed."""
    return np.array([distances(case, seed)[at][column] for seed in SEEDS])


# --- the three laws -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", UNIT_NOISE)
def test_the_conditional_law_is_right_all_along(case):
    """Dependence of weights on samples moves no bulk; of mixtures C means make outliers, C/d."""
    outliers = 0.0 if case in GAUSSIAN else CASES[case]["widths"][-1] / 200
    for seed in SEEDS:
        for row in distances(case, seed):
            for block in BLOCKS:
                assert row[f"{block}_ks_conditional"] < AT_200 + outliers
                assert row[f"{block}_fresh_ks_conditional"] < AT_200 + outliers


@pytest.mark.parametrize("at", [0, 2, -1])
def test_the_matrix_law_of_the_sample_is_right_for_the_whole_layer(at):
    """1000 eigenvalues of softmax regression, few samples: of the output Hessians of the sample."""
    run = trained("linear, few", 0)
    H = layer_hessian(run.path.networks[at], run.X, 0, "ce")
    M = np.array([[H.block_weights(i, j) for j in range(5)] for i in range(5)])
    law = MatrixLayerLaw(M.transpose(2, 0, 1), 200 / 500)
    assert ks_distance(eigenvalues(H), law) < STATISTICAL


@pytest.mark.parametrize("case", ["linear, few", "hidden CE, few"])
def test_the_law_given_the_weights_holds_on_fresh_inputs_only(case):
    """With few samples and CE: the weights depend on the samples that they were trained on."""
    for block, factor in (("diagonal", 4), ("off_diagonal", 2)):
        given, fresh = (
            of_all_seeds(case, f"{block}_{column}", -1) for column in ("ks_given", "fresh_ks_given")
        )
        before = of_all_seeds(case, f"{block}_ks_given", 0)
        assert before.max() < 0.1  # no dependence yet: the sampling of N weights
        assert fresh.max() < 0.1
        assert given.mean() > factor * fresh.mean()
    assert of_all_seeds(case, "diagonal_ks_given", -1).min() > 0.3


@pytest.mark.parametrize("case", ["linear, few", "hidden CE, few"])
def test_the_sample_has_less_curvature_than_the_law_given_the_weights_says(case):
    """Training made the network certain of these labels, so that p(1 - p) is smaller than fresh."""
    for seed in SEEDS:
        last = distances(case, seed)[-1]
        seen = last["diagonal_eigenvalues"].mean()
        assert seen < 0.5 * last["diagonal_given_quantiles"].mean()


def test_with_many_samples_the_law_given_the_weights_is_nearly_right():
    few, many = (
        of_all_seeds(case, "diagonal_ks_given", -1) for case in ("linear, few", "linear, many")
    )
    assert few.min() > 5 * many.max()
    assert many.max() < 0.06
    # it is not right: the optimum has moved every logit towards its label
    assert many.mean() > of_all_seeds("linear, many", "diagonal_ks_conditional", -1).mean()


def test_masks_depend_little_on_the_sample():
    """MSE: M_n is made of masks; the law given the weights stays near, for the same few samples."""
    for block in BLOCKS:
        given = of_all_seeds("hidden MSE, few", f"{block}_ks_given", -1)
        assert given.max() < 0.2
        assert given.mean() < of_all_seeds("hidden CE, few", f"{block}_ks_given", -1).mean() / 2


@pytest.mark.parametrize("case", ["linear, few", "hidden CE, few", "hidden CE, mixture"])
def test_the_law_of_the_start_explains_nothing_at_the_end(case):
    assert of_all_seeds(case, "diagonal_ks_start", -1).min() > 0.3


def test_laws_of_gaussian_inputs_are_wrong_for_a_mixture_before_training():
    """Not for any dependence: logits of the classes have means; on fresh inputs it is the same."""
    case = "linear, mixture"
    given, fresh, conditional = (
        np.mean([of_all_seeds(case, f"{block}_{column}", 0).mean() for block in BLOCKS])
        for column in ("ks_given", "fresh_ks_given", "ks_conditional")
    )
    assert given > 1.5 * conditional
    assert given == pytest.approx(fresh, rel=0.4)


# --- outliers -----------------------------------------------------------------------------------


@cache
def outliers(case, seed, at):
    run = trained(case, seed)
    rng = np.random.default_rng(seed)
    return trained_outliers(run.path.networks[at], run.X, run.y, run.run.loss, rng)


def test_outliers_of_softmax_regression_on_a_mixture_enter_the_bulk():
    """C in each block and C(C-1) in the layer at the start: along the class means.

    They are those of the data, there before any training. At the end a few samples carry what
    curvature is left, of which no mean is seen.
    """
    start, end = (outliers("linear, mixture", 0, at) for at in (0, -1))
    assert [start[f"{part}_outliers"] for part in BLOCKS] == [5, 5]
    assert 18 <= start["layer_outliers"] <= 20  # the smallest may be within the margin
    assert start["layer_means_overlap"] > 0.8
    assert start["layer_rows_overlap"] < 0.1
    assert max(end[f"{part}_outliers"] for part in (*BLOCKS, "layer")) <= 1


def test_outliers_of_a_hidden_layer_with_mse_stay_and_turn_to_the_weight_rows():
    """They stay in the span of the class means, into which training turns the weight rows."""
    for seed in SEEDS:
        start, end = (outliers("hidden MSE, mixture", seed, at) for at in (0, -1))
        assert start["diagonal_outliers"] >= 2
        assert end["diagonal_outliers"] >= 2
        assert start["diagonal_rows_overlap"] < 0.25
        assert end["diagonal_rows_overlap"] > 2 * start["diagonal_rows_overlap"]
        assert end["diagonal_means_overlap"] > 0.6


@pytest.mark.parametrize("case", ["linear, few", "hidden MSE, few"])
def test_random_labels_make_no_outliers(case):
    for seed in SEEDS:
        for block in BLOCKS:
            assert outliers(case, seed, -1)[f"{block}_outliers"] <= 1


# --- the output Hessian -------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["hidden CE, few", "hidden CE, mixture"])
def test_the_gap_of_the_output_hessian_opens(case):
    """λ_C/λ_{C-1} falls: training makes E[M] nearer to rank C-1, in the span of centred rows."""
    ends = []
    for seed in SEEDS:
        run = trained(case, seed)
        ends.append(
            [trained_output(run.path.networks[at], run.X, "ce") for at in (0, -1)],
        )
    gap, predicted, overlap = (
        np.array([[end[f"output_{name}"] for end in pair] for pair in ends])
        for name in ("gap", "predicted_gap", "overlap")
    )
    assert (gap[:, 1] < gap[:, 0]).all()
    assert gap[:, 1].mean() < 0.75 * gap[:, 0].mean()
    assert overlap[:, 1].min() > 0.9
    error = np.abs(predicted / gap - 1)
    assert error[:, 0].max() < 0.25  # m = 16, C = 4, before training
    if case == "hidden CE, few":
        assert overlap[:, 1].mean() > overlap[:, 0].mean()
        assert error[:, 1].max() < 0.35
    else:  # masks are those of Gaussian inputs there, and the classes have masks of their own
        assert (predicted[:, 1] > 1.3 * gap[:, 1]).all()


def test_no_gap_opens_on_tight_clusters():
    """Where inputs are four points up to noise, all samples of a class have the same masks."""
    for seed in SEEDS:
        run = trained("hidden CE, clusters", seed)
        assert trained_output(run.path.network, run.X, "ce")["output_gap"] > 0.7
