"""The table a sweep prints at its end: measured beside predicted, in one screen."""

import numpy as np
import pandas as pd

KS_COLUMNS = ["ks_conditional", "ks_population", "ks_population_band"]


def ratio_of_means(group):
    """Ratio of mean squared norms over seeds, its standard error (delta method), and the seeds.

    ``R = mean ‖H_ij‖² / mean ‖H_ii‖²``; ``Var R ≈ ∇Rᵀ Cov ∇R / n`` with the sample covariance.
    """
    norms = group[["off_diagonal_norm2", "diagonal_norm2"]].to_numpy()
    off_diagonal, diagonal = norms.mean(axis=0)
    ratio, n = off_diagonal / diagonal, len(norms)
    if n == 1:
        return ratio, np.nan
    residual = (norms[:, 0] - ratio * norms[:, 1]) / diagonal  # influence of a seed on R
    return ratio, float(residual.std(ddof=1) / np.sqrt(n))


def summarise(table):
    """One row per case and C: ratio ± standard error, prediction, and KS distances over seeds.

    ``z`` is the difference of measured and predicted ratio over the standard error of both;
    NaN where both are exact. KS distances, and the band of the distance to the population law,
    are the largest over seeds and both blocks.
    """
    rows = []
    norms = table[table["measurement"] == "block_norms"]
    spectra = table[table["measurement"] == "block_spectra"]
    for (case, n_classes), group in norms.groupby(["case", "n_classes"], sort=False):
        ratio, error = ratio_of_means(group)
        predicted = group["predicted_ratio"].iloc[0]
        spread = np.hypot(error, group["predicted_ratio_error"].iloc[0])
        exact = spread <= 1e-9 * abs(predicted)
        row = {"case": case, "C": int(n_classes), "ratio": ratio, "error": error}
        row |= {"predicted": predicted, "z": np.nan if exact else (ratio - predicted) / spread}
        same = spectra[(spectra["case"] == case) & (spectra["n_classes"] == n_classes)]
        for kind in KS_COLUMNS:
            columns = [f"diagonal_{kind}", f"off_diagonal_{kind}"]
            row[kind] = same[columns].to_numpy().max() if len(same) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def summarise_rank(table):
    """One row per C of the output Hessian: means over seeds of the gap, its prediction, overlap."""
    ranks = table[table["measurement"] == "output_rank"]
    if ranks.empty:
        return pd.DataFrame()
    columns = ["gap", "predicted_gap", "overlap"]
    return ranks.groupby("n_classes", sort=True)[columns].mean().reset_index()


def format_summary(summary):
    """The summary as aligned text."""
    lines = [
        f"{'case':<11} {'C':>5} {'R measured':>12} ± {'error':<8} {'R predicted':>12} {'z':>7} "
        f"{'KS cond.':>9} {'KS pop.':>8} {'band':>7}"
    ]
    for row in summary.itertuples():
        z = "–" if np.isnan(row.z) else f"{row.z:+.2f}"
        ks = ["–" if np.isnan(v) else f"{v:.4f}" for v in (getattr(row, c) for c in KS_COLUMNS)]
        lines.append(
            f"{row.case:<11} {row.C:>5} {row.ratio:>12.4e} ± {row.error:<8.1e} "
            f"{row.predicted:>12.4e} {z:>7} {ks[0]:>9} {ks[1]:>8} {ks[2]:>7}"
        )
    return "\n".join(lines)


def format_rank(summary):
    """The summary of the output Hessian as aligned text."""
    lines = [f"{'C':>17} {'gap measured':>13} {'gap predicted':>14} {'overlap':>8}"]
    for row in summary.itertuples():
        lines.append(
            f"{row.n_classes:>17} {row.gap:>13.4f} {row.predicted_gap:>14.4f} {row.overlap:>8.4f}"
        )
    return "\n".join(lines)
