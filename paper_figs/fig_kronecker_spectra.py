"""Spectrum of a layer beside that of E[M] ⊗ E[z zᵀ] and the law of the layer, linear CE."""

import numpy as np

from paper_figs.style import (
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    short_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS, plot_scree, plot_spectrum

N_PANELS = 4
PRODUCT = "Kronecker product"


def draw(store):
    """Above: densities; below: top eigenvalues. From the smallest N to the largest, first seed."""
    table = rows_of(store, "kronecker_form")
    table = table[table["case"] == "linear-ce"]
    first = alike(table[table["seed"] == 0].sort_values("n_samples"), "n_samples")
    places = np.linspace(0, len(first) - 1, min(N_PANELS, len(first))).round().astype(int)
    chosen = first.iloc[places]
    figure, axes = subplots(2, len(chosen), height_to_width=1.25)
    for pair, (_, point) in zip(axes.T, chosen.iterrows(), strict=True):
        _draw_spectra(*pair, point, store.arrays(point["key"]))
    label_outer(axes, "index", "top eigenvalues")
    axes[0, 0].set_ylabel("density")
    for ax in axes[0]:
        ax.set_xlabel("eigenvalue")
    legend_below(figure, axes[:, 0], 5)
    means = table[table["n_samples"].isin(chosen["n_samples"])].groupby("n_samples").mean(True)
    law, product = (
        ", ".join(f"{value:.3f}" for value in means[f"ks_{name}"]) for name in ("law", "kronecker")
    )
    sizes = chosen.iloc[0]
    seeds = table["seed"].nunique()
    caption(
        figure,
        f"""Hessian H of softmax regression with C = {sizes["n_classes"]:.0f} classes and
        d = {sizes["n_inputs"]:.0f} Gaussian inputs, LeCun weights, γ = d/N; {len(chosen)} of
        {len(first)} sample sizes, the first of {seeds} seeds. Above: histogram of its
        {sizes["n_inputs"] * sizes["n_classes"]:.0f} eigenvalues, all but those that are 0; the law
        of the layer; outline: the eigenvalues of K = E[M] ⊗ E[zzᵀ] of the sample. Titles: how many
        eigenvalues, not counting zeros, lie below and above the support of the law. One or two at
        an edge are fluctuation; those well below the law at small γ belong to directions in the
        span of the weights, on which M depends, and the law, a limit d → ∞, does not know them.
        Below: the largest eigenvalues of H (dots) and K (crosses), the upper edge of the law, and
        the relative error ‖H − K‖/‖H‖ with the one predicted from the weights. K comes near H in
        norm as γ → 0, but with another spectrum: Kolmogorov distances to the spectrum of H are
        {product} for K and {law} for the law, means over seeds, in the order of the panels.""",
    )
    return figure


def _draw_spectra(above, below, point, arrays):
    spectrum, product = arrays["eigenvalues"], arrays["kronecker_eigenvalues"]
    law, n_top = arrays["law_curve"], len(arrays["overlaps"])
    curves = {"law of the layer": law}
    plot_spectrum(spectrum, curves, ax=above, coverage=1.0, others={PRODUCT: product})
    N, gamma = point["n_samples"], point["n_inputs"] / point["n_samples"]
    there = spectrum[spectrum > 1e-10 * spectrum[0]]
    outside = f"{(there < law[0, 0]).sum()} below the law, {(there > law[0, -1]).sum()} above"
    above.set_title(f"$N={N:.0f}$, $\\gamma={gamma:.3g}$\n{outside}", fontsize=7)
    plot_scree(spectrum, ax=below, label="layer", others={PRODUCT: product}, n_shown=n_top)
    below.axhline(law[0, -1], color=COLOURS["vermilion"], ls="--", lw=0.9, label="edge of the law")
    error, predicted = point["error"], point["predicted_error"]
    below.set_title(f"error {error:.3f}\npredicted {predicted:.3f}", fontsize=7)
    below.set(yscale="linear", xticks=[1, n_top // 2, n_top])
    for axis in (above.xaxis, above.yaxis, below.yaxis):
        short_axis(axis)


if __name__ == "__main__":
    run(draw)
