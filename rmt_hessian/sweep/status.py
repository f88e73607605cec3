"""How far a sweep is: points done, failed and missing, for each value of each axis."""

import pandas as pd

from rmt_hessian.sweep.table import table_of

OUTCOMES = ("done", "failed", "missing")


def outcomes(points, state):
    """``{key: outcome}`` of ``{key: Point}`` by the state of the folder."""
    failed = set(state.failed)
    return {
        key: "done" if key in state.rows else "failed" if key in failed else "missing"
        for key in points
    }


def by_axis(points, outcome):
    """Points of each outcome, a row for every value of what varies within a measurement."""
    table = table_of([point.columns() for point in points.values()])
    became = pd.Series([outcome[key] for key in points])
    rows = []
    for name, part in table.drop(columns="root_seed").groupby("measurement", sort=False):
        part = part.drop(columns="measurement").dropna(axis="columns", how="all")
        rows.append((name, "", "", became[part.index]))
        for axis, values in part.items():
            if values.nunique() > 1:
                rows += [
                    (name, axis, at, became[group.index]) for at, group in values.groupby(values)
                ]
    return pd.DataFrame(
        [
            dict(zip(("measurement", "axis", "value"), row, strict=True))
            | {kind: int((group == kind).sum()) for kind in OUTCOMES}
            for *row, group in rows
        ]
    )
