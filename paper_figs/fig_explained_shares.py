"""Trained heads beside trained mixtures, and what sizes of classes and confusions explain."""

from paper_figs.fig_grouped_mixtures import PANELS, draw_families, sizes
from paper_figs.fig_real_heads import HEADS, colour
from paper_figs.style import CannotDraw, rows_of, run, subplots

VERSION = "fresh_population_"
STYLES = [("0.45", line) for line in ("-", "--", "-.", ":")]  # colours are those of heads
KNOWN = {  # columns of `real_head_confusions`, in the order of what they know
    "class_share": "$1/C$",
    "equal_share": "$1/n$",
    "size_share": "sizes",
    "confusion_share": "confusions",
    "population_share": "all",
}


def draw(store):
    """Left against C, squares heads, lines and points mixtures; right by what is known."""
    heads, confusions = (available(store, name) for name in ("real_heads", "real_head_confusions"))
    if heads.empty or confusions.empty:
        raise CannotDraw("no points of real_heads or of real_head_confusions")
    figure, axes = subplots(1, 3, height_to_width=1.6)
    mixtures = rows_of(store, "trained_shares")
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=False):
        draw_families(ax, mixtures, name, VERSION, STYLES)
        for _, row in at_most_samples(heads).iterrows():
            c, C = colour(row["head"]), row["n_classes"]
            ax.plot(C, row[f"population_{name}"], "s", ms=4, fillstyle="none", mew=0.9, c=c)
            ax.plot(C, row[f"predicted_population_{name}"], "_", ms=6, c=c)
        ax.set_xlabel("number of classes $C$")
        ax.set_title(title)
    ax = axes[0, 2]
    for _, row in confusions.iterrows():
        shares = [row[name] for name in KNOWN]
        ax.plot(range(len(KNOWN)), shares, "-o", ms=2.5, lw=0.8, c=colour(row["head"]))
    ax.set_yscale("log")
    ax.set_xticks(range(len(KNOWN)), KNOWN.values(), rotation=40, ha="right")
    ax.set_title("share, by what is known")
    for head in dict.fromkeys(confusions["head"]):
        label = HEADS[head][1].strip()
        if head.endswith("joined"):
            label = f"{HEADS[head.removesuffix('-joined')][1]}, no spaces"
        axes[0, 0].plot([], [], "s", ms=4, fillstyle="none", c=colour(head), label=label)
    axes[0, 0].plot([], [], "_", ms=6, c="0.1", label="random head, predicted")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(f"Populations; mixtures: {sizes(mixtures)}", fontsize=8)
    return figure


def available(store, measurement):
    """Rows of heads that there are."""
    rows = rows_of(store, measurement)
    return rows[rows["available"].astype(bool)] if len(rows) else rows


def at_most_samples(rows):
    """Rows of `real_heads` at their own temperature, all steps, each of most samples."""
    usual = rows["temperature"].fillna(1.0).eq(1.0) & rows["blanks"].fillna(True).astype(bool)
    rows = rows[usual].sort_values("n_measured", kind="stable")
    return rows.groupby("head", sort=False).tail(1)


if __name__ == "__main__":
    run(draw)
