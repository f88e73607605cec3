"""Norms between layers against the gap to the optimum: stripes, and the rest."""

from paper_figs.style import run, seeds_of, short_log_axis, subplots
from paper_figs.training_cases import CASES, cases, over_seeds
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.training import with_scatter

PARTS = [
    ("cross", "black", "all"),
    ("residual", "vermilion", "stripes"),
    ("curvature", "blue", "rest"),
]
FEWEST = 1e-9  # of the first gap: below it is the rounding of the optimum


def draw(store):
    """Above absolute, below over the geometric mean of the layers' norms; a column a case."""
    shown = list(cases(store))
    ratio = 1.9 * min(len(shown) / len(CASES), 1)  # panels of one height, be they few
    figure, axes = subplots(2, len(shown), ratio, sharex="col", sharey="row")
    for (above, below), (title, points) in zip(axes.T, shown, strict=True):
        arrays = [store.arrays(key) for key in points["key"]]
        gaps = over_seeds(arrays, "gaps")
        kept = gaps > FEWEST * gaps[:, :1]
        for part, colour, label in PARTS:
            for ax, kind in ((above, "norm"), (below, "relative")):
                values = over_seeds(arrays, f"all_{part}_{kind}")
                for seed, (x, y, some) in enumerate(zip(gaps, values, kept, strict=True)):
                    told = {"label": label} if seed == 0 else {}
                    colour = COLOURS.get(colour, colour)
                    ax.plot(x[some], y[some], ".-", ms=2.5, lw=0.6, color=colour, **told)
        exponents = [with_scatter(points[f"{part}_exponent"]) for part, *_ in PARTS]
        told = "\n".join(f"{e} {label}" for e, (*_, label) in zip(exponents, PARTS, strict=True))
        above.set_title(f"{title}\nexponents\n{told}", fontsize=6)
        for ax in (above, below):
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.minorticks_off()
        below.axhline(1, color=COLOURS["grey"], lw=0.8, ls="--")
        below.invert_xaxis()
        if max(below.get_xlim()) < 10 * min(below.get_xlim()):  # maybe without a power of ten
            short_log_axis(below.xaxis)
        below.set_xlabel("loss − optimum")
    axes[0, 0].set_ylabel(r"$\|H_{01}\|_F$")
    axes[1, 0].set_ylabel("relative")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(
        "Blocks between the layers along trainings, which run to the right; a line a seed, "
        f"{seeds_of(points)}. Relative: over the\ngeometric mean of the layers' norms; of the "
        "rest, with ReLU the Gauss–Newton part, at most 1 (dashed):\nthe root of an alignment of "
        "tangent kernels. Exponents: of norms in the gap; –: not fitted, for\ntoo few points lie "
        "below 1/4 of the first",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
