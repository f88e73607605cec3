"""A small sweep file, what sweep files hold, and the ensembles of the cases by name."""

from contextlib import contextmanager

import pandas as pd
import pytest

from rmt_hessian import Ensemble, theory
from rmt_hessian.measurements import blocks
from rmt_hessian.report.cases import with_cases
from rmt_hessian.sweep.config import load_config

CASES = ("linear-ce", "linear-mse", "hidden-ce", "hidden-mse", "output-ce")


@contextmanager
def quick_predictions():
    """Within it, predictions of norms in sweeps cost few draws."""
    exact = theory.block_norms
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(theory, "block_norms", lambda ens: exact(ens, n_draws=50))
        blocks._predicted_norms.cache_clear()
        yield
        blocks._predicted_norms.cache_clear()


def ensemble(case, d, m, C, n_samples):
    """The ensemble that tables and figures call by this name."""
    kind, loss = case.split("-")
    widths = [d, C] if kind == "linear" else [d, m, C]
    return Ensemble(widths, -1 if kind == "output" else 0, loss, n_samples)


def sets(path, *names):
    """The columns of the points of a sweep file, in its order and without the seeds, some."""
    points = [tuple(row_of(p).get(name) for name in names) for p in load_config(path).points()]
    return list(dict.fromkeys(points))


def row_of(point):
    """Its columns, with its ``case`` where it has one."""
    (row,) = with_cases(pd.DataFrame([point.columns()])).to_dict("records")
    return row


SMALL = """
root_seed = 1

[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { d = 6, m = 4, n_samples = 8 }
axes = { C = [2, 3] }
[grid.together]
widths = [["d", "C"], ["d", "C"], ["d", "m", "C"], ["d", "m", "C"], ["d", "m", "C"]]
layer = [0, 0, 0, 0, 1]
loss = ["ce", "mse", "ce", "mse", "ce"]

[[grid]]
measurement = "block_spectra"
seeds = 1
fixed = { widths = ["d", "m", "C"], d = 6, m = 4, layer = 0, loss = "mse", n_samples = 8 }
axes = { C = [2, 3] }
"""
