"""Blocks of trained heads: eigenvalues beside the law of their own weights on their features."""

import numpy as np

from paper_figs.head_cases import available, in_order, missing, sizes, title
from paper_figs.style import caption, label_outer, legend_below, run, subplots
from rmt_hessian.plotting import COLOURS

BLOCKS = {  # colour, title, tick
    "largest": ("vermilion", "largest diagonal block", "largest"),
    "median": ("blue", "median diagonal block", "median"),
    "pair": ("green", "largest pair", "pair"),
    "random": ("grey", "random head", "random"),
}
DISTANCES = {  # what is added to the name of a block: marker, title
    "ks": ("o", "spectrum to its law"),
    "white_ks": ("^", "spectrum to the law of white features"),
    "misfit": ("_", "with weights dealt anew, to its law"),
}
MARK = {"ms": 3.5, "mew": 0.8}
LEAST = 1e-12  # of the largest of the law: what is smaller is rounding
DOTS = 40  # of a spectrum


def draw(store):
    """A column a head. Above sizes of eigenvalues by rank, lines laws; below distances."""
    table = available(store, "real_head_blocks", needed=True)
    table = table.assign(temperature=table["temperature"].fillna(1.0))
    heads, usual = in_order(table["head"]), table["temperature"].min()
    figure, axes = subplots(2, len(heads), height_to_width=1.6, sharex="row", sharey="row")
    for (above, below), head in zip(axes.T, heads, strict=True):
        rows = table[table["head"] == head]
        (key,) = rows[rows["temperature"] == usual]["key"]
        for name in BLOCKS:
            _draw_spectrum(above, store.arrays(key), name)
        above.set_title(f"{title(head)}\n$p={rows['n_features'].iloc[0]:.0f}$")
        for _, row in rows.iterrows():
            _draw_distances(below, row, row["temperature"] > usual)
    axes[0, 0].set(
        yscale="log", ylim=(LEAST, 10), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"]
    )
    axes[1, 0].set(yscale="log", xlim=(-0.6, len(BLOCKS) - 0.4))
    for ax in axes[1]:
        ax.set_xticks(range(len(BLOCKS)), [tick for *_, tick in BLOCKS.values()], rotation=90)
    label_outer(axes[:1], "rank$/p$", "size of eigenvalue\nover the law's largest")
    label_outer(axes[1:], "block", "KS distance")
    for c, label, _ in BLOCKS.values():
        axes[0, 0].plot([], [], "-", lw=2, c=COLOURS[c], label=label)
    for marker, label in DISTANCES.values():
        axes[0, 0].plot([], [], marker, c="0.3", label=label, **MARK)
    for fill, label in (("full", f"temperature {usual:g}"), ("none", "logits divided")):
        axes[0, 0].plot([], [], "o", c="0.3", fillstyle=fill, label=label, **MARK)
    legend_below(figure, axes[0, 0], 3)
    divided = " and ".join(f"{t:g}" for t in sorted(table["temperature"].unique()) if t > usual)
    ratios = [f"{name}_top_ratio" for name in BLOCKS if name != "random"]
    top = table.loc[table["temperature"] == usual, ratios]
    caption(
        figure,
        f"""Blocks of the last layers of trained networks, p features with the bias,
        {sizes(table)}. Above, at temperature {usual:g}: |eigenvalues| (dots, about {DOTS} of each
        spectrum, evenly by rank, the largest among them) and quantiles of the law of the block's
        own weights on its own features (lines), both over the law's largest quantile; what is
        below {LEAST:.0e} of it is rounding and not drawn. Largest and median: diagonal blocks, by
        norm, the median of classes that are the most probable one of some sample; pair: the largest
        block off the diagonal; random: of Gaussian weights on the same features. Below:
        Kolmogorov–Smirnov distances; filled at temperature {usual:g}, open with logits divided by
        {divided}. Circles: to the block's law. Triangles: to the law that takes features for white,
        of a covariance σ²I. Strokes: from the law to the spectrum with weights dealt anew to the
        samples at random; circles far above them tell that weights depend on the features. The
        distance hardly sees single eigenvalues: at temperature {usual:g} the largest of a trained
        block is {top.min().min():.1f} to {top.max().max():.1f} times that of the law.
        {missing(store, "real_head_blocks")}""".replace("1e-12", "10⁻¹²"),
    )
    return figure


def _draw_spectrum(ax, arrays, name):
    """Largest first, relative to the largest of the law."""
    sizes, law = (
        np.sort(np.abs(arrays[f"{name}_{key}"]))[::-1] for key in ("eigenvalues", "quantiles")
    )
    ranks, c = (np.arange(len(sizes)) + 0.5) / len(sizes), COLOURS[BLOCKS[name][0]]
    sizes, law = (np.where(a > LEAST * law[0], a / law[0], np.nan) for a in (sizes, law))
    ax.plot(ranks, law, "-", lw=0.7, c=c)
    every = slice(None, None, max(1, len(sizes) // DOTS))
    ax.plot(ranks[every], sizes[every], "o", ms=1.8, mew=0, c=c)


def _draw_distances(ax, row, divided):
    shift, fill = (0.2, "none") if divided else (-0.2, "full")
    for x, (name, (c, *_)) in enumerate(BLOCKS.items()):
        for key, (marker, _) in DISTANCES.items():
            value = row[f"{name}_{key}"]
            ax.plot(x + shift, value, marker, c=COLOURS[c], fillstyle=fill, **MARK)


if __name__ == "__main__":
    run(draw)
