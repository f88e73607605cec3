"""Trained mixtures against C: classes alone, in groups of one size, in so many groups, in pairs."""

from paper_figs.style import CannotDraw, plain_log_ticks, rows_of, run, seeds_of, subplots
from rmt_hessian.plotting import COLOURS

STYLES = [
    (COLOURS[name], "-") for name in ("blue", "grey", "green", "vermilion", "purple", "orange")
]
PANELS = {"c2_ratio": "$C^2R$", "share": "share off the diagonal"}
VERSIONS = {"fresh_population_": "population of new samples", "": "the training sample"}


def draw(store):
    """Predicted lines, points that were seen, dotted what random heads tend to."""
    table = rows_of(store, "trained_shares")
    families(table)
    figure, axes = subplots(2, 2, height_to_width=0.75)
    for row, (version, of) in zip(axes, VERSIONS.items(), strict=True):
        for ax, (name, title) in zip(row, PANELS.items(), strict=True):
            draw_families(ax, table, name, version)
            plain_log_ticks(ax, sorted(table["n_classes"].unique()))
            ax.set_ylabel(title)
            ax.set_title(of)
    for ax in axes[1]:
        ax.set_xlabel("number of classes $C$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.suptitle(f"Trained mixtures, {sizes(table)}", fontsize=8)
    return figure


def sizes(table):
    """Words for a title."""
    first = table.iloc[0]
    return f"$d={first['n_inputs']:.0f}$, $N={first['n_samples']:.0f}$, {seeds_of(table)}"


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
        ax.plot(rows["n_classes"], rows[f"{version}{name}"], "o", ms=3, mew=0, c=c)
        ax.plot(means.index, means[f"predicted_{version}{name}"], line, lw=1, c=c, label=words)
        static = f"static_{version.removeprefix('fresh_')}{name}"
        ax.plot(means.index, means[static], ":", lw=0.7, c=c)
    ax.set_xscale("log")
    ax.set_yscale("log")


if __name__ == "__main__":
    run(draw)
