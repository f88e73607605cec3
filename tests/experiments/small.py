"""A small sweep file, with all cases of block_norms and two spectra; the ensembles of the cases."""

from rmt_hessian import Ensemble

CASES = ("linear-ce", "linear-mse", "hidden-ce", "hidden-mse", "output-ce")


def ensemble(case, d, m, C, n_samples):
    """The ensemble that tables and figures call by this name."""
    kind, loss = case.split("-")
    widths = [d, C] if kind == "linear" else [d, m, C]
    return Ensemble(widths, -1 if kind == "output" else 0, loss, n_samples)


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
