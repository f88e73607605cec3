"""The printed tables of the decoupled Hessian: distances at every size, and their rates."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.structure import means
from rmt_hessian.spectra.uncertainty import fitted_rate

DISTANCES = (
    "Layer Hessians beside decoupled ones: ‖H - H̃‖/‖H‖, Frobenius and operator norms, predicted, "
    "plateau for N → ∞."
)
SPECTRA = (
    "Spectra of block (0, 0): root mean square of σ|s - s̃| at z = iσ, predicted for d/N fixed; "
    "what the influence of the weights leaves; mean Kolmogorov and Wasserstein distances."
)
RATES = "Exponents in N, with 95 % intervals over seeds: d fixed, or d/N."
SIZES = ["case", "n_classes", "n_inputs", "n_samples"]
RATED = {
    "error": "error",
    "diagonal_stieltjes": "stieltjes",
    "diagonal_rest": "rest",
    "diagonal_ks": "ks",
    "diagonal_wasserstein": "wasserstein",
}


def decoupled_sections(table):
    """Yield (title, table) of what a sweep measured of decoupled Hessians."""
    rows = with_cases(table)
    rows = rows[rows["measurement"] == "decoupled_hessian"]
    if rows.empty:
        return
    columns = ["error", "predicted_error", "plateau", "operator_error", "operator_plateau"]
    yield DISTANCES, means(rows, SIZES, columns)
    roots = [f"diagonal_{name}" for name in ("stieltjes", "predicted_stieltjes", "rest")]
    of_squares = rows.assign(**rows[roots] ** 2)
    spectra = means(of_squares, SIZES, [*roots, "diagonal_ks", "diagonal_wasserstein"])
    yield SPECTRA, spectra.assign(**spectra[roots] ** 0.5)
    rates = decoupled_rates(rows)
    if len(rates):
        yield RATES, rates


def decoupled_rates(rows):
    """Exponents in N of every case, where d or d/N was kept at two values of N or more.

    Of the seeds that have all sizes, at least two.
    """
    found = []
    ratio = (rows["n_inputs"] / rows["n_samples"]).round(6)
    units = rows["widths"].str.partition("-")[2]  # all widths but d
    for name, fixed in (("d", rows["n_inputs"]), ("d/N", ratio)):
        parts = rows.assign(fixed=fixed, units=units)
        told = told_apart(parts, SIZES)
        keys = ["case", "n_classes", "fixed"]
        keys += ["units" if name == "widths" else name for name in told]
        for values, part in parts.groupby(keys, dropna=False):
            rates = {short: _rate(part, column) for column, short in RATED.items()}
            if any(rates.values()):
                row = dict(zip(keys, values, strict=True))
                found.append(row | {"fixed": f"{name} = {row['fixed']:g}"} | rates)
    return pd.DataFrame(found)


def _rate(part, column):
    """``"exponent [low, high]"``; None where there are too few sizes or seeds, or a zero."""
    values = part.pivot_table(index="n_samples", columns="seed", values=column).dropna(axis=1)
    if min(values.shape) < 2 or (values <= 0).any(axis=None):
        return None
    rate = fitted_rate(values.index, values.to_numpy(), np.random.default_rng(0))
    return f"{rate.exponent:.2f} [{rate.low:.2f}, {rate.high:.2f}]"
