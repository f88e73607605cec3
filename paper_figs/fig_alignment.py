"""Heat maps: squared overlap of top eigenvectors with ``r_i ⊗ x̂``."""

import numpy as np

from paper_figs.eigenspace_cases import mean_of_known
from paper_figs.eigenspace_panels import eigenspace_panels
from paper_figs.style import caption, index_axis, run


def draw(store):
    """Every case of the table, one colour scale; means over seeds."""
    images = []

    def panel(ax, points, arrays):
        images.append(_panel(ax, np.stack([a["alignment"] for a in arrays])))

    figure, axes, words = eigenspace_panels(store, panel, "$i$", "eigenvector", 1.3)
    figure.colorbar(images[0], ax=axes, label=r"$\langle u, r_i\otimes\hat x\rangle^2$", shrink=0.5)
    caption(
        figure,
        f"""Squared overlap of the top eigenvectors u of the Hessian of a layer (down, the one of
        the largest eigenvalue first) with rᵢ ⊗ x̂ (across): rᵢ the eigenvectors of E[M], the largest
        first, x̂ the leading one of E[zzᵀ], both of the sample. Eigenvectors of this form, in this
        order, make a dark diagonal, as long as these products are the largest: at most one a unit
        of a hidden layer, C − 1 in an output layer.
        {words} Means over the first networks of the pairs, of entries that no multiple eigenvalue
        leaves open. Where E[zzᵀ] stands out in no direction, as of centred Gaussian inputs, there
        is no reason for a diagonal.""",
    )
    return figure


def _panel(ax, alignments):
    mean = mean_of_known(alignments)
    n, k = mean.shape
    index_axis(ax.xaxis, k)
    index_axis(ax.yaxis, n)
    return ax.imshow(
        mean, vmin=0, vmax=1, cmap="Blues", aspect="auto", interpolation="nearest",
        extent=(0.5, k + 0.5, n + 0.5, 0.5),
    )  # fmt: skip


if __name__ == "__main__":
    run(draw)
