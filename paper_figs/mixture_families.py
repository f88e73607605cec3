"""Trained mixtures by the number of classes: their families, and lines and points of each."""

from paper_figs.style import CannotDraw, seeds_of
from rmt_hessian.plotting import COLOURS

STYLES = [(COLOURS[name], "-") for name in ("blue", "orange", "green", "vermilion", "purple")]
STATIC = {"ls": ":", "lw": 0.8, "c": "0.3"}
PANELS = {"c2_ratio": "$C^2R$", "share": "share off the diagonal"}
TERMS = """R: mean ‖H_ij‖² over pairs of classes i ≠ j over mean ‖H_ii‖²; share: sum over i ≠ j of
    ‖H_ij‖² over ‖H‖². ρ: length of the class means, which have correlation κ within a group and 0
    between groups."""


def sizes(table):
    """Words for a caption."""
    first = table.iloc[0]
    d, N, ridge = first["n_inputs"], first["n_samples"], first["ridge"]
    return f"d = {d:.0f}, N = {N:.0f}, ridge {ridge:g}, {seeds_of(table)}"


def families(table):
    """Rows that differ by the number of classes, of three values or more, by words for them.

    Without groups; of one size of a group; of one number of groups. Raises `CannotDraw` if there
    are none, or more than colours.
    """
    found = {}
    keys = ["separation", "correlation"]
    for (rho, kappa), rows in table.groupby(keys, dropna=False) if len(table) else ():
        alone = rows[rows["n_groups"].isna()]
        of = {f"no groups, $\\rho={rho:g}$": alone}
        common = f"$\\rho={rho:g}$, $\\kappa={kappa:g}$"
        for b, part in rows.groupby(rows["n_classes"] / rows["n_groups"]):
            of[f"groups of {b:g}, {common}"] = part
        for G, part in rows.groupby("n_groups"):
            of[f"{G:g} groups, {common}"] = part
        found |= {words: part for words, part in of.items() if part["n_classes"].nunique() > 2}
    if not found:
        raise CannotDraw("no points of trained_shares at three numbers of classes")
    if len(found) > len(STYLES):
        raise CannotDraw(f"{len(found)} families, for {len(STYLES)} colours: run a sweep for each")
    return found


def draw_families(ax, table, name, version, styles=STYLES):
    """C²R or the share of each family, on logarithmic axes; styles are colours and lines."""
    for (c, line), (words, rows) in zip(styles, families(table).items(), strict=False):
        means = rows.groupby("n_classes").mean(numeric_only=True)
        static = f"static_{version.removeprefix('fresh_')}{name}"
        ax.plot(means.index, means[static], **STATIC)
        ax.plot(rows["n_classes"], rows[f"{version}{name}"], "o", ms=3, mew=0, c=c)
        ax.plot(means.index, means[f"predicted_{version}{name}"], line, lw=1, c=c, label=words)
    ax.set_xscale("log")
    ax.set_yscale("log")


def add_labels(ax):
    """What the points and dotted lines of `draw_families` are, for a legend."""
    ax.plot([], [], "o", ms=3, mew=0, c="0.3", label="mixtures, seen (lines: predicted)")
    ax.plot([], [], label=r"random heads, $C\to\infty$", **STATIC)
