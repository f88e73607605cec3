"""Relative errors of E[M] ⊗ E[z zᵀ] on trained layers, and what explains them."""

from paper_figs.dot_charts import Dots, dot_chart, legend_of_dots
from paper_figs.eigenspace_cases import AFTER, BEFORE, words
from paper_figs.style import caption, run, short_axis

KINDS = [
    ("error", "o", True, "measured", None),
    ("nearest_error", ".", True, "nearest product", None),
    ("independent_error", "|", True, "$M$ and $z$ paired at random", None),
    ("gaussian_error", "s", False, "Gaussian inputs of the same moments", None),
    ("predicted_error", "x", True, "predicted, white Gaussian inputs", "vermilion"),
]


def draw(store):
    """A line a layer; columns: before training, after it, after it with normalised features."""
    panels = [[Dots(name, at, *kind) for name, *kind in KINDS] for at in (BEFORE, AFTER)]
    panels.append([Dots("normalised_error", AFTER), Dots("normalised_error", BEFORE, filled=False)])
    titles = "before training", "after training", "normalised features:\nbefore (open), after"
    figure, axes = dot_chart(store, panels, titles)
    for ax in axes:
        ax.set_xlim(0, max(1.04, 1.04 * ax.dataLim.x1))
        short_axis(ax.xaxis, 4)
        ax.set_xlabel(r"$\|H-K\|_F\,/\,\|H\|_F$")
    legend_of_dots(figure, panels[0])
    caption(
        figure,
        f"""Relative error ‖H − K‖/‖H‖ of K = E[M] ⊗ E[zzᵀ] of the sample for the Hessian H of each
        layer; first network of each pair, means over seeds, bars: ranges. {words(store)} Small dot:
        of the nearest Kronecker product in Frobenius norm instead of K. Stroke: error where the
        sample's M and z are paired at random, so what remains is the finite N. Square: the same
        network on Gaussian inputs of the mean and covariance of the data. Cross, for either labels
        and networks of one hidden layer: predicted from the weights for white Gaussian inputs of
        mean 0; images have a strong mean, which makes the error smaller, and other variances, so
        that there crosses lie further off than squares. What squares miss is not in the moments.
        Right: features normalised to mean 0 and variance 1, before (open) and after (filled).""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
