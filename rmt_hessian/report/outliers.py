"""The printed table of eigenvalues outside the bulk."""

import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.structure import means

OUTLIERS = (
    "Eigenvalues outside the bulk: number; of the farthest predicted one: distance over the width "
    "of the bulk (negative: inside), overlap with weight rows."
)
PARTS = ("diagonal", "off_diagonal", "layer")
SIZES = ["case", "part", "widths", "n_samples", "aspect_ratio"]
COLUMNS = [f"{kind}{q}" for q in ("number", "distance", "overlap") for kind in ("", "predicted_")]


def outlier_sections(table):
    """Yield (title, table) of the outliers that a sweep measured and of those predicted.

    Means over seeds, of distance and overlap over those where one is predicted; sizes at which
    none is seen and none predicted have no row.
    """
    table = with_cases(table)
    rows = table[table["measurement"] == "outliers"]
    parts = [_of_part(rows, part) for part in PARTS if f"{part}_number" in rows]
    if parts:
        found = means(pd.concat(parts).sort_values(["case", "part"], kind="stable"), SIZES, COLUMNS)
        found = found[found[["number", "predicted_number"]].sum(axis=1) > 0]
        if len(found):
            yield OUTLIERS, found


def _of_part(rows, part):
    """Rows with what was measured of one part under names without the part."""
    names = {f"{part}_{column}": column for column in COLUMNS}
    ratio = rows["n_inputs"] / rows["n_samples"]
    return rows.rename(columns=names).assign(part=part, aspect_ratio=ratio)
