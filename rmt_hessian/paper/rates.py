"""Ratios of means over seeds along a column, and the power by which they fall at its end."""

import numpy as np
import pandas as pd


def ratios(rows, keys, above, below):
    """Mean of a column over that of another, and its standard error: two series, a value a key.

    The error is that of the delta method, ``std(a - R b) / (mean b √n)`` over seeds.
    """

    def of(group):
        a, b = group[above].to_numpy(), group[below].to_numpy()
        ratio = a.mean() / b.mean()
        spread = np.std(a - ratio * b, ddof=1) if len(a) > 1 else np.nan
        return pd.Series({"ratio": ratio, "error": spread / b.mean() / np.sqrt(len(a))})

    found = rows.groupby(keys)[[above, below]].apply(of)
    return found["ratio"], found["error"]


def geometric_ratios(rows, keys, above, below):
    """The same, over the geometric mean of the means of two columns."""
    groups = rows.groupby(keys)
    means = groups[[above, *below]].mean()
    ratio = means[above] / np.sqrt(means[below].prod(axis=1))
    relative = rows[[above, *below]] / groups[[above, *below]].transform("mean")
    influence = (relative @ [1.0, -0.5, -0.5]).groupby(rows[keys])
    return ratio, ratio * influence.std() / np.sqrt(influence.count())


def last_exponent(values, errors):
    """Slope of log value in log index between the two largest, and its standard error.

    Examples
    --------
    >>> last_exponent(pd.Series({1: 9.0, 10: 8.0, 100: 0.08}), pd.Series({1: 0, 10: 0, 100: 0}))
    (-2.0, 0.0)
    """
    step = np.diff(np.log(values.index.to_numpy(dtype=float)[-2:]))[0]
    slope = np.diff(np.log(values.to_numpy()[-2:]))[0] / step
    return round(float(slope), 12), float(np.linalg.norm((errors / values).to_numpy()[-2:]) / step)
