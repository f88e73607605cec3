"""``|H|`` of whole networks at 0, 50 and 100 % of the steps of their training."""

from itertools import pairwise

import numpy as np

from paper_figs.style import rows_of, run, subplots
from rmt_hessian.plotting import plot_absolute_hessian

DECADES = 5
WIDE = 1 / 50  # of the picture: units of layers whose units are less wide have no lines
DPI = 300  # of a panel of 1.6 inches, for pictures of some 400 pixels
LOSSES = {"ce": "CE", "mse": "MSE"}


def draw(store):
    """Two rows a case: entries, and norms of pairs of units; columns: the three times.

    The first seed of each case, on one colour scale a row.
    """
    table = rows_of(store, "training_images")
    points = [point for _, point in table[table["seed"] == 0].iterrows()]
    figure, axes = subplots(2 * len(points), 3, height_to_width=0.97)
    figure.set_dpi(DPI)
    for point, above, below in zip(points, axes[::2], axes[1::2], strict=True):
        arrays = store.arrays(point["key"])
        widths = [int(width) for width in point["widths"].split("-")]
        case = f"{LOSSES[point['loss']]}, {point['inputs']}"
        told = case, "–".join(map(str, widths)), f"$N={point['n_samples']}$"
        times = zip(told, arrays["checkpoint_steps"], arrays["losses"], strict=True)
        for ax, (words, step, loss) in zip(above, times, strict=True):
            ax.set_title(f"{words}\nstep {step}: loss {loss:.2g}")
        for row, name, label in (
            (above, "entries", "$|H|$"),
            (below, "block_norms", r"$\Vert H_{bc}\Vert_F$"),
        ):
            maps, edges = arrays[name], arrays[f"{name}_edges"]
            for ax, picture in zip(row, maps, strict=True):
                image = plot_absolute_hessian(
                    ax,
                    picture,
                    _layer_ends(widths),
                    DECADES,
                    units=_unit_ends(widths),
                    edges=edges,
                    vmax=maps.max(),
                )
            figure.colorbar(image, ax=row, shrink=0.8, label=label)
    figure.suptitle(
        "Hessians at 0, 50 and 100 % of the steps of Adam: root mean squares of the entries of a "
        f"pixel, norms of\nthe blocks of pairs of units; {DECADES} decades below the largest of "
        "the three. Lines part layers, thin ones units",
        fontsize=8,
    )
    return figure


def _layer_ends(widths):
    """Where layers end among the parameters, but for the last."""
    return np.cumsum([p * k for p, k in pairwise(widths)])[:-1]


def _unit_ends(widths):
    """Where units end, of the layers in which they are wide enough to be told apart."""
    total, start, ends = sum(p * k for p, k in pairwise(widths)), 0, []
    for p, k in pairwise(widths):
        if p >= WIDE * total:
            ends += [start + p * i for i in range(1, k)]
        start += p * k
    return ends


if __name__ == "__main__":
    run(draw)
