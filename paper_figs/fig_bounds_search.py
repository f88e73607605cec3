"""PAC-Bayes bounds of one network after longer and longer searches, from two starts."""

from itertools import product

from paper_figs.bound_cases import FAMILIES, bound_rows
from paper_figs.style import (
    caption,
    inputs_of_training,
    legend_below,
    plain_log_ticks,
    run,
    seeds_of,
    short_axis,
    subplots,
)
from rmt_hessian.plotting import COLOURS

STARTS = {"curvature": ("-", "from the quadratic optimum"), "weights": ("--", "from the weights")}
FAR = 1.5  # times the least bound of a search: it went astray
SEARCHED = "standard", "kronecker", "recomputed", "exact"


def draw(store):
    """A panel a network."""
    table = bound_rows(store, "pac_bayes_search")
    networks = list(table.groupby("widths", sort=False))
    figure, axes = subplots(1, len(networks), height_to_width=0.8)
    for ax, (widths, rows) in zip(axes[0], networks, strict=True):
        for name, start, steps, bounds in _searches(store, rows):
            colour = COLOURS[FAMILIES[name][2]]
            ax.plot(steps, bounds, STARTS[start][0], marker=".", ms=3, lw=0.9, c=colour)
        ax.set_xscale("log")
        plain_log_ticks(ax, steps)
        images = inputs_of_training(rows.iloc[0]["images"])
        ax.set(xlabel="steps", title=f"{images}, {widths.replace('-', '–')}")
        short_axis(ax.yaxis)
    axes[0, 0].set_ylabel("bound")
    for label, _, colour in (FAMILIES[name] for name in SEARCHED):
        axes[0, 0].plot([], [], c=COLOURS[colour], label=label)
    for style, label in STARTS.values():
        axes[0, 0].plot([], [], style, c="0.4", label=label)
    legend_below(figure, axes, 3)
    first = table.iloc[0]
    caption(
        figure,
        f"""PAC-Bayes bounds after searches of more and more steps, each a search of its own, for
        the posterior of a trained network; {seeds_of(table, "network")} a choice of widths, N =
        {first["n_samples"]:.0f}. From two starts: the best variances were the loss quadratic, and
        variances that the sizes of the weights set. Where lines still fall at the right end the
        search is not at its end, and the bound that is shown elsewhere is not the best of its
        family. {_worse(store, table)}Isotropic posteriors and those of the gradient covariance are
        not searched here.""",
    )
    return figure


def _searches(store, rows):
    """Family, start, numbers of steps and bounds, of each network."""
    for key in rows["key"]:
        arrays = store.arrays(key)
        for name, start in product(SEARCHED, STARTS):
            yield name, start, arrays["all_steps"], arrays[f"{name}_{start}_bounds"]


def _worse(store, table):
    """Words for searches that end far above one that was shorter."""
    words = [
        f"{FAMILIES[name][0]}, {widths.replace('-', '–')}, {bounds[-1]:.2f}"
        for widths, rows in table.groupby("widths", sort=False)
        for name, _, _, bounds in _searches(store, rows)
        if bounds[-1] > FAR * bounds.min()
    ]
    return f"Searches that did not find back: {'; '.join(words)}. " if words else ""


if __name__ == "__main__":
    run(draw)
