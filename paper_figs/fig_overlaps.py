"""Overlap of the top eigenspaces of two independent networks against their dimension."""

import numpy as np

from paper_figs.eigenspace_panels import eigenspace_panels
from paper_figs.style import caption, index_axis, legend_below, run
from rmt_hessian.plotting import COLOURS, plot_overlap


def draw(store):
    """Every case of the table, its features as they are and standardised."""
    figure, axes, words = eigenspace_panels(store, _panel, "dimension $q$", "overlap")
    legend_below(figure, axes, 4)
    caption(
        figure,
        f"""Overlap tr(PP′)/q of the spaces of the top q eigenvectors of the Hessians of one layer
        of two independent networks, on the same inputs, against q: 1 if they are the same space.
        {words} Dots: means, with a band of 5 to 95 % of the pairs. Solid: the same overlap for
        E[M] ⊗ E[zzᵀ] with both factors computed from the weights, for Gaussian features as they
        are; it ends, or is absent, where an eigenvalue of that product is multiple in some pair
        (hidden layers with centred inputs: E[zzᵀ] is the identity; digits and standardised
        features are not covered). Dash-dotted: for the product of the factors of the sample, in
        all cases. In hidden layers where E[zzᵀ] has no leading eigenvalue it lies above what is
        measured: the two products put the same noise of the features first, the Hessians do not.
        Crosses: of the covariances of gradients at random labels, mean over pairs.
        Dotted: random spaces, q over the number of weights. Vertical: predicted peak, mean over
        pairs of the number of eigenvalues λᵢ(E[M]) μ₁ above λ₁(E[M]) μ₂ (μ: of E[zzᵀ], of the
        weights where the solid line is, else of the sample), where it is 2 or more and features
        are as they are. In the panels: μ₁ over the
        trace.""",
    )
    return figure


def _panel(ax, points, arrays):
    overlaps, predicted, of_sample, of_gradients = (
        np.stack([a[name] for a in arrays])
        for name in ("overlaps", "predicted_overlaps", "kronecker_overlaps", "gradient_overlaps")
    )
    peak = 0 if points["standardised"].any() else points["predicted_peak"].mean()
    plot_overlap(
        overlaps, predicted, ax=ax, mark=peak if peak >= 2 else None,
        baseline=points["random_overlap"].iloc[0],
    )  # fmt: skip
    q = np.arange(1, overlaps.shape[1] + 1)
    ax.plot(
        q, of_sample.mean(axis=0), "-.", lw=0.9, color=COLOURS["purple"], zorder=1.5,
        label="of the sample's factors",
    )  # fmt: skip
    ax.plot(
        q, of_gradients.mean(axis=0), "x", ms=2.5, mew=0.7, color=COLOURS["green"],
        label="of gradients",
    )  # fmt: skip
    index_axis(ax.xaxis, q.size)
    ax.text(
        0.97, 0.97, rf"$\mu_1/\mathrm{{tr}}$ {points['leading_share'].mean():.2f}",
        transform=ax.transAxes, ha="right", va="top", fontsize=6,
    )  # fmt: skip


if __name__ == "__main__":
    run(draw)
