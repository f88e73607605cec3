"""Spectral ratio of the input auto-correlation of trained layers, and predicted from weights."""

from paper_figs.dot_charts import Dots, dot_chart, legend_of_dots
from paper_figs.eigenspace_cases import AFTER, BEFORE, words
from paper_figs.style import caption, run


def draw(store):
    """A line a layer; columns: before training, after."""
    panels = [
        [
            Dots("ratio", at, label="features as they are"),
            Dots("predicted_ratio", at, "|", label="predicted from the weights"),
            Dots("normalised_ratio", at, filled=False, label="normalised features"),
        ]
        for at in (BEFORE, AFTER)
    ]
    figure, axes = dot_chart(store, panels, ["before training", "after training"])
    for ax in axes:
        ax.set_xlim(0, 1.04 * max(ax.dataLim.x1 for ax in axes))
        ax.set_xlabel(r"$\mu_1/\mu_2$ of $\mathbb{E}[zz^\top]$")
        ax.axvline(1, color="black", ls=":", lw=0.6)
    legend_of_dots(figure, panels[0])
    caption(
        figure,
        f"""Ratio μ₁/μ₂ of the two largest eigenvalues of the auto-correlation E[zzᵀ] of the
        features of each layer, before and after training; first network of each pair, means over
        seeds, bars: ranges, of dots and strokes. {words(store)} Strokes: computed from the weights
        and from mean and covariance of the inputs, of the inputs themselves in layer 0. Open:
        features normalised to mean 0 and variance 1. Dotted: 1, no direction stands out.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
