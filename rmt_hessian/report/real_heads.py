"""What a report says of trained heads of real networks."""

import pandas as pd

from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

HEADS = "Trained heads, and random ones on the same features."
OWN = "Trained heads: pairs of a sample with itself."
PAIRS = (
    "Trained heads: which pairs of classes carry the norm² off the diagonal (population); "
    "Kronecker form."
)
CONFUSIONS = (
    "Trained heads: share of ‖H‖² off the diagonal blocks (population) with less and less known."
)
BLOCKS = "Blocks of trained heads, and of a random one, beside the law of their own weights."
LAYERS = "Networks of digits, by layer, means over seeds; random: before training."
SHARE = "of ‖H‖² off the diagonal blocks"
RATIO = "C²R, R the mean ‖H_ij‖² off the diagonal over that of diagonal blocks"
POPULATION = ", of pairs of different samples"
OF_VERSIONS = {
    "c2_ratio": RATIO,
    "population_c2_ratio": "C²R" + POPULATION,
    "share": SHARE,
    "population_share": "share" + POPULATION,
}
OF_HEADS = OF_VERSIONS | {"population_share_error": "standard error of that share, jackknife"}
OF_HEADS |= {f"random_{name}": "of the random head" for name in OF_VERSIONS}
OF_HEADS |= {
    f"predicted_{name}": "what the random head tends to for many classes"
    for name in ("population_c2_ratio", "population_share")
}
OF_OWN = {
    "own_share": "share off the diagonal blocks in the pairs of a sample with itself",
    "predicted_own_share": "2/(m+3) of m competitors of the most probable class",
}
OF_PAIRS = {
    "share_of_1_pair": "of the norm², of the largest pair (i, j), (j, i)",
    "share_of_10_pairs": "of the ten largest",
    "share_of_100_pairs": "of the hundred largest",
    "share_in_groups": "of pairs within a group of classes",
    "confusion_correlation": "rank correlation of ‖H_ij‖² with E[p_i p_j]",
    "kronecker_error": "‖H - E[M] ⊗ E[z zᵀ]‖/‖H‖, Frobenius norms",
    "rank_one_share": "of top eigenvectors as matrices: first singular value², over the sum; mean",
    "autocorrelation_share": "of the largest eigenvalue in the trace of E[z zᵀ]",
    "output_rank": "k of the smallest λ_{k+1}/λ_k of the output Hessian, its effective rank",
    "output_gap": "that ratio",
}
OF_CONFUSIONS = {
    "population_share": "all known",
    "confusion_share": "of E[M]: confusions of pairs of classes, no features",
    "size_share": "of classes of the same sizes, confused by these alone",
    "equal_share": "1/n_effective",
    "class_share": "1/C, of equal classes",
    "n_effective": "as many equal classes as carry the sizes: (Σ E[M]_ii)²/Σ E[M]_ii²",
}
OF_LAWS = {
    "ks": "Kolmogorov distance to that law",
    "error": "bound of the distance",
    "dependence": "of weights on features, of the bound",
    "misfit": "of the law to features, of the bound",
    "white_ks": "distance to the law that takes features for white",
    "n_effective": "samples that carry the weights: (Σ|λ|)²/Σλ²",
    "top_ratio": "largest eigenvalue over that of the law",
}
OF_LAYERS = {
    "share": SHARE,
    "population_share": "share" + POPULATION,
    "kronecker_error": OF_PAIRS["kronecker_error"],
    "rank_one_share": OF_PAIRS["rank_one_share"],
}
OF_LAYERS |= {f"random_{name}": "before training" for name in OF_LAYERS}
OF_BLOCKS = ("largest", "median", "pair", "random")


def real_head_sections(table):
    """Yield what a sweep measured of heads that come with packages."""
    of = dict(iter(table.groupby("measurement")))
    for name in ("real_heads", "real_head_structure", "real_head_confusions", "real_head_blocks"):
        if name in of:
            of[name] = of[name][of[name]["available"].astype(bool)]
    keys = ["n_classes", "head", "n_measured"]
    if len(heads := of.get("real_heads", ())):
        points = _with(heads, [*keys, "temperature", "blanks"])
        yield Section(HEADS, means(heads, points, OF_HEADS), OF_HEADS)
        yield Section(OWN, means(heads, points, OF_OWN), OF_OWN)
    if len(pairs := of.get("real_head_structure", ())):
        found = means(pairs, _with(pairs, [*keys, "temperature"]), OF_PAIRS, counts=["output_rank"])
        yield Section(PAIRS, found, OF_PAIRS)
    if len(confusions := of.get("real_head_confusions", ())):
        found = means(confusions, _with(confusions, [*keys, "temperature"]), OF_CONFUSIONS)
        yield Section(CONFUSIONS, found, OF_CONFUSIONS)
    if len(blocks := of.get("real_head_blocks", ())):
        points = _with(blocks, [*keys, "temperature"])
        found = [_of_block(blocks, points, name) for name in OF_BLOCKS]
        yield Section(BLOCKS, pd.concat(found), OF_LAWS)
    if "real_layers" in of:
        points = ["data", "layer", "n_units", "temperature"]
        yield Section(LAYERS, means(of["real_layers"], points, OF_LAYERS), OF_LAYERS)


def _of_block(rows, points, name):
    found = means(rows, points, [f"{name}_{column}" for column in OF_LAWS])
    return found.rename(columns=lambda column: column.removeprefix(f"{name}_")).assign(block=name)


def _with(rows, names):
    return [name for name in names if name in rows and rows[name].notna().any()]
