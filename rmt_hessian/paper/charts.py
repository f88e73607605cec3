"""Charts to try: choose layer, loss, C or γ, point at a dot to see its row, zoom a spectrum."""

import altair as alt
import numpy as np
import pandas as pd

from rmt_hessian.paper.rates import over_seeds, ratios

N_BINS = 30
SIZE = {"width": "container", "height": 280}
# 5e-05 as a reader writes it
POWERS = "replace(replace(datum.label, 'e+', '×10^'), /e[-−]/, '×10^−')"
BLOCKS = {"diagonal": "diagonal, H₀₀", "off_diagonal": "off-diagonal, H₀₁"}
LAWS = {"conditional": "conditional law", "population": "population law"}
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#7F7F7F"
LOG, PLAIN = alt.Scale(type="log"), alt.Axis(format="~g", labelExpr=POWERS)
TOP, DASHES = (
    alt.Legend(orient="top", title=None, direction="vertical", symbolType=symbol)
    for symbol in ("circle", "stroke")
)
DIGITS = 5  # significant ones of numbers in the page


def charts_of(results):
    """The charts that these results suffice for.

    Parameters
    ----------
    results : dict of str to Results
        By the name of the sweep.

    Returns
    -------
    dict of str to altair.Chart, by title
    """
    return {
        title: chart(results[sweep])
        for title, (sweep, chart) in CHARTS.items()
        if sweep in results and not results[sweep].table.empty
    }


def norm_ratio(results):
    """R against C, of one layer and loss."""
    rows = results.rows("block_norms")
    keys = ["case", "n_classes"]
    ratio, error = ratios(rows, keys, "off_diagonal_norm2", "diagonal_norm2")
    first = rows.groupby(keys)[["predicted_ratio", "n_inputs", "n_samples", "n_hidden"]].first()
    table = _named(first.assign(measured=ratio, error=error).reset_index())
    table = table[table["measured"] > 0]
    table = table.assign(
        low=(table["measured"] - table["error"]).clip(lower=table["measured"] / 10),
        high=table["measured"] + table["error"],
    )
    choose = _menus(table, layer="layer and loss")
    base = alt.Chart(_short(table)).encode(
        x=alt.X("n_classes", title="number of classes C", scale=LOG)
    )
    line = base.mark_line(color=VERMILION).encode(y="predicted_ratio")
    bars = base.mark_rule(color=BLUE).encode(y="low", y2="high")
    dots = base.mark_circle(color=BLUE, size=60, opacity=1).encode(
        y=alt.Y("measured", title="R = E‖H_ij‖² / E‖H_ii‖²", scale=LOG, axis=PLAIN),
        tooltip=_tooltip(table, "low", "high"),
    )
    return _chosen(choose, line, bars, dots)


def distances(results):
    """KS distances of blocks to both laws against γ, of one layer, loss and C."""
    rows = results.rows("block_spectra")
    rows = rows.assign(gamma=rows["n_inputs"] / rows["n_samples"])
    keys = ["case", "n_classes", "gamma"]
    parts = []
    for block in BLOCKS:
        for law in LAWS:
            mean, error = over_seeds(rows, keys, f"{block}_ks_{law}")
            of = {"block": BLOCKS[block], "law": LAWS[law], "distance": mean, "error": error}
            parts.append(pd.DataFrame(of).reset_index())
    table = _named(pd.concat(parts))
    table = table[table["distance"] > 1e-9]  # of a block that is 0
    choose = _menus(table, layer="layer and loss", n_classes="C")
    base = alt.Chart(_short(table)).encode(
        x=alt.X("gamma", title="aspect ratio γ = d/N", scale=LOG),
        y=alt.Y("distance", title="Kolmogorov–Smirnov distance"),
        color=_colours("law", LAWS.values()),
        strokeDash=alt.StrokeDash("block", legend=DASHES),
    )
    dots = base.mark_circle(size=60, opacity=1).encode(tooltip=_tooltip(table))
    return _chosen(choose, base.mark_line(), dots)


def spectra(results):
    """The spectrum of a block with both laws, of one layer, loss, C and γ; the first seed."""
    rows = results.rows("block_spectra", seed=0)
    bars, lines = [], []
    for (_, row), arrays in zip(rows.iterrows(), results.arrays(rows), strict=True):
        gamma = f"{row['n_inputs'] / row['n_samples']:.3g}"
        for block, name in BLOCKS.items():
            of = {"case": row["case"], "C": row["n_classes"], "gamma": gamma, "block": name}
            values = arrays[f"{block}_eigenvalues"]
            nonzero = values[np.abs(values) > 1e-10 * np.abs(values).max()]
            if not nonzero.size:
                continue
            counts, edges = np.histogram(nonzero, bins=N_BINS)
            heights = counts / (values.size * np.diff(edges))
            bar = {"x": edges[:-1], "x2": edges[1:], "density": heights, "eigenvalues": counts}
            bars.append(pd.DataFrame(of | bar))
            for law, told in LAWS.items():
                curve = arrays[f"{block}_{law}_curve"]
                x, density = curve[:, [*range(0, curve.shape[1] - 1, 2), -1]]
                curve = {"x": x, "density": density, "law": told}
                lines.append(pd.DataFrame(of | curve))
    bars, lines = (_short(_named(pd.concat(parts))) for parts in (bars, lines))
    bars, lines = (of.assign(layer=of["layer"] + ", " + of["block"]) for of in (bars, lines))
    choose = _menus(bars, layer="block", C="C", gamma="γ")
    histogram = alt.Chart(bars).mark_rect(color=GREY, opacity=0.45)
    histogram = histogram.encode(
        x=alt.X("x", title="eigenvalue", axis=PLAIN),
        x2="x2",
        y=alt.Y("density", title="density", axis=PLAIN),
        y2=alt.datum(0),
        tooltip=["x", "x2", "density", "eigenvalues"],
    )
    curves = alt.Chart(lines).mark_line(clip=True)
    curves = curves.encode(x="x", y="density", color=_colours("law", LAWS.values()), order="x")
    return _chosen(choose, histogram, curves)


