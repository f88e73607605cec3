"""What a report says of the structure theorems: rank, Kronecker form, eigenspaces."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import of_hidden_layer, with_cases
from rmt_hessian.report.extent import extent
from rmt_hessian.report.groups import by_point, told_apart
from rmt_hessian.report.section import Section
from rmt_hessian.spectra.uncertainty import fitted_rate

EQUAL = 1e-12  # of an overlap of two spaces that are the same, freed of its bias by the jackknife

RANK = (
    "Output Hessians E[M] of the population and its top C-1 eigenspace, predicted from the "
    "weights; means over networks of numbers, smallest–largest of ranks. (*) The bias of the "
    "sample is subtracted: what is 0 up to noise may be negative; < 1e-12: 0 up to rounding."
)
RATES = "Exponents in the width m, of means over networks, with 95 % intervals; of the predictions."
LAYER = "Layer Hessians beside E[M] ⊗ E[z zᵀ], means over seeds."
NETWORK = (
    "Whole Hessian (CE, random labels) and what factors say of it, means over seeds: top "
    "eigenvalues, and overlaps of top C-1 eigenspaces with that of the Gauss–Newton part."
)
SPACES = "Top eigenspaces of two networks on the same inputs, by dimension; means over seeds."
OF_RANK = {
    "gap": "λ_C/λ_{C-1}, bias of the sample removed",
    "predicted_gap": "the same of the prediction",
    "centred_defect": "1 - overlap with the centred rows of V, the weights above (*)",
    "predicted_centred_defect": "mean over networks, to leading order",
    "projected_defect": "1 - overlap with V's row space without Vᵀ1, V the weights above (*)",
    "predicted_projected_defect": "mean over networks, to leading order",
    "factors_defect": "1 - overlap with the predicted matrix (*)",
    "rank_by_gap": "k of the smallest λ_{k+1}/λ_k, smallest–largest over networks",
    "rank_by_energy": "eigenvalues with 90 % of ‖E[M]‖², smallest–largest over networks",
    "share_of_trace": "of the C-1 largest eigenvalues",
}
DEFECTS = [name for name in OF_RANK if name.endswith("defect")]
RANKS = ["rank_by_gap", "rank_by_energy"]
OF_RATES = {
    "gap": "exponent in m of λ_C/λ_{C-1}",
    "predicted_gap": "of the prediction",
    "centred_defect": "exponent in m of 1 - overlap with the centred rows of the weights above",
    "predicted_centred_defect": "of the prediction",
}
OF_LAYER = {
    "aspect_ratio": "d/N of the features, d as E[z zᵀ] counts directions: (tr)²/tr of the square",
    "error": "‖H - E[M] ⊗ E[z zᵀ]‖/‖H‖, Frobenius norms",
    "predicted_error": "the same, from the weights",
    "nearest_error": "the same of the nearest Kronecker product",
    "ks_kronecker": "Kolmogorov distance of its spectrum from that of E[M] ⊗ E[z zᵀ]",
    "ks_law": "and from the law of the layer, where it needs no weights: the linear model",
}
PARTS = {
    "hessian": "the Hessian",
    "gauss_newton": "the Hessian without its residual term",
    "cross_layer": "the factors of all layers and between them",
    "layer_wise": "the factors of each layer alone",
}
OF_NETWORK = {f"{part}_top_eigenvalue": f"largest of {said}" for part, said in PARTS.items()} | {
    f"{part}_in_gauss_newton_overlap": f"mean squared cosine of principal angles, {PARTS[part]}"
    for part in ("cross_layer", "layer_wise")
}
OF_SPACES = {
    "leading_share": "λ₁/tr of the auto-correlation E[z zᵀ] of the layer's inputs",
    "peak": "dimension of largest overlap, smallest–largest over seeds; the last: no peak",
    "predicted_peak": "from the factors, mean over both networks; smallest–largest over seeds",
    "peak_overlap": "overlap there",
    "rank_one_share": "of eigenvectors as matrices: first singular value², over the sum",
    "gradient_peak": "as peak, of the gradient covariance",
    "gradient_peak_overlap": "overlap there",
}
PEAKS = ["peak", "predicted_peak", "gradient_peak"]


def structure_sections(table):
    """Yield what a sweep measured of ranks, Kronecker products and eigenspaces."""
    of = dict(iter(with_cases(table).groupby("measurement")))
    if "population_rank" in of:
        rows = of["population_rank"]
        found = means(rows, ["widths", "layer"], OF_RANK, counts=RANKS)
        defects = {name: found[name].map(_defect) for name in DEFECTS if name in found}
        yield Section(RANK, found.assign(**defects), OF_RANK)
        rates = fitted_rates(of_hidden_layer(rows))
        if len(rates):
            yield Section(RATES, rates, OF_RATES)
    if "kronecker_form" in of:
        found = means(of["kronecker_form"], ["case", "widths", "n_samples"], OF_LAYER)
        yield Section(LAYER, found, OF_LAYER)
    if "network_kronecker" in of:
        sizes = ["input_mean", "widths", "n_samples"]
        yield Section(NETWORK, means(of["network_kronecker"], sizes, OF_NETWORK), OF_NETWORK)
    if "eigenspaces" in of:
        keys = ["case", "inputs", "widths", "n_samples"]
        keys += ["input_mean", "standardised"]
        found = means(of["eigenspaces"], keys, OF_SPACES, counts=PEAKS)
        yield Section(SPACES, found, OF_SPACES)


def _defect(value):
    """``1 - overlap`` of eigenspaces that are equal is rounding, of either sign."""
    return "< 1e-12" if abs(value) < EQUAL else value


def means(rows, keys, columns, counts=()):
    """Means over seeds, a row for each value of the keys, in the order of the table.

    Of counts, whole numbers, the smallest and the largest as text.

    Other parameters in which points of equal keys differ are keys too. Of the columns that there
    are: of older versions of a measurement some are missing.
    """
    columns = [name for name in columns if name in rows]
    points = by_point(rows, keys)
    found = points[columns].mean()
    for name in counts:
        if name in columns:
            found[name] = points[name].apply(extent)
    return found.reset_index()


def fitted_rates(rows):
    """Exponents in m of gap and defect, for every C and rule for d, where m takes several values.

    d is equal to m, or the same for all m. Only networks that were measured at every m count, and
    quantities that are positive. Other parameters in which points of equal widths differ are told.
    """
    found, told = [], [name for name in told_apart(rows, ["widths"]) if name != "layer"]
    for (C, *values), part in rows.groupby(["n_classes", *told], dropna=False):
        tied = part[part["n_inputs"] == part["n_hidden"]]
        rules = [("m", tied), *((f"{d:g}", points) for d, points in part.groupby("n_inputs"))]
        for d, points in rules:
            row = {"n_classes": C} | dict(zip(told, values, strict=True)) | {"d": d}
            for name in ("gap", "centred_defect"):
                row |= _rate(points, name)
            if len(row) > 2 + len(told):
                found.append(row)
    return pd.DataFrame(found)


def _rate(points, name):
    """The exponent of one quantity, measured and predicted, if there is one."""
    measured, predicted = (
        _by_size_and_seed(points, name),
        _by_size_and_seed(points, f"predicted_{name}"),
    )
    m, seeds = measured.shape
    if m < 2 or seeds < 2 or (measured <= 0).any(axis=None):
        return {}
    rate = fitted_rate(measured.index, measured.to_numpy(), np.random.default_rng(0))
    expected = predicted.mean(axis=1)
    known = len(expected) > 1  # sizes may be too small for a prediction
    return {
        name: f"{rate.exponent:.2f} [{rate.low:.2f}, {rate.high:.2f}]",
        f"predicted_{name}": (
            np.polyfit(np.log(expected.index), np.log(expected), 1)[0] if known else np.nan
        ),
    }


def _by_size_and_seed(points, column):
    """Of the seeds that have all sizes."""
    return points.pivot_table(index="n_hidden", columns="seed", values=column).dropna(axis=1)
