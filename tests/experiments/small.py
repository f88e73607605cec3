"""The text of a small sweep file: all cases of block_norms, and two spectra."""

SMALL = """
root_seed = 1

[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
case = ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse", "output-ce"]
n_classes = [2, 3]

[[grid]]
measurement = "block_spectra"
seeds = 1
fixed = { case = "hidden-mse", n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
n_classes = [2, 3]
"""
