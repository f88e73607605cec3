"""Relative error of Kronecker products against the aspect ratio, beside its prediction."""

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    seeds_of,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS

CASES = ["linear-ce", "hidden-ce", "hidden-mse", "output-ce"]
MEASURED = r"$K=\mathbb{E}[M]\otimes\mathbb{E}[zz^\top]$"
LINES = {  # column: line, colour, label
    "plateau": (":", "vermilion", "predicted plateau"),
    "predicted_error": ("-", "vermilion", "predicted"),
    "nearest_error": ("x", "green", "nearest Kronecker product"),
}


def draw(store):
    """One panel a case: E[M] ⊗ E[z zᵀ], its prediction, and the nearest Kronecker product."""
    table = rows_of(store, "kronecker_form")
    figure, axes = subplots(2, 2, sharey=True)
    for ax, case in zip(axes.flat, CASES, strict=True):
        points = alike(table[table["case"] == case], "n_samples").groupby("n_samples")
        means, errors = points.mean(numeric_only=True), points["error"].sem().fillna(0.0)
        gamma, dots = means["aspect_ratio"], {"fmt": "o", "ms": 3, "lw": 0.8}
        ax.errorbar(gamma, means["error"], errors, **dots, color=COLOURS["blue"], label=MEASURED)
        for name, (line, colour, label) in LINES.items():
            ax.plot(gamma, means[name], line, ms=3.5, lw=1, color=COLOURS[colour], label=label)
        ax.set(xscale="log", yscale="log", title=CASE_TITLES[case])
    short_log_axis(axes[0, 0].yaxis)
    gamma = r"effective aspect ratio $(\mathrm{tr}\,\Sigma)^2/(N\,\|\Sigma\|_F^2)$"
    label_outer(axes, gamma, r"$\|H-K\|_F\,/\,\|H\|_F$")
    legend_below(figure, axes[0, 0], 4, last=[label for *_, label in LINES.values()])
    widths = table.groupby("case")["widths"].first()
    shapes = ", ".join(
        f"{widths[case].replace('-', '–')} ({CASE_TITLES[case].replace(',', '')})" for case in CASES
    )
    samples = table["n_samples"]
    caption(
        figure,
        f"""Relative Frobenius error of Kronecker products K for the Hessian H of one layer, against
        the aspect ratio γ = n/N, n = (tr Σ)²/‖Σ‖² the effective number of features, Σ = E[zzᵀ];
        for white inputs n = d. Networks {shapes}, LeCun weights, Gaussian inputs,
        N = {samples.min():.0f} … {samples.max():.0f}. Dots: product of the factors of the sample,
        means over {seeds_of(table, "network")}, others at each N, with standard errors. Solid:
        predicted from the weights of the same networks. Dotted: its limit N → ∞ for them, the
        plateau; it varies from point to point with the networks. Crosses: the nearest product in
        Frobenius norm, which has no formula here and may lie below the plateau of the other one.
        The last layer with MSE is left out: there K is exact.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
