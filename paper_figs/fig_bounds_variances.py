"""Variances of posteriors against the curvature of the loss, beside those of a quadratic loss."""

import numpy as np

from paper_figs.bound_cases import FAMILIES, bound_rows
from paper_figs.style import CannotDraw, caption, inputs_of_training, legend_below, run, subplots
from rmt_hessian.plotting import COLOURS

LEAST = 1e-7  # of the largest curvature: smaller ones are not drawn
SHOWN = "standard", "kronecker", "recomputed", "exact"


def draw(store):
    """A row of each kind of network with hidden layers and true labels: its first seed."""
    table = bound_rows(store)
    hidden = table[(table["widths"].str.count("-") > 1) & ~table["random_labels"]]
    if hidden.empty:
        raise CannotDraw("no network with a hidden layer and true labels")
    networks = [rows.iloc[0] for _, rows in hidden.groupby(["images", "widths"], sort=False)]
    figure, axes = subplots(
        len(networks), len(SHOWN), height_to_width=1.0, sharex="row", sharey="row"
    )
    left_out = in_all = 0
    for line, row in zip(axes, networks, strict=True):
        arrays = store.arrays(row["key"])
        for ax, name in zip(line, SHOWN, strict=True):
            label, _, colour = FAMILIES[name]
            if f"{name}_curvatures" not in arrays:
                ax.set_axis_off()
                continue
            h, s = arrays[f"{name}_curvatures"], arrays[f"{name}_variances"]
            predicted = arrays[f"{name}_quadratic_variances"]
            there = h > LEAST * h.max()
            left_out, in_all = left_out + (~there).sum(), in_all + there.size
            ax.loglog(h[there], s[there], ".", ms=1.5, mew=0, c=COLOURS[colour])
            order = np.argsort(h[there])
            ax.loglog(h[there][order], predicted[there][order], c="k", lw=0.8)
            if row is networks[0]:
                ax.set_title(label)
        images = inputs_of_training(row["images"])
        line[0].set_ylabel(f"{images}\n{row['widths'].replace('-', '–')}\nvariance $s_i$")
    for ax in axes[-1]:
        ax.set_xlabel("mean curvature $\\bar h_i$")
    axes[0, 0].plot([], [], "k.", ms=3, label="posterior found")
    axes[0, 0].plot([], [], c="k", lw=0.8, label="$1/(1/\\lambda+\\beta \\bar h_i)$")
    legend_below(figure, axes, 2)
    sizes = " and ".join(dict.fromkeys(f"{row['n_samples']:.0f}" for row in networks))
    caption(
        figure,
        f"""Variances s_i of the posterior in its directions i against the curvature h̄_i of the
        loss there, averaged over the posterior; one network a row, the first seed, true labels.
        Dots: up to 1000 directions, evenly by rank of the curvature; line: 1/(1/λ + βh̄_i), the
        best variances were the loss quadratic with these curvatures, for the prior variance λ, at
        which they are flat where h̄ is small. Directions with h̄ below 10⁻⁷ of the largest,
        {left_out} of these {in_all}, are not drawn. No panel: layers too large for their
        eigenbasis. Isotropic posteriors have one variance; those in the basis of the gradient
        covariance are in the table. N = {sizes}.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
