"""What a report says of PAC-Bayes bounds in several bases."""

from pathlib import Path

import pandas as pd

from rmt_hessian.report.groups import by_point
from rmt_hessian.report.section import Section

BOUNDS = (
    "PAC-Bayes bounds on the error of networks drawn from the posterior, by its basis: inverted "
    "binary KL, all terms together at confidence 0.965. Mean (standard deviation) over seeds."
)
TERMS = "Terms of these bounds, means over seeds; errors are shares of samples, KL in nats."
GAIN = (
    "Kronecker eigenbasis less the weights themselves, on the same network: mean (standard "
    "deviation) over seeds; KL of one over that of the other, means over seeds."
)
VARIANCES = (
    "Variances s of the posterior beside 1/(1/λ + βh), λ of the prior and h the curvature: root "
    "mean square of the logarithm of their ratio, means over seeds."
)
SEARCH = "Bounds after the longest search of one network, by basis and start; means over seeds."
KEYS = ["images", "n_samples", "widths", "random_labels"]
BASES = {
    "isotropic": "one variance for all weights",
    "standard": "the weights themselves",
    "kronecker": "eigenbasis of the Kronecker factors of the Hessian",
    "recomputed": "the same, recomputed in the search",
    "exact": "eigenbasis of the Hessian of each layer",
    "gradient": "eigenbasis of the gradient covariance",
}
OF_TERMS = {
    "risk": "error on the samples",
    "sampling": "what is added because finitely many networks are drawn",
    "kl": "of the posterior from the prior",
    "complexity": "(KL + …)/N",
    "bound": "on the error",
    "mcallester": "McAllester's bound on the error",
    "prior_variance": "λ, of the grid",
    "test_risk": "error on new samples",
}
OF_VARIANCES = {
    "at_trained": "h at the trained network",
    "at_mean": "h at the mean of the posterior",
    "averaged": "h averaged over the posterior",
    "alignment": "rank correlation of 1/s and the averaged h",
    "free_share": "of directions with s < 0.9 λ",
}
OF_GAIN = {
    "Δ bound": "of the bound",
    "Δ complexity": "of (KL + …)/N",
    "Δ risk": "of the error on the samples",
    "Δ test_risk": "of the error on new samples",
    "KL ratio": "seen",
    "quadratic": "KL ratio, were the loss quadratic about the trained network",
    "averaged": "KL ratio, with curvatures averaged over the posteriors",
}
STARTS = {
    "curvature": "first variances those of a quadratic loss",
    "weights": "first variances the squares of the weights in that basis",
}
OF_SEARCH = {
    f"{basis}_{start}": f"{basis}: {said}" for basis in BASES for start, said in STARTS.items()
}


def bounds_sections(table):
    """Yield what a sweep measured of PAC-Bayes bounds."""
    rows = table[table["measurement"] == "pac_bayes"]
    if len(rows):
        rows = as_cases(rows)
        yield Section(BOUNDS, _by_case(rows, _bounds), BASES)
        yield Section(TERMS, _by_family(rows, OF_TERMS), OF_TERMS)
        yield Section(GAIN, _by_case(rows, _gain), OF_GAIN)
        yield Section(VARIANCES, _by_family(rows, OF_VARIANCES), OF_VARIANCES)
    searches = table[table["measurement"] == "pac_bayes_search"]
    if len(searches):
        yield Section(SEARCH, _by_case(as_cases(searches), _search), OF_SEARCH)


def as_cases(rows):
    """With ``random_labels`` everywhere, false where no point names it; files by their folder."""
    labels = pd.Series(rows.get("random_labels", False), rows.index, dtype="boolean").fillna(False)
    rows = rows.assign(random_labels=labels)
    if "folder" not in rows:
        return rows
    folders = rows["folder"].map(lambda name: Path(name).name, na_action="ignore")
    return rows.drop(columns="folder").assign(images=folders.fillna(rows["images"]))


def _families(rows):
    return [name for name in BASES if f"{name}_bound" in rows]


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
        parts.append(means.dropna(subset=next(iter(columns))))
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
