"""The printed tables of spectra along a training: laws, outliers, output Hessian."""

import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.structure import means

LAWS = (
    "Blocks of the first layer along a training: largest distance to the conditional law; at the "
    "end to it, to the law of the start, to that given the weights (fresh: on unseen inputs)."
)
OUTLIERS = (
    "Eigenvalues outside the bulk, at the start and at the end of a training; distance of the "
    "farthest over the width of the bulk; overlaps of the outliers with class means, weight rows."
)
RANK = (
    "Output Hessian along a training: gap λ_C/λ_{C-1}, predicted to first order for Gaussian "
    "inputs; overlap of the top C-1 eigenspace with the centred rows of V."
)
SIZES = ["case", "inputs", "widths", "n_samples"]
OF_LAWS = ["largest_ks_conditional", "final_ks_conditional", "final_ks_start", "final_ks_given"]
OF_LAWS += ["final_fresh_ks_given"]
ENDS = ("initial", "final")
OF_OUTLIERS = [
    f"{end}_{q}" for q in ("outliers", "distance", "means_overlap", "rows_overlap") for end in ENDS
]
OF_RANK = [f"{end}_output_{q}" for q in ("gap", "predicted_gap", "overlap") for end in ENDS]
BLOCKS = ("diagonal", "off_diagonal")


def trained_spectra_sections(table):
    """Yield (title, table) of what a sweep measured of spectra along a training.

    Means over seeds, of overlaps over those that have outliers. Parts of which nothing lies outside
    at either end have no row.
    """
    rows = table[table["measurement"] == "trained_spectra"]
    if rows.empty:
        return
    rows = with_cases(rows.assign(layer=0))
    yield LAWS, _by_part(rows, BLOCKS, OF_LAWS)
    outliers = _by_part(rows, (*BLOCKS, "layer"), OF_OUTLIERS)
    outliers = outliers[outliers[["initial_outliers", "final_outliers"]].max(axis=1) > 0]
    if len(outliers):
        yield OUTLIERS, outliers
    if "final_output_gap" in rows and rows["final_output_gap"].notna().any():
        yield RANK, means(rows[rows["final_output_gap"].notna()], SIZES, OF_RANK)


def _by_part(rows, parts, columns):
    """Means of the columns of each part of the layer, under names without the part."""
    found = []
    for part in parts:
        names = {_of_part(column, part): column for column in columns}
        if set(names) <= set(rows):
            of_part = rows.rename(columns=names).assign(part=part)
            found.append(of_part[of_part[columns].notna().any(axis=1)])
    return means(pd.concat(found).sort_values(SIZES, kind="stable"), ["part", *SIZES], columns)


def _of_part(column, part):
    """``final_ks_given`` of a diagonal block is ``final_diagonal_ks_given``."""
    end, _, quantity = column.partition("_")
    return f"{end}_{part}_{quantity}"
