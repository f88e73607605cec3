"""The path of gradient descent beside the optima of falling ridges, at equal norm of V."""

from paper_figs.style import (
    alike,
    caption,
    legend_below,
    rows_of,
    run,
    seeds_of,
    short_axis,
    short_log_axis,
    subplots,
)
from paper_figs.trained_law_cases import words
from rmt_hessian.plotting import COLOURS

PANELS = {
    "train_loss": "training loss",
    "test_loss": "loss of new samples",
    "test_accuracy": "accuracy on new samples",
    "ratio": "$R$",
}
PATHS = {
    "predicted": ("vermilion", "-", "ridge, predicted"),
    "ridge": ("blue", "o", "ridge, trained"),
    "descent": ("green", "x", "gradient descent"),
}


def draw(store):
    """One row of panels a separation."""
    table = rows_of(store, "trained_paths", needed=True)
    cases = list(alike(table, "separation").groupby("separation", sort=True))
    figure, axes = subplots(len(cases), len(PANELS), height_to_width=1.0)
    for line, (separation, rows) in zip(axes, cases, strict=True):
        arrays = [store.arrays(key) for key in rows["key"]]
        for ax, (name, title) in zip(line, PANELS.items(), strict=True):
            _panel(ax, arrays, name)
            ax.set_title(title)
        line[0].set_ylabel(f"$\\rho={separation:g}$")
    for ax in axes[-1]:
        ax.set_xlabel(r"$\|V\|$")
    legend_below(figure, axes)
    caption(
        figure,
        f"""Softmax regression, {words(table)}, on Gaussian inputs whose class means have length ρ:
        optima of falling ridges, predicted and trained, and gradient descent from 0 without a
        ridge, all against the norm of the weights V, which grows along each path; one mark a ridge
        or checkpoint of each of {seeds_of(table)}. R: mean ‖H_ij‖² over pairs of classes i ≠ j over
        mean ‖H_ii‖². Where descent goes on beyond the norm of the last optimum (by more than 5 %)
        it is not drawn. Descent is not predicted. Largest deviation of its
        marks from the predicted optima at equal ‖V‖: {_deviations(cases)}. Where they part, descent
        does better on new samples.""",
    )
    return figure


def _panel(ax, arrays, name):
    """The prediction, once, and the paths of all seeds."""
    for path, (colour, style, label) in PATHS.items():
        for of_seed in arrays[:1] if path == "predicted" else arrays:
            x, y = of_seed[f"{path}_weight_norm"], of_seed[f"{path}_{name}"]
            inside = x <= 1.05 * of_seed["predicted_weight_norm"].max()
            marks = {"ms": 2.6, "mew": 0.7 if style == "x" else 0, "lw": 0.9, "label": label}
            ax.plot(x[inside], y[inside], style, c=COLOURS[colour], **marks)
    low, high = ax.get_ylim()
    if name == "train_loss" and high > 10 * max(low, 0.1):
        ax.set_yscale("log")
        short_log_axis(ax.yaxis)
    else:
        short_axis(ax.yaxis)
    short_axis(ax.xaxis)


def _deviations(cases):
    """Words for how far gradient descent is from the predicted optima, at each separation."""
    names = [name for name in PANELS if f"deviation_{name}" in cases[0][1]]
    told = []
    for separation, rows in cases:
        largest = ", ".join(
            f"{PANELS[name].strip('$')} {100 * rows[f'deviation_{name}'].max():.2g} %"
            for name in names
        )
        told.append(f"ρ = {separation:g}: {largest}")
    return "; ".join(told)


if __name__ == "__main__":
    run(draw)
