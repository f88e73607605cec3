"""Off-diagonal over diagonal mean squared block norm up to very many classes, and its constant."""

import numpy as np

from paper_figs.style import CASE_TITLES, alike, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.block_structure import ratio_of_means

EXPONENTS = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}  # R ~ C^-exponent


def draw(store):
    """One column a case. Above: R; below: R times the power of C that makes its limit constant."""
    table = rows_of(store, "block_norms")
    figure, axes = subplots(2, len(EXPONENTS), height_to_width=1.1)
    for (above, below), (case, exponent) in zip(axes.T, EXPONENTS.items(), strict=True):
        groups = alike(table[table["case"] == case], "n_classes").groupby("n_classes")
        first = groups.first()
        C = first.index.to_numpy(dtype=float)
        ratio, error = np.array([ratio_of_means(group) for _, group in groups]).T
        for ax, scale in ((above, 1.0), (below, C**exponent)):
            ax.errorbar(
                C, scale * ratio, scale * error, fmt="o", ms=2.5, lw=0.8, capsize=1.5,
                color=COLOURS["blue"], label="measured, standard error over seeds",
            )  # fmt: skip
            ax.plot(
                C, scale * first["predicted_ratio"], "-", lw=1.1, color=COLOURS["vermilion"],
                label="predicted at that $C$",
            )  # fmt: skip
            ax.plot(
                C, scale * first["limit_ratio"], "--", lw=0.9, color="black",
                label=r"limit $C\to\infty$",
            )  # fmt: skip
            ax.set_xscale("log")
            ax.set_xticks(10.0 ** np.arange(1, np.log10(C[-1]), 2))
            ax.minorticks_off()
        above.set_yscale("log")
        above.set_title(f"{CASE_TITLES[case]}: $R$")
        power = "C" if exponent == 1 else f"C^{exponent}"
        below.set_title(f"{CASE_TITLES[case]}: ${power} R$")
        below.set_ylim(bottom=0)
        below.set_xlabel("classes $C$")
    axes[0, 0].set_ylabel(r"$R=\mathbb{E}\|H_{ij}\|_F^2\,/\,\mathbb{E}\|H_{ii}\|_F^2$")
    axes[1, 0].set_ylabel("$R$ times a power of $C$")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    sizes = table.iloc[0]
    seeds = sorted(set(table.groupby("case", sort=False)["seed"].nunique()))
    figure.suptitle(
        f"$d={sizes['n_inputs']:.0f}$, $N={sizes['n_samples']:.0f}$, "
        f"$m={table['n_hidden'].max():.0f}$, {' or '.join(map(str, seeds))} seeds; "
        "linear and output MSE: exactly 0",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
