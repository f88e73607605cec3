"""Blocks between the two layers against the number of classes, beside their prediction."""

from paper_figs.style import alike, caption, legend_below, rows_of, run, seeds_of, subplots
from rmt_hessian.paper import ratios
from rmt_hessian.plotting import COLOURS

LOSSES = {"ce": ("blue", "cross-entropy"), "mse": ("green", "MSE")}


def draw(store):
    """Left: norms over the geometric mean of the diagonal ones; right: share of ‖H‖² between."""
    table = rows_of(store, "cross_layer_norms")
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    for loss, (colour, label) in LOSSES.items():
        rows = alike(table[table["loss"] == loss], "n_classes")
        columns = "cross_norm2", ["hidden_norm2", "output_norm2"]
        ratio, error = ratios(rows, "n_classes", *columns)
        first = rows.groupby("n_classes").first()
        style = {"color": COLOURS[colour], "capsize": 1.5, "lw": 0.8, "ms": 3}
        left.errorbar(ratio.index, ratio, error, fmt="o", label=f"{label}, measured", **style)
        left.plot(first["predicted_ratio"], "-", lw=1, color=COLOURS["vermilion"])
        left.plot(first["limit_ratio"], "--", lw=0.9, color="black")
        shares = rows.groupby("n_classes")["share_by_layer"]
        mean = shares.mean()
        right.errorbar(mean.index.to_numpy(), mean.to_numpy(), shares.sem(), fmt="o-", **style)
    left.lines[-2].set_label("predicted")
    left.lines[-1].set_label(r"limit $C\to\infty$")
    left.set_yscale("log")
    right.set_ylim(bottom=0)
    titles = "squared norm over that of diagonal blocks", r"share of $\|H\|_F^2$ between the layers"
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set(title=title, xlabel="number of classes $C$")
        ax.set_xscale("log", base=2)
    legend_below(figure, left, 4)
    sizes = table.iloc[0]
    caption(
        figure,
        f"""Blocks of the Hessian between the layers of a network with one hidden layer, at
        initialisation. Left: mean squared Frobenius norm over that of the diagonal blocks of
        both layers (geometric mean of the two), ratio of means over {seeds_of(table)} with
        standard errors; solid: predicted at these sizes; dashed: limit C → ∞. Right: share of
        ‖H‖² between the layers, above the diagonal and below it, means with standard errors.
        Labels are uniform. d = {sizes["n_inputs"]:.0f}, N = {sizes["n_samples"]:.0f}, m =
        {sizes["n_hidden"]:.0f} hidden units, LeCun weights, Gaussian inputs.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
