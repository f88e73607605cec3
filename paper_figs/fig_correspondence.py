"""Heat maps: top eigenvectors of layers against all ``r_i ⊗ x_a``, sorted by their products."""

from paper_figs.eigenspace_cases import AFTER, mean_of_known
from paper_figs.layer_panels import layer_panels
from paper_figs.style import run


def draw(store):
    """Rows: networks; columns: layers, with true and with random labels; after training."""
    images = []

    def panel(ax, training, layer):
        images.append(_panel(ax, training, layer))

    figure, axes = layer_panels(store, panel, "product", "eigenvector")
    figure.colorbar(images[0], ax=axes, label="squared overlap", shrink=min(1, 2.4 / len(axes)))
    n_top = images[0].get_array().shape[0]
    figure.suptitle(
        f"After training: squared overlaps of the {n_top} top eigenvectors of a layer with "
        "$r_i\\otimes x_a$;\nboth the largest first; means over seeds; dashed: $C-1$",
        fontsize=8,
    )
    return figure


def _panel(ax, training, layer):
    mean = mean_of_known(training.over_seeds(f"correspondence_{layer}", AFTER))
    n = len(mean)
    image = ax.imshow(
        mean, vmin=0, vmax=1, cmap="magma", aspect="auto", interpolation="nearest",
        extent=(0.5, n + 0.5, n + 0.5, 0.5),
    )  # fmt: skip
    leading = training.n_classes - 1 + 0.5
    for line in (ax.axhline, ax.axvline):
        line(leading, color="white", ls="--", lw=0.4)
    ax.set_xticks([])
    ax.set_yticks([])
    return image


if __name__ == "__main__":
    run(draw)
