"""How far a sweep is: points done, failed and missing, for each value of each axis."""

import pandas as pd

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
    table = pd.DataFrame(
        [point.columns() | {"outcome": outcome[key]} for key, point in points.items()]
    ).drop(columns="root_seed")
    rows = []
    for name, part in table.groupby("measurement", sort=False):
        part = part.drop(columns="measurement").dropna(axis="columns", how="all")
        rows.append((name, "", "", part["outcome"]))
        for axis in part.columns.drop("outcome"):
            if part[axis].nunique() > 1:
                groups = part.groupby(axis)["outcome"]
                rows += [(name, axis, value, group) for value, group in groups]
    return pd.DataFrame(
        [
            dict(zip(("measurement", "axis", "value"), row, strict=True))
            | {kind: int((group == kind).sum()) for kind in OUTCOMES}
            for *row, group in rows
        ]
    )
