"""Off-diagonal over diagonal mean squared block norm against C, beside its prediction."""

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    subplots,
)
from rmt_hessian.plotting import plot_ratio

CASES = ["linear-ce", "output-ce", "hidden-ce", "hidden-mse"]


def draw(store):
    """One panel a case; MSE of the last layer is left out, its ratio is exactly 0."""
    table = rows_of(store, "block_norms")
    figure, axes = subplots(2, 2, sharex=True)
    for ax, case in zip(axes.flat, CASES, strict=True):
        of_case = alike(table[table["case"] == case], "n_classes")
        ratios = of_case.pivot(index="n_classes", columns="seed", values="ratio")
        measured = of_case.groupby("n_classes")[["off_diagonal_norm2", "diagonal_norm2"]].mean()
        measured = measured["off_diagonal_norm2"] / measured["diagonal_norm2"]
        first = of_case.drop_duplicates("n_classes").set_index("n_classes").loc[ratios.index]
        plot_ratio(
            ratios.index, ratios.to_numpy(), first["predicted_ratio"].to_numpy(),
            ax=ax, measured=measured, limit=first["limit_ratio"].to_numpy(),
        )  # fmt: skip
        ax.set_title(CASE_TITLES[case])
        plain_log_ticks(ax, ratios.index[::3])
    label_outer(axes, axes[0, 0].get_xlabel(), axes[0, 0].get_ylabel())
    legend_below(figure, axes[0, 0], 4)
    sizes = table.iloc[0]
    caption(
        figure,
        f"""Mean squared Frobenius norm of off-diagonal blocks over that of diagonal blocks, all
        blocks counted, against the number of classes C. Dots: ratio of means over
        {seeds_of(table)}; band: 5 to 95 % of single seeds; solid: predicted at these sizes; dashed:
        limit C → ∞, where it is known in closed form. d = {sizes["n_inputs"]:.0f},
        N = {sizes["n_samples"]:.0f}, m = {table["n_hidden"].max():.0f} hidden units, LeCun
        weights, Gaussian inputs. At C = 2 the blocks of linear and output layers with CE have
        one norm: their ratio is exactly 1. Bands narrower than the dots are not seen. Linear and
        output layers with MSE are
        left out: their ratio is exactly 0.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
