"""The printed tables of PAC-Bayes bounds in several bases."""

from pathlib import Path

import pandas as pd

from rmt_hessian.report.groups import by_point

BOUNDS = (
    "PAC-Bayes bounds on the error of networks drawn from the posterior, by its basis, mean (sd) "
    "over seeds: inverted binary KL, for all terms at confidence 0.965."
)
TERMS = (
    "Terms of these bounds, means over seeds: error on the samples, what finitely many draws add, "
    "KL, (KL + …)/N, both bounds, prior variance; error on new samples beside them."
)
GAIN = (
    "Kronecker eigenbasis less the weights themselves, on the same network, mean (sd) over seeds: "
    "bound, (KL + …)/N, error on the samples and on new ones; KL ratio: seen, of a quadratic loss "
    "about the trained network, and of one with the curvatures averaged over the posteriors."
)
VARIANCES = (
    "Variances found beside 1/(1/λ + βh), root mean square of the logarithm, h at the trained "
    "network, at the posterior's mean, averaged over it; rank correlation of 1/s and averaged h."
)
SEARCH = "Bounds after longer and longer searches of one network, from two starts."
KEYS = ["images", "n_samples", "widths", "random_labels"]
FAMILIES = "isotropic", "standard", "kronecker", "recomputed", "exact", "gradient"
OF_TERMS = ["risk", "sampling", "kl", "complexity", "bound", "mcallester", "prior_variance"]
OF_TERMS += ["test_risk"]
OF_VARIANCES = ["at_trained", "at_mean", "averaged", "alignment", "free_share"]


def bounds_sections(table):
    """Yield (title, table) of what a sweep measured of PAC-Bayes bounds."""
    rows = table[table["measurement"] == "pac_bayes"]
    if len(rows):
        rows = as_cases(rows)
        yield BOUNDS, _by_case(rows, _bounds)
        yield TERMS, _by_family(rows, OF_TERMS)
        yield GAIN, _by_case(rows, _gain)
        yield VARIANCES, _by_family(rows, OF_VARIANCES)
    searches = table[table["measurement"] == "pac_bayes_search"]
    if len(searches):
        yield SEARCH, _by_case(as_cases(searches), _search)


def as_cases(rows):
    """With ``random_labels`` everywhere, false where no point names it; files by their folder."""
    labels = pd.Series(rows.get("random_labels", False), rows.index, dtype="boolean").fillna(False)
    rows = rows.assign(random_labels=labels)
    if "folder" not in rows:
        return rows
    folders = rows["folder"].map(lambda name: Path(name).name, na_action="ignore")
    return rows.drop(columns="folder").assign(images=folders.fillna(rows["images"]))


def _families(rows):
    return [name for name in FAMILIES if f"{name}_bound" in rows]


def _by_case(rows, summarised):
    """One row of a table a case: its parameters, and what a function makes of its points."""
    grouped = by_point(rows, KEYS)
    names = list(grouped.keys)
    found = []
    for values, points in grouped:
        found.append(dict(zip(names, values, strict=True)) | summarised(points))
    return pd.DataFrame(found)


def _by_family(rows, columns):
    """One row a case and family."""
    parts = []
    for name in _families(rows):
        own = {f"{name}_{column}": column for column in columns}
        means = _by_case(
            rows, lambda points, own=own: {new: points[old].mean() for old, new in own.items()}
        )
        means.insert(len(means.columns) - len(columns), "basis", name)
        parts.append(means.dropna(subset=columns[:1]))
    return pd.concat(parts).sort_index(kind="stable")


def _spread(values):
    values = values.dropna()
    if values.empty:
        return "–"
    return f"{values.mean():.3f}" + (f" ({values.std():.3f})" if len(values) > 1 else "")


def _bounds(points):
    return {name: _spread(points[f"{name}_bound"]) for name in _families(points)}


def _gain(points):
    """Differences on the same network, Kronecker less standard."""
    result = {
        f"Δ {name}": _spread(points[f"kronecker_{name}"] - points[f"standard_{name}"])
        for name in ("bound", "complexity", "risk", "test_risk")
    }
    ratios = {"KL ratio": "kl", "quadratic": "predicted_kl", "averaged": "averaged_kl"}
    for label, name in ratios.items():
        result[label] = (points[f"kronecker_{name}"] / points[f"standard_{name}"]).mean()
    return result


def _search(points):
    ends = "_curvature_bound", "_weights_bound"
    starts = [name for name in points if name.endswith(ends)]
    return {name.removesuffix("_bound"): points[name].mean() for name in starts}
