"""Heat maps: top eigenvectors of layers against all ``r_i ⊗ x_a``, sorted by their products."""

from matplotlib import colormaps

from paper_figs.eigenspace_cases import AFTER, mean_of_known, words
from paper_figs.layer_panels import layer_panels
from paper_figs.style import caption, index_axis, run


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels; after training."""
    images = []

    def panel(ax, training, layer):
        images.append(_panel(ax, training, layer))

    figure, axes = layer_panels(store, panel, "product $r_i\\otimes x_a$", "eigenvector")
    figure.colorbar(images[0], ax=axes, label="squared overlap", shrink=min(1, 2.4 / len(axes)))
    n_top = images[0].get_array().shape[0]
    figure.set_dpi(300)
    caption(
        figure,
        f"""Squared overlap of the top {n_top} eigenvectors of the Hessian of a layer (down) with
        the products rᵢ ⊗ xₐ of the eigenvectors of E[M] and E[zzᵀ] of the sample (across), each
        sorted by its eigenvalue, the largest first; after training, first network of each pair,
        means over seeds of the entries that no multiple eigenvalue leaves open, grey where there is
        none. {words(store)} A dark diagonal: the eigenvectors of the layer are those of its
        Kronecker product, in the same order. Dashed: behind the first C − 1.""",
    )
    return figure


def _panel(ax, training, layer):
    mean = mean_of_known(training.over_seeds(f"correspondence_{layer}", AFTER))
    n = len(mean)
    image = ax.imshow(
        mean, vmin=0, vmax=1, cmap=colormaps["Blues"].with_extremes(bad="0.8"), aspect="auto",
        interpolation="nearest", extent=(0.5, n + 0.5, n + 0.5, 0.5),
    )  # fmt: skip
    leading = training.n_classes - 1 + 0.5
    for line in (ax.axhline, ax.axvline):
        line(leading, color="black", ls="--", lw=0.4)
    index_axis(ax.xaxis, n)
    index_axis(ax.yaxis, n)
    return image


if __name__ == "__main__":
    run(draw)
