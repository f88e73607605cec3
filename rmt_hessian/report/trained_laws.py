"""The printed tables of trained softmax regression, heads and paths beside what theory predicts."""

import pandas as pd

from rmt_hessian.report.groups import by_point
from rmt_hessian.report.structure import means

NUMBERS = (
    "Softmax regression at its optimum, predicted without training → seen, means over seeds "
    "(losses without the ridge term)."
)
SPECTRA = (
    "Spectra at the optimum: distances to the predicted law and to that of fresh logits (without "
    "the proximal map), means over seeds."
)
OUTLIERS = (
    "Outliers at the optimum: of the predicted ones that are farthest from the bulk, how many, and "
    "mean place and overlap with the class means, predicted → seen, means over seeds."
)
HEADS = (
    "Heads trained above fixed features, predicted from two moments of the features → seen, means "
    "over seeds; distances of a diagonal block to the law and to that of fresh logits."
)
PATHS = (
    "Gradient descent from zero without a ridge beside the predicted optima at equal ‖V‖: largest "
    "relative deviation along the path, means over seeds."
)
SHARES = (
    "Shares off the diagonal of trained mixtures and C²R, predicted → seen, means over seeds; "
    "fresh: of new samples; static: of random heads for many classes."
)
SIZES = ["n_inputs", "n_classes", "n_samples", "separation", "n_groups", "imbalance", "ridge"]
OF_HEADS = ["features", "data", "n_units", "n_samples", "separation", "ridge"]
SHOWN = ["q", "a", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "ratio", "share"]
OF_MODELS = SHOWN[2:]
STATIC = ["static_population_c2_ratio", "static_population_share"]
PARTS = ("diagonal", "off_diagonal", "layer")


def trained_law_sections(table):
    """Yield (title, table) of what a sweep measured of trained softmax regressions and heads."""
    laws, heads, paths, shares = (
        table[table["measurement"] == name]
        for name in ("trained_laws", "trained_heads", "trained_paths", "trained_shares")
    )
    if len(laws):
        keys = _known(SIZES, laws)
        yield NUMBERS, _pairs(laws, keys, {name: name for name in SHOWN})
        columns = [f"ks_{law}{part}" for part in PARTS for law in ("", "without_prox_")]
        yield SPECTRA, means(laws, keys, _known(columns, laws))
        outliers = [_of_part(laws, part, keys) for part in PARTS if f"{part}_place" in laws]
        yield OUTLIERS, pd.concat(outliers)
    if len(heads):
        keys = _known(OF_HEADS, heads)
        found = _pairs(heads, keys, {name: name for name in OF_MODELS})
        columns = ["ks_diagonal", "ks_without_prox_diagonal"]
        distances = [rows[columns].mean() for _, rows in by_point(heads, keys)]
        yield HEADS, found.assign(**pd.DataFrame(distances).round(3).reset_index(drop=True))
    if len(shares):
        keys = _known([*SIZES, "correlation"], shares)
        columns = [f"{of}{name}" for of in ("", "fresh_") for name in ("share", "population_share")]
        columns += ["fresh_population_c2_ratio", "test_accuracy"]
        found = _pairs(shares, keys, {name: name for name in columns})
        static = [rows[STATIC].mean() for _, rows in by_point(shares, keys)]
        yield SHARES, found.assign(**pd.DataFrame(static).round(3).reset_index(drop=True))
    if len(paths):
        columns = [name for name in paths if name.startswith("deviation_")]
        yield PATHS, means(paths, _known(SIZES[:4], paths), columns)


def _known(names, rows):
    return [name for name in names if name in rows and rows[name].notna().any()]


def _pairs(rows, keys, columns):
    """``"predicted → seen"`` of each point."""
    found = []
    for _, group in by_point(rows, keys):
        pair = {
            name: f"{group[f'predicted_{of}'].mean():.3g} → {group[of].mean():.3g}"
            for name, of in columns.items()
        }
        found.append(group.iloc[0][keys].to_dict() | pair)
    return pd.DataFrame(found)


def _of_part(rows, part, keys):
    """Outliers of one part, of the points where one is predicted."""
    number = f"{part}_predicted_multiplicity"
    rows = rows[rows[number].fillna(0) > 0]
    names = {
        f"{part}_{end}{name}": f"{end}{name}"
        for end in ("", "predicted_")
        for name in ("place", "means_overlap")
    }
    pairs = _pairs(
        rows.drop(columns=[*names.values()], errors="ignore").rename(columns=names),
        keys,
        {"place": "place", "overlap with means": "means_overlap"},
    )
    counts = [group[number].iloc[0] for _, group in by_point(rows, keys)]
    return pairs.assign(part=part, number=counts) if len(pairs) else pairs
