"""What a report says of any measurement: results by parameters, means over seeds."""

import numpy as np
import pandas as pd

from rmt_hessian.report.groups import DERIVED
from rmt_hessian.report.ratio import with_error
from rmt_hessian.report.section import Section

MEAN = "mean ± standard error over seeds; in brackets of how many, where some have none"
COUNT = "of how many seeds it is true"
SEEDS = "points that differ by their seeds alone"
ARRAYS = "arrays of a point, in points/<key>.npz: rmt_hessian.sweep.store.Store(folder).arrays(key)"
OF_EVERY = ("root_seed", "version", "key", "n_arrays")


def own_sections(table):
    """Yield a section a measurement: its scalar results at each value of its parameters."""
    for name, rows in table.groupby("measurement", sort=False):
        yield _section(name, rows.dropna(axis="columns", how="all"))


def _section(name, rows):
    names = list(rows)
    before = names[: names.index("seed")]
    derived = DERIVED if "widths" in before else {"measurement"}
    parameters = [parameter for parameter in before if parameter not in derived]
    results = [result for result in names[len(before) + 1 :] if result not in OF_EVERY]
    found = []
    for values, points in _by_parameters(rows, parameters):
        row = dict(zip(parameters, values, strict=True)) | {"seeds": len(points)}
        row |= {result: _over_seeds(points[result]) for result in results}
        found.append(row | {"arrays": int(points["n_arrays"].max())})
    columns = {"seeds": SEEDS}
    columns |= {r: COUNT if _is_truth(rows[r]) else MEAN for r in results}
    table = pd.DataFrame(found)
    if table["arrays"].any():
        columns["arrays"] = ARRAYS
    else:
        table = table.drop(columns="arrays")
    return Section(f"{name}: its results, over seeds.", table, columns)


def _by_parameters(rows, parameters):
    if not parameters:
        return [((), rows)]
    return rows.groupby(parameters, sort=False, dropna=False)


def _is_truth(values):
    return pd.api.types.is_bool_dtype(values)


def _over_seeds(values):
    """``"0.5 ± 0.1"``, a number alone where there is no error, or ``"2/3"`` of truth values."""
    known = values.dropna()
    if known.empty:
        return None
    if _is_truth(values):
        return f"{int(known.sum())}/{len(known)}"
    with np.errstate(invalid="ignore", over="ignore"):  # of infinite values
        mean, error = known.astype(float).agg(["mean", "sem"])
    told = with_error(mean, error)
    return told if len(known) == len(values) else f"{told} ({len(known)})"
