"""Off-diagonal over diagonal mean squared block norm up to very many classes, and its constant."""

import numpy as np

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    subplots,
)
from rmt_hessian.plotting import plot_ratio
from rmt_hessian.report.ratio import ratio_of_means

EXPONENTS = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}  # R ~ C^-exponent


def draw(store):
    """One column a case. Above: R; below: R times the power of C that makes its limit constant."""
    table = rows_of(store, "block_norms")
    figure, axes = subplots(2, len(EXPONENTS), height_to_width=1.1)
    for (above, below), (case, exponent) in zip(axes.T, EXPONENTS.items(), strict=True):
        groups = alike(table[table["case"] == case], "n_classes").groupby("n_classes")
        C, known = groups.first().index.to_numpy(dtype=float), groups.first()
        seen = np.array([ratio_of_means(group) for _, group in groups]).T
        known = known[["predicted_ratio", "limit_ratio"]].to_numpy(dtype=float).T
        for ax, scale in ((above, 1.0), (below, C**exponent)):
            (ratio, error), (predicted, limit) = scale * seen, scale * known
            plot_ratio(C, ratio, predicted, ax=ax, errors=error, limit=limit)
            ax.set_xscale("log")
            ax.set_xticks(10.0 ** np.arange(1, np.log10(C[-1]), 2))
            ax.minorticks_off()
        above.set_title(f"{CASE_TITLES[case]}: $R$")
        power = "C" if exponent == 1 else f"C^{exponent}"
        below.set(title=f"{CASE_TITLES[case]}: ${power} R$", yscale="linear")
        below.set_ylim(bottom=0)
    label_outer(axes, "classes $C$", "$R$ times a power of $C$")
    axes[0, 0].set_ylabel(r"$R=\mathbb{E}\|H_{ij}\|_F^2\,/\,\mathbb{E}\|H_{ii}\|_F^2$")
    legend_below(figure, axes[0, 0], 3)
    sizes = table.iloc[0]
    drawn = table[table["case"].isin(EXPONENTS)]
    seeds = drawn.groupby("case")["seed"].nunique()
    told = ", ".join(f"{n} seeds ({CASE_TITLES[case]})" for case, n in seeds.items())
    error = (drawn["predicted_ratio_error"] / drawn["predicted_ratio"]).max()
    caption(
        figure,
        f"""Mean squared Frobenius norm of off-diagonal blocks over that of diagonal blocks, R =
        E‖H_ij‖²/E‖H_ii‖², all blocks counted, up to C = {table["n_classes"].max():.0f}
        classes. Dots: ratios of means over {told}, bars: standard error, mostly smaller than
        the dot; solid: predicted at these sizes; dashed: the limit C → ∞ at these d and m.
        Below: the same times the power of C that makes the limit constant, on a linear scale
        from 0, where differences of some per cent are seen that the upper row hides.
        Predictions that rest on draws of weights waver: their standard error is at most
        {100 * error:.1f} %. d = {sizes["n_inputs"]:.0f}, N = {sizes["n_samples"]:.0f}, m =
        {table["n_hidden"].max():.0f} hidden units, LeCun weights, Gaussian inputs. Linear and
        output layers with MSE are left out: their ratio is exactly 0.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
