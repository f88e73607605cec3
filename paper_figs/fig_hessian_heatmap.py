"""``|H|`` of a whole one-hidden-layer network with CE, at few and at many classes."""

from paper_figs.style import run, subplots
from rmt_hessian.plotting import plot_absolute_hessian


def draw(store):
    """Left: smallest C; right: largest. White lines part the hidden and the output layer."""
    table = store.table()
    table = table[table["measurement"] == "hessian_image"].sort_values("n_classes")
    figure, axes = subplots(1, 2, height_to_width=0.95)
    for ax, (_, point) in zip(axes[0], table.iloc[[0, -1]].iterrows(), strict=True):
        absolute = store.arrays(point["key"])["absolute_hessian"]
        d, m, C = (int(point[name]) for name in ("n_inputs", "n_hidden", "n_classes"))
        image = plot_absolute_hessian(ax, absolute, boundaries=[m * d])
        ax.set_title(f"$C={C}$: {m} blocks of {d}, then {C} blocks of {m}")
        ax.set_xlabel("weights: hidden layer, then output layer")
        figure.colorbar(image, ax=ax, shrink=0.7, label="$|H|$ (four decades)")
    return figure


if __name__ == "__main__":
    run(draw)
