"""Distances of block spectra to their laws against the aspect ratio, and spectra at the corners."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

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
    short_axis,
    subplots,
)
from rmt_hessian.plotting import plot_spectrum

CASES = ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse"]
SHADES = [to_hex(shade) for shade in colormaps["Greens"]([0.4, 0.6, 0.8, 1.0])]  # few classes first
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
    for row, kind in zip(axes, KINDS, strict=False):
        for ax, case in zip(row, CASES, strict=True):
            rows = alike(table[table["case"] == case], "n_classes", "aspect_ratio")
            _draw_distances(ax, rows, kind)
            ax.set(title=CASE_TITLES[case], xscale="log")
            ratios = np.sort(rows["aspect_ratio"].unique())
            plain_log_ticks(ax, ratios[[0, ratios.size // 2, -1]].round(2))
        highest = max(ax.get_ylim()[1] for ax in row)
        for ax in row:
            ax.set_ylim(0, highest)
            short_axis(ax.yaxis)
    _draw_corners(axes[2], store, table)
    label_outer(axes[:2], r"$\gamma=d/N$")
    label_outer(axes[2:], "eigenvalue", "density")
    for ax, kind in zip(axes[:2, 0], KINDS, strict=True):
        ax.set_ylabel(f"KS, {kind} law")
    axes[1, 0].plot([], [], ":", c="0.4", lw=0.9, label="95 % of $N$ weights alone")
    legend_below(figure, axes[[0, 2, 1], 0], 4)
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


def _draw_distances(ax, rows, kind):
    """Means by aspect ratio, a line for each number of classes, and the range of single ones."""
    groups = rows.groupby("n_classes")
    for colour, marker, (C, points) in zip(SHADES, MARKERS, groups, strict=False):
        style = {"ms": 2.5, "lw": 0.9, "color": colour}
        found = _over_spectra(points, kind)
        means = found.mean()
        bars = means - found.min(), found.max() - means
        ax.errorbar(
            means.index, means, bars, fmt=f"{marker}-", elinewidth=0.5, label=f"$C={C:.0f}$",
            **style,
        )  # fmt: skip
        if kind == "population":
            ax.plot(_over_spectra(points, "population_band").mean(), ":", **style)


def _over_spectra(points, kind):
    """Distances of both blocks by aspect ratio; those of a block that is 0 are 0 and left out."""
    columns = [f"{block}_ks_{kind}" for block in BLOCKS]
    distances = points.set_index("aspect_ratio")[columns].stack()
    return distances[distances > ROUNDING].groupby(level=0)


def _share_above(table):
    """Of single distances to the population law, how many are above their dotted line."""
    distance, band = (
        table[[f"{block}_ks_{kind}" for block in BLOCKS]].to_numpy().ravel()
        for kind in ("population", "population_band")
    )
    return np.mean(distance[band > ROUNDING] > band[band > ROUNDING])


def _draw_corners(axes, store, table):
    """Smallest and largest γ and C: the spectrum of the diagonal block and both laws."""
    first = table[(table["case"] == SHOWN) & (table["seed"] == 0)]
    for name in ("aspect_ratio", "n_classes"):
        first = first[first[name].isin([table[name].min(), table[name].max()])]
    first = first.sort_values(["aspect_ratio", "n_classes"])
    for ax, (_, point) in zip(axes, first.iterrows(), strict=True):
        arrays = store.arrays(point["key"])
        curves = {f"{kind} law": arrays[f"diagonal_{kind}_curve"] for kind in KINDS}
        plot_spectrum(arrays["diagonal_eigenvalues"], curves, ax=ax, bins=25, coverage=0.99)
        gamma, C = point["aspect_ratio"], point["n_classes"]
        ax.set(title=rf"$H_{{00}}$, $\gamma={gamma:.3g}$, $C={C:.0f}$", yticks=[])
        short_axis(ax.xaxis, 2)


if __name__ == "__main__":
    run(draw)
