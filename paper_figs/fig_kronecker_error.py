"""Relative error of Kronecker products against the aspect ratio, beside its prediction."""

import numpy as np

from paper_figs.style import CASE_TITLES, alike, rows_of, run, seeds_of, short_log_axis, subplots
from rmt_hessian.plotting import COLOURS

CASES = ["linear-ce", "hidden-ce", "hidden-mse", "output-ce"]


def draw(store):
    """One panel a case: E[M] ⊗ E[z zᵀ], its prediction, and the nearest Kronecker product."""
    table = rows_of(store, "kronecker_form")
    figure, axes = subplots(2, 2)
    for ax, case in zip(axes.flat, CASES, strict=True):
        points = alike(table[table["case"] == case], "n_samples")
        means = points.groupby("n_samples").mean(numeric_only=True)
        gamma = means["aspect_ratio"]
        ax.plot(
            gamma, means["error"], "o", ms=3, color=COLOURS["blue"],
            label=r"$\mathbb{E}[M]\otimes\mathbb{E}[zz^\top]$",
        )  # fmt: skip
        ax.plot(
            gamma, means["predicted_error"], "-", lw=1.1, color=COLOURS["vermilion"],
            label="predicted",
        )  # fmt: skip
        ax.plot(
            gamma, means["nearest_error"], "x", ms=3.5, color=COLOURS["green"],
            label="nearest Kronecker product",
        )  # fmt: skip
        plateau = np.sqrt(np.mean(means["plateau"] ** 2))
        ax.axhline(plateau, color="black", ls=":", lw=0.9, label="plateau")
        ax.set_xscale("log")
        ax.set_yscale("log")
        short_log_axis(ax.yaxis)
        ax.set_title(f"{CASE_TITLES[case]}: {means['n_classes'].iloc[0]:.0f} classes")
    for ax in axes[-1]:
        ax.set_xlabel(r"effective aspect ratio $(\mathrm{tr}\,\Sigma)^2/(N\,\|\Sigma\|_F^2)$")
    for ax in axes[:, 0]:
        ax.set_ylabel(r"$\|H-K\|_F\,/\,\|H\|_F$")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    first = table.iloc[0]
    figure.suptitle(
        f"$d={first['n_inputs']:.0f}$, means over {seeds_of(table, 'network')}; "
        r"hidden layer with $m$ = " + ", ".join(
            f"{m:.0f} ({case})"
            for case, m in table.groupby("case", sort=False)["n_hidden"].first().items()
            if not case.startswith("linear")
        ),
        fontsize=8,
    )  # fmt: skip
    return figure


if __name__ == "__main__":
    run(draw)
