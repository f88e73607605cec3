"""Whole numbers over seeds: from the smallest to the largest, for their mean is none of them."""


def extent(values, form=".4g"):
    """``"3"`` where all are equal, else ``"3–5"``; "–" where there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> extent(pd.Series([5, 3, 3])), extent(pd.Series([4.0, None])), extent(pd.Series([None]))
    ('3–5', '4', '–')
    """
    known = values.dropna()
    if known.empty:
        return "–"
    ends = (f"{end:{form}}" for end in (known.min(), known.max()))
    return "–".join(dict.fromkeys(ends))