def outliers(results):
    """Distance of an outlier from the bulk, or its overlap, against its prediction."""
    rows = results.rows("outliers")
    rows = rows.assign(gamma=rows["n_inputs"] / rows["n_samples"])
    names = [name for name in rows if name.endswith(("_distance", "_overlap"))]
    return _against_predictions(rows, names, ["case", "gamma", "n_classes", "seed"], "case:N")


def trained(results):
    """Softmax regression at its optimum: a number against its prediction."""
    rows = results.rows("trained_laws")
    keys = ["n_inputs", "n_classes", "n_samples", "ridge", "separation", "seed"]
    return _against_predictions(rows, list(rows), keys, "separation:O")


def _against_predictions(rows, names, keys, colour):
    """Each number that has a prediction, chosen from a menu; a dot a point of the sweep."""
    parts = []
    for name in names:
        part, _, number = name.rpartition("_")
        for predicted in (f"predicted_{name}", f"{part}_predicted_{number}"):
            if predicted in rows and "predicted" not in name:
                pair = {"measured": rows[name], "predicted": rows[predicted]}
                pairs = rows[keys].assign(number=name.replace("_", " "), **pair)
                parts.append(pairs.dropna(subset=[*pair]))
    table = pd.concat(parts)
    choose = _menus(table, number="number")
    base = alt.Chart(_short(table))
    line = base.mark_line(color=GREY).encode(x="predicted", y="predicted")
    free = alt.Scale(zero=False)
    dots = base.mark_circle(size=60).encode(
        x=alt.X("predicted", title="predicted", scale=free, axis=PLAIN),
        y=alt.Y("measured", title="measured", scale=free, axis=PLAIN),
        color=alt.Color(colour, legend=alt.Legend(orient="top")),
        tooltip=_tooltip(table),
    )
    return _chosen(choose, line, dots)


CHARTS = {
    "R against the number of classes": ("block_structure", norm_ratio),
    "Spectrum of a block and its laws": ("spectra", spectra),
    "Distance to the laws against γ": ("spectra", distances),
    "Outliers, predicted": ("outliers", outliers),
    "A trained softmax regression, predicted": ("trained_laws", trained),
}


def _named(table):
    """With a column that says ``hidden, CE`` for the case ``hidden-ce``.

    One column, so that one menu offers what there is and no more.
    """
    words = table["case"].str.replace("-", ", ")
    for loss in ("ce", "mse"):
        words = words.str.replace(rf"\b{loss}\b", loss.upper(), regex=True)
    return table.drop(columns="case").assign(layer=words)


def _short(table):
    """Numbers to a few digits, so that the page stays small."""
    numbers = table.select_dtypes("float").columns
    rounded = {c: [float(f"{x:.{DIGITS}g}") for x in table[c]] for c in numbers}
    return table.assign(**rounded).reset_index(drop=True)


def _menus(table, **titles):
    """One menu a column; the first row chosen."""
    first = table.iloc[0]
    menus = []
    for column, title in titles.items():
        values = sorted(table[column].unique().tolist(), key=_numerically)
        menu = alt.binding_select(options=values, name=f"{title} ")
        start = first[column]
        start = start if isinstance(start, str) else start.item()
        point = alt.selection_point(name=column, fields=[column], bind=menu, value=start)
        menus.append(point)
    return menus


def _numerically(value):
    try:
        return (0, float(value), "")
    except ValueError:
        return (1, 0.0, value)


def _chosen(menus, *layers):
    """Layers of what is chosen in all menus, to zoom and to move."""
    for menu in menus:
        layers = [layer.transform_filter(menu) for layer in layers]
    return alt.layer(*layers).add_params(*menus).properties(**SIZE).interactive()


def _tooltip(table, *without):
    return [
        alt.Tooltip(name, title=name.replace("_", " ")) for name in table if name not in without
    ]


def _colours(field, values):
    scale = alt.Scale(domain=list(values), range=[VERMILION, BLUE])
    return alt.Color(field, scale=scale, legend=TOP)
