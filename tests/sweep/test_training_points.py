"""A point that trains: killed and resumed, on one or two workers, it leaves the same bytes."""

import os
import signal
import time

from rmt_hessian.measurements.trained import TrainingRun
from tests.sweep.processes import content, done, resumed, sweep, written

TRAININGS = """
root_seed = 4
[[grid]]
measurement = "tests.sweep.test_training_points:path"
seeds = 2
fixed = { n_samples = 50, steps = 60, n_checkpoints = 4, learning_rate = 0.01 }
[grid.axes]
widths = [[6, 4], [6, 5, 4]]
loss = ["ce", "mse"]
inputs = ["mixture"]
batch_size = [8, 50]
optimiser = ["gd", "adam"]
"""
POINTS = 32


def path(rng, *, run: TrainingRun):
    """Weights, losses and steps of a training."""
    found = run.train(rng).path
    time.sleep(float(os.environ.get("WAIT", 0)))
    return {
        "final_loss": found.losses[-1],
        "converged": found.converged,
        "losses": found.losses,
        "checkpoints": found.steps,
        "weights": found.network.weights[0],
    }


def test_the_same_bytes_on_any_number_of_workers_and_after_a_kill(tmp_path):
    file = written(tmp_path, TRAININGS)
    folder = tmp_path / "out"
    with sweep(file, "--out", folder, "--workers", 2, wait=0.05) as run:
        assert run.until(lambda: done(folder) >= 5)
        run.signal_group(signal.SIGKILL)
    assert done(folder) < POINTS
    with sweep(file, "--out", folder, "--workers", 1) as run:
        assert run.code() == 0, run.said()
    assert done(folder) == POINTS
    assert content(folder) == resumed(file, tmp_path / "whole")
