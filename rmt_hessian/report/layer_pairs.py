"""The printed tables of Hessians at 0, 50 and 100 % of a training: shares off the diagonal."""

import pandas as pd

from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.structure import means

SHARES = (
    "Whole Hessians at 0, 50 and 100 % of the steps: share of ‖H‖² off the blocks of units, of "
    "layers, of the sample and of the population; the residual's of the blocks between layers."
)
PAIRS = (
    "Adjacent and distant layers: share of the residual; of the entries at feature i of unit i "
    "(stripe; of_curvature: of the block without the residual); of each unit's largest feature."
)
PERCENT = {"initial": 0, "middle": 50, "final": 100}
KEYS = ["inputs", "loss", "widths", "n_samples", "percent"]
OF_SHARES = [f"{sample}share_by_{by}" for by in ("unit", "layer") for sample in ("", "population_")]
OF_SHARES = ["mean_loss", "norm", *OF_SHARES, "residual_share"]
OF_PAIRS = {
    "adjacent_residual_share": "residual",
    "distant_residual_share": "distant_residual",
    "adjacent_stripe_share": "stripe",
    "adjacent_curvature_stripe_share": "of_curvature",
    "adjacent_largest_share": "largest",
    "distant_largest_share": "distant_largest",
}


def layer_pair_sections(table):
    """Yield (title, table) of `training_images` and `trained_layer_pairs`: means over seeds."""
    rows = table[table["measurement"] == "training_images"]
    if len(rows):
        yield SHARES, means(_by_time(rows), _keys(rows), OF_SHARES)
    rows = table[table["measurement"] == "trained_layer_pairs"]
    if len(rows):
        found = means(_by_time(rows), _keys(rows), ["mean_loss", *OF_PAIRS])
        yield PAIRS, found.rename(columns=OF_PAIRS)


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
