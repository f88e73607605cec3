"""Top eigenvectors of trained layers: rank one, order, the part along x̂; those of gradients."""

from dataclasses import replace

from paper_figs.dot_charts import Dots, dot_chart, legend_of_dots
from paper_figs.eigenspace_cases import AFTER, BEFORE, words
from paper_figs.style import caption, run

PANELS = {
    "rank-one\nshare": "rank_one_share",
    "rank-one share,\nnormalised": "normalised_rank_one_share",
    "with product of\nthe same place": "in_order",
    "part in\n$R^k\\otimes\\hat x$": "along_leading",
    "top space, with\nthat of gradients": "gradient_in_hessian_overlap",
}
OVERLAPS = "in_order", "gradient_in_hessian_overlap"
PREDICTED = Dots("predicted_along_leading", AFTER, "|", True, "after, of the products")


def draw(store):
    """A line a layer; columns: quantities, before training and after."""
    before = [Dots(name, BEFORE, filled=False, label="before training") for name in PANELS.values()]
    panels = [[dots, replace(dots, at=AFTER, filled=True, label="after")] for dots in before]
    panels[3].append(PREDICTED)
    figure, axes = dot_chart(store, panels, PANELS)
    for ax, name in zip(axes, PANELS.values(), strict=True):
        ax.set_xlim(0, 1.06)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.set_xlabel("overlap" if name in OVERLAPS else "share", fontsize=7)
    legend_of_dots(figure, panels[3])
    caption(
        figure,
        f"""The C − 1 leading eigenvectors u of the Hessian of each layer, means over them, before
        training (open) and after (filled); first network of each pair, dots are means over seeds,
        bars ranges. {words(store)} Columns: share σ₁²/Σσ² of u as a matrix of units × features; the
        same with features normalised to mean 0 and variance 1; squared overlap of u with the
        product rᵢ ⊗ xₐ that has the same place in the order of products (eigenvectors of E[M] and
        E[zzᵀ] of the sample); squared length of the part of u in Rᵏ ⊗ x̂, x̂ the leading eigenvector
        of E[zzᵀ], with, as a stroke, the share of the C − 1 largest products that have x̂; overlap
        of the space of all C − 1 with that of the gradient covariance at the labels of the
        training. Values that no seed determines, as of multiple eigenvalues, are left out.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
