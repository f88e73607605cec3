"""Distances of block spectra to their laws against the aspect ratio, and spectra at the corners."""

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    subplots,
)
from rmt_hessian.plotting import plot_spectrum

CASES = ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse"]
SHADES = matplotlib.colormaps["Greens"]([0.4, 0.6, 0.8, 1.0])  # from few classes to many
MARKERS = "osD^"
BLOCKS = ("diagonal", "off_diagonal")
KINDS = ("conditional", "population")
SHOWN = "linear-ce"  # the case of the spectra
ROUNDING = 1e-9  # a distance or a band below it is 0


def draw(store):
    """Above: conditional law; middle: population law with its band; below: diagonal blocks."""
    table = rows_of(store, "block_spectra")
    table = table.assign(aspect_ratio=table["n_inputs"] / table["n_samples"])
    figure, axes = subplots(3, len(CASES), height_to_width=1.0)
    for column, case in zip(axes[:2].T, CASES, strict=True):
        of_case = alike(table[table["case"] == case], "n_classes", "aspect_ratio")
        for ax, kind in zip(column, KINDS, strict=True):
            groups = of_case.groupby("n_classes")
            for colour, marker, (C, points) in zip(SHADES, MARKERS, groups, strict=False):
                style = {"ms": 2.5, "lw": 0.9, "color": to_hex(colour)}
                label = f"$C={C:.0f}$"
                means, below, above = _over_spectra(points, kind)
                gamma, middle = means.index.to_numpy(), means.to_numpy()
                bars = {"fmt": f"{marker}-", "elinewidth": 0.5, "label": label}
                ax.errorbar(gamma, middle, (below, above), **style, **bars)
                if kind == "population":
                    band, *_ = _over_spectra(points, "population_band")
                    ax.plot(band.index, band, ":", **style)
            ax.set_title(CASE_TITLES[case])
            ax.set_xscale("log")
            ratios = np.sort(of_case["aspect_ratio"].unique())
            plain_log_ticks(ax, ratios[[0, ratios.size // 2, -1]].round(2))
        column[-1].set_xlabel(r"$\gamma=d/N$")
    for row, kind in zip(axes[:2], KINDS, strict=True):
        highest = max(ax.get_ylim()[1] for ax in row)
        for ax in row:
            ax.set_ylim(0, highest)
            short_axis(ax.yaxis)
        row[0].set_ylabel(f"KS, {kind} law")
    _plot_corners(axes[2], store, table)
    lines, spectra = (axes[i, 0].get_legend_handles_labels() for i in (0, 2))
    dotted = axes[1, 0].plot([], [], ":", c="0.4", lw=0.9), ["95 % of $N$ weights alone"]
    handles, labels = (
        [*first, *last, *between]
        for first, last, between in zip(lines, spectra, dotted, strict=True)
    )
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    d, m = table["n_inputs"].iloc[0], table["n_hidden"].max()
    fewest, shown = table["n_samples"].min(), CASE_TITLES[SHOWN].replace(",", " models with")
    caption(
        figure,
        f"""Kolmogorov–Smirnov (KS) distances of the spectra of H₀₀ and H₀₁ from their laws,
        against γ = d/N, d = {d:.0f}, m = {m:.0f} hidden units: means over {seeds_of(table)}
        and both blocks, with the range of single spectra; H₀₁ of linear models with MSE is 0
        and left out. First row: from the conditional law, given the sample's N weights. Second
        row: from the population law, given only the weights above the layer; dotted: 95 % of
        the distances that the fluctuation of N weights alone gives (none with linear MSE,
        whose weights are all 1). Of single distances {100 * _share_above(table):.0f} % lie
        above: the spectrum given its weights adds a distance as in the first row, and rows of
        weights are not quite orthogonal and of equal length, as the law has them. Third row:
        H₀₀ of {shown}, the first seed, at the smallest and largest γ and C: the eigenvalues
        that are not 0, central 99 %, with both laws. The peaks of the solid curve near its
        lower edge at γ = {table["aspect_ratio"].max():.3g} are the law's own: with N =
        {fewest:.0f} weights and γ > 1 single small weights have eigenvalues of their own,
        apart from the rest. Averaging over weights, as the dashed law does, removes them.""",
    )
    return figure


def _over_spectra(points, kind):
    """Means by aspect ratio, and how far single distances go below and above.

    Those of a block that is 0 are 0 and left out.
    """
    columns = [f"{block}_ks_{kind}" for block in BLOCKS]
    distances = points.set_index("aspect_ratio")[columns].stack()
    groups = distances[distances > ROUNDING].groupby(level=0)
    means = groups.mean()
    return means, means - groups.min(), groups.max() - means


def _share_above(table):
    """Of single distances to the population law, how many are above their dotted line."""
    pairs = [
        table[[f"{block}_ks_population", f"{block}_ks_population_band"]].to_numpy()
        for block in BLOCKS
    ]
    distance, band = np.concatenate(pairs).T
    return np.mean(distance[band > ROUNDING] > band[band > ROUNDING])


def _plot_corners(axes, store, table):
    """Smallest and largest γ and C: the spectrum of the diagonal block and both laws."""
    table = table[(table["case"] == SHOWN) & (table["seed"] == 0)]
    table = table.sort_values(["aspect_ratio", "n_classes"])
    for ax, (_, point) in zip(axes, _corners(table).iterrows(), strict=True):
        arrays = store.arrays(point["key"])
        curves = {f"{kind} law": arrays[f"diagonal_{kind}_curve"] for kind in KINDS}
        plot_spectrum(arrays["diagonal_eigenvalues"], curves, ax=ax, bins=25, coverage=0.99)
        gamma, C = point["aspect_ratio"], point["n_classes"]
        ax.set_title(rf"$H_{{00}}$, $\gamma={gamma:.3g}$, $C={C:.0f}$")
        ax.set_xlabel("eigenvalue")
        short_axis(ax.xaxis, 2)
        ax.set_yticks([])
    axes[0].set_ylabel("density")


def _corners(table):
    """Rows where both aspect ratio and C are the smallest or the largest."""
    extreme = [
        table[name].isin([table[name].min(), table[name].max()])
        for name in ("aspect_ratio", "n_classes")
    ]
    return table[extreme[0] & extreme[1]]


if __name__ == "__main__":
    run(draw)
