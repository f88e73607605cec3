"""The printed tables of the structure theorems: rank, Kronecker form, eigenspaces."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import of_hidden_layer, with_cases
from rmt_hessian.report.groups import by_point, told_apart
from rmt_hessian.spectra.uncertainty import fitted_rate

RANK = "E[M] of the population: gap λ_C/λ_{C-1}, 1 - overlap of its top C-1 eigenspace; predicted."
RATES = "Exponents in the width, with 95 % intervals over networks; of the predicted values."
LAYER = "Layer Hessians and E[M] ⊗ E[z zᵀ]: relative error; Kolmogorov distances of the spectra."
NETWORK = (
    "Whole Hessian: top eigenvalues; overlap of top C-1 eigenspaces with the Gauss–Newton part."
)
SPACES = (
    "Pairs of networks: dimension of the largest overlap (the last one measured: no peak); share "
    "λ₁/tr of the auto-correlation. gradient_: of gradient covariances."
)


def structure_sections(table):
    """Yield (title, table) of what a sweep measured of ranks, Kronecker products, eigenspaces."""
    of = dict(iter(with_cases(table).groupby("measurement")))
    if "population_rank" in of:
        rows = of["population_rank"]
        quantities = ["gap", "centred_defect", "projected_defect"]
        columns = [name for q in quantities for name in (q, f"predicted_{q}")]
        columns += ["factors_defect", "rank_by_gap", "rank_by_energy", "share_of_trace"]
        yield RANK, means(rows, ["widths", "layer"], columns)
        rates = fitted_rates(of_hidden_layer(rows))
        if len(rates):
            yield RATES, rates
    if "kronecker_form" in of:
        columns = ["aspect_ratio", "error", "predicted_error", "nearest_error"]
        columns += ["ks_kronecker", "ks_law"]
        yield LAYER, means(of["kronecker_form"], ["case", "widths", "n_samples"], columns)
    if "network_kronecker" in of:
        parts = ["hessian", "gauss_newton", "cross_layer", "layer_wise"]
        columns = [f"{part}_top_eigenvalue" for part in parts]
        columns += [f"{part}_in_gauss_newton_overlap" for part in parts[2:]]
        sizes = ["input_mean", "widths", "n_samples"]
        yield NETWORK, means(of["network_kronecker"], sizes, columns)
    if "eigenspaces" in of:
        keys = ["case", "inputs", "widths", "n_samples"]
        keys += ["input_mean", "standardised"]
        columns = ["leading_share", "peak", "predicted_peak", "peak_overlap", "rank_one_share"]
        columns += ["gradient_peak", "gradient_peak_overlap"]
        yield SPACES, means(of["eigenspaces"], keys, columns)


def means(rows, keys, columns):
    """Means over seeds, a row for each value of the keys, in the order of the table.

    Other parameters in which points of equal keys differ are keys too. Of the columns that there
    are: of older versions of a measurement some are missing.
    """
    columns = [name for name in columns if name in rows]
    return by_point(rows, keys)[columns].mean().reset_index()


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


def format_table(table):
    """Aligned text; numbers to four digits."""
    return table.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="–")
