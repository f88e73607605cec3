"""Heat map: squared overlap of top eigenvectors with ``r_i ⊗ x̂``."""

from paper_figs.style import alike, inputs_of, rows_of, run, subplots


def draw(store):
    """One panel an input distribution, hidden layer, first seed."""
    table = rows_of(store, "eigenspaces")
    table = table[table["case"] == "hidden-ce"]
    table = table[(table["seed"] == 0) & ~table["standardised"]]
    gaussian = table[table["inputs"] == "gaussian"]
    gaussian = gaussian[gaussian["n_classes"] == gaussian["n_classes"].max()]
    means = sorted(gaussian["input_mean"].unique(), reverse=True)
    panels = {inputs_of(mean): gaussian[gaussian["input_mean"] == mean] for mean in means}
    panels["digits"] = table[table["inputs"] == "digits"]
    panels = {title: alike(points, "case") for title, points in panels.items() if len(points)}
    figure, axes = subplots(1, len(panels), height_to_width=1.6, sharey=True)
    for ax, (title, points) in zip(axes[0], panels.items(), strict=True):
        point = points.iloc[0]
        alignment = store.arrays(point["key"])["alignment"]
        n, k = alignment.shape
        image = ax.imshow(
            alignment, vmin=0, vmax=1, cmap="magma", aspect="auto", interpolation="nearest",
            extent=(0.5, k + 0.5, n + 0.5, 0.5),
        )  # fmt: skip
        C = point["n_classes"]
        ax.set_title(f"{title}, $C={C:.0f}$")
        ax.set_xlabel("$i$ of $r_i \\otimes \\hat x$")
    axes[0, 0].set_ylabel("eigenvector of the layer, the largest first")
    figure.colorbar(image, ax=axes[0], label="squared overlap", shrink=0.8)
    figure.suptitle(
        "Hidden layer, CE, first seed; $r_i$: eigenvectors of $\\mathbb{E}[M]$, the largest first; "
        "$\\hat x$ leads $\\mathbb{E}[zz^\\top]$",
        fontsize=8,
    )
    return figure


if __name__ == "__main__":
    run(draw)
