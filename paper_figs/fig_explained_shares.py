"""Trained heads beside trained mixtures, and what sizes of classes and confusions explain."""

from paper_figs import mixture_families as mixtures
from paper_figs.head_cases import available, colour, in_order, missing, sizes, title
from paper_figs.style import CannotDraw, caption, legend_below, rows_of, run, subplots

VERSION = "fresh_population_"
STYLES = [("0.55", line) for line in ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)))]
KNOWN = {  # columns of `real_head_confusions`, in the order of what they know
    "class_share": "$1/C$",
    "equal_share": "$1/n$",
    "size_share": "sizes",
    "confusion_share": "confusions",
    "population_share": "all",
}
BESIDE = 1.35  # heads of as many classes stand side by side
ERRORS = 2  # standard errors in a bar, to both sides


def draw(store):
    """Left against C, squares heads, lines and points mixtures; right by what is known."""
    heads, confusions = (available(store, name) for name in ("real_heads", "real_head_confusions"))
    if heads.empty or confusions.empty:
        raise CannotDraw("no points of real_heads or of real_head_confusions")
    figure, axes = subplots(1, 3, height_to_width=1.5)
    trained, shown = rows_of(store, "trained_shares"), at_most_samples(heads)
    for ax, (name, label) in zip(axes[0], mixtures.PANELS.items(), strict=False):
        mixtures.draw_families(ax, trained, name, VERSION, STYLES)
        _draw_heads(ax, shown, name)
        ax.set(xlabel="number of classes $C$", ylabel=label)
    _draw_known(axes[0, 2], confusions)
    for head in in_order(confusions["head"]):
        axes[0, 0].plot([], [], "s", ms=4, fillstyle="none", c=colour(head), label=title(head))
    axes[0, 0].plot([], [], "_", ms=6, c="0.1", label="random head on these features")
    mixtures.add_labels(axes[0, 0])
    legend_below(figure, axes[0, 0], 3)
    caption(
        figure,
        f"""Left and middle: last layers of trained networks (squares, in the population, from
        pairs of different samples, bars ±{ERRORS} jackknife standard errors; of most samples:
        {sizes(shown)}; heads of as many classes side
        by side), what random heads on their features tend to for C → ∞ (dashes in their colours),
        and softmax regression trained on Gaussian mixtures (grey, population of new samples;
        {mixtures.sizes(trained)}): dots seen, lines predicted, dotted random heads.
        {mixtures.TERMS} Right: the share off the diagonal if less is known, {sizes(confusions)}: C
        classes that are confused alike; n of them, the effective number (Σc_i)²/Σc_i² of
        c_i = E[p_i(1 − p_i)]; classes of sizes c_i that are confused by their sizes alone;
        E[p_i p_j] of all pairs but no features; the Hessian itself, with bars as on the left. Lines
        there only join what belongs together. {missing(store, "real_heads")}""",
    )
    return figure


def _draw_heads(ax, rows, name):
    """What is seen of each head, and predicted of a random one on its features."""
    found = in_order(rows["head"])
    rows = rows.set_index("head").loc[found]
    for nth, (head, row) in zip(rows.groupby("n_classes").cumcount(), rows.iterrows(), strict=True):
        x, c = row["n_classes"] * BESIDE**nth, colour(head)
        error = ERRORS * row[f"population_{name}_error"]
        square = {"marker": "s", "ms": 4, "fillstyle": "none", "mew": 0.9}
        ax.errorbar(x, row[f"population_{name}"], error, lw=0.8, c=c, **square)
        ax.plot(x, row[f"predicted_population_{name}"], "_", ms=6, c=c)


def _draw_known(ax, rows):
    for _, row in rows.iterrows():
        shares, error = [row[name] for name in KNOWN], ERRORS * row["population_share_error"]
        ax.plot(range(len(KNOWN)), shares, "-o", ms=2.5, lw=0.8, c=colour(row["head"]))
        ax.errorbar(len(KNOWN) - 1, shares[-1], error, lw=0.8, c=colour(row["head"]))
    ax.set_yscale("log")
    ax.set_xticks(range(len(KNOWN)), KNOWN.values(), rotation=40, ha="right")
    ax.set_ylabel("share off the diagonal")
    ax.set_title("by what is known")


def at_most_samples(rows):
    """Rows of `real_heads` at their own temperature, all steps, each of most samples."""
    usual = rows["temperature"].fillna(1.0).eq(1.0) & rows["blanks"].fillna(True).astype(bool)
    rows = rows[usual].sort_values("n_measured", kind="stable")
    return rows.groupby("head", sort=False).tail(1)


if __name__ == "__main__":
    run(draw)
