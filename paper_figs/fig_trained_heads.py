"""Heads trained above fixed features: what theory predicts of them, and what is seen."""

from paper_figs.style import (
    caption,
    inputs_of_training,
    legend_below,
    rows_of,
    run,
    seeds_of,
    short_axis,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS

PANELS = {
    "train_loss": "training loss",
    "test_loss": "loss of new samples",
    "test_accuracy": "accuracy, new samples",
    "share": "share off the diagonal",
}
FEATURES = {
    "random": ("blue", "random ReLU features"),
    "inputs": ("green", "pixels"),
    "trained": ("vermilion", "trained features"),
}
DATA = {"mixture": "o", "digits": "s", "mnist": "^"}
MARKS = {"ms": 3, "mew": 0}


def draw(store):
    """Seen against predicted: on the diagonal they are equal."""
    table = rows_of(store, "trained_heads", needed=True)
    figure, axes = subplots(1, len(PANELS), height_to_width=1.15)
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        _panel(ax, table, name)
        ax.set(title=title, xlabel="predicted")
    axes[0, 0].set_ylabel("seen")
    for features, (colour, label) in FEATURES.items():
        if (table["features"] == features).any():
            axes[0, 0].plot([], [], "o", **MARKS, c=COLOURS[colour], label=label)
    for data, marker in DATA.items():
        if (table["data"] == data).any():
            axes[0, 0].plot([], [], marker, **MARKS, c="0.4", label=inputs_of_training(data))
    legend_below(figure, axes, 6)
    images = table["data"] != "mixture"
    ridges = ", ".join(f"{ridge:g}" for ridge in sorted(table["ridge"].unique()))
    caption(
        figure,
        f"""Softmax regression on fixed features, seen against predicted; on the grey line they
        agree. One mark for each ridge ({ridges}) and each of {seeds_of(table)}; {_samples(table)}.
        Features: ReLU units of random weights, pixels, ReLU units of a trained network. The
        prediction takes features of a class as Gaussian about its mean with one covariance for all
        classes, from moments that are measured; trained features have seen the labels of the
        training samples, which it does not know. Share: sum over pairs of classes i ≠ j of ‖H_ij‖²
        over ‖H‖², of the training samples. Losses of images mostly lie above the line, and their
        accuracies below. Seen over predicted, of images: {_ratios(table[images])}; of the mixture:
        {_ratios(table[~images])}.""",
    )
    return figure


def _panel(ax, table, name):
    """A mark a point; losses on logarithmic axes."""
    scale, shorten = ("log", short_log_axis) if name.endswith("loss") else ("linear", short_axis)
    ax.set(xscale=scale, yscale=scale)
    for (features, data), rows in table.groupby(["features", "data"], sort=False):
        seen, predicted, colour = rows[name], rows[f"predicted_{name}"], FEATURES[features][0]
        ax.plot(predicted, seen, DATA[data], **MARKS, alpha=0.6, c=COLOURS[colour])
    ends = [*ax.get_xlim(), *ax.get_ylim()]
    span = min(ends), max(ends)
    ax.plot(span, span, c="0.6", lw=0.6)
    ax.set(xlim=span, ylim=span)
    shorten(ax.xaxis)
    shorten(ax.yaxis)


def _ratios(table):
    """Words for the least and the largest ratio of what is seen to what is predicted."""
    ratios = {title: table[name] / table[f"predicted_{name}"] for name, title in PANELS.items()}
    return ", ".join(
        f"{title.replace(',', ' of')} {values.min():.3g} to {values.max():.3g}"
        for title, values in ratios.items()
    )


def _samples(table):
    """Words for how many samples each kind of data has."""
    sizes = table.groupby("data", sort=False)["n_samples"].unique()
    return "; ".join(
        f"{inputs_of_training(data)}: N = {' and '.join(f'{n:.0f}' for n in found)}"
        for data, found in sizes.items()
    )


if __name__ == "__main__":
    run(draw)
