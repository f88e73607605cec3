"""Top eigenvectors of trained layers: rank one, order, the part along x̂; those of gradients."""

from paper_figs.dot_charts import Dots, dot_chart, legend_of_dots
from paper_figs.eigenspace_cases import AFTER, BEFORE
from paper_figs.style import run

PANELS = {
    "rank-one share\nof matrices": "rank_one_share",
    "rank-one share,\nnormalised features": "normalised_rank_one_share",
    "overlap with the\nproduct of its place": "in_order",
    "part in\n$R^k\\otimes\\hat x$": "along_leading",
    "top space in\nthat of gradients": "gradient_in_hessian_overlap",
}
PREDICTED = Dots("predicted_along_leading", AFTER, "|", True, "after, of the products")


def draw(store):
    """A line a layer; columns: quantities, before training and after."""
    panels = [
        [
            Dots(name, BEFORE, filled=False, label="before training"),
            Dots(name, AFTER, label="after"),
        ]
        for name in PANELS.values()
    ]
    panels[3].append(PREDICTED)
    figure, axes = dot_chart(store, panels, PANELS)
    for ax in axes:
        ax.set_xlim(0, 1.04)
    legend_of_dots(figure, panels[3])
    figure.suptitle(
        "The $C-1$ leading eigenvectors of each layer; means and ranges over seeds", fontsize=8
    )
    return figure


if __name__ == "__main__":
    run(draw)
