"""What a report says of spectra along a training: laws, outliers, output Hessian."""

import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

LAWS = (
    "Spectra of blocks of the first layer along a training: Kolmogorov distances to laws, means "
    "over seeds."
)
OUTLIERS = (
    "Eigenvalues of the first layer outside the bulk, at the start and at the end of a training; "
    "means over seeds, of overlaps over those that have outliers, of numbers smallest–largest. "
    "Parts without outliers at both ends have no row."
)
RANK = "Output Hessian along a training and its top C-1 eigenspace, means over seeds."
SIZES = ["case", "inputs", "widths", "n_samples"]
OF_LAWS = {
    "largest_ks_conditional": "largest distance on the path to the law of its own output Hessians",
    "final_ks_conditional": "at the end",
    "final_ks_start": "at the end, to the law given the weights before training",
    "final_ks_given": "at the end, to the law given the weights of the end",
    "final_fresh_ks_given": "the same of unseen inputs",
}
OUTSIDE = {
    "outliers": "how many lie outside, smallest–largest over seeds",
    "distance": "of the farthest from the bulk, over its width; negative: inside",
    "means_overlap": "squared overlap of the outliers with the span of the class means",
    "rows_overlap": "squared overlap of the outliers with the span of the weight rows",
}
OF_OUTPUT = {
    "gap": "λ_C/λ_{C-1}",
    "predicted_gap": "λ_C/λ_{C-1}, to first order for Gaussian inputs",
    "overlap": "of the eigenspace with the centred rows of the weights above",
}
ENDS = ("initial", "final")
OF_OUTLIERS = {f"{end}_{name}": said for name, said in OUTSIDE.items() for end in ENDS}
COUNTS = [f"{end}_outliers" for end in ENDS]
OF_RANK = {f"{end}_output_{name}": said for name, said in OF_OUTPUT.items() for end in ENDS}
BLOCKS = ("diagonal", "off_diagonal")


def trained_spectra_sections(table):
    """Yield what a sweep measured of spectra along a training."""
    rows = table[table["measurement"] == "trained_spectra"]
    if rows.empty:
        return
    rows = with_cases(rows.assign(layer=0))
    yield Section(LAWS, _by_part(rows, BLOCKS, OF_LAWS), OF_LAWS)
    outliers = _by_part(rows, (*BLOCKS, "layer"), OF_OUTLIERS, counts=COUNTS)
    outliers = outliers[~outliers[COUNTS].isin(["0", "–"]).all(axis=1)]
    if len(outliers):
        yield Section(OUTLIERS, outliers, OF_OUTLIERS)
    if "final_output_gap" in rows and rows["final_output_gap"].notna().any():
        found = means(rows[rows["final_output_gap"].notna()], SIZES, OF_RANK)
        yield Section(RANK, found, OF_RANK)


def _by_part(rows, parts, columns, counts=()):
    """Means of the columns of each part of the layer, under names without the part."""
    found = []
    for part in parts:
        names = {_of_part(column, part): column for column in columns}
        if set(names) <= set(rows):
            of_part = rows.rename(columns=names).assign(part=part)
            found.append(of_part[of_part[[*columns]].notna().any(axis=1)])
    found = pd.concat(found).sort_values(SIZES, kind="stable")
    return means(found, ["part", *SIZES], columns, counts)


def _of_part(column, part):
    """``final_ks_given`` of a diagonal block is ``final_diagonal_ks_given``."""
    end, _, quantity = column.partition("_")
    return f"{end}_{part}_{quantity}"
