"""Spectra of a diagonal and an off-diagonal block beside the predicted densities, three C."""

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    label_outer,
    legend_below,
    rows_of,
    run,
    short_axis,
    subplots,
)
from rmt_hessian.plotting import plot_spectrum

CASES = ["linear-ce", "hidden-ce", "hidden-mse"]
BLOCKS = {"diagonal": "$H_{00}$", "off_diagonal": "$H_{01}$"}


def draw(store):
    """Rows: case and block; columns: smallest, middle and largest C. First seed."""
    table = rows_of(store, "block_spectra")
    table = alike(table[table["seed"] == 0], "case", "n_classes")
    values = sorted(table["n_classes"].unique().astype(int))
    shown = [values[0], values[len(values) // 2], values[-1]]
    rows = [(case, block) for case in CASES for block in BLOCKS]
    figure, axes = subplots(len(rows), len(shown), height_to_width=0.75)
    for row_axes, (case, block) in zip(axes, rows, strict=True):
        for ax, n_classes in zip(row_axes, shown, strict=True):
            point = table[(table["case"] == case) & (table["n_classes"] == n_classes)].iloc[0]
            arrays = store.arrays(point["key"])
            curves = {
                "conditional law": arrays[f"{block}_conditional_curve"],
                "population law": arrays[f"{block}_population_curve"],
            }
            notes = [f"KS {point[f'{block}_ks_conditional']:.4f}"]
            values = arrays[f"{block}_eigenvalues"]
            plot_spectrum(values, curves, ax=ax, coverage=0.99, notes=notes)
            ax.set_title(f"{CASE_TITLES[case]}, {BLOCKS[block]}, $C={n_classes}$")
            short_axis(ax.xaxis)
            ax.set_yticks([])  # the area is the share of the continuous part
    label_outer(axes, "eigenvalue", "density")
    legend_below(figure, axes[0, 0], 3)
    sizes, m = table.iloc[0], table["n_hidden"].max()
    caption(
        figure,
        f"""Eigenvalues of the diagonal block H₀₀ of the first unit and of the block H₀₁ of the
        first two, of one network each (the first seed; KS is a number of that seed), at
        d = {sizes["n_inputs"]:.0f}, N = {sizes["n_samples"]:.0f}, m = {m:.0f} hidden units. Solid:
        law given the sample's weights of the block; dashed: population law, given only the weights
        above the layer. KS: Kolmogorov–Smirnov distance to the solid law. Each panel shows the
        central 99 % of the eigenvalues that are not 0; it says how many lie outside and which
        share is 0 up to rounding. Areas are the shares that are not 0. Densities are means over
        cells; one more than three times as high as the histogram would be cut under a triangle.
        The C shown are the smallest, middle and largest of {len(values)}. Not shown: linear models
        with MSE, whose H₀₁ is 0, and output layers, whose features are not isotropic.""",
    )
    return figure


if __name__ == "__main__":
    run(draw)
