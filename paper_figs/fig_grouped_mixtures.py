"""Trained mixtures against C: classes alone, in groups, in pairs; beside trained heads if any."""

from paper_figs.fig_real_heads import HEADS
from paper_figs.fig_real_heads import colour as colour_of_head
from paper_figs.style import CannotDraw, plain_log_ticks, rows_of, run, seeds_of, subplots
from rmt_hessian.plotting import COLOURS

PALETTE = ("blue", "sky", "green", "vermilion", "purple", "orange")
PANELS = {"c2_ratio": "$C^2R$", "share": "share off the diagonal"}
KNOWN = {  # columns of `real_head_confusions`, in the order of what they know
    "class_share": "$1/C$",
    "equal_share": "$1/n$",
    "size_share": "sizes",
    "confusion_share": "confusions",
    "population_share": "all",
}


def draw(store):
    """Population of new samples: predicted lines, points that were seen, dotted random heads."""
    table = rows_of(store, "trained_shares")
    found = families(table)
    if not found:
        raise CannotDraw("no points of trained_shares at three numbers of classes")
    confusions = available(store, "real_head_confusions")
    n_panels = 3 if len(confusions) else 2
    figure, axes = subplots(1, n_panels, height_to_width=1.1 if n_panels == 3 else 0.85)
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=False):
        for colour, (words, rows) in zip(PALETTE, found.items(), strict=False):
            _family(ax, rows, name, COLOURS[colour], words)
        _heads(ax, heads_at_most_samples(store), name)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("number of classes $C$")
        ax.set_title(title)
    if len(confusions):
        _explained(axes[0, 2], confusions)
    else:
        for ax in axes[0]:
            plain_log_ticks(ax, sorted(table["n_classes"].unique()))
    for head in dict.fromkeys(confusions["head"] if len(confusions) else ()):
        style = {"ms": 4, "fillstyle": "none", "c": colour_of_head(head)}
        axes[0, 0].plot([], [], "s", ls="", label=HEADS[head][1].strip(), **style)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    first = table.iloc[0]
    figure.suptitle(
        f"Trained mixtures, $d={first['n_inputs']:.0f}$, $N={first['n_samples']:.0f}$, "
        f"{seeds_of(table)}: the population of new samples",
        fontsize=8,
    )
    return figure


def families(table):
    """Rows that differ by the number of classes, of three values or more, by words for them.

    Without groups; of one size of a group; of one number of groups.
    """
    if table.empty:
        return {}
    size = table["n_classes"] / table["n_groups"]
    found = {}
    for (rho, kappa), rows in table.groupby(["separation", "correlation"], dropna=False):
        alone = rows[rows["n_groups"].isna()]
        of = {f"no groups, $\\rho={rho:g}$": alone}
        common = f"$\\rho={rho:g}$, $\\kappa={kappa:g}$"
        for b, part in rows.groupby(size[rows.index]):
            of[f"groups of {b:g}, {common}"] = part
        for G, part in rows.groupby("n_groups"):
            of[f"{G:g} groups, {common}"] = part
        found |= {words: part for words, part in of.items() if part["n_classes"].nunique() > 2}
    return found


def available(store, measurement):
    """Rows of heads that there are."""
    rows = rows_of(store, measurement)
    return rows[rows["available"].astype(bool)] if len(rows) else rows


def heads_at_most_samples(store):
    """Rows of `real_heads` as they are, each of most samples."""
    rows = available(store, "real_heads")
    if rows.empty:
        return rows
    usual = rows["temperature"].fillna(1.0).eq(1.0) & rows["blanks"].fillna(True).astype(bool)
    rows = rows[usual].sort_values("n_measured", kind="stable")
    return rows.groupby("head", sort=False).tail(1)


def _family(ax, rows, name, colour, words):
    rows = rows.sort_values("n_classes", kind="stable")
    ax.plot(
        rows["n_classes"],
        rows[f"fresh_population_{name}"],
        "o",
        ms=3,
        mew=0,
        c=colour,
    )
    means = rows.groupby("n_classes").mean(numeric_only=True)
    predicted = means[f"predicted_fresh_population_{name}"]
    ax.plot(means.index, predicted, "-", lw=1, c=colour, label=words)
    ax.plot(means.index, means[f"static_population_{name}"], ":", lw=0.7, c=colour)


def _heads(ax, rows, name):
    for _, row in rows.iterrows():
        colour = colour_of_head(row["head"])
        value = row[f"population_{name}"]
        ax.plot(row["n_classes"], value, "s", ms=4, fillstyle="none", mew=0.9, c=colour)
        ax.plot(row["n_classes"], row[f"predicted_population_{name}"], "_", ms=6, c=colour)


def _explained(ax, rows):
    for _, row in rows.iterrows():
        shares = [row[name] for name in KNOWN]
        ax.plot(range(len(KNOWN)), shares, "-o", ms=2.5, lw=0.8, c=colour_of_head(row["head"]))
    ax.set_yscale("log")
    ax.set_xticks(range(len(KNOWN)), KNOWN.values(), rotation=40, ha="right")
    ax.set_title("share, by what is known")


if __name__ == "__main__":
    run(draw)
