"""The printed tables of trained heads of real networks."""

import pandas as pd

from rmt_hessian.report.structure import means

HEADS = (
    "Trained heads, and random ones on the same features: C²R and the share off the diagonal, of "
    "the sample and of the population (pairs of different samples), with its standard error; "
    "predicted: of the random head for many classes."
)
OWN = (
    "Trained heads: the share in the pairs of a sample with itself, and 2/(m+3) of its competitors."
)
PAIRS = (
    "Trained heads: share of pairs of classes in what lies off the diagonal, of pairs within a "
    "group; Kronecker error; rank-one share of top eigenvectors; leading eigenvalue in the trace "
    "of the auto-correlation; gap of the output Hessian."
)
CONFUSIONS = (
    "Trained heads: the share off the diagonal (population) with less and less known: all; the "
    "confusions of pairs; sizes of classes; as many equal classes as carry the sizes; all classes."
)
BLOCKS = (
    "Blocks of trained heads, and of a random one: distance to the law of their own weights on "
    "their features, dependence, misfit; distance to the law of white features; samples that carry "
    "the weights; largest eigenvalue over that of the law."
)
OF_BLOCKS = ("largest", "median", "pair", "random")
LAYERS = "Networks of digits, by layer; random: before training."
VERSIONS = [f"{version}{name}" for name in ("c2_ratio", "share") for version in ("", "population_")]


def real_head_sections(table):
    """Yield (title, table) of what a sweep measured of heads that come with packages."""
    of = dict(iter(table.groupby("measurement")))
    for name in ("real_heads", "real_head_structure", "real_head_confusions", "real_head_blocks"):
        if name in of:
            of[name] = of[name][of[name]["available"].astype(bool)]
    keys = ["n_classes", "head", "n_measured"]
    if len(heads := of.get("real_heads", ())):
        points = _with(heads, [*keys, "temperature", "blanks"])
        columns = [*VERSIONS, "population_share_error"]
        columns += [f"random_{name}" for name in VERSIONS]
        columns += ["predicted_population_c2_ratio", "predicted_population_share"]
        yield HEADS, means(heads, points, columns)
        yield OWN, means(heads, points, ["own_share", "predicted_own_share"])
    if len(pairs := of.get("real_head_structure", ())):
        columns = [f"share_of_{n}" for n in ("1_pair", "10_pairs", "100_pairs")]
        columns += ["share_in_groups", "confusion_correlation", "kronecker_error"]
        columns += ["rank_one_share", "autocorrelation_share", "output_rank", "output_gap"]
        yield PAIRS, means(pairs, _with(pairs, [*keys, "temperature"]), columns)
    if len(confusions := of.get("real_head_confusions", ())):
        columns = ["population_share", "confusion_share", "size_share", "equal_share"]
        columns += ["class_share", "n_effective"]
        yield CONFUSIONS, means(confusions, _with(confusions, [*keys, "temperature"]), columns)
    if len(blocks := of.get("real_head_blocks", ())):
        points = _with(blocks, [*keys, "temperature"])
        yield BLOCKS, pd.concat([_of_block(blocks, points, name) for name in OF_BLOCKS])
    if "real_layers" in of:
        columns = ["n_units", "share", "population_share", "kronecker_error", "rank_one_share"]
        columns += [f"random_{name}" for name in columns[1:]]
        yield LAYERS, means(of["real_layers"], ["data", "layer", "temperature"], columns)


def _of_block(rows, points, name):
    columns = ["ks", "error", "dependence", "misfit", "white_ks", "n_effective", "top_ratio"]
    found = means(rows, points, [f"{name}_{column}" for column in columns])
    return found.rename(columns=lambda column: column.removeprefix(f"{name}_")).assign(block=name)


def _with(rows, names):
    return [name for name in names if name in rows and rows[name].notna().any()]
