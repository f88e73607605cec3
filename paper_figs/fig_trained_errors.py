"""Relative errors of E[M] ⊗ E[z zᵀ] on trained layers, and what explains them."""

from paper_figs.dot_charts import Dots, dot_chart, legend_of_dots
from paper_figs.eigenspace_cases import AFTER, BEFORE
from paper_figs.style import run

KINDS = [
    ("error", "o", True, "measured", None),
    ("nearest_error", ".", True, "nearest product", None),
    ("independent_error", "|", True, "M and z paired at random", None),
    ("gaussian_error", "s", False, "Gaussian inputs of the same moments", None),
    ("predicted_error", "x", True, "predicted, white Gaussian inputs", "vermilion"),
]


def draw(store):
    """A line a layer; columns: before training, after it, after it with normalised features."""
    panels = [
        [
            Dots(name, at, marker, filled, label, colour)
            for name, marker, filled, label, colour in KINDS
        ]
        for at in (BEFORE, AFTER)
    ]
    panels.append([Dots("normalised_error", AFTER), Dots("normalised_error", BEFORE, filled=False)])
    titles = "before training", "after training", "normalised features:\nbefore (open), after"
    figure, axes = dot_chart(store, panels, titles)
    for ax in axes:
        ax.set_xlim(0, max(1.04, 1.04 * ax.dataLim.x1))
        ax.set_xlabel(r"$\|H-K\|_F\,/\,\|H\|_F$")
    legend_of_dots(figure, panels[0])
    figure.suptitle(
        r"Error of $K=\mathbb{E}[M]\otimes\mathbb{E}[zz^\top]$; means and ranges over seeds",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
