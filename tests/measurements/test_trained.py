"""Runs of training: their data, and that they come again to the last bit."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.trained import DATA, TrainingRun
from rmt_hessian.sweep.parameters import arguments, parameters_of

RUN = {
    "widths": [8, 6, 4],
    "loss": "ce",
    "n_samples": 40,
    "inputs": "gaussian",
    "steps": 20,
    "learning_rate": 0.01,
}


def of_run(rng, *, run: TrainingRun, extra: int):
    return {"loss": run.train(rng).path.losses[-1] + extra}


def test_fields_are_what_a_file_may_set():
    known = parameters_of(of_run)
    assert set(RUN) | {"extra", "optimiser", "weight_decay"} <= set(known)
    given = arguments(of_run, RUN | {"extra": 1})
    assert given["run"] == TrainingRun(**RUN)
    assert given["extra"] == 1


@pytest.mark.parametrize("inputs", ["gaussian", "mixture", "clusters"])
@pytest.mark.parametrize("random_labels", [False, True])
def test_samples_that_are_drawn(inputs, random_labels, rng):
    separation = 6.0 if inputs == "mixture" else 0.0
    described = {"inputs": inputs, "separation": separation, "random_labels": random_labels}
    run = TrainingRun(**RUN | described)
    trained = run.train(rng)
    assert trained.X.shape == trained.fresh_X.shape == (40, 8)
    assert trained.y.shape == trained.fresh_y.shape == (40,)
    X, y = np.vstack([trained.X, trained.fresh_X]), np.append(trained.y, trained.fresh_y)
    means = [X[y == c].mean(axis=0) for c in range(4)]
    nearest = np.argmin([np.sum((X - m) ** 2, axis=1) for m in means], axis=0)
    # 80 samples of 8 numbers: means of 20 random ones classify far less than half of them
    assert (np.mean(nearest == y) > 0.95) == (inputs != "gaussian" and not random_labels)


@pytest.mark.parametrize(("inputs", "widths"), [("digits", [64, 10]), ("mnist", [784, 10])])
def test_samples_of_data(inputs, widths):
    run = TrainingRun(**RUN | {"inputs": inputs, "widths": widths, "steps": 1})
    trained = run.train(np.random.default_rng(0))
    assert trained.X.shape == trained.fresh_X.shape == (40, widths[0])
    assert DATA[inputs][1:] == DATA[inputs][0]()[0].shape
    rows = {row.tobytes() for row in np.vstack([trained.X, trained.fresh_X])}
    assert len(rows) == 80  # none twice


def test_data_as_grey_values():
    described = RUN | {"inputs": "digits", "widths": [64, 10], "steps": 1}
    grey, standard = (
        TrainingRun(**described, standardised=value).train(np.random.default_rng(0))
        for value in (False, True)
    )
    X, y = rh.digits()
    order = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
    assert [order[row.tobytes()] for row in grey.X] == grey.y.tolist()
    np.testing.assert_array_equal(grey.y, standard.y)  # the same images
    assert grey.X.min() == 0 > standard.X.min()


def test_another_network_learns_the_same_sample():
    run = TrainingRun(**RUN | {"batch_size": 10})
    first = run.train(np.random.default_rng(0))
    rng = np.random.default_rng(1)
    other = first.another(rng, checkpoints=1)
    assert other.X is first.X
    assert other.y is first.y
    net = rh.Network.random(run.widths, np.random.default_rng(1))
    for W, V in zip(other.path.networks[0].weights, net.weights, strict=True):
        np.testing.assert_array_equal(W, V)
    again = first.another(np.random.default_rng(1), checkpoints=1)
    np.testing.assert_array_equal(other.path.losses, again.path.losses)
    assert other.path.losses[-1] < other.path.losses[0]
    smooth = TrainingRun(**RUN | {"activation": "tanh"}).train(np.random.default_rng(0))
    assert smooth.another(rng).path.network.activation == smooth.path.network.activation
    assert len(first.another(rng, checkpoints=1).path.networks) < len(first.path.networks)


def test_data_that_nearly_end():
    run = TrainingRun(**RUN | {"inputs": "digits", "widths": [64, 10], "n_samples": 1500})
    trained = run.train(np.random.default_rng(0))
    assert len(trained.fresh_X) == len(trained.fresh_y) == 297


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"separation": 1.5}, "separation means nothing for inputs 'gaussian', got 1.5"),
        ({"inputs": "clusters", "separation": 3.0}, "separation means nothing for inputs 'clu"),
        ({"standardised": False}, "standardised means nothing for inputs 'gaussian', got False"),
        ({"inputs": "digits"}, "widths must begin with 64 and end with 10, as digits have"),
        (
            {"inputs": "digits", "widths": [64, 10], "n_samples": 1797},
            "n_samples must be below 1797, all digits",
        ),
        ({"momentum": 0.9}, "momentum means nothing for optimiser 'adam', got 0.9"),
        ({"optimiser": "gd", "momentum": 1.0}, "momentum must be at least 0 and below 1, got 1.0"),
        ({"learning_rate": None}, "learning_rate must be given for optimiser 'adam', got None"),
        ({"batch_size": 41}, "batch_size must be at most 40, all samples, got 41"),
    ],
)
def test_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainingRun(**RUN | changes)


def test_one_generator_one_path():
    run = TrainingRun(**RUN)
    one, same, other = (run.train(np.random.default_rng(seed)) for seed in (1, 1, 2))
    for a, b in zip(one.path.networks, same.path.networks, strict=True):
        np.testing.assert_array_equal(a.weights[0], b.weights[0])
        np.testing.assert_array_equal(a.weights[1], b.weights[1])
    assert one.path.losses[0] != other.path.losses[0]


def test_options_reach_the_training(rng):
    options = {"optimiser": "gd", "schedule": "cosine", "weight_decay": 0.3, "n_checkpoints": 3}
    seed = 5
    trained = TrainingRun(**RUN | options).train(np.random.default_rng(seed))
    start = trained.path.networks[0]
    path = rh.train(
        start,
        trained.X,
        trained.y,
        "ce",
        optimiser="gd",
        steps=20,
        learning_rate=0.01,
        schedule="cosine",
        weight_decay=0.3,
        checkpoints=3,
    )
    np.testing.assert_array_equal(path.network.weights[0], trained.path.network.weights[0])
    assert path.steps.tolist() == trained.path.steps.tolist() == [0, 1, 4, 20]


def test_batches_come_from_the_generator():
    options = {"optimiser": "gd", "momentum": 0.5, "batch_size": 7}
    run = TrainingRun(**RUN | options)
    one, same = (run.train(np.random.default_rng(1)).path for _ in range(2))
    np.testing.assert_array_equal(one.network.weights[0], same.network.weights[0])
    every = TrainingRun(**RUN | options | {"batch_size": 40}).train(np.random.default_rng(1)).path
    np.testing.assert_array_equal(one.networks[0].weights[0], every.networks[0].weights[0])
    assert not np.array_equal(one.network.weights[0], every.network.weights[0])


def test_activation_and_ensembles(rng):
    trained = TrainingRun(**RUN | {"activation": "tanh"}).train(rng)
    assert trained.path.network.activation.name == "tanh"
    ens = trained.ensemble(1)
    assert (ens.layer, ens.n_samples, ens.activation, ens.weights) == (1, 40, "tanh", (None, None))
    trained = TrainingRun(**RUN).train(rng)
    given = trained.ensemble(0, checkpoint=-1)
    np.testing.assert_array_equal(given.weights[0], trained.path.network.weights[0])


def test_checkpoints_where_they_are_asked_for():
    run = TrainingRun(**RUN)
    path = run.train(np.random.default_rng(0), checkpoints=[10]).path
    assert path.steps.tolist() == [0, 10, 20]
    usual = run.train(np.random.default_rng(0)).path
    np.testing.assert_array_equal(path.network.weights[0], usual.network.weights[0])
