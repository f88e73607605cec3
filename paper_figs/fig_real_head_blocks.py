"""Blocks of trained heads: eigenvalues beside the law of their own weights on their features."""

import numpy as np

from paper_figs.fig_real_heads import HEADS, colour
from paper_figs.style import CannotDraw, rows_of, run, subplots

BLOCKS = {
    "largest": "diagonal, largest",
    "median": "diagonal, median",
    "pair": "largest pair",
    "random": "random head",
}
LEAST = 1e-12  # of the largest: what is smaller is rounding


def draw(store):
    """Above sizes of eigenvalues by rank, lines laws; below distances, and the largest ones."""
    table = rows_of(store, "real_head_blocks")
    if not table.empty:
        table = table[table["available"].astype(bool)]
    if table.empty:
        raise CannotDraw("no points of real_head_blocks")
    temperatures = table["temperature"].fillna(1.0)
    figure, axes = subplots(2, len(BLOCKS), height_to_width=1.15)
    usual = table[temperatures == temperatures.min()]
    for ax, (name, title) in zip(axes[0], BLOCKS.items(), strict=True):
        for _, row in usual.iterrows():
            _spectrum(ax, store.arrays(row["key"]), name, colour(row["head"]))
        ax.set_yscale("log")
        ax.set_ylim(LEAST, 3)
        ax.set_xlabel("rank / p")
        ax.set_title(title)
    axes[0, 0].set_ylabel("|eigenvalue|/largest of the law")
    for ax, name in zip(axes[1], BLOCKS, strict=True):
        _distances(ax, table, temperatures, name)
    axes[1, 0].set_ylabel("KS distance")
    for head, (_, title) in HEADS.items():
        if head in set(table["head"]):
            axes[0, 0].plot([], [], "-", lw=2, c=colour(head), label=title.strip())
    axes[0, 0].plot([], [], "o", ms=2, c="0.3", label="eigenvalues")
    axes[0, 0].plot([], [], "-", lw=0.8, c="0.3", label="law of the block")
    axes[0, 0].plot([], [], "o", ms=4, c="0.3", label="distance, $T=1$")
    axes[0, 0].plot([], [], "o", ms=4, fillstyle="none", c="0.3", label="logits divided")
    axes[0, 0].plot([], [], "^", ms=4, c="0.3", label="to the law of white features")
    axes[0, 0].plot([], [], "_", ms=8, c="0.3", label="weights dealt anew")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _spectrum(ax, arrays, name, c):
    """Largest first, relative to the largest of the law."""
    sizes, law = (
        np.sort(np.abs(arrays[f"{name}_{key}"]))[::-1] for key in ("eigenvalues", "quantiles")
    )
    ranks = (np.arange(len(sizes)) + 0.5) / len(sizes)
    ax.plot(ranks, np.maximum(law / law[0], LEAST), "-", lw=0.8, c=c)
    every = slice(None, None, max(1, len(sizes) // 60))
    ax.plot(ranks[every], sizes[every] / law[0], "o", ms=1.6, mew=0, c=c)


def _distances(ax, table, temperatures, name):
    heads = list(dict.fromkeys(table["head"]))
    for (_, row), temperature in zip(table.iterrows(), temperatures, strict=True):
        divided = temperature > temperatures.min()
        x = heads.index(row["head"]) + (0.25 if divided else 0.0)
        c, fill = colour(row["head"]), "none" if divided else "full"
        ax.plot(x, row[f"{name}_ks"], "o", ms=4, mew=0.8, c=c, fillstyle=fill)
        ax.plot(x, row[f"{name}_white_ks"], "^", ms=4, mew=0.8, c=c, fillstyle=fill)
        ax.plot(x, row[f"{name}_misfit"], "_", ms=8, c=c)
    ax.set_yscale("log")
    ax.set_ylim(0.005, 1)
    ax.set_xticks([])
    ax.set_xlabel("heads")


if __name__ == "__main__":
    run(draw)
