"""The measurement: what it says of a path, again from the same seed; what it refuses."""

import numpy as np
import pytest

from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.trained_outliers import trained_outliers
from rmt_hessian.measurements.trained_spectra import (
    explained_by_laws,
    laws_of_start,
    trained_blocks,
    trained_output,
    trained_spectra,
)
from rmt_hessian.theory import GeneralizedMarchenkoPastur
from tests import oracles
from tests.tolerances import EXACT, ITERATIVE

SEED = 7
RUN = {"loss": "ce", "n_samples": 60, "optimiser": "gd", "steps": 8, "learning_rate": 0.5}
RUN |= {"n_checkpoints": 3}
RUNS = {
    "linear": {"widths": [8, 3], "inputs": "gaussian"},
    "mixture": {"widths": [8, 5, 3], "inputs": "mixture", "separation": 2.0},
    "clusters": {"widths": [8, 5, 3], "inputs": "clusters", "loss": "mse"},
}
NOISES = {"linear": 1.0, "mixture": 1.0, "clusters": 0.05}


def described(**changes):
    return TrainingRun(**RUN | {"widths": [8, 3], "inputs": "gaussian"} | changes)


@pytest.mark.parametrize("name", RUNS)
def test_every_checkpoint_again(name):
    run, noise = described(**RUNS[name]), NOISES[name]
    result = trained_spectra(np.random.default_rng(SEED), run=run)
    rng = np.random.default_rng(SEED)
    trained = run.train(rng)
    X, y, loss = trained.X, trained.y, run.loss
    np.testing.assert_array_equal(result["checkpoint_steps"], [0, 1, 3, 8])
    np.testing.assert_array_equal(result["losses"], trained.path.losses)
    start = laws_of_start(trained.path.networks[0], loss, 60)
    rows = []
    for k, net in enumerate(trained.path.networks):
        row = trained_blocks(net, X, trained.fresh_X, loss, start, noise=noise)
        row |= trained_outliers(net, X, y, loss, rng, noise=noise) | trained_output(net, X, loss)
        rows.append(row)
        H = oracles.layer_hessian(net, X, 0, loss)
        M = oracles.output_hessians(net, X, 0, loss)
        for j, block in enumerate(("diagonal", "off_diagonal")):
            values = np.linalg.eigvalsh(H[:8, 8 * j : 8 * (j + 1)])
            seen = result[f"{block}_eigenvalues"][k]
            np.testing.assert_allclose(seen, values, atol=EXACT * np.abs(values).max())
            law = GeneralizedMarchenkoPastur(noise**2 * M[:, 0, j], np.full(60, 1 / 60), 8 / 60)
            quantiles = law.ppf((np.arange(8) + 0.5) / 8)
            seen = result[f"{block}_conditional_quantiles"][k]
            np.testing.assert_allclose(seen, quantiles, atol=ITERATIVE * np.abs(quantiles).max())
    for column in rows[0]:
        np.testing.assert_array_equal(result[column], [row[column] for row in rows])
    numbers = {column for column, value in rows[0].items() if np.ndim(value) == 0}
    ends = {f"{end}_{column}" for column in numbers for end in ("initial", "final")}
    ends |= {f"largest_{column}" for column in numbers if "ks_" in column}
    ends |= {"initial_loss", "final_loss"}
    assert set(result) == {"checkpoint_steps", "losses", *rows[0], *ends}
    assert (result["initial_loss"], result["final_loss"]) == tuple(result["losses"][[0, -1]])
    for column in numbers:
        values = [row[column] for row in rows]
        found = [result[f"{end}_{column}"] for end in ("initial", "final")]
        np.testing.assert_array_equal(found, [values[0], values[-1]])


def test_the_law_of_the_start_is_the_law_given_the_weights_there():
    result = trained_spectra(np.random.default_rng(SEED), run=described(**RUNS["mixture"]))
    for block in ("diagonal", "off_diagonal"):
        start, given = (result[f"{block}_ks_{kind}"] for kind in ("start", "given"))
        assert start[0] == given[0]
        assert (start[1:] != given[1:]).all()
        quantiles = result[f"{block}_start_quantiles"]
        np.testing.assert_array_equal(quantiles, np.broadcast_to(quantiles[0], quantiles.shape))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": [8, 5, 4, 3]}, r"widths must be two or three numbers, got \[8, 5, 4, 3\]"),
        ({"widths": [8, 1, 3]}, r"widths\[1\] must be at least 2, got 1"),
        ({"activation": "tanh", "widths": [8, 4, 3]}, "activation must be 'relu', got 'tanh'"),
        (
            {"widths": [64, 10], "inputs": "digits"},
            "inputs must be 'gaussian' or 'mixture' or 'clusters': others are not white, got 'd",
        ),
        ({"loss": "mse"}, "loss must be 'ce': the Hessian of a linear model with 'mse' is const"),
    ],
)
def test_what_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        explained_by_laws(described(**changes))
