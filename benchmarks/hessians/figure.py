"""The figure of ``benchmarks.hessians``: time of everyone, time against the number of classes."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# Okabe and Ito: told apart by everyone
COLOURS = {
    "ours": "#D55E00",
    "numpy": "#0072B2",
    "numpy-at-once": "#0072B2",
    "numpy-chunks": "#56B4E9",
    "jax": "#009E73",
    "curvlinops": "#CC79A7",
    "torch-rows": "#E69F00",
    "torch-func": "#000000",
}
MARKERS = {"norms": "o", "product": "s", "assembly": "^"}
LEGEND = {"fontsize": 7.5, "frameon": False, "ncols": 2, "loc": "upper center"}
STYLES = {"ours": "-", "numpy": "--", "numpy-at-once": "--", "numpy-chunks": ":"}


def draw(rows, path):
    """Write the figure; a part without rows is left out."""
    parts = {
        "dense": ([row for row in rows if row[0].part == "dense"], everyone),
        "classes": ([row for row in rows if row[0].part == "classes"], against_classes),
    }
    shown = [(mine, panel) for mine, panel in parts.values() if mine]
    with plt.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        fig, axes = plt.subplots(
            1, len(shown), figsize=(5.6 * len(shown), 4.6), layout="constrained", squeeze=False
        )
        for (mine, panel), ax, letter in zip(shown, axes[0], "ab", strict=False):
            title = panel(ax, mine)
            ax.set_title(f"({letter}) {title}", loc="left", fontsize=10)
        fig.savefig(path, dpi=160, metadata={"Software": None})
        plt.close(fig)


def everyone(ax, rows):
    """Wall time of each contender on each case; failures at the right edge. Returns the title."""
    cases = list(dict.fromkeys(case for case, _, _ in rows))
    contenders = list(dict.fromkeys(contender for _, contender, _ in rows))
    times = [a["seconds"]["wall"] for _, _, a in rows if "seconds" in a]
    edge = 6 * max(times, default=1.0)
    height = 0.8 / len(contenders)
    for k, contender in enumerate(contenders):
        ours = contender.key == "ours"
        style = {"color": COLOURS.get(contender.key, "#999999"), "zorder": 3}
        ax.plot([], [], "o", ms=7 if ours else 5, label=contender.label.replace("`", ""), **style)
        for case, other, answer in rows:
            if other != contender:
                continue
            y = cases.index(case) + (k - (len(contenders) - 1) / 2) * height
            if "failure" in answer:
                ax.plot(edge, y, "x", ms=5, **style)
                continue
            wall, sampled = answer["seconds"]["wall"], "sampled_rows" in answer
            face = "white" if sampled else style["color"]
            ax.plot(wall, y, "o", ms=7 if ours else 5, mfc=face, **style)
            if ours:
                ax.text(wall / 1.25, y, f"{wall:.2g} s", ha="right", va="center", fontsize=8)
    ax.plot([], [], "o", color="#777777", mfc="white", ms=5, label="extrapolated from some rows")
    ax.plot([], [], "x", color="#777777", ms=5, label="fails: memory, time, not installed")
    for boundary in range(1, len(cases)):
        ax.axhline(boundary - 0.5, color="#dddddd", lw=0.8)
    ax.set_yticks(range(len(cases)), [label(case) for case in cases])
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlim(min(times, default=1.0) / 5, 2 * edge)
    ax.grid(axis="x", color="#eeeeee", zorder=0)
    ax.set_xlabel("wall time (s)")
    ax.legend(bbox_to_anchor=(0.4, -0.12), **LEGEND)
    return "Dense Hessian, cross-entropy"


def label(case):
    """Sizes of a case on three short lines."""
    names = ("d", "C") if len(case.widths) == 2 else ("d", "m", "C")
    model = "linear" if len(names) == 2 else "one hidden layer"
    widths = ", ".join(f"{name} {width}" for name, width in zip(names, case.widths, strict=True))
    return f"{model}\n{widths}\nN {case.n_samples}, P {case.n_parameters}"


def against_classes(ax, rows):
    """Time against C for each task and contender. Returns the title."""
    lines = {}
    for case, contender, answer in rows:
        if "seconds" in answer:
            points = lines.setdefault((case.task, contender.key, contender.label), [])
            points.append((case.widths[-1], answer["seconds"]["wall"]))
    titles = {"norms": "block norms", "product": "H v", "assembly": "assembly"}
    for (task, key, name), points in lines.items():
        ax.plot(
            *zip(*sorted(points), strict=True),
            STYLES.get(key, "-"),
            marker=MARKERS[task],
            color=COLOURS.get(key, "#999999"),
            ms=4.5,
            lw=1.8 if key == "ours" else 1.2,
            label=f"{titles[task]}: {name}",
        )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.grid(color="#eeeeee", zorder=0)
    case = rows[0][0]
    ax.set_xlabel("classes C")
    ax.set_ylabel("wall time (s)")
    ax.legend(bbox_to_anchor=(0.45, -0.12), **LEGEND)
    return f"Linear model, cross-entropy, d = {case.widths[0]}, N = {case.n_samples}"
