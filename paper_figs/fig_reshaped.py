"""Top eigenvectors read as units × features: how near to rank one, and their alignment with x̂."""

import numpy as np

from paper_figs.eigenspace_panels import eigenspace_panels
from paper_figs.lines import plot_seeds
from paper_figs.style import caption, index_axis, legend_below, run


def draw(store):
    """Every case of the table: both shares of each eigenvector."""
    figure, axes, words = eigenspace_panels(store, _panel, "eigenvector", "share")
    legend_below(figure, axes[0], 3)
    caption(
        figure,
        f"""The top eigenvectors of the Hessian of a layer, the one of the largest eigenvalue first,
        read as matrices of units × features with singular values σ. Blue: rank-one share σ₁²/Σσ²,
        which is 1 for eigenvectors r ⊗ x of Kronecker products. Green: squared overlap of the first
        right singular vector with x̂, the leading eigenvector of E[zzᵀ] of the sample. {words} Of
        each pair the first network is shown. Dots: means, bands: range over seeds; eigenvectors
        that a multiple eigenvalue leaves open are left out. Dotted: rank-one share of a random
        vector, (√k + √p)²/(k p) for k units and p features; a random squared overlap is 1/p, at the
        bottom. Where E[zzᵀ] stands out in no direction, x̂ is noise of the sample, and so is the
        overlap with it.""",
    )
    return figure


def _panel(ax, points, arrays):
    shares = np.stack([a["singular_values"][:, 0] ** 2 for a in arrays])
    aligned = np.stack([a["feature_alignment"] for a in arrays])
    place, dots = np.arange(1, shares.shape[1] + 1), {"ms": 2.2, "mew": 0.6}
    label = "rank-one share $\\sigma_1^2/\\sum\\sigma^2$"
    plot_seeds(ax, place, shares, "blue", "o", label=label, **dots)
    label = "squared overlap of its features with $\\hat x$"
    plot_seeds(ax, place, aligned, "green", "s", mfc="none", label=label, **dots)
    weights = shares.shape[1] / points["random_overlap"].iloc[0]
    k = arrays[0]["alignment"].shape[1]
    random = (np.sqrt(k) + np.sqrt(weights / k)) ** 2 / weights
    ax.axhline(random, color="black", ls=":", lw=0.7, label="rank-one share, random")
    ax.set_ylim(-0.04, 1.04)
    index_axis(ax.xaxis, shares.shape[1])


if __name__ == "__main__":
    run(draw)
