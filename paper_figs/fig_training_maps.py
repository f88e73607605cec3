"""``|H|`` of whole networks at 0, 50 and 100 % of the steps of their training."""

from itertools import pairwise

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    parts_with_subplots,
    rows_of,
    run,
)
from rmt_hessian.plotting import plot_hessian
from rmt_hessian.plotting.pictures import boundaries

CASE = ["inputs", "loss", "widths", "n_samples"]
DECADES = 5
DPI = 300  # of a panel of 1.6 inches, for pictures of some 400 pixels
PICTURES = [  # array, label of its colours, what its axes count
    ("entries", "$|H|$, RMS of a pixel", "weights, first layer to last"),
    ("block_norms", r"$\Vert H_{bc}\Vert_F$", "units $b$, $c$, first layer to last"),
]


def draw(store):
    """Two rows a case: entries, and norms of pairs of units; columns: the three times.

    The first seed of each case, on one colour scale a row.
    """
    table = rows_of(store, "training_images", needed=True)
    n_seeds = table["seed"].nunique()
    table = table[table["seed"] == 0]
    points = [
        (rows.iloc[0], words.replace("\n", "; "))
        for _, of_case in table.groupby(CASE, sort=False)
        for words, rows in combinations(of_case, *CASE)
    ]
    figure, parts = parts_with_subplots(len(points), len(PICTURES), 3, height_to_width=1.05)
    figure.set_dpi(DPI)
    for (point, words), (part, axes) in zip(points, parts, strict=True):
        arrays = store.arrays(point["key"])
        inputs, widths = inputs_of_training(point["inputs"]), point["widths"].replace("-", "–")
        title = f"{point['loss'].upper()}; {inputs}; {widths}, $N={point['n_samples']}${words}"
        part.suptitle(title, fontweight="bold", fontsize=8)
        times = zip(arrays["checkpoint_steps"], arrays["losses"], strict=True)
        for ax, (step, loss) in zip(axes[0], times, strict=True):
            ax.set_title(f"step {step}: loss {loss:.3g}")
        for row, (name, label, counted) in zip(axes, PICTURES, strict=True):
            _draw_row(row, arrays[name], arrays[f"{name}_edges"], point["widths"])
            row[0].set(xlabel=counted, ylabel=counted)
            part.colorbar(row[0].collections[0], ax=row, shrink=0.8, label=label)
    caption(
        figure,
        f"""Whole Hessians at 0, 50 and 100 % of the steps of Adam, one training of each case
        (seed 0 of {n_seeds}). Upper rows: sizes of entries, the root of the mean square over the
        entries of a pixel; lower rows: Frobenius norms of the blocks H_bc of pairs of units b, c,
        each block as large as its weights are many. Each row has one logarithmic colour scale, of
        {DECADES} decades below the largest value of its three maps; what is smaller is black.
        Black with MSE are mostly exact zeros, off the blocks of the last layer's units; with CE
        small numbers, at step 0 most of all, for the scale is that of all three times.
        {_inputs_of_deep(table)}
        Thick lines part layers, thin ones {_lines_of(table)}.""",
    )
    return figure


def _draw_row(row, maps, edges, widths):
    """Pictures on one colour scale."""
    lines, thin = _boundaries(widths)
    same = {"vmax": maps.max(), "edges": edges, "lines": lines, "thin_lines": thin}
    for ax, picture in zip(row, maps, strict=True):
        plot_hessian(picture, ax=ax, decades=DECADES, **same).set(xlabel=None, ylabel=None)


def _boundaries(widths):
    """Where layers end among the parameters, and units where they are wide."""
    return boundaries([(k, p) for p, k in pairwise(map(int, widths.split("-")))])


def _inputs_of_deep(table):
    """A sentence on what the networks of most layers learned, if that is less than the others."""
    n_layers = table["widths"].str.count("-")
    deep = table[n_layers == n_layers.max()]
    if set(deep["inputs"]) == set(table["inputs"]):
        return ""
    learned = " and ".join(map(inputs_of_training, deep["inputs"].unique()))
    return f"The network of {n_layers.max()} layers is drawn for one kind of inputs: {learned}."


def _lines_of(table):
    """Words for the units that thin lines part."""
    found = [_boundaries(widths) for widths in table["widths"]]
    first = all(thin[-1] < ends[0] for ends, thin in found if ends and thin)
    return "units of the first layer" if first else "units where they are wide"


if __name__ == "__main__":
    run(draw)
