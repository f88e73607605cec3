"""What a report says of eigenvalues outside the bulk."""

import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

OUTLIERS = (
    "Eigenvalues outside the bulk, and the farthest predicted one; means over those seeds that "
    "have one, of numbers smallest–largest. Sizes without any, seen or predicted, have no row."
)
PARTS = ("diagonal", "off_diagonal", "layer")
SIZES = ["case", "part", "widths", "n_samples"]
QUANTITIES = {
    "number": "eigenvalues outside the bulk, smallest–largest over seeds",
    "distance": "of the farthest from the bulk, over its width; negative: inside",
    "overlap": "squared overlap of its eigenvector with the span of the weight rows",
}
COLUMNS = {"aspect_ratio": "d/N"} | {
    f"{kind}{name}": "the same, predicted" if kind else meaning
    for name, meaning in QUANTITIES.items()
    for kind in ("", "predicted_")
}
NUMBERS = ["number", "predicted_number"]


def outlier_sections(table):
    """Yield the outliers that a sweep measured and of those predicted.

    Means over seeds, of distance and overlap over those where one is predicted; sizes at which
    none is seen and none predicted have no row.
    """
    table = with_cases(table)
    rows = table[table["measurement"] == "outliers"]
    parts = [_of_part(rows, part) for part in PARTS if f"{part}_number" in rows]
    if parts:
        rows = pd.concat(parts).sort_values(["case", "part"], kind="stable")
        found = means(rows, SIZES, COLUMNS, counts=NUMBERS)
        found = found[~found[NUMBERS].isin(["0", "–"]).all(axis=1)]
        if len(found):
            yield Section(OUTLIERS, found, COLUMNS)


def _of_part(rows, part):
    """Rows with what was measured of one part under names without the part."""
    names = {f"{part}_{column}": column for column in [*COLUMNS][1:]}
    ratio = rows["n_inputs"] / rows["n_samples"]
    return rows.rename(columns=names).assign(part=part, aspect_ratio=ratio)
