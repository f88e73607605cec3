"""``|H|`` of whole networks at 0, 50 and 100 % of the steps of their training."""

from itertools import pairwise

import numpy as np

from paper_figs.style import (
    caption,
    combinations,
    inputs_of_training,
    parts_with_subplots,
    rows_of,
    run,
)
from rmt_hessian.plotting import plot_hessian

DECADES = 5
WIDE = 1 / 50  # of the picture: units of layers whose units are less wide have no lines
DPI = 300  # of a panel of 1.6 inches, for pictures of some 400 pixels
PICTURES = [  # array, label of its colours, what its axes count
    ("entries", "$|H|$, RMS of a pixel", "weights, first layer to last"),
    ("block_norms", r"$\Vert H_{bc}\Vert_F$", "units $b$, $c$, first layer to last"),
]


def draw(store):
    """Two rows a case: entries, and norms of pairs of units; columns: the three times.

    The first seed of each case, on one colour scale a row.
    """
    table = rows_of(store, "training_images")
    table = table[table["seed"] == 0]
    known = ["inputs", "loss", "widths", "n_samples"]
    points = [
        (point, words.replace("\n", "; "))
        for _, of_case in table.groupby(known, sort=False)
        for words, rows in combinations(of_case, *known)
        for _, point in rows.iterrows()
    ]
    figure, parts = parts_with_subplots(len(points), len(PICTURES), 3, height_to_width=1.05)
    figure.set_dpi(DPI)
    for (point, words), (part, axes) in zip(points, parts, strict=True):
        arrays = store.arrays(point["key"])
        widths = [int(width) for width in point["widths"].split("-")]
        part.suptitle(
            f"{point['loss'].upper()}; {inputs_of_training(point['inputs'])}; "
            f"{'–'.join(map(str, widths))}, $N={point['n_samples']}${words}",
            fontweight="bold",
            fontsize=8,
        )
        times = zip(arrays["checkpoint_steps"], arrays["losses"], strict=True)
        for ax, (step, loss) in zip(axes[0], times, strict=True):
            ax.set_title(f"step {step}: loss {loss:.3g}")
        for row, (name, label, counted) in zip(axes, PICTURES, strict=True):
            maps, edges = arrays[name], arrays[f"{name}_edges"]
            for ax, picture in zip(row, maps, strict=True):
                plot_hessian(
                    picture, ax=ax, edges=edges, decades=DECADES, vmax=maps.max(),
                    lines=_layer_ends(widths), thin_lines=_unit_ends(widths),
                )  # fmt: skip
                ax.set(xlabel=None, ylabel=None)
            row[0].set(xlabel=counted, ylabel=counted)
            part.colorbar(row[0].collections[0], ax=row, shrink=0.8, label=label)
    n_seeds = rows_of(store, "training_images")["seed"].nunique()
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


def _inputs_of_deep(table):
    """A sentence on what the networks of most layers learned, if that is less than the others."""
    n_layers = table["widths"].str.count("-")
    deep = table[n_layers == n_layers.max()]
    if set(deep["inputs"]) == set(table["inputs"]):
        return ""
    learned = " and ".join(map(inputs_of_training, deep["inputs"].unique()))
    return f"The network of {n_layers.max()} layers is drawn for one kind of inputs: {learned}."


def _layer_ends(widths):
    """Where layers end among the parameters, but for the last."""
    return np.cumsum([p * k for p, k in pairwise(widths)])[:-1]


def _wide_layers(widths):
    """The layers in which units are wide enough to be told apart."""
    total = sum(p * k for p, k in pairwise(widths))
    return [layer for layer, p in enumerate(widths[:-1]) if p >= WIDE * total]


def _unit_ends(widths):
    """Where units end, of the layers in which they are wide enough."""
    starts = [0, *_layer_ends(widths)]
    return [
        starts[layer] + widths[layer] * i
        for layer in _wide_layers(widths)
        for i in range(1, widths[layer + 1])
    ]


def _lines_of(table):
    """Words for the units that thin lines part."""
    layers = {
        layer
        for widths in table["widths"]
        for layer in _wide_layers([int(width) for width in widths.split("-")])
    }
    return "units of the first layer" if layers == {0} else "units where they are wide"


if __name__ == "__main__":
    run(draw)
