"""One table of the rows of many points: a column keeps the kind of what is in it."""

from itertools import chain, takewhile

import numpy as np
import pandas as pd


def table_of(rows, on_notice=lambda line: None):
    """A table of rows, mappings of names to Python's scalars; a row may lack a name.

    What rows have before ``seed``, the parameters of a point, stands before it in the table, unless
    it is a result of other rows.

    A column of whole numbers is int64, of truth values bool; where some rows lack it, Int64 and
    boolean, of pandas. Whole numbers and truth values are whole numbers, 1 for true; with
    fractions among them they are float64, and ``on_notice`` is told of those that are rounded.
    Raises ValueError if a column would hold text and numbers.
    """
    heads = [list(takewhile(lambda name: name != "seed", row)) for row in rows]
    tails = [list(row)[len(head) :] for row, head in zip(rows, heads, strict=True)]
    results = set(chain(*tails))
    parameters = (name for name in chain(*heads) if name not in results)
    names = dict.fromkeys(chain(parameters, *tails))
    return pd.DataFrame({name: _column(name, rows, on_notice) for name in names})


def _column(name, rows, on_notice):
    values = [row.get(name) for row in rows]
    kinds, gaps = {type(value) for value in values} - {type(None)}, None in values
    if str in kinds:
        if len(kinds) > 1:
            raise ValueError(_two_things(name, rows))
        return pd.Series(values)
    if float in kinds:
        floats = [np.nan if value is None else float(value) for value in values]
        pairs = zip(values, floats, strict=True)
        if rounded := sum(type(value) is int and value != number for value, number in pairs):
            on_notice(
                f"column {name!r}: whole numbers above 2^53 are rounded in the table ({rounded}), "
                "for other points have fractions there"
            )
        return pd.Series(floats, dtype="float64")
    if int in kinds:
        return pd.Series(values, dtype="Int64" if gaps else "int64")
    return pd.Series(values, dtype="boolean" if gaps else "bool")


def _two_things(name, rows):
    """Which measurements call text and numbers by one name."""
    uses = {}
    for row in rows:
        if row.get(name) is not None:
            uses.setdefault(isinstance(row[name], str), row.get("measurement", "?"))
    return f"{name!r} is text in {uses[True]} and a number in {uses[False]}: give one another name"
