"""Top eigenvectors read as units × features: singular values, and alignment with x̂."""

import numpy as np

from paper_figs.style import alike, inputs_of, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS

SHOWN = 8  # eigenvectors


def draw(store):
    """Left: singular values of each eigenvector; right: overlap of its features with x̂."""
    table = rows_of(store, "eigenspaces")
    table = table[table["case"] == "hidden-ce"]
    gaussian = table[table["inputs"] == "gaussian"]
    most = gaussian["n_classes"].max()
    gaussian = gaussian[~gaussian["standardised"] & (gaussian["n_classes"] == most)]
    means = sorted(gaussian["input_mean"].unique(), reverse=True)
    rows = {inputs_of(mean): gaussian[gaussian["input_mean"] == mean] for mean in means}
    rows["digits"] = table[(table["inputs"] == "digits") & ~table["standardised"]]
    rows = {title: points for title, points in rows.items() if len(points)}
    figure, axes = subplots(len(rows), 2, height_to_width=0.5, sharex="col")
    for (left, right), (title, points) in zip(axes, rows.items(), strict=True):
        arrays = [store.arrays(key) for key in alike(points, "case")["key"]]
        values = np.mean([a["singular_values"] for a in arrays], axis=0)
        index = np.arange(1, values.shape[1] + 1)
        for q, row in enumerate(values[:SHOWN]):
            shade = 0.15 + 0.75 * q / SHOWN
            left.plot(index, row, "-", lw=0.9, color=str(shade), label=f"eigenvector {q + 1}")
        left.set_ylim(0, 1.02)
        left.set_ylabel("singular value")
        left.set_title(title)
        aligned = np.stack([a["feature_alignment"] for a in arrays])
        right.bar(np.arange(1, aligned.shape[1] + 1), aligned.mean(axis=0), color=COLOURS["blue"])
        right.set_ylim(0, 1.02)
        right.set_ylabel("squared overlap")
        right.set_title(f"{title}: features against $\\hat x$")
    axes[-1, 0].set_xlabel("index of the singular value")
    axes[-1, 1].set_xlabel("eigenvector, the largest first")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.suptitle(
        "Hidden layer, CE, means over seeds: eigenvectors as matrices of units × features; "
        "$\\hat x$ leads the auto-correlation",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
