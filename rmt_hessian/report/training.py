"""What a report says of training: within layers, between them, condition numbers."""

import numpy as np
import pandas as pd

from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.section import Section

LAYERS = "Training, within layers: initial → final, means over seeds."
BETWEEN = (
    "Training, blocks between layers, residual part R and the rest G (of ReLU the Gauss–Newton "
    "one): initial → final, means over seeds; exponents ± standard deviation over seeds."
)
CONDITION = (
    "Training, condition number of the whole Hessian on its range: initial → final, geometric "
    "means over seeds."
)
FRESH = "the same, of samples not seen"
OF_LAYERS = {
    "R": "mean ‖H_ij‖² of the layer's blocks off the diagonal, over that of diagonal ones",
    "share": "of ‖H_ll‖² off the diagonal blocks",
    "population": "that share, of pairs of different samples alone",
    "fresh": "the share, of samples not seen",
    "fresh population": "the share, of pairs of different samples not seen",
}
OF_BETWEEN = {
    "gap": "of what is minimised to its optimum",
    "norm": "root of the sum of ‖R + G‖² over all pairs of layers",
    "fresh norm": FRESH,
    "relative": "the norm over that of the geometric means of the layers' norms",
    "fresh relative": FRESH,
    "residual": "share of the residual, ‖R‖²/(‖R‖² + ‖G‖²)",
    "exponent": "of the norm in the gap",
    "of residual": "exponent of ‖R‖ in the gap",
    "share by unit": "of ‖H‖² off the blocks of units",
}
OF_CONDITION = {
    "condition": "largest over smallest eigenvalue above rounding",
    "by unit": "after one learning rate a unit",
    "by layer": "after one learning rate a layer",
}
KEYS = ["loss", "inputs", "widths", "activation", "n_samples", "weight_decay"]
SHOWN = KEYS[:4]  # whether cases differ in them or not


def training_sections(table):
    """Yield what a sweep measured along trainings."""
    rows = table[table["measurement"] == "dynamic_force"]
    if rows.empty:
        return
    groups = list(_groups(rows))
    layers = pd.DataFrame([row for group in groups for row in _layers(*group)])
    yield Section(LAYERS, layers, OF_LAYERS)
    deep = [group for group in groups if group[1]["final_cross_norm"].notna().any()]
    if deep:
        yield Section(BETWEEN, pd.DataFrame([_between(*group) for group in deep]), OF_BETWEEN)
    known = [group for group in groups if group[1]["final_condition"].notna().any()]
    if known:
        conditions = pd.DataFrame([_condition(*group) for group in known])
        yield Section(CONDITION, conditions, OF_CONDITION)


def _groups(rows):
    """What names a case, where the cases differ, and its rows."""
    keys = [name for name in KEYS if name in rows and rows[name].notna().any()]
    shown = [name for name in keys if name in SHOWN or rows[name].nunique(dropna=False) > 1]
    told = told_apart(rows, keys)
    keys, shown = keys + told, shown + told
    for values, group in rows.groupby(keys, sort=False, dropna=False):
        case = dict(zip(keys, values, strict=True))
        yield {name: case[name] for name in shown}, group


def _layers(case, rows):
    n_layers = case["widths"].count("-")
    columns = {
        "R": "ratio",
        "share": "share",
        "population": "population_share",
        "fresh": "fresh_share",
        "fresh population": "fresh_population_share",
    }
    for layer in range(n_layers):
        found = {name: change(rows, f"{of}_{layer}") for name, of in columns.items()}
        yield case | {"layer": layer} | found


def _between(case, rows):
    return case | {
        "gap": change(rows, "gap"),
        "norm": change(rows, "cross_norm"),
        "fresh norm": change(rows, "fresh_cross_norm"),
        "relative": change(rows, "cross_relative"),
        "fresh relative": change(rows, "fresh_cross_relative"),
        "residual": change(rows, "residual_share"),
        "exponent": with_scatter(rows["cross_exponent"]),
        "of residual": with_scatter(rows["residual_exponent"]),
        "share by unit": change(rows, "share_by_unit"),
    }


def _condition(case, rows):
    of = {"condition": "condition", "by unit": "condition_by_unit"}
    of |= {"by layer": "condition_by_layer"}
    return case | {name: change(np.log(rows.filter(like=c)), c, np.exp) for name, c in of.items()}


def change(rows, name, scale=lambda x: x):
    """``"initial → final"``, means of two columns.

    Examples
    --------
    >>> change(pd.DataFrame({"initial_R": [1.0, 3.0], "final_R": [0.25, 0.25]}), "R")
    '2 → 0.25'
    """
    first, last = (rows[f"{when}_{name}"].mean() for when in ("initial", "final"))
    return " → ".join("–" if np.isnan(x) else f"{scale(x):.3g}" for x in (first, last))


def with_scatter(values):
    """Mean and standard deviation over seeds, of those that have one.

    Examples
    --------
    >>> with_scatter(pd.Series([0.5, 0.7, np.nan]))
    '0.60 ± 0.14'
    """
    if values.isna().all():
        return "–"
    scatter = values.std()
    return f"{values.mean():.2f}" + ("" if np.isnan(scatter) else f" ± {scatter:.2f}")
