"""The tables a sweep prints at its end: measured beside predicted, in one screen."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import told_apart

SIZES = {"n_inputs": "d", "n_samples": "N", "n_hidden": "m"}
BLOCKS = ("diagonal", "off_diagonal")
RESULTS = ["ratio", "error", "predicted", "z", "ks_conditional", "ks_population", "outside"]
RESULTS += ["gap", "predicted_gap", "overlap", "gradient_gap", "gradient_overlap"]
ROUNDING = 1e-12  # of a distance: where both laws are one, their distances are equal
SEEDS_FOR_Z = 5  # Student's t with 4 degrees of freedom: |z| > 3 in 4 % of cases, 20 % with 1


def ratio_of_means(group):
    """Ratio of mean squared norms over seeds, and its standard error (delta method).

    ``R = mean ‖H_ij‖² / mean ‖H_ii‖²``; ``Var R ≈ ∇Rᵀ Cov ∇R / n`` with the sample covariance.
    NaN error for one seed.
    """
    norms = group[["off_diagonal_norm2", "diagonal_norm2"]].to_numpy()
    off_diagonal, diagonal = norms.mean(axis=0)
    ratio, n = off_diagonal / diagonal, len(norms)
    if n == 1:
        return ratio, np.nan
    influence = (norms[:, 0] - ratio * norms[:, 1]) / diagonal  # of a seed on R
    return ratio, float(influence.std(ddof=1) / np.sqrt(n))


def summarise(table):
    """One row per case and C (and sizes): ratio ± standard error, prediction, KS distances.

    ``z`` is the difference of measured and predicted ratio over the standard error of both; NaN
    where both are exact, and below `SEEDS_FOR_Z` seeds, where it is far from normal. KS distances
    are the largest over seeds and both blocks, of all spectra with that case and C, and with the
    row's value of every size that moves at one case and C. A population distance is *outside* if
    it exceeds the 95 % band of the law of a sample of N weights by more than the distance to the
    conditional law: by the triangle inequality that has probability at most 5 %, were the
    population law exact. It leaves out the lengths of the rows of V and W and the angles between
    them, which fluctuate by O(1/√d) and show most where N is large.
    """
    table = _with_labels(table)
    told = _told_apart(table, "block_norms", "block_spectra")
    of_norms = ["case", "n_classes", *SIZES, *told]
    norms = _group(table, "block_norms", of_norms)
    keys = ["case", "n_classes", *_moving_sizes(table), *told]
    spectra = _group(table, "block_spectra", keys)
    rows, shared = [], set()
    for values, group in norms.items():
        row = dict(zip(of_norms, values, strict=True))
        key = tuple(row[name] for name in keys)
        shared.add(key)
        rows.append(row | _ratio(group) | _distances(spectra.get(key)))
    for key, group in spectra.items():
        if key not in shared:
            row = group[of_norms].iloc[0].to_dict()
            rows.append(row | _ratio(None) | _distances(group))
    return pd.DataFrame(rows)


def _with_labels(table):
    """With a column for the case and every size; without hidden layers none is called m."""
    table = with_cases(table)
    return table.reindex(columns=list(dict.fromkeys([*table, "case", *SIZES])))


def _told_apart(table, *measurements):
    """Parameters, beside case and sizes, in which points differ by more than their seeds."""
    parts = [table[table["measurement"] == name] for name in measurements]
    return list(
        dict.fromkeys(
            name for rows in parts for name in told_apart(rows, ["case", "n_classes", *SIZES])
        )
    )


def _moving_sizes(table):
    """The sizes that take several values among the spectra of one case and C."""
    groups = _group(table, "block_spectra", ["case", "n_classes"]).values()
    return [name for name in SIZES if any(group[name].nunique() > 1 for group in groups)]


def _group(table, measurement, keys):
    """Rows of a measurement by the values of ``keys``, in the order of the table."""
    chosen = table[table["measurement"] == measurement]
    groups = chosen.groupby(keys, sort=False, dropna=False) if len(chosen) else ()
    return {tuple(None if pd.isna(k) else k for k in key): group for key, group in groups}


def _ratio(group):
    if group is None:
        return dict.fromkeys(("ratio", "error", "predicted", "z"), np.nan)
    ratio, error = ratio_of_means(group)
    predicted = group["predicted_ratio"].iloc[0]
    spread = np.hypot(error, group["predicted_ratio_error"].iloc[0])
    exact = abs(ratio - predicted) <= 1e-9 * abs(predicted) and spread <= 1e-9 * abs(predicted)
    meaningless = exact or len(group) < SEEDS_FOR_Z
    z = np.nan if meaningless else (ratio - predicted) / spread
    return {"ratio": ratio, "error": error, "predicted": predicted, "z": z}


def _distances(group):
    if group is None:
        return {"ks_conditional": np.nan, "ks_population": np.nan, "outside": "–"}

    def distances(kind):
        return group[[f"{block}_ks_{kind}" for block in BLOCKS]].to_numpy()

    conditional, population = distances("conditional"), distances("population")
    band = distances("population_band")
    # NaN: the block of a dead unit, whose distance to its conditional law is 0 and no evidence
    known = conditional[~np.isnan(conditional)]
    outside = int(np.sum(population > band + np.nan_to_num(conditional) + ROUNDING))
    return {
        "ks_conditional": known.max() if known.size else np.nan,
        "ks_population": population.max(),
        "outside": f"{outside}/{population.size}",
    }


def summarise_rank(table):
    """One row per case, C and sizes of the output Hessian: means over seeds of what is shown.

    NaN of columns that an older version of the measurement does not have.
    """
    columns = ["gap", "predicted_gap", "overlap", "gradient_gap", "gradient_overlap"]
    table = _with_labels(table)
    keys = ["case", "n_classes", *SIZES, *_told_apart(table, "output_rank")]
    groups = _group(table, "output_rank", keys)
    rows = [
        dict(zip(keys, key, strict=True)) | group.reindex(columns=columns).mean().to_dict()
        for key, group in groups.items()
    ]
    return pd.DataFrame(rows)


def _number(value, form):
    return "–" if np.isnan(value) else format(value, form)


def _labels(summary, first):
    """Name of each row: its first columns, and the sizes and parameters in which rows differ."""
    known = {"case", "n_classes", *RESULTS}
    symbols = SIZES | {name: name for name in summary if name not in SIZES and name not in known}
    varying = {n: s for n, s in symbols.items() if summary[n].nunique(dropna=n in SIZES) > 1}
    return [
        " ".join([*(str(row[name]) for name in first)])
        + "".join(f" {s}={_told(row[name])}" for name, s in varying.items() if pd.notna(row[name]))
        for row in summary.to_dict("records")
    ]


def _told(value):
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def format_summary(summary):
    """The summary as aligned text."""
    labels = _labels(summary, ["case"])
    width = max(map(len, labels))
    lines = [
        f"{'case':<{width}} {'C':>6} {'R measured':>11} ± {'error':<8} {'R predicted':>11} "
        f"{'z':>7} {'KS cond.':>9} {'KS pop.':>8} {'outside':>8}"
    ]
    for label, row in zip(labels, summary.itertuples(), strict=True):
        lines.append(
            f"{label:<{width}} {row.n_classes:>6} {_number(row.ratio, '.4e'):>11} "
            f"± {_number(row.error, '.1e'):<8} {_number(row.predicted, '.4e'):>11} "
            f"{_number(row.z, '+.2f'):>7} {_number(row.ks_conditional, '.4f'):>9} "
            f"{_number(row.ks_population, '.4f'):>8} {row.outside:>8}"
        )
    return "\n".join(lines)


def format_rank(summary):
    """The summary of the output Hessian as aligned text, the gradient covariance last."""
    several = summary["case"].nunique() > 1
    labels = _labels(summary, ["case", "n_classes"] if several else ["n_classes"])
    width = max(len("C"), *map(len, labels))
    lines = [
        f"{'C':>{width}} {'gap measured':>13} {'gap predicted':>14} {'overlap':>8} "
        f"{'gap of E[ggᵀ]':>14} {'overlap':>8}"
    ]
    for label, row in zip(labels, summary.itertuples(), strict=True):
        lines.append(
            f"{label:>{width}} {row.gap:>13.4f} {row.predicted_gap:>14.4f} {row.overlap:>8.4f} "
            f"{_number(row.gradient_gap, '.4f'):>14} {_number(row.gradient_overlap, '.4f'):>8}"
        )
    return "\n".join(lines)
