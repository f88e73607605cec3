"""The printed tables of [W] on trained networks: a row a layer, initial → final."""

import pandas as pd

from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.training import change

OVERLAPS = (
    "Pairs of trained networks, initial → final, means over seeds: dimension where the overlap of "
    "the layer's top eigenspaces is most above that of random spaces, of those measured, predicted "
    "from the factors; "
    "overlap there above random; overlap at C - 1 dimensions; distance over all dimensions to the "
    "overlap of the factors from the weights; of gradient covariances, of normalised features."
)
MATCHED = (
    "Overlap at C - 1 dimensions as it is and up to the order of hidden units (of the last layer, "
    "of features): eigenvectors; output Hessians, and random spaces up to the order."
)
VECTORS = (
    "The C - 1 leading eigenvectors: spectral ratio μ₁/μ₂ of the auto-correlation, predicted; "
    "share of the first singular value of matrices; squared overlap with the product of the same "
    "place; part along the leading feature, predicted; overlap with the top spaces of "
    "E[M] ⊗ E[z zᵀ] and of the gradient covariance."
)
ERRORS = (
    "Relative error of E[M] ⊗ E[z zᵀ]: measured; of the nearest product; M and z paired at random; "
    "Gaussian inputs of the same moments; predicted for white Gaussian inputs (–: not covered, as "
    "of three layers); of normalised features. tr E[M] from weights and moments over the measured."
)
OUTPUT = (
    "Output Hessian of hidden layers: gap λ_C/λ_{C-1}, predicted from the weights; overlap of the "
    "top C - 1 eigenspace with the rows above, expected of white inputs before training (–: not "
    "covered, as of three layers, or of widths that are too small for so many classes)."
)
NETWORK = (
    "Loss, accuracy on the sample and on unseen inputs. Whole network, top C - 1 eigenspaces: "
    "Gauss–Newton in the Hessian; factors across layers and of each layer in Gauss–Newton."
)
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
OF_NETWORK = {
    "loss": "loss",
    "accuracy": "accuracy",
    "unseen": "fresh_accuracy",
    "Gauss–Newton": "network_gauss_newton_in_hessian_overlap",
    "across layers": "network_cross_layer_in_gauss_newton_overlap",
    "layer-wise": "network_layer_wise_in_gauss_newton_overlap",
}
KEYS = ["inputs", "optimiser", "widths", "random_labels"]


def trained_eigenspaces_sections(table):
    """Yield (title, table) of what a sweep measured of pairs of trained networks."""
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
            yield title, pd.DataFrame(found).fillna("–")
    yield (
        NETWORK,
        pd.DataFrame(
            [
                case | {name: _ends(points, column) for name, column in OF_NETWORK.items()}
                for case, points in cases
            ]
        ),
    )


def _cases(rows):
    """What names a training, and its rows."""
    keys = [name for name in KEYS if name in rows]
    keys += told_apart(rows, keys)
    for values, points in rows.groupby(keys, sort=False, dropna=False):
        yield dict(zip(keys, values, strict=True)), points


def _ends(points, name):
    """``"initial → final"``, or one value where it is the same."""
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
