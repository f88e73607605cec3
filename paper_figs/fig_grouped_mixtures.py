"""Trained mixtures against C: classes alone, in groups of one size, in so many groups, in pairs."""

from paper_figs.mixture_families import PANELS, TERMS, add_labels, draw_families, sizes
from paper_figs.style import (
    caption,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    short_log_axis,
    subplots,
)

VERSIONS = {"fresh_population_": "population of new samples", "": "training sample"}


def draw(store):
    """Predicted lines, points that were seen, dotted what random heads tend to."""
    table = rows_of(store, "trained_shares")
    figure, axes = subplots(2, 2, height_to_width=0.75)
    for row, (version, of) in zip(axes, VERSIONS.items(), strict=True):
        for ax, (name, label) in zip(row, PANELS.items(), strict=True):
            draw_families(ax, table, name, version)
            plain_log_ticks(ax, sorted(table["n_classes"].unique()))
            short_log_axis(ax.yaxis)
            ax.set(title=of, ylabel=label)
    for ax in axes[1]:
        ax.set_xlabel("number of classes $C$")
    add_labels(axes[0, 0])
    legend_below(figure, axes[0, 0], 3)
    caption(
        figure,
        f"""What lies off the diagonal of softmax regression trained to its optimum on Gaussian
        mixtures, {sizes(table)}. {TERMS} Dots: seen, one a seed; lines: predicted without training.
        Dotted: what heads with random weights on the same inputs tend to for C → ∞, of each family
        (below they agree). Above: population (pairs of different samples) of samples that were not
        trained on; below: the samples that were. Of new samples the share falls like 1/C without
        groups or with a fixed number of them, more slowly where groups have a fixed size.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
