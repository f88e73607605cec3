"""Norms between layers against the gap to the optimum: stripes, and the rest."""

import numpy as np
import pandas as pd

from paper_figs.style import (
    caption,
    label_outer,
    legend_below,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from paper_figs.training_cases import CASES, cases, left_out, over_seeds
from rmt_hessian.measurements.dynamic_force import exponent
from rmt_hessian.paper.finding import in_powers
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.training import with_scatter

PARTS = [
    ("cross", "black", "all"),
    ("residual", "vermilion", "stripes"),
    ("curvature", "blue", "rest"),
]
FEWEST = 1e-6  # of the first gap: below it is the search for the optimum


def draw(store):
    """Above absolute, below over the geometric mean of the layers' norms; a column a case."""
    shown = list(cases(store))
    ratio = 1.9 * min(len(shown) / len(CASES), 1)  # panels of one height, be they few
    figure, axes = subplots(2, len(shown), ratio, sharex="col", sharey="row")
    for (above, below), (title, points) in zip(axes.T, shown, strict=True):
        arrays = [store.arrays(key) for key in points["key"]]
        gaps = over_seeds(arrays, "gaps")
        kept = gaps > FEWEST * gaps[:, :1]
        for place, (part, name, label) in enumerate(PARTS):
            colour = COLOURS.get(name, name)
            for ax, kind in ((above, "norm"), (below, "relative")):
                values = over_seeds(arrays, f"all_{part}_{kind}")
                for seed, (x, y, some) in enumerate(zip(gaps, values, kept, strict=True)):
                    told = {"label": label} if seed == 0 else {}
                    ax.plot(x[some], y[some], ".-", ms=2.5, lw=0.6, color=colour, **told)
            norms = over_seeds(arrays, f"all_{part}_norm")
            _write_exponent(above, place, np.where(kept, gaps, 0.0), norms, colour)
        above.set_title(title, fontsize=7)
        for ax in (above, below):
            ax.set(xscale="log", yscale="log")
            ax.minorticks_off()
        below.axhline(1, color=COLOURS["grey"], lw=0.8, ls="--")
        below.invert_xaxis()
        if max(below.get_xlim()) < 10 * min(below.get_xlim()):  # maybe without a power of ten
            short_log_axis(below.xaxis)
    label_outer(axes, "loss − optimum", r"$\|H^{(01)}\|_F$")
    axes[1, 0].set_ylabel(r"$\|H^{(01)}\|_F\,/\,\sqrt{\|H^{(0)}\|_F\|H^{(1)}\|_F}$")
    legend_below(figure, axes[0, 0], 3)
    caption(
        figure,
        f"""Norm of H⁽⁰¹⁾, the block between layers 0 and 1, along trainings, which run to the
        right; a line for each of {seeds_of(points)}, a dot a checkpoint. All: H⁽⁰¹⁾; stripes: its
        part with the residual; rest: without it, with ReLU the Gauss–Newton part. Below: over
        the geometric mean of the norms of the Hessians H⁽⁰⁾ and H⁽¹⁾ of the layers; of
        the rest this is at most 1 (dashed), the root of an alignment of tangent kernels.
        Numbers: exponents of the norms above in the gap, slopes over
        points below a quarter of the first gap, mean ± standard deviation over seeds, in the
        colours of the lines (– where fewer than three such points are). The optimum is 0, or what
        a longer search finds from the last network; points whose gap is below 10⁻⁶ of the first
        are not drawn: they tell of that search. {left_out(store)}""",
    )
    return figure


def _write_exponent(ax, place, gaps, norms, colour):
    """In the lower left corner, where no line is: norms fall to the right."""
    slopes = pd.Series([exponent(x, y) for x, y in zip(gaps, norms, strict=True)])
    height = 0.03 + 0.12 * (len(PARTS) - 1 - place)
    told = in_powers(with_scatter(slopes))
    ax.text(0.03, height, told, transform=ax.transAxes, fontsize=6, color=colour)


if __name__ == "__main__":
    run(draw)
