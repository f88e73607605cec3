"""Trained heads that come with packages: C²R and the share off the diagonal, against C."""

import numpy as np

from paper_figs.head_cases import available, colour, in_order, missing, sizes, title
from paper_figs.style import CannotDraw, caption, run, subplots

VERSIONS = {"": ("o", -0.17, "sample"), "population_": ("s", 0.17, "population")}
KINDS = {"": ("full", "trained"), "random_": ("none", "random, same features")}
PANELS = {"c2_ratio": "$C^2R$", "share": "share off the diagonal"}
PREDICTED = {"ls": "", "marker": "_", "c": "0.3", "ms": 8, "mew": 0.9}
MARK = {"ls": "", "ms": 3.6, "mew": 0.8}
ERRORS = 2  # standard errors in a bar, to both sides


def draw(store):
    """Above a place for each head, at samples that all have; below temperature, and pairs."""
    table, structure = available(store, "real_heads"), available(store, "real_head_structure")
    if not table.empty:
        table = table[table["blanks"].fillna(True).astype(bool)]
    if table.empty:
        raise CannotDraw("no points of real_heads")
    table = table.assign(temperature=table["temperature"].fillna(1.0))
    figure, axes = subplots(2, 2, height_to_width=0.72)
    usual = table[table["temperature"] == 1.0]
    N = usual.groupby("head")["n_samples"].max().min()
    usual = usual[usual["n_samples"] == N]
    for ax, (name, label) in zip(axes[0], PANELS.items(), strict=True):
        _places(ax, usual, name)
        ax.set_ylabel(label)
    others = table[table["temperature"] != 1.0]
    divided = table[table["n_samples"] == (others["n_samples"].iloc[0] if len(others) else N)]
    _against_temperature(axes[1, 0], divided)
    _pairs(axes[1, 1], store, structure)
    _legend(figure, axes, table["head"])
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
        shares of the {_n_pairs(store, structure)} pairs i < j with the largest ‖H_ij‖², added up,
        in the population, {sizes(structure) if len(structure) else "none"}.
        {missing(store, "real_heads")}""",
    )
    return figure


def _places(ax, rows, name):
    """Seen and predicted of each head; ticks tell the number of classes, of equal ones once."""
    heads = in_order(rows["head"])
    rows = rows.drop_duplicates("head").set_index("head")
    ticks = {}
    for x, head in enumerate(heads):
        row = rows.loc[head]
        ticks.setdefault(row["n_classes"], []).append(x)
        for version, (marker, shift, _) in VERSIONS.items():
            for prefix, (fill, _) in KINDS.items():
                error = ERRORS * row.get(f"{prefix}{version}{name}_error", np.nan)
                ax.errorbar(
                    x + shift,
                    row[f"{prefix}{version}{name}"],
                    error if np.isfinite(error) else None,
                    marker=marker,
                    fillstyle=fill,
                    c=colour(head),
                    lw=0.7,
                    **{key: MARK[key] for key in ("ms", "mew")},
                )
            ax.plot(x + shift, row[f"predicted_{version}{name}"], zorder=3, **PREDICTED)
    ax.set_xticks([np.mean(at) for at in ticks.values()], [f"{C:,.0f}" for C in ticks])
    ax.tick_params(axis="x", length=0)
    for at in list(ticks.values())[:-1]:
        ax.axvline(at[-1] + 0.5, c="0.85", lw=0.5)
    ax.set_xlim(-0.5, len(heads) - 0.5)
    ax.set_yscale("log")
    ax.set_xlabel("number of classes $C$")


def _against_temperature(ax, table):
    for head in in_order(table["head"]):
        rows = table[table["head"] == head].sort_values("temperature")
        for prefix, (fill, _) in KINDS.items():
            ax.plot(
                rows["temperature"],
                rows[f"{prefix}population_c2_ratio"],
                "-s" if fill == "full" else ":s",
                fillstyle=fill,
                c=colour(head),
                ms=2.8,
                mew=0.7,
                lw=0.8,
            )
    ax.set_yscale("log")
    ax.set_xlabel("temperature")
    ax.set_ylabel("$C^2R$, population")


def _pairs(ax, store, rows):
    for head, key in zip(rows.get("head", ()), rows.get("key", ()), strict=True):
        shares = np.cumsum(store.arrays(key)["top_pair_shares"])
        ax.plot(np.arange(1, len(shares) + 1), shares, "-s", c=colour(head), ms=2, lw=0.8)
    ax.set_ylim(0, 1.03)
    ax.set_xticks([1, 5, 10, 15, 20])
    ax.set_xlabel("pairs of classes $i<j$, the largest first")
    ax.set_ylabel(r"share of $\sum_{i<j}\|H_{ij}\|_F^2$")


def _n_pairs(store, rows):
    """How many pairs are drawn."""
    return max((len(store.arrays(key)["top_pair_shares"]) for key in rows["key"]), default=0)


def _legend(figure, axes, found):
    ax = axes[0, 0]
    for head in in_order(found):
        ax.plot([], [], "-", c=colour(head), lw=2, label=title(head))
    for marker, _, label in VERSIONS.values():
        ax.plot([], [], marker, c="0.3", label=label, **MARK)
    for fill, label in KINDS.values():
        ax.plot([], [], "s", c="0.3", fillstyle=fill, label=label, **MARK)
    ax.plot([], [], label="random head, predicted", **PREDICTED)
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


if __name__ == "__main__":
    run(draw)
