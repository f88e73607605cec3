"""Points that differ by their seeds alone: what means over seeds are taken of."""

import numpy as np

DERIVED = {"measurement", "n_inputs", "n_classes", "n_hidden", "case", "part"}  # of other columns


def told_apart(rows, keys):
    """Parameters, beside the keys, that take several values where all keys are equal.

    Of a table of a sweep, whose parameters stand before its column ``seed``.

    Examples
    --------
    >>> import pandas as pd
    >>> rates, results = [0.1, 0.01, 0.1], [5, 6, 7]
    >>> table = pd.DataFrame({"d": [1, 1, 2], "rate": rates, "seed": [0, 0, 0], "gap": results})
    >>> told_apart(table, ["d"]), told_apart(table[::2], ["d"])
    (['rate'], [])
    """
    names = [] if "seed" not in rows else list(rows)[: list(rows).index("seed")]
    names = [name for name in names if name not in DERIVED and name not in keys]
    if not names or rows.empty:
        return []
    equal = list(keys) or np.zeros(len(rows))
    counts = rows.groupby(equal, dropna=False)[names].nunique(dropna=False)
    return [name for name in names if (counts[name] > 1).any()]


def by_point(rows, keys):
    """Rows grouped by the keys and what tells points of equal keys apart: in the table's order."""
    return rows.groupby([*keys, *told_apart(rows, keys)], sort=False, dropna=False)
