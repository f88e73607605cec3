"""Means and ratios of means over seeds along a column, and the power by which they fall."""

import numpy as np
import pandas as pd
from scipy import stats

from rmt_hessian.paper.finding import between, constant
from rmt_hessian.report.ratio import ratio_of_means

HALF_WIDTH = 0.25  # of the exponents between two C that stand for one power


def over_seeds(rows, keys, column):
    """Mean and its standard error (NaN of one seed) at each value of the keys: two series."""
    groups = rows.groupby(keys)[column]
    return groups.mean(), groups.std() / np.sqrt(groups.count())


def fitted_slope(x, values, seeds=None):
    """Slope of log values against log x by least squares, and its standard error.

    Over seeds where they are given, one slope each; else of the fit.
    """
    if seeds is None:
        fit = stats.linregress(np.log(x), np.log(values))
        return float(fit.slope), float(fit.stderr)
    table = pd.DataFrame({"x": x, "y": values, "seed": seeds})
    slopes = [fitted_slope(g["x"], g["y"])[0] for _, g in table.groupby("seed")]
    return float(np.mean(slopes)), float(np.std(slopes, ddof=1) / np.sqrt(len(slopes)))


def ratios(rows, keys, above, below):
    """`ratio_of_means` of columns, and its standard error: two series, a value a key."""
    found = rows.groupby(keys).apply(ratio_of_means, above=above, below=below, include_groups=False)
    return found.str[0].astype(float), found.str[1].astype(float)


def last_exponent(values, errors):
    """Slope of log value in log index between the two largest, and its standard error.

    NaN of values that are not positive.

    Examples
    --------
    >>> last_exponent(pd.Series({1: 9.0, 10: 8.0, 100: 0.08}), pd.Series({1: 0, 10: 0, 100: 0}))
    (-2.0, 0.0)
    """
    step = np.diff(np.log(values.index.to_numpy(dtype=float)[-2:]))[0]
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN: not positive
        slope = np.diff(np.log(values.to_numpy()[-2:]))[0] / step
    return round(float(slope), 12), float(np.linalg.norm((errors / values).to_numpy()[-2:]) / step)


def vanishes_like(rows, power):
    """Findings of a case of ``block_norms``: R falls like ``C^-power``."""
    R, error = ratios(rows, "n_classes", "off_diagonal_norm2", "diagonal_norm2")
    slope, its_error = last_exponent(R, error)
    ends = -power - HALF_WIDTH, -power + HALF_WIDTH
    between_classes = f"exponent of R from C = {R.index[-2]} to {R.index[-1]}"
    yield between(between_classes, slope, *ends, error=its_error)
    C, symbol = R.index[-1], {1: "C", 2: "C²"}[power]
    yield constant(f"{symbol}R at C = {C}", C**power * R[C], error=C**power * error[C])
