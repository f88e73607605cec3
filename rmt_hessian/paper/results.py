"""The results of a sweep as a claim reads them."""

import numpy as np
import pandas as pd
from scipy import stats

from rmt_hessian.report.cases import with_cases
from rmt_hessian.sweep.store import Store


class Results:
    """Table and arrays of a sweep's folder."""

    def __init__(self, folder):
        self.store = Store(folder)
        self.table = with_cases(self.store.table())

    def rows(self, measurement, **values):
        """Rows of a measurement, with a column ``case``; those with the given values alone.

        Raises ValueError if there are none: a claim must not hold for want of data.
        """
        chosen = self.table["measurement"] == measurement
        for name, value in values.items():
            chosen &= self.table[name] == value
        if not chosen.any():
            raise ValueError(f"{self.store.folder} holds no {measurement} with {values}")
        return self.table[chosen].dropna(axis=1, how="all")

    def arrays(self, rows):
        """The arrays of each row, as a list of dicts."""
        return [self.store.arrays(key) for key in rows["key"]]


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
