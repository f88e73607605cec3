"""What a report says of Hessians at 0, 50 and 100 % of a training: shares off the diagonal."""

import pandas as pd

from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

SHARES = "Whole Hessians at 0, 50 and 100 % of the steps, means over seeds."
PAIRS = (
    "Blocks between layers at 0, 50 and 100 % of the steps, means over seeds: what of their "
    "squared norm is in the residual term, and where."
)
PERCENT = {"initial": 0, "middle": 50, "final": 100}
KEYS = ["inputs", "loss", "widths", "n_samples", "percent"]
LOSS = {"mean_loss": "mean loss over the samples"}
OF_SHARES = LOSS | {
    "norm": "Frobenius norm of the whole Hessian H",
    "share_by_unit": "of ‖H‖² off the blocks of units, which are the diagonal ones",
    "population_share_by_unit": "the same of pairs of different samples",
    "share_by_layer": "of ‖H‖² off the blocks of layers",
    "population_share_by_layer": "the same of pairs of different samples",
    "residual_share": "‖R‖²/(‖R‖² + ‖G‖²) between layers, R the residual part, G the rest",
}
OF_PAIRS = {
    "adjacent_residual_share": "residual",
    "distant_residual_share": "distant_residual",
    "adjacent_stripe_share": "stripe",
    "adjacent_curvature_stripe_share": "of_curvature",
    "adjacent_largest_share": "largest",
    "distant_largest_share": "distant_largest",
}
NAMED = LOSS | {
    "residual": "‖R‖²/(‖R‖² + ‖G‖²) of adjacent layers, R the residual part, G the rest",
    "distant_residual": "the same of layers two or more apart",
    "stripe": "share of ‖R + G‖² at feature i of unit i, adjacent layers",
    "of_curvature": "the same of G",
    "largest": "share of ‖R + G‖² at the largest feature of each unit, adjacent layers",
    "distant_largest": "the same of layers two or more apart",
}


def layer_pair_sections(table):
    """Yield what is said of `training_images` and `trained_layer_pairs`: means over seeds."""
    rows = table[table["measurement"] == "training_images"]
    if len(rows):
        yield Section(SHARES, means(_by_time(rows), _keys(rows), OF_SHARES), OF_SHARES)
    rows = table[table["measurement"] == "trained_layer_pairs"]
    if len(rows):
        found = means(_by_time(rows), _keys(rows), ["mean_loss", *OF_PAIRS])
        yield Section(PAIRS, found.rename(columns=OF_PAIRS), NAMED)


def _keys(rows):
    """With the activation where one is named."""
    named = "activation" in rows and rows["activation"].notna().any()
    return ["activation", *KEYS] if named else KEYS


def _by_time(rows):
    """Three rows for each, ordered by case, then time; their loss as ``mean_loss``."""
    parts, told = [], told_apart(rows, KEYS[:-1])
    for time, percent in PERCENT.items():
        own = {name: name.removeprefix(f"{time}_") for name in rows if name.startswith(f"{time}_")}
        own[f"{time}_loss"] = "mean_loss"
        parts.append(rows.rename(columns=own).assign(percent=percent))
    return pd.concat(parts).sort_values([*KEYS[:-1], *told, KEYS[-1]], kind="stable")
