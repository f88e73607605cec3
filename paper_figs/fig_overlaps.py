"""Overlap of the top eigenspaces of two independent networks against their dimension."""

import numpy as np

from paper_figs.style import alike, inputs_of, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS, plot_overlaps


def draw(store):
    """Rows: layers and inputs; columns: features as they are, and standardised.

    Crosses: gradient covariances at random labels.
    """
    table = rows_of(store, "eigenspaces")
    hidden = table[(table["case"] == "hidden-ce") & (table["inputs"] == "gaussian")]
    most = hidden["n_classes"].max()
    hidden = hidden[hidden["n_classes"] == most]
    output = table[(table["case"] == "output-ce") & (table["inputs"] == "gaussian")]
    digits = table[table["inputs"] == "digits"]
    means = sorted(hidden["input_mean"].unique(), reverse=True)
    rows = {
        f"hidden, $C={most:.0f}$, {inputs_of(mean)}": hidden[hidden["input_mean"] == mean]
        for mean in (means[0], means[-1])
    }
    rows |= {f"output, {inputs_of(mean)}": part for mean, part in output.groupby("input_mean")}
    rows |= {
        f"{layer}, digits": digits[digits["case"] == f"{layer}-ce"]
        for layer in ("hidden", "output")
    }
    rows = {title: part for title, part in rows.items() if part["standardised"].nunique() == 2}
    figure, axes = subplots(len(rows), 2, height_to_width=0.42, sharex=True, sharey=True)
    for row, (title, part) in zip(axes, rows.items(), strict=True):
        for ax, values in zip(row, (False, True), strict=True):
            points = alike(part[part["standardised"] == values], "case")
            arrays = [store.arrays(key) for key in points["key"]]
            predicted = [a["predicted_overlaps"] for a in arrays]
            overlaps = np.stack([a["overlaps"] for a in arrays])
            peak = points["predicted_peak"].mean()
            plot_overlaps(
                ax,
                overlaps,
                np.stack(predicted),
                peak if peak >= 2 and not values else None,
                points["random_overlap"].iloc[0],
            )
            of_gradients = np.mean([a["gradient_overlaps"] for a in arrays], axis=0)
            q = np.arange(1, of_gradients.size + 1)
            ax.plot(q, of_gradients, "x", ms=3, color=COLOURS["green"], label="of gradients")
            share = points["leading_share"].mean()
            ax.set_title("standardised features" if values else title)
            ax.text(
                0.97, 0.93, rf"$\lambda_1/\mathrm{{tr}}$ of auto-correlation: {share:.2f}",
                transform=ax.transAxes, ha="right", va="top", fontsize=6.5,
            )  # fmt: skip
        row[0].set_ylabel("overlap")
    for ax in axes[-1]:
        ax.set_xlabel("dimension of the eigenspace")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    figure.suptitle(
        "Top eigenspaces of a layer in pairs of independent networks; predicted from the weights, "
        "as far as\neigenvectors are not degenerate (digits: the peak alone, from the sample).\n"
        "Of gradients: the covariance of gradients at random labels",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
