"""What a report says of [W] on trained networks: a row a layer, initial → final."""

import pandas as pd

from rmt_hessian.report.extent import extent
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.section import Section
from rmt_hessian.report.training import change

MEANS = " Initial → final, means over seeds."
OVERLAPS = (
    "Top eigenspaces of pairs of trained networks, by dimension. Initial → final, means over "
    "seeds, of dimensions smallest–largest."
)
MATCHED = (
    "Overlap at C - 1 dimensions of pairs of trained networks, as it is and up to the order of "
    "hidden units (of the last layer, of features)." + MEANS
)
VECTORS = "The C - 1 leading eigenvectors, as they are and as matrices." + MEANS
ERRORS = "Relative errors ‖H - E[M] ⊗ E[z zᵀ]‖/‖H‖, Frobenius norms." + MEANS
OUTPUT = "Output Hessians of hidden layers and their top C - 1 eigenspaces." + MEANS
NETWORK = "Whole networks and their top C - 1 eigenspaces." + MEANS
UNCOVERED = "not covered: three layers, or widths too small for so many classes"
TABLES = {  # columns by their names in the table
    OVERLAPS: {
        "peak": "peak",
        "predicted": "predicted_peak",
        "height": "peak_excess",
        "at C-1": "overlap_at_rank",
        "distance": "predicted_distance",
        "peak of gradients": "gradient_peak",
        "height, normalised": "normalised_peak_excess",
    },
    MATCHED: {
        "eigenvectors": "overlap_at_rank",
        "matched": "matched_overlap",
        "E[M]": "output_overlap",
        "E[M] matched": "matched_output_overlap",
        "random": "random_matched_overlap",
    },
    VECTORS: {
        "μ₁/μ₂": "ratio",
        "predicted μ₁/μ₂": "predicted_ratio",
        "rank one": "rank_one_share",
        "in order": "in_order",
        "along x̂": "along_leading",
        "predicted": "predicted_along_leading",
        "factors": "kronecker_overlap",
        "gradients": "gradient_in_hessian_overlap",
    },
    ERRORS: {
        "error": "error",
        "nearest": "nearest_error",
        "random pairs": "independent_error",
        "Gaussian": "gaussian_error",
        "predicted": "predicted_error",
        "normalised": "normalised_error",
        "tr E[M]": "trace_ratio",
    },
    OUTPUT: {
        "gap": "gap",
        "predicted gap": "predicted_gap",
        "overlap": "frame_overlap",
        "expected": "expected_frame_overlap",
    },
}
MEANINGS = {
    OVERLAPS: {
        "peak": "dimension whose overlap is most above that of random spaces, of those measured",
        "predicted": "the same, from the factors E[M] and E[z zᵀ]; mean over both networks",
        "height": "overlap there, less that of random spaces",
        "at C-1": "overlap at C - 1 dimensions",
        "distance": "mean over dimensions, to the overlap of factors from the weights",
        "peak of gradients": "as peak, of gradient covariances",
        "height, normalised": "as height, of features of mean 0 and variance 1",
    },
    MATCHED: {
        "eigenvectors": "of the layer",
        "matched": "of the layer, up to the order",
        "E[M]": "of output Hessians",
        "E[M] matched": "of output Hessians, up to the order",
        "random": "of random spaces, up to the order",
    },
    VECTORS: {
        "μ₁/μ₂": "ratio of the two largest eigenvalues of the auto-correlation E[z zᵀ]",
        "predicted μ₁/μ₂": "the same, from the weights",
        "rank one": "first singular value² of eigenvectors as matrices, over the sum",
        "in order": "squared overlap with the product of eigenvectors at the same place",
        "along x̂": "part along the leading feature",
        "predicted": "that part, predicted",
        "factors": "overlap with the top space of E[M] ⊗ E[z zᵀ]",
        "gradients": "overlap with the top space of the gradient covariance",
    },
    ERRORS: {
        "error": "measured",
        "nearest": "of the nearest Kronecker product",
        "random pairs": "of M and z paired at random",
        "Gaussian": "of Gaussian inputs of the same mean and covariance",
        "predicted": f"for white Gaussian inputs; –: {UNCOVERED}",
        "normalised": "of features of mean 0 and variance 1",
        "tr E[M]": "trace of E[M] from weights and moments, over the measured one",
    },
    OUTPUT: {
        "gap": "λ_C/λ_{C-1}",
        "predicted gap": "the same, from the weights",
        "overlap": "of the top eigenspace with the rows of the weights above",
        "expected": f"that overlap for white inputs, before training; –: {UNCOVERED}",
    },
}
PEAKS = {"peak", "predicted_peak", "gradient_peak"}
OF_NETWORK = {
    "loss": "loss",
    "accuracy": "accuracy",
    "unseen": "fresh_accuracy",
    "Gauss–Newton": "network_gauss_newton_in_hessian_overlap",
    "across layers": "network_cross_layer_in_gauss_newton_overlap",
    "layer-wise": "network_layer_wise_in_gauss_newton_overlap",
}
OF_NETWORK_MEANS = {
    "loss": "mean over the samples",
    "accuracy": "on the samples",
    "unseen": "accuracy on inputs not seen",
    "Gauss–Newton": "overlap of its top eigenspace with that of the Hessian",
    "across layers": "overlap of factors of all layers and between them with Gauss–Newton",
    "layer-wise": "overlap of factors of each layer alone with Gauss–Newton",
}
KEYS = ["inputs", "optimiser", "widths", "random_labels"]


def trained_eigenspaces_sections(table):
    """Yield what a sweep measured of pairs of trained networks."""
    rows = table[table["measurement"] == "trained_eigenspaces"]
    if rows.empty:
        return
    cases = list(_cases(rows))
    for title, columns in TABLES.items():
        found = [
            case | {"layer": layer} | {name: _ends(points, f"{of}_{layer}") for name, of in known}
            for case, points in cases
            for layer in range(case["widths"].count("-"))
            if (known := _known(points, columns, layer))
        ]
        if found:
            yield Section(title, pd.DataFrame(found).fillna("–"), MEANINGS[title])
    networks = [
        case | {name: _ends(points, column) for name, column in OF_NETWORK.items()}
        for case, points in cases
    ]
    yield Section(NETWORK, pd.DataFrame(networks), OF_NETWORK_MEANS)


def _cases(rows):
    """What names a training, and its rows."""
    keys = [name for name in KEYS if name in rows]
    keys += told_apart(rows, keys)
    for values, points in rows.groupby(keys, sort=False, dropna=False):
        yield dict(zip(keys, values, strict=True)), points


def _ends(points, name):
    """``"initial → final"``, or one value where it is the same."""
    if name.rpartition("_")[0] in PEAKS:
        told = " → ".join(extent(points[f"{end}_{name}"], ".3g") for end in ("initial", "final"))
    else:
        told = change(points, name)
    first, last = told.split(" → ")
    return first if first == last else told


def _known(points, columns, layer):
    """Of the columns those that the layer has; none where it has but one or none."""
    known = [
        (name, of)
        for name, of in columns.items()
        if (column := f"final_{of}_{layer}") in points and points[column].notna().any()
    ]
    return known if len(known) > 1 else []
