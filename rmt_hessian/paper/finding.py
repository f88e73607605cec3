"""What a claim comes down to: one number measured beside what it should be, and whether it is."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from scipy import stats

SYMBOLS = {"n_classes": "C", "n_inputs": "d", "n_samples": "N", "n_hidden": "m", "gamma": "γ"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ROUNDING = 1e-10  # of a number: a standard error below it is that of rounding
TINY = np.finfo(float).tiny
LEVEL = 1e-3  # of all points of a finding together: how often, about, what is true is refused


@dataclass(frozen=True)
class Finding:
    """A measured number, what was predicted or claimed of it, and whether that holds.

    ``error`` is a standard error, 0 of what has none, NaN where it is not known. ``holds`` is None
    of a constant, which is told and not judged.
    """

    what: str
    measured: float
    error: float
    wanted: str
    holds: bool | None

    def __str__(self):
        return f"{self.what} is {self.value}" + (f" ({self.wanted})" if self.wanted else "")

    @property
    def value(self):
        """The number with its standard error, to the digits that the error leaves."""
        return number(self.measured, self.error)


def number(value, error=0.0):
    """A number as text: three digits, or as many as its standard error leaves.

    Examples
    --------
    >>> number(0.12345), number(1.5e-7), number(1234.5, 2.0), number(16, 0)
    ('0.123', '1.5×10⁻⁷', '1234.5 ± 2.0', '16')
    """
    if not math.isfinite(value):
        return str(value)
    if not math.isfinite(error) or error <= ROUNDING * abs(value):
        return in_powers(f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}")
    decade = math.floor(math.log10(max(abs(value), error)))
    if not -3 <= decade < 5:
        parts = number(value / 10.0**decade, error / 10.0**decade)
        return f"({parts}){in_powers(f'1e{decade}').removeprefix('1')}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return in_powers(f"{value:.{digits}f} ± {error:.{digits}f}")


def in_powers(text):
    """``1.2e-05`` with a power of ten and a true minus sign."""
    mantissa, e, exponent = text.partition("e")
    power = str(int(exponent)).translate(SUPERSCRIPTS) if e else ""
    return mantissa.replace("-", "−") + (f"×10{power}" if e else "")


def agrees(what, measured, predicted, *, error, predicted_error=0.0, seeds):
    """A prediction within the scatter of draws, at `LEVEL` over all points together.

    Two tests, each at half of the level: Student's t of every point, which few seeds make wide,
    and of three points or more the mean of ``log(measured/predicted)`` against its own scatter
    over points, which a factor in common does not escape. ``measured``, ``predicted`` and the
    errors are numbers, or series of one index that names their points, of independent draws; the
    finding is of the point farthest out.

    Parameters
    ----------
    what : str
    measured, predicted : float or pandas.Series
    error, predicted_error : float or pandas.Series
        Standard errors.
    seeds : int
        Draws behind ``error``: the least of all points, at least 2.
    """
    if seeds < 2:
        raise ValueError(f"{what} must have at least 2 seeds, has {seeds}")
    rows = _rows(
        what, measured=measured, predicted=predicted, error=error, of_theory=predicted_error
    )
    spread = np.hypot(rows["error"], rows["of_theory"])
    rounding = 1e-12 * rows[["measured", "predicted"]].abs().max(axis=1)
    z = (rows["measured"] - rows["predicted"]).abs() / np.maximum(spread, rounding + TINY)
    if not np.isfinite(spread).all():
        raise ValueError(f"{what} must have standard errors, has none at {_at(rows, spread)}")
    bound = stats.t.isf(LEVEL / (4 * len(rows)), seeds - 1)
    factor, in_common = _factor_in_common(rows)
    worst = rows.loc[z.idxmax()]
    told = f"predicted {_beside(worst['predicted'], worst)}, {number(z.max())} of at most "
    told += f"{number(bound)} standard errors"
    if factor is not None:
        told += f"; all points: a factor {factor:.3f}"
    holds = bool((z <= bound).all()) and not in_common
    return Finding(_of(what, rows, z.idxmax()), worst["measured"], worst["error"], told, holds)


def _factor_in_common(rows):
    """The geometric mean of measured over predicted, and whether it is off 1 by the t test.

    None of fewer than three points, or of numbers that are not positive.
    """
    pairs = rows[["measured", "predicted"]]
    if len(rows) < 3 or not (pairs > 0).all(axis=None):
        return None, False
    logs = np.log(rows["measured"] / rows["predicted"])
    error = logs.std() / np.sqrt(len(logs)) + 1e-12
    off = abs(logs.mean()) / error
    return float(np.exp(logs.mean())), bool(off > stats.t.isf(LEVEL / 4, len(logs) - 1))


def near(what, measured, predicted, *, within, error=np.nan):
    """A prediction right to a share ``within`` of itself, at every point of two series."""
    rows = _rows(what, measured=measured, predicted=predicted, error=error)
    off = (rows["measured"] - rows["predicted"]).abs() - within * rows["predicted"].abs()
    worst = rows.loc[off.idxmax()]
    return Finding(
        _of(what, rows, off.idxmax()),
        worst["measured"],
        worst["error"],
        f"predicted {_beside(worst['predicted'], worst)}, {_to(within)}",
        bool((off <= 0).all()),
    )


def at_most(what, measured, bound, *, error=np.nan):
    """Every value at most ``bound``, a number or a series of them."""
    return _one_sided(what, measured, bound, error, -1)


def at_least(what, measured, bound, *, error=np.nan):
    """Every value at least ``bound``, a number or a series of them."""
    return _one_sided(what, measured, bound, error, 1)


def _one_sided(what, measured, bound, error, sign):
    rows = _rows(what, measured=measured, bound=bound, error=error)
    beyond = sign * (rows["bound"] - rows["measured"])
    worst = rows.loc[beyond.idxmax()]
    words = "at least" if sign > 0 else "at most"
    return Finding(
        _of(what, rows, beyond.idxmax()),
        worst["measured"],
        worst["error"],
        f"{words} {number(worst['bound'])}",
        bool((beyond <= 0).all()),
    )


def between(what, measured, low, high, *, error=np.nan):
    """A number from ``low`` to ``high``."""
    holds = bool(low <= measured <= high)
    return Finding(what, float(measured), float(error), f"{number(low)} to {number(high)}", holds)


def constant(what, measured, *, error=np.nan):
    """A number that a claim leaves open, told with the verdict."""
    return Finding(what, float(measured), float(error), "", None)


def _beside(value, row):
    """A prediction to the digits of the measurement that it stands beside."""
    mantissa, _, error = number(value, row["error"]).partition(" ± ")
    return mantissa.removeprefix("(") + error.partition(")")[2]


def _to(share):
    return f"to {100 * share:.3g} %" if share else "exactly"


def _rows(what, **columns):
    """A table of points; numbers become one row, or are repeated along series."""
    series = [column for column in columns.values() if isinstance(column, pd.Series)]
    rows = pd.DataFrame(columns, index=series[0].index if series else [""]).astype(float)
    if rows.empty:
        raise ValueError(f"{what} must have at least one point, got none")
    size = rows.drop(columns="error").abs().sum(axis=1, skipna=False)
    if not np.isfinite(size).all():
        raise ValueError(f"{what} must be finite, is not at {_at(rows, size)}")
    return rows


def _at(rows, numbers):
    """The points at which numbers are not finite."""
    return rows.index[~np.isfinite(numbers)].tolist()


def _of(what, rows, worst):
    """The words of a finding, with the point that was farthest out, of how many."""
    if len(rows) == 1:
        return what
    values = worst if isinstance(worst, tuple) else (worst,)
    told = ", ".join(map(_named, rows.index.names, values))
    return f"{what}, worst of {len(rows)} ({told})"


def _named(name, value):
    """A value of an index as text; numbers with the symbol of what they are."""
    if isinstance(value, bool | np.bool_):
        return f"{'' if value else 'no '}{(name or str(value)).replace('_', ' ')}"
    if not isinstance(value, Real):
        return str(value)
    word = SYMBOLS.get(name, name)
    return f"{word.replace('_', ' ')} = {value:g}" if word else f"{value:g}"
