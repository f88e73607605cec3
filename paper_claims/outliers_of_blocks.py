"""Our prediction of single eigenvalues outside the laws of blocks."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, constant, near

KEYS = ["block", "case", "n_samples", "seed"]
NAMES = "number", "predicted_number", "distance", "predicted_distance", "overlap"
NAMES += ("predicted_overlap",)


@claim(
    source="this package, docs/laws.md",
    sweep="outliers",
    figure="outliers",
    test="test_outliers.py::test_hidden_off_the_diagonal",
    measured=["diagonal_distance", "off_diagonal_distance"],
)
def outliers_of_blocks(results):
    """Eigenvalues of blocks outside the bulk, along directions on which the weights depend: their
    number, places and overlaps with the weight rows are predicted, none on the diagonal with MSE.
    """
    rows = results.rows("outliers")
    parts = []
    for block in ("diagonal", "off_diagonal"):
        columns = rows[[f"{block}_{name}" for name in NAMES]].set_axis(NAMES, axis=1)
        parts.append(rows[["case", "n_samples", "seed"]].join(columns).assign(block=block))
    all_of = pd.concat(parts).set_index(KEYS)
    seen, known = all_of["number"].sum(), all_of["predicted_number"].sum()
    yield near("number in all", float(seen), float(known), within=2 / known**0.5)
    none = all_of["number"].xs(("diagonal", "hidden-mse"), level=("block", "case")).max()
    yield at_most("number on the diagonal, hidden-mse", float(none), 0, error=0)
    d = rows["n_inputs"].iloc[0]
    paired = all_of[all_of["predicted_distance"].notna()].astype(float)
    off = (paired["distance"] - paired["predicted_distance"]).abs()
    # four units in which the last eigenvalue of a bulk fluctuates, d^(-2/3) of its width
    yield at_most("place, off by so many widths of the bulk", off, 4 * d ** (-2 / 3), error=0)
    large = paired[paired["predicted_overlap"] > 0.8]
    off = (large["overlap"] - large["predicted_overlap"]).abs()
    yield at_most("squared overlap above 0.8, off by", off, d**-0.5, error=0)
    yield constant("farthest from the bulk, in its widths", paired["distance"].max())
