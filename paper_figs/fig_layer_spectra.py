"""Spectra of whole layers beside the law of the layer and that of its blocks, and distances."""

from paper_figs.style import (
    CASE_TITLES,
    alike,
    caption,
    legend_below,
    plain_log_ticks,
    rows_of,
    run,
    seeds_of,
    short_axis,
    short_log_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS, plot_spectrum

CASES = ["linear-ce", "hidden-ce", "hidden-mse"]
LAWS = {"layer": "law of the layer", "blocks": "law of its diagonal blocks"}
LINES = {
    "ks_blocks": ("s--", "blue", "KS to the law of its blocks"),
    "ks_layer": ("o-", "vermilion", "KS to the law of the layer"),
    "ks_conditional": ("^:", "green", "KS to that of the sample's $M_n$"),
}


def draw(store):
    """A column a case, against d; the last against C. Above: spectra at the largest, first seed."""
    table = rows_of(store, "layer_spectra")
    grown, many = _parts(table)
    columns = [(case, grown[grown["case"] == case], "n_inputs") for case in CASES]
    columns.append(("linear-ce", many, "n_classes"))
    figure, axes = subplots(2, len(columns), height_to_width=1.0)
    for (above, below), (case, rows, along) in zip(axes.T, columns, strict=True):
        points = alike(rows, along).sort_values([along, "seed"])
        last = points[points[along] == points[along].max()].iloc[0]
        arrays = store.arrays(last["key"])
        curves = {label: arrays[f"{law}_curve"] for law, label in LAWS.items()}
        plot_spectrum(arrays["eigenvalues"], curves, ax=above, coverage=0.99)
        title = f"{CASE_TITLES[case]}\n$C={last['n_classes']}$, $d={last['n_inputs']}$"
        above.set(title=title, yticks=[], ylabel="density" if above is axes[0, 0] else "")
        short_axis(above.xaxis, 2)
        means = points.groupby(along)[[*LINES]].mean()
        sizes = means.index.to_numpy(dtype=float)
        for name, (line, colour, label) in LINES.items():
            below.plot(sizes, means[name], line, ms=2.5, lw=0.9, c=COLOURS[colour], label=label)
        if along == "n_classes":
            below.plot(sizes, 1 / sizes, color="black", lw=0.7, label="$1/C$")
        below.set(xscale="log", yscale="log", xlabel="$C$" if along == "n_classes" else "$d$")
        short_log_axis(below.yaxis)
        plain_log_ticks(below, sizes[[0, sizes.size // 2, -1]])
    axes[1, 0].set_ylabel("KS distance")
    legend_below(figure, [axes[0, 0], axes[1, -1]], 3)
    ratio = (grown["n_inputs"] / grown["n_samples"]).iloc[0]
    caption(
        figure,
        f"""Above: eigenvalues of whole layers at the largest sizes, first seed, continuous part,
        beside the law of the layer given the weights above it and that of its diagonal blocks taken
        together. Below: Kolmogorov–Smirnov distances, means over {seeds_of(table)}, against d, in
        the last column against C; green: to the law given the output Hessians Mₙ of the sample.
        γ = d/N = {ratio:g}, m = {table["n_hidden"].max():.0f} hidden units, LeCun weights,
        Gaussian inputs. Of a linear model 1/C of the eigenvalues are 0, of a diagonal block none.
        """,
    )
    return figure


def _parts(table):
    """Points along d, at the number of classes that most have; of linear CE those along C."""
    linear = table["case"] == "linear-ce"
    sizes = table[linear].groupby("n_classes")["n_inputs"].nunique()
    classes = sizes.idxmax()
    d = table[linear & (table["n_classes"] != classes)]["n_inputs"].iloc[0]
    along_classes = linear & (table["n_inputs"] == d)
    return table[~linear | (table["n_classes"] == classes)], table[along_classes]


if __name__ == "__main__":
    run(draw)
