"""Which rows of a sweep of `trained_laws` belong into which figure."""

from paper_figs.style import CannotDraw
from rmt_hessian import plotting

SIZES = ["n_inputs", "n_classes", "n_samples", "n_groups", "correlation", "imbalance"]
NAMES = ("blue", "green", "vermilion", "purple", "orange", "grey")
COLOURS = [plotting.COLOURS[name] for name in NAMES]  # of cases


def along(table, name):
    """Rows that differ by one parameter, of at least three values, and by their seeds.

    A list of tables of one size, that of the table with most values, which comes first. Raises
    `CannotDraw` if there are none, or more than colours.
    """
    found = []
    others = [key for key in (*SIZES, "ridge", "separation") if key != name and key in table]
    for _, rows in table.groupby(others, sort=False, dropna=False):
        if rows[name].nunique() > 2:
            found.append(rows.sort_values(name, kind="stable"))
    if not found:
        raise CannotDraw(f"no points of at least three values of {name}")
    found = sorted(found, key=lambda rows: -rows[name].nunique())
    fixed = [key for key in SIZES if key != name and key in table]
    if name != "ridge" and name != "separation":
        fixed.append("ridge")
    found = [rows for rows in found if rows[fixed].iloc[0].equals(found[0][fixed].iloc[0])]
    if len(found) > len(COLOURS):
        raise CannotDraw(f"{len(found)} cases, for {len(COLOURS)} colours: run a sweep for each")
    return found


def words(rows):
    """Sizes of some rows for a caption."""
    first = rows.iloc[0]
    d, K, N = first["n_inputs"], first["n_classes"], first["n_samples"]
    return f"d = {d:.0f}, K = {K:.0f} classes, N = {N:.0f}"
