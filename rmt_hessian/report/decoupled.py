"""What a report says of the decoupled Hessian: distances at every size, and their rates."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means
from rmt_hessian.spectra.uncertainty import fitted_rate

DISTANCES = "Layer Hessians H beside decoupled ones H̃, means over seeds."
SPECTRA = "Spectra of block (0, 0) of H and of H̃, over seeds; σ² = E tr H_00²/p."
RATES = "Exponents in N of means over seeds, with 95 % intervals."
OF_DISTANCES = {
    "error": "‖H - H̃‖/‖H‖, Frobenius norms",
    "predicted_error": "the same, from the weights",
    "plateau": "and for N → ∞",
    "operator_error": "‖H - H̃‖/‖H‖, operator norms",
    "operator_plateau": "predicted for N → ∞",
}
OF_SPECTRA = {
    "diagonal_stieltjes": "σ|s - s̃| at z = iσ, s the Stieltjes transforms; root mean square",
    "diagonal_predicted_stieltjes": "the same, predicted for d/N fixed",
    "diagonal_rest": "what the influence of the weights leaves of it, root mean square",
    "diagonal_ks": "Kolmogorov distance of the two spectra, mean",
    "diagonal_wasserstein": "Wasserstein-1 distance over σ, mean",
}
OF_RATES = {
    "error": "exponent of ‖H - H̃‖/‖H‖",
    "stieltjes": "of σ|s - s̃|",
    "rest": "of what the influence of the weights leaves of it",
    "ks": "of the Kolmogorov distance",
    "wasserstein": "of the Wasserstein distance",
}
SIZES = ["case", "n_classes", "n_inputs", "n_samples"]
RATED = {
    "error": "error",
    "diagonal_stieltjes": "stieltjes",
    "diagonal_rest": "rest",
    "diagonal_ks": "ks",
    "diagonal_wasserstein": "wasserstein",
}


def decoupled_sections(table):
    """Yield what a sweep measured of decoupled Hessians."""
    rows = with_cases(table)
    rows = rows[rows["measurement"] == "decoupled_hessian"]
    if rows.empty:
        return
    yield Section(DISTANCES, means(rows, SIZES, OF_DISTANCES), OF_DISTANCES)
    roots = [f"diagonal_{name}" for name in ("stieltjes", "predicted_stieltjes", "rest")]
    of_squares = rows.assign(**rows[roots] ** 2)
    spectra = means(of_squares, SIZES, OF_SPECTRA)
    yield Section(SPECTRA, spectra.assign(**spectra[roots] ** 0.5), OF_SPECTRA)
    rates = decoupled_rates(rows)
    if len(rates):
        yield Section(RATES, rates, OF_RATES)


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
