"""The path of gradient descent beside the optima of falling ridges, at equal norm of V."""

from paper_figs.style import CannotDraw, alike, rows_of, run, seeds_of, subplots
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
    table = rows_of(store, "trained_paths")
    if table.empty:
        raise CannotDraw("no points of trained_paths")
    cases = list(alike(table, "separation").groupby("separation", sort=True))
    figure, axes = subplots(len(cases), len(PANELS), height_to_width=1.0)
    for line, (separation, rows) in zip(axes, cases, strict=True):
        for ax, (name, title) in zip(line, PANELS.items(), strict=True):
            for path, (colour, style, label) in PATHS.items():
                keys = rows["key"][:1] if path == "predicted" else rows["key"]
                for number, key in enumerate(keys):
                    arrays = store.arrays(key)
                    x, y = arrays[f"{path}_weight_norm"], arrays[f"{path}_{name}"]
                    inside = x <= 1.05 * arrays["predicted_weight_norm"].max()
                    ax.plot(
                        x[inside],
                        y[inside],
                        style,
                        ms=2.6,
                        mew=0.7 if style == "x" else 0,
                        lw=0.9,
                        c=COLOURS[colour],
                        label=label if number == 0 else None,
                    )
            ax.set_title(f"{title}\n$\\rho={separation:g}$")
            lo, hi = ax.get_ylim()
            if name == "train_loss" and hi > 10 * max(lo, 0.1):
                ax.set_yscale("log")
    for ax in axes[-1]:
        ax.set_xlabel(r"$\|V\|$")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    first = table.iloc[0]
    figure.suptitle(
        f"Optima of falling ridges and gradient descent, $d={first['n_inputs']:.0f}$, "
        f"$K={first['n_classes']:.0f}$, $N={first['n_samples']:.0f}$, {seeds_of(table)}",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
