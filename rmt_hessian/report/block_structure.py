"""What the main job reports: norms, spectra and rank of blocks, measured beside predicted."""

import numpy as np
import pandas as pd

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import told_apart
from rmt_hessian.report.ratio import ratio_of_means
from rmt_hessian.report.section import Section

SIZES = {"n_inputs": "d", "n_samples": "N", "n_hidden": "m"}
BLOCKS = ("diagonal", "off_diagonal")
WORDS = {"block_norms": "Norms", "block_spectra": "Spectra", "output_rank": "Sizes"}
OF_RATIO = ("ratio", "error", "predicted", "z")
OF_DISTANCES = ("ks_conditional", "ks_population", "outside")
SEEDS_FOR_Z = 5  # Student's t with 4 degrees of freedom: |z| > 3 in 4 % of cases, 20 % with 1
BLOCK_TITLE = "Norms and spectra of blocks, measured beside predicted."
RANK_TITLE = (
    "Output Hessian E[M] of the hidden layer, CE, and its top C-1 eigenspace, means over seeds."
)
OF_BLOCKS = {
    "R": "mean squared norm of off-diagonal over diagonal blocks ± standard error over seeds",
    "predicted R": "its value for random weights",
    "z": f"(R - predicted R)/error of both, from {SEEDS_FOR_Z} seeds on",
    "KS cond.": "largest Kolmogorov distance over seeds and both blocks, to the conditional law",
    "KS pop.": "and to the population law",
    "outside": "of the latter, how many exceed the 95 % band of samples of N weights by more than "
    "the former; the band leaves out that rows of V, W vary in length and angle, by O(1/√d)",
}
OF_RANK = {
    "gap": "λ_C/λ_{C-1}",
    "predicted_gap": "λ_C/λ_{C-1}, to first order in the weights",
    "overlap": "of the eigenspace with the centred rows of the weights above",
    "gradient_gap": "λ_C/λ_{C-1} of the gradient covariance E[g gᵀ]",
    "gradient_overlap": "overlap of its eigenspace with the same rows",
}
ROUNDING = 1e-12  # of a distance: where both laws are one, their distances are equal


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
        return dict.fromkeys(OF_RATIO, np.nan)
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
    table = _with_labels(table)
    keys = ["case", "n_classes", *SIZES, *_told_apart(table, "output_rank")]
    groups = _group(table, "output_rank", keys)
    rows = [
        dict(zip(keys, key, strict=True)) | group.reindex(columns=[*OF_RANK]).mean().to_dict()
        for key, group in groups.items()
    ]
    return pd.DataFrame(rows)


def _number(value, form):
    return "–" if np.isnan(value) else format(value, form)


def block_sections(table):
    """Yield what a sweep measured of norms, spectra and output Hessians of blocks."""
    if len(norms := summarise(table)):
        title = f"{BLOCK_TITLE}{_sizes(table, 'block_norms')}{_sizes(table, 'block_spectra')}"
        yield Section(title, _with_parameters(norms, _texts(norms)), OF_BLOCKS)
    if len(rank := summarise_rank(table)):
        title = f"{RANK_TITLE}{_sizes(table, 'output_rank')}"
        yield Section(title, _with_parameters(rank, rank[[*OF_RANK]]), OF_RANK)


def _texts(summary):
    """Ratios to five digits, for they are compared; an error of rounding is none."""
    small = ROUNDING * summary["ratio"].abs()
    errors = [
        _number(e, ".1e") if e > least else ""
        for e, least in zip(summary["error"], small, strict=True)
    ]
    ratios = [_number(ratio, ".4e") for ratio in summary["ratio"]]
    return pd.DataFrame(
        {
            "R": [f"{r} ± {e}" if e else r for r, e in zip(ratios, errors, strict=True)],
            "predicted R": [_number(value, ".4e") for value in summary["predicted"]],
            "z": [_number(value, "+.2f") for value in summary["z"]],
            "KS cond.": [_number(value, ".4f") for value in summary["ks_conditional"]],
            "KS pop.": [_number(value, ".4f") for value in summary["ks_population"]],
            "outside": summary["outside"],
        }
    )


def _with_parameters(summary, results):
    """Results beside what tells their rows apart: case, C, and of the rest what varies."""
    told = [name for name in summary if name not in (*OF_RATIO, *OF_DISTANCES, *OF_RANK)]
    varying = [n for n in told[2:] if summary[n].nunique(dropna=n in SIZES) > 1]
    return pd.concat([summary[[*told[:2], *varying]], results], axis=1)


def _sizes(table, measurement):
    """Sizes that all points of a measurement have, as words: norms and spectra have their own."""
    rows = table[table["measurement"] == measurement].reindex(columns=[*SIZES])
    same = {SIZES[name]: rows[name].max() for name in SIZES if rows[name].nunique() == 1}
    said = ", ".join(f"{symbol} = {int(size)}" for symbol, size in same.items())
    return f" {WORDS[measurement]}: {said}." if said else ""
