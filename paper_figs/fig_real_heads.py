"""Trained heads that come with packages: C²R and the share off the diagonal, against C."""

import numpy as np

from paper_figs.style import CannotDraw, rows_of, run, subplots
from rmt_hessian.plotting import COLOURS

HEADS = {  # colour, title
    "digits": ("grey", "digits"),
    "mnist": (None, "MNIST"),
    "magika": ("blue", "file types"),
    "ppocr-v4": ("vermilion", "text, PP-OCRv4"),
    "ppocr-v4-joined": ("orange", "the same without spaces"),
    "ppocr-v6": ("green", "text, PP-OCRv6"),
    "ppocr-v6-joined": ("purple", "the same without spaces "),
}
VERSIONS = {"": ("o", "sample"), "population_": ("s", "population")}
KINDS = {  # prefix of columns: fill, title
    "": ("full", "trained"),
    "random_": ("none", "random, same features"),
}
PANELS = {"c2_ratio": "$C^2R$", "share": "share off the diagonal"}


def colour(head):
    """Of the palette, and near black."""
    return COLOURS.get(HEADS[head][0], "0.1")


def draw(store):
    """Above against C, at samples that all heads have; below against temperature, and pairs."""
    table = rows_of(store, "real_heads")
    if not table.empty:
        table = table[table["available"].astype(bool) & table["blanks"].fillna(True).astype(bool)]
    if table.empty:
        raise CannotDraw("no points of real_heads")
    temperatures = table["temperature"].fillna(1.0)
    figure, axes = subplots(2, 2, height_to_width=0.72)
    usual = table[temperatures == 1.0]
    N = usual.groupby("head")["n_samples"].max().min()
    for ax, (name, title) in zip(axes[0], PANELS.items(), strict=True):
        _against_classes(ax, usual[usual["n_samples"] == N], name)
        ax.set_xlabel("number of classes $C$")
        ax.set_ylabel(title)
    axes[0, 0].set_title(f"trained heads and random ones, $N={N:g}$")
    common = table[temperatures != 1.0]["n_samples"]
    at = common.iloc[0] if len(common) else N
    _against_temperature(axes[1, 0], table.assign(temperature=temperatures), at)
    _against_pairs(axes[1, 1], store)
    _legend(figure, axes, set(table["head"]))
    return figure


def _against_classes(ax, rows, name):
    """Heads of as many classes stand side by side."""
    for _, row in rows.iterrows():
        beside = row["head"] == "mnist" or row["head"].endswith("joined")
        x = row["n_classes"] * (1.25 if beside else 1.0)
        for version, (marker, _) in VERSIONS.items():
            for prefix, (fill, _) in KINDS.items():
                value = row[f"{prefix}{version}{name}"]
                error = row.get(f"{prefix}{version}{name}_error", np.nan)
                ax.errorbar(
                    x,
                    value,
                    None if np.isnan(error) else 2 * error,
                    marker=marker,
                    fillstyle=fill,
                    c=colour(row["head"]),
                    ms=4,
                    mew=0.8,
                    lw=0.6,
                )
            predicted = row[f"predicted_{version}{name}"]
            ax.plot(x, predicted, "_", c="0.3", ms=9, mew=0.8, zorder=3)
    ax.set_xscale("log")
    ax.set_yscale("log")


def _against_temperature(ax, table, n_samples):
    for head, rows in table[table["n_samples"] == n_samples].groupby("head", sort=False):
        rows = rows.sort_values("temperature")
        for prefix, (_, title) in KINDS.items():
            style = "-o" if title == "trained" else ":"
            ax.plot(
                rows["temperature"],
                rows[f"{prefix}population_c2_ratio"],
                style,
                c=colour(head),
                ms=2.5,
                lw=0.8,
            )
    ax.set_yscale("log")
    ax.set_xlabel("temperature")
    ax.set_ylabel("$C^2R$, population")
    ax.set_title(f"logits divided, $N={n_samples:g}$")


def _against_pairs(ax, store):
    rows = rows_of(store, "real_head_structure")
    rows = rows[rows["available"].astype(bool)] if len(rows) else rows
    for _, row in rows.iterrows():
        shares = np.cumsum(store.arrays(row["key"])["top_pair_shares"])
        ax.plot(np.arange(1, len(shares) + 1), shares, "-o", c=colour(row["head"]), ms=2, lw=0.8)
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("pairs of classes, the largest first")
    ax.set_ylabel("part of all off the diagonal")
    ax.set_title("who carries it")


def _legend(figure, axes, found):
    ax = axes[0, 0]
    for head, (_, title) in HEADS.items():
        if head in found:
            ax.plot([], [], "-", c=colour(head), lw=2, label=title)
    for marker, title in VERSIONS.values():
        ax.plot([], [], marker, c="0.3", ms=4, ls="", label=title)
    for fill, title in KINDS.values():
        ax.plot([], [], "o", c="0.3", fillstyle=fill, ms=4, ls="", label=title)
    ax.plot([], [], "_", c="0.3", ms=9, label="predicted for it")
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


if __name__ == "__main__":
    run(draw)
