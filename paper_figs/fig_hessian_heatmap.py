"""``|H|`` of whole untrained networks and the norms of its blocks, at few and at many classes."""

from itertools import pairwise

import numpy as np

from paper_figs.style import (
    alike,
    caption,
    inputs_of_training,
    label_outer,
    rows_of,
    run,
    subplots,
)
from rmt_hessian.plotting import plot_block_norms, plot_hessian
from rmt_hessian.plotting.pictures import boundaries

DECADES = 4
DEFAULTS = {"inputs": "gaussian", "loss": "ce"}  # of points that do not say it
DPI = 300  # three dots and more a pixel, so that pixels do not beat with them


def draw(store):
    """A row for inputs and loss; columns: entries and blocks at the smallest C, at the largest."""
    table = rows_of(store, "hessian_image")
    table = table[table["seed"] == 0]
    table = table.assign(
        **{name: table[name].fillna(x) if name in table else x for name, x in DEFAULTS.items()}
    )
    groups = list(table.groupby(["inputs", "loss"], sort=False))
    figure, axes = subplots(len(groups), 4, height_to_width=1.2)
    figure.set_dpi(DPI)
    for row, ((_, loss), points) in zip(axes, groups, strict=True):
        points = alike(points, "n_classes").sort_values("n_classes")
        for pair, (_, point) in zip(np.split(row, 2), points.iloc[[0, -1]].iterrows(), strict=True):
            _draw_pictures(pair, store.arrays(point["key"]), _widths(point))
            for ax, what in zip(pair, ("entries", "blocks"), strict=True):
                ax.set_title(f"{loss.upper()}, $C={point['n_classes']:.0f}$: {what}")
    label_outer(axes)
    for ax, ((inputs, _), _) in zip(axes[:, 0], groups, strict=True):
        ax.set_ylabel(inputs_of_training(inputs))
    for ax, counted in zip(axes[-1], ("weights", "units") * 2, strict=True):
        ax.set_xlabel(f"{counted}, first layer to last", fontsize=7)
    figure.colorbar(
        axes[0, 0].collections[0], ax=axes, location="bottom", aspect=40, shrink=0.6, pad=0.02,
        label="entry, or norm of a block, over the largest of the panel",
    )  # fmt: skip
    sizes = sorted({(*_widths(p), int(p["n_samples"])) for _, p in table.iterrows()})
    told = ", ".join(f"{'–'.join(map(str, widths))} (N = {N})" for *widths, N in sizes)
    caption(
        figure,
        f"""Hessians of untrained networks in all their weights: absolute entries, and Frobenius
        norms ‖H_bc‖ of the blocks of pairs of units b, c. Networks, from inputs to classes:
        {told}; LeCun weights, the first seed, another network for each loss and C. Gaussian:
        N(0, I) with random labels; digits: the first C digits of scikit-learn with their labels,
        pixels standardised. Where weights outnumber pixels, a pixel is the root mean square over a
        piece of one unit's weights, or over whole units. Each panel is divided by its largest
        pixel, so that all have one scale of {DECADES} decades: panels compare structure, not size;
        what is smaller has the darkest colour. Thick lines part layers, thin ones units that are at
        least a fiftieth of the picture wide. With MSE blocks of two units of the last layer are
        exactly 0. Dark rows and columns of the first layer are of units that few samples activate,
        or with CE whose weights to the classes nearly agree. Bright dots on a grid in panels of
        digits: pixels at the rim that few images use and that are large there, standardised.""",
    )
    return figure


def _draw_pictures(axes, arrays, widths):
    """Entries in the sizes of the parameters, blocks one a square; each over its largest."""
    layers = [(k, p) for p, k in pairwise(widths)]
    ends = np.cumsum([0, *(k * p for k, p in layers)])
    blocks = np.diff(np.searchsorted(arrays["block_norms_edges"], ends))
    for ax, plot, name, parts, edges in (
        (axes[0], plot_hessian, "entries", layers, arrays["entries_edges"]),
        (axes[1], plot_block_norms, "block_norms", [(k, 1) for k in blocks], None),
    ):
        lines, thin = boundaries(parts)
        picture = arrays[name] / (arrays[name].max() or 1.0)
        plot(picture, ax=ax, decades=DECADES, vmax=1, edges=edges, lines=lines, thin_lines=thin)


def _widths(point):
    return [int(width) for width in point["widths"].split("-")]


if __name__ == "__main__":
    run(draw)
