"""Blocks of trained heads: eigenvalues beside the law of their own weights on their features."""

import numpy as np

from paper_figs.head_cases import available, in_order, missing, sizes, title
from paper_figs.style import CannotDraw, caption, run, subplots
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
LEAST = 1e-12  # of the largest of the law: what is smaller is rounding
DOTS = 40  # of a spectrum


def draw(store):
    """A column a head. Above sizes of eigenvalues by rank, lines laws; below distances."""
    table = available(store, "real_head_blocks")
    if table.empty:
        raise CannotDraw("no points of real_head_blocks")
    table = table.assign(temperature=table["temperature"].fillna(1.0))
    heads, usual = in_order(table["head"]), table["temperature"].min()
    figure, axes = subplots(2, len(heads), height_to_width=1.6, sharex="row", sharey="row")
    for (above, below), head in zip(axes.T, heads, strict=True):
        rows = table[table["head"] == head]
        (key,) = rows[rows["temperature"] == usual]["key"]
        for name in BLOCKS:
            _spectrum(above, store.arrays(key), name)
        above.set_title(f"{title(head)}\n$p={rows['n_features'].iloc[0]:.0f}$")
        for _, row in rows.iterrows():
            _distances(below, row, row["temperature"] > usual)
    for ax in axes[0]:
        ax.set(yscale="log", ylim=(LEAST, 10), xlabel="rank$/p$", xticks=[0, 0.5, 1])
        ax.set_xticklabels(["0", "0.5", "1"])
    for ax in axes[1]:
        ax.set(yscale="log", xlim=(-0.6, len(BLOCKS) - 0.4), xlabel="block")
        ticks = [tick for *_, tick in BLOCKS.values()]
        ax.set_xticks(range(len(BLOCKS)), ticks, rotation=90)
    axes[0, 0].set_ylabel("size of eigenvalue\nover the law's largest")
    axes[1, 0].set_ylabel("KS distance")
    _legend(figure, axes[0, 0], usual)
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


def _spectrum(ax, arrays, name):
    """Largest first, relative to the largest of the law."""
    sizes, law = (
        np.sort(np.abs(arrays[f"{name}_{key}"]))[::-1] for key in ("eigenvalues", "quantiles")
    )
    ranks, c = (np.arange(len(sizes)) + 0.5) / len(sizes), COLOURS[BLOCKS[name][0]]
    sizes, law = (np.where(a > LEAST * law[0], a / law[0], np.nan) for a in (sizes, law))
    ax.plot(ranks, law, "-", lw=0.7, c=c)
    every = slice(None, None, max(1, len(sizes) // DOTS))
    ax.plot(ranks[every], sizes[every], "o", ms=1.8, mew=0, c=c)


def _distances(ax, row, divided):
    for x, (name, (c, *_)) in enumerate(BLOCKS.items()):
        for key, (marker, _) in DISTANCES.items():
            fill = "none" if divided else "full"
            at = x + (0.2 if divided else -0.2)
            ax.plot(at, row[f"{name}_{key}"], marker, ms=3.5, mew=0.8, c=COLOURS[c], fillstyle=fill)


def _legend(figure, ax, usual):
    for c, label, _ in BLOCKS.values():
        ax.plot([], [], "-", lw=2, c=COLOURS[c], label=label)
    for marker, label in DISTANCES.values():
        ax.plot([], [], marker, ms=3.5, mew=0.8, c="0.3", label=label)
    for fill, label in (("full", f"temperature {usual:g}"), ("none", "logits divided")):
        ax.plot([], [], "o", ms=3.5, mew=0.8, c="0.3", fillstyle=fill, label=label)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)


if __name__ == "__main__":
    run(draw)
