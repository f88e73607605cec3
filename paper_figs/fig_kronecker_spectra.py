"""Spectrum of a layer beside that of E[M] ⊗ E[z zᵀ] and the law of the layer, linear CE."""

import numpy as np

from paper_figs.style import alike, caption, rows_of, run, short_axis, subplots
from rmt_hessian.plotting import COLOURS, plot_spectrum

N_PANELS = 4


def draw(store):
    """Above: densities; below: top eigenvalues. From the smallest N to the largest, first seed."""
    table = rows_of(store, "kronecker_form")
    table = table[table["case"] == "linear-ce"]
    first = alike(table[table["seed"] == 0].sort_values("n_samples"), "n_samples")
    places = np.linspace(0, len(first) - 1, min(N_PANELS, len(first))).round().astype(int)
    chosen = first.iloc[places]
    figure, axes = subplots(2, len(chosen), height_to_width=1.25)
    for (above, below), (_, point) in zip(axes.T, chosen.iterrows(), strict=True):
        _panels(above, below, point, store.arrays(point["key"]))
    axes[0, 0].set_ylabel("density")
    axes[1, 0].set_ylabel("top eigenvalues")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    edge, name = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles + edge, labels + name, loc="outside lower center", ncols=4)
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


def _panels(above, below, point, arrays):
    spectrum, product, law = (
        arrays[name] for name in ("eigenvalues", "kronecker_eigenvalues", "law_curve")
    )
    plot_spectrum(spectrum, {"law of the layer": law}, ax=above, coverage=1.0)
    _outline(above, product)
    N, gamma = point["n_samples"], point["n_inputs"] / point["n_samples"]
    there = spectrum[spectrum > 1e-10 * spectrum[0]]
    outside = f"{(there < law[0, 0]).sum()} below the law, {(there > law[0, -1]).sum()} above"
    above.set_title(f"$N={N:.0f}$, $\\gamma={gamma:.3g}$\n{outside}", fontsize=7)
    above.set_xlabel("eigenvalue")
    n_top = len(arrays["overlaps"])
    index = np.arange(1, n_top + 1)
    below.plot(index, spectrum[:n_top], "o", ms=2.5, color=COLOURS["grey"])
    below.plot(index, product[:n_top], "x", ms=3, color=COLOURS["green"])
    below.axhline(law[0, -1], color=COLOURS["vermilion"], ls="--", lw=0.9, label="edge of the law")
    error, predicted = point["error"], point["predicted_error"]
    below.set_title(f"error {error:.3f}\npredicted {predicted:.3f}", fontsize=7)
    below.set_xlabel("index")
    below.set_xticks([1, n_top // 2, n_top])
    for axis in (above.xaxis, above.yaxis, below.yaxis):
        short_axis(axis)


def _outline(ax, eigenvalues):
    """The density of the other spectrum, on the same axis; eigenvalues that are 0 left out."""
    lo, hi = ax.get_xlim()
    shown = eigenvalues[np.abs(eigenvalues) > 1e-10 * eigenvalues[0]]
    counts, edges = np.histogram(shown, bins=40, range=(lo, hi))
    heights = counts / (eigenvalues.size * np.diff(edges))
    ax.stairs(heights, edges, color=COLOURS["green"], lw=0.9, label="Kronecker product")
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.15 * heights.max()))


if __name__ == "__main__":
    run(draw)
