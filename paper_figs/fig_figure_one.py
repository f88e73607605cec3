"""[W]'s Figure 1: overlaps by dimension and singular values, LeNet5 and a residual network."""

import numpy as np

from paper_figs.lines import plot_seeds
from paper_figs.style import (
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    seeds_of,
    short_axis,
    subplots,
)
from rmt_hessian.plotting import plot_overlap

NETWORKS = {"lenet5": "LeNet5, fc1", "resnet": "residual, conv."}
PLACES = {"none": "no BN", "before_relu": "BN before ReLU", "after_relu": "BN after ReLU"}
ENDS = "before training", "after training"
COLOURS = {"none": "blue", "before_relu": "orange", "after_relu": "green"}


def draw(store):
    """Rows: networks before and after; columns: places of batch normalisation, eigenvectors."""
    table = rows_of(store, "figure_one", needed=True)
    networks = [name for name in NETWORKS if (table["network"] == name).any()]
    figure, axes = subplots(2 * len(networks), 1 + len(PLACES), 0.75)
    for row, network in enumerate(networks):
        for end, panels in enumerate(axes[2 * row : 2 * row + 2]):
            highest = 0.0
            for ax, place in zip(panels, PLACES, strict=False):
                points = table[(table["network"] == network) & (table["batch_norm"] == place)]
                keys = alike(points, "network", "batch_norm")["key"]
                arrays = [store.arrays(key) for key in keys]
                highest = max(highest, _overlaps(ax, points, arrays, end))
                _singular_values(panels[-1], arrays, place, end)
                ax.set_title(PLACES[place] if not (row or end) else "", fontsize=7)
            for ax in panels[:-1]:
                ax.set_ylim(0, 1.08 * highest)
                short_axis(ax.yaxis)
    label_outer(axes, "dimension $q$")
    names = [f"{NETWORKS[network]}\n{end}" for network in networks for end in ENDS]
    for ax, name in zip(axes[:, 0], names, strict=True):
        ax.set_ylabel(f"{name}\noverlap", fontsize=7)
    axes[0, -1].set_title("top four eigenvectors", fontsize=7)
    for ax in axes[:, -1]:
        ax.set_ylabel("singular value", fontsize=7)
    axes[-1, -1].set_xlabel("place")
    for ax in axes.flat:
        ax.tick_params(labelsize=6)
    legend_below(figure, axes, 4)
    caption(figure, _words(table))
    return figure


def _overlaps(ax, points, arrays, end):
    """The largest overlap drawn."""
    overlaps, products = (
        np.stack([a[name][end] for a in arrays]) for name in ("overlaps", "kronecker_overlaps")
    )
    k, p = (int(points[name].iloc[0]) for name in ("n_units", "n_features"))
    peak = points[f"{('initial', 'final')[end]}_predicted_peak"].mean()
    n_top = overlaps.shape[1]
    plot_overlap(overlaps, products, ax=ax, mark=peak or None, baseline=n_top / (k * p))
    if k <= n_top:
        ax.axvline(k, color="black", ls=":", lw=0.9, label="number of outputs")
    for line in ax.get_lines():
        line.set_markersize(1.2)
    ax.set_xticks([1, k, n_top] if k < n_top else [1, n_top])
    return max(np.nanmax(overlaps), np.nanmax(np.append(products.mean(axis=0), 0)))


def _singular_values(ax, arrays, place, end):
    """Of each of the four eigenvectors, the means over seeds; of a random vector."""
    values = np.stack([a["singular_values"][end] for a in arrays])
    q = np.arange(1, values.shape[2] + 1)
    for vector in np.swapaxes(values, 0, 1):
        plot_seeds(ax, q, vector, COLOURS[place], band=None, lw=0.7, label=f"{PLACES[place]}, σ")
    random = np.mean([a["random_singular_values"] for a in arrays], axis=0)
    ax.plot(q, random, "--", color="black", lw=0.6, label="random vector, σ")
    ax.set_ylim(0, 1.04)
    ax.set_xticks([1, 5, 10])


def _words(table):
    samples = ", ".join(f"{N:.0f}" for N in table["n_samples"].unique())
    return f"""Pairs of networks that learned the same {table["n_training"].max():.0f} digits of
        MNIST, {seeds_of(table, "pair")} each. Hessians of one layer at {samples} of these digits:
        the first linear layer of LeNet5 (120 outputs, 400 features), and the first convolution of
        the last block of a residual network (16 channels, of 16 × 3 × 3 weights). Blue: overlap
        tr(PP′)/q of the spaces of the top q eigenvectors of the two networks, mean over pairs, band
        of 90 %. Vermilion: of the products E[M] ⊗ E[zzᵀ] of their own factors. Grey: of random
        spaces, q over the number of weights. Dashed: peak counted from the factors, mean; dotted:
        number of outputs. Columns: no batch normalisation (BN), BN before each ReLU, BN behind each
        ReLU, so that the features that enter the layer are normalised. Right: singular values of
        the four top eigenvectors of the first network, which have norm 1, as matrices of outputs ×
        features, and of a random vector. Each row has its own scale."""


if __name__ == "__main__":
    run(draw)
