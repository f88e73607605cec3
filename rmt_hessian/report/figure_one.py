"""What a report says of LeNet5 and a residual network: a row a network, initial → final."""

import pandas as pd

from rmt_hessian.report.extent import extent
from rmt_hessian.report.section import Section
from rmt_hessian.report.training import change

MEANS = " Initial → final, means over seeds."
OVERLAPS = (
    "A layer of convolutional networks: overlap of the top eigenspaces of two of them. Initial → "
    "final, means over seeds, of dimensions smallest–largest."
)
VECTORS = "The same layers: features, top eigenvectors, training." + MEANS
TABLES = {  # columns by their names in the table
    OVERLAPS: {
        "outputs": "n_units",
        "peak": "peak",
        "of factors": "kronecker_peak",
        "counted": "predicted_peak",
        "height": "peak_excess",
        "height of factors": "kronecker_peak_excess",
        "at outputs": "overlap_at_units",
    },
    VECTORS: {
        "leading share": "leading_share",
        "μ₁/μ₂": "leading_ratio",
        "shared x̂": "shared_leading",
        "rank one": "rank_one_share",
        "loss": "loss",
        "accuracy": "accuracy",
        "unseen": "fresh_accuracy",
    },
}
MEANINGS = {
    "outputs": "of the layer, units or channels",
    "peak": "dimension whose overlap is most above that of random spaces, of those measured",
    "of factors": "the same, of the products E[M] ⊗ E[z zᵀ]",
    "counted": "products with the leading eigenvector of E[z zᵀ] above all others",
    "height": "overlap there, less that of random spaces",
    "height of factors": "the same, of the products",
    "at outputs": "overlap at as many dimensions as outputs",
    "leading share": "largest eigenvalue of E[z zᵀ] over its trace",
    "μ₁/μ₂": "ratio of its two largest eigenvalues",
    "shared x̂": "cos² of the leading eigenvectors of the two networks",
    "rank one": "first singular value² of four eigenvectors as matrices, over the sum",
    "loss": "mean over the samples of the training",
    "accuracy": "on these samples",
    "unseen": "accuracy on digits not seen",
}
DIMENSIONS = {"peak", "kronecker_peak", "predicted_peak"}


def figure_one_sections(table):
    """Yield what a sweep measured of a layer of convolutional networks."""
    rows = table[table["measurement"] == "figure_one"]
    if rows.empty:
        return
    for title, columns in TABLES.items():
        found = [
            {"network": network, "batch_norm": place}
            | {name: _told(points, of) for name, of in columns.items()}
            for (network, place), points in rows.groupby(["network", "batch_norm"], sort=False)
        ]
        yield Section(title, pd.DataFrame(found), {name: MEANINGS[name] for name in columns})


def _told(points, name):
    if name in points:
        return extent(points[name])
    if name in DIMENSIONS:
        return " → ".join(extent(points[f"{end}_{name}"], ".3g") for end in ("initial", "final"))
    return change(points, name)
