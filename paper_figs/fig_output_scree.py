"""Eigenvalues of the output Hessian of the hidden layer: C-1 of them stand apart."""

from paper_figs.style import (
    alike,
    caption,
    legend_below,
    panels,
    rows_of,
    run,
    short_log_axis,
)
from rmt_hessian.plotting import plot_scree

AT_LEAST = 20  # eigenvalues in a panel, or 1.5 C


def draw(store):
    """One panel a C, first seed, beside the eigenvalues of the Hadamard formula.

    Crosses: the output gradient covariance at random labels.
    """
    table = rows_of(store, "output_rank")
    points = alike(table[table["seed"] == 0], "n_classes").sort_values("n_classes")
    figure, axes = panels(len(points), -(-len(points) // 2), height_to_width=1.25)
    for ax, (_, point) in zip(axes.flat, points.iterrows(), strict=False):
        arrays = store.arrays(point["key"])
        C = int(point["n_classes"])
        plot_scree(
            arrays["eigenvalues"], ax=ax, mark=C - 1, mark_label="$C-1$",
            predicted=arrays["predicted_eigenvalues"], n_shown=max(AT_LEAST, 3 * C // 2),
            others={"of gradients": arrays["gradient_eigenvalues"]},
        )  # fmt: skip
        short_log_axis(ax.yaxis)
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.55)  # room for four lines
        ax.set_title(f"$C={C}$")
        numbers = {"gap": "gap", "predicted_gap": "predicted", "overlap": "overlap"}
        numbers |= {"gradient_overlap": "of gradients"}
        ax.text(
            0.99, 0.99, "\n".join(f"{word} {point[name]:.3f}" for name, word in numbers.items()),
            fontsize=6, transform=ax.transAxes, ha="right", va="top",
            bbox={"facecolor": "white", "alpha": 1.0, "lw": 0, "pad": 0.5},
        )  # fmt: skip
        ax.set_ylabel("eigenvalue" if ax in axes[:, 0] else "")
    legend_below(figure, axes[0, 0], 4)
    sizes = points.iloc[0]
    caption(
        figure,
        f"""The {AT_LEAST} largest eigenvalues, or 3C/2 where these are more, of the output
        Hessian E[M] of the hidden layer with
        CE, one network each (the first seed), d = {sizes["n_inputs"]:.0f},
        m = {table["n_hidden"].max():.0f}, N = {sizes["n_samples"]:.0f}, Gaussian inputs, random
        labels. Dots: measured; line: of the Hadamard formula, from the weights and the sample's
        mean Hessian in the logits; crosses: of E[g gᵀ], the covariance of the output gradients at
        random labels, another matrix. Gap:
        λ_C/λ_{{C−1}}, across the dashed line. Overlap: of the space of the first C − 1 eigenvectors
        with the predicted one, the span of the next layer's weight rows, centred over classes, and
        the same of E[g gᵀ]; 1 is equal. The scales of the panels differ.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
