"""Trained heads that come with packages: C²R and the share off the diagonal, against C."""

import numpy as np

from paper_figs.head_cases import available, colour, in_order, missing, sizes, title
from paper_figs.mixture_families import PANELS
from paper_figs.style import CannotDraw, caption, legend_below, run, subplots

VERSIONS = {"": ("o", -0.17, "sample"), "population_": ("s", 0.17, "population")}
KINDS = {"": ("full", "trained"), "random_": ("none", "random, same features")}
PREDICTED = {"ls": "", "marker": "_", "c": "0.3", "ms": 8, "mew": 0.9}
MARK = {"ms": 3.6, "mew": 0.8}
ERRORS = 2  # standard errors in a bar, to both sides


def draw(store):
    """Above a place for each head, at samples that all have; below temperature, and pairs."""
    table, structure = available(store, "real_heads"), available(store, "real_head_structure")
    if not table.empty:
        table = table[table["blanks"].fillna(True).astype(bool)]
    if table.empty:
        raise CannotDraw("no points of real_heads")
    table = table.assign(temperature=table["temperature"].fillna(1.0))
    usual, others = table[table["temperature"] == 1.0], table[table["temperature"] != 1.0]
    N = usual.groupby("head")["n_samples"].max().min()
    usual = usual[usual["n_samples"] == N]
    divided = table[table["n_samples"] == (others["n_samples"].iloc[0] if len(others) else N)]
    figure, axes = subplots(2, 2, height_to_width=0.72)
    for ax, (name, label) in zip(axes[0], PANELS.items(), strict=True):
        _draw_heads(ax, usual, name)
        ax.set_ylabel(label)
    _draw_temperatures(axes[1, 0], divided)
    n_pairs = _draw_pairs(axes[1, 1], store, structure)
    _add_labels(axes[0, 0], table["head"])
    legend_below(figure, axes[0, 0], 4)
    of_one = in_order(set(divided["head"]) - set(others["head"]))
    points = f"; of one temperature: {'; '.join(map(title, of_one))}" if of_one else ""
    caption(
        figure,
        f"""Last layers of trained networks, {sizes(usual)}, beside random heads on the same
        features (Gaussian weights, logits of mean square 1; one draw each). R: mean ‖H_ij‖² over
        pairs of classes i ≠ j over mean ‖H_ii‖²; share: sum over i ≠ j of ‖H_ij‖² over ‖H‖².
        Above: a place for each head, ordered by its number of classes C. Dots: of the sample;
        squares: of the population, from pairs of different samples, bars ±{ERRORS} jackknife
        standard errors (too small for text, whose samples depend on each other; most bars are
        smaller than the square). Dashes: what random heads tend to for C → ∞, so that at C = 10
        they need not agree. Below left: logits divided by the temperature{points}. Below right:
        shares of the {n_pairs} pairs i < j with the largest ‖H_ij‖², added up,
        in the population, {sizes(structure) if len(structure) else "none"}.
        {missing(store, "real_heads")}""",
    )
    return figure


def _draw_heads(ax, rows, name):
    """Seen and predicted of each head; ticks tell the number of classes, of equal ones once."""
    heads = in_order(rows["head"])
    rows = rows.drop_duplicates("head").set_index("head").loc[heads]
    for x, (head, row) in enumerate(rows.iterrows()):
        for version, (marker, shift, _) in VERSIONS.items():
            for prefix, (fill, _) in KINDS.items():
                error = ERRORS * row.get(f"{prefix}{version}{name}_error", np.nan)
                ax.errorbar(
                    x + shift, row[f"{prefix}{version}{name}"], None if np.isnan(error) else error,
                    marker=marker, fillstyle=fill, c=colour(head), lw=0.7, **MARK,
                )  # fmt: skip
            ax.plot(x + shift, row[f"predicted_{version}{name}"], zorder=3, **PREDICTED)
    places = rows.assign(place=range(len(rows))).groupby("n_classes", sort=False)["place"]
    ax.set_xticks(places.mean(), [f"{C:,.0f}" for C in places.groups])
    ax.tick_params(axis="x", length=0)
    for last in places.max().iloc[:-1]:
        ax.axvline(last + 0.5, c="0.85", lw=0.5)
    ax.set(xlim=(-0.5, len(heads) - 0.5), yscale="log", xlabel="number of classes $C$")


def _draw_temperatures(ax, table):
    for head in in_order(table["head"]):
        rows = table[table["head"] == head].sort_values("temperature")
        for (prefix, (fill, _)), line in zip(KINDS.items(), ("-s", ":s"), strict=True):
            style = {"fillstyle": fill, "c": colour(head), "ms": 2.8, "mew": 0.7, "lw": 0.8}
            ax.plot(rows["temperature"], rows[f"{prefix}population_c2_ratio"], line, **style)
    ax.set(yscale="log", xlabel="temperature", ylabel="$C^2R$, population")


def _draw_pairs(ax, store, rows):
    """Returns of how many pairs."""
    n = 0
    for head, key in zip(rows.get("head", ()), rows.get("key", ()), strict=True):
        shares = np.cumsum(store.arrays(key)["top_pair_shares"])
        ax.plot(np.arange(1, len(shares) + 1), shares, "-s", c=colour(head), ms=2, lw=0.8)
        n = max(n, len(shares))
    ax.set(ylim=(0, 1.03), xticks=[1, 5, 10, 15, 20])
    ax.set_xlabel("pairs of classes $i<j$, the largest first")
    ax.set_ylabel(r"share of $\sum_{i<j}\|H_{ij}\|_F^2$")
    return n


def _add_labels(ax, found):
    for head in in_order(found):
        ax.plot([], [], "-", c=colour(head), lw=2, label=title(head))
    for marker, _, label in VERSIONS.values():
        ax.plot([], [], marker, c="0.3", label=label, **MARK)
    for fill, label in KINDS.values():
        ax.plot([], [], "s", c="0.3", fillstyle=fill, label=label, **MARK)
    ax.plot([], [], label="random head, predicted", **PREDICTED)


if __name__ == "__main__":
    run(draw)
