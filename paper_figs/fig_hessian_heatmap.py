"""``|H|`` of a whole network with CE, at few and at many classes."""

from itertools import pairwise

import numpy as np

from paper_figs.style import alike, rows_of, run, subplots
from rmt_hessian.plotting import plot_absolute_hessian


def draw(store):
    """Left: smallest C; right: largest. White lines part the layers."""
    table = alike(rows_of(store, "hessian_image"), "n_classes").sort_values("n_classes")
    figure, axes = subplots(1, 2, height_to_width=0.95)
    for ax, (_, point) in zip(axes[0], table.iloc[[0, -1]].iterrows(), strict=True):
        absolute = store.arrays(point["key"])["absolute_hessian"]
        widths = [int(width) for width in point["widths"].split("-")]
        ends = np.cumsum([size * units for size, units in pairwise(widths)])
        image = plot_absolute_hessian(ax, absolute, boundaries=ends[:-1])
        (d, m), *above = pairwise(widths)
        blocks = [f"{m} blocks of {d}", *(f"{units} of {size}" for size, units in above)]
        ax.set_title(f"$C={widths[-1]}$: {', then '.join(blocks)}")
        ax.set_xlabel("weights, from the first layer to the last")
        figure.colorbar(image, ax=ax, shrink=0.7, label="$|H|$ (four decades)")
    return figure


if __name__ == "__main__":
    run(draw)
