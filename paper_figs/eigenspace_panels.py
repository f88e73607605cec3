"""The sweep of eigenspaces: a panel for each layer, its classes, its inputs and its features."""

from paper_figs.style import alike, inputs_of, panels, rows_of, seeds_of

KEYS = ["inputs", "case", "n_classes", "input_mean", "standardised"]
N_COLUMNS = 4


def eigenspace_panels(store, draw, xlabel, ylabel, height=1.15):
    """A figure of all points of the table; ``draw(ax, points, arrays)`` fills a panel of it.

    ``height`` of a row in inches, with its titles. Returns the figure, its axes that are drawn, and
    words for a caption.
    """
    table = rows_of(store, "eigenspaces")
    groups = [points for _, points in table.groupby(KEYS)]
    groups.sort(key=lambda points: points["inputs"].iloc[0] != "gaussian")
    figure, axes = panels(len(groups), N_COLUMNS, sharey=True)
    figure.set_size_inches(figure.get_size_inches()[0], 0.7 + height * len(axes))
    for ax, points in zip(axes.flat, groups, strict=False):
        draw(ax, points, [store.arrays(key) for key in alike(points, *KEYS)["key"]])
        ax.set_title(_title(points.iloc[0]), fontsize=6.5)
        ax.tick_params(labelsize=6)
    for ax in axes.flat[max(len(groups) - N_COLUMNS, 0) : len(groups)]:
        ax.set_xlabel(xlabel, fontsize=7)
    for ax in axes[:, 0]:
        ax.set_ylabel(ylabel, fontsize=7)
    return figure, axes.flat[: len(groups)], _words(table)


def _title(point):
    layer = point["case"].removesuffix("-ce")
    given = inputs_of(point["input_mean"]) if point["inputs"] == "gaussian" else point["inputs"]
    features = ", standardised" if point["standardised"] else ""
    return f"{layer}, $C={point['n_classes']:.0f}$\n{given}{features}"


def _words(table):
    shapes = [
        f"{case.removesuffix('-ce')} layers of "
        + ", ".join(widths.replace("-", "–") for widths in points["widths"].unique())
        for case, points in table.groupby("case")
    ]
    samples = ", ".join(f"{N:.0f}" for N in table["n_samples"].unique())
    return (
        f"ReLU networks with LeCun weights and cross-entropy, {'; '.join(shapes)}; N = {samples}, "
        f"{seeds_of(table, 'pair')} of networks in each panel. Inputs are N(mean, I), or digits in "
        "grey values; standardised: the features of the layer have mean 0 and variance 1."
    )
