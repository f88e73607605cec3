"""What a report says of trained softmax regression, heads and paths beside what theory predicts."""

import pandas as pd

from rmt_hessian.report.groups import by_point
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

NUMBERS = (
    "Softmax regression at its optimum, predicted without training → seen, means over seeds. "
    "Losses are without the ridge term."
)
SPECTRA = "Spectra of softmax regression at its optimum beside laws: distances, means over seeds."
OUTLIERS = (
    "Outliers of softmax regression at its optimum, those predicted that are farthest from the "
    "bulk: predicted → seen, means over seeds."
)
HEADS = (
    "Heads trained above fixed features, predicted from two moments of the features → seen, means "
    "over seeds; distances of a diagonal block to laws."
)
PATHS = (
    "Gradient descent from zero without a ridge beside the predicted optima at equal ‖V‖: largest "
    "relative deviation along the path, means over seeds."
)
SHARES = (
    "Shares off the diagonal of trained mixtures, predicted → seen, means over seeds; population: "
    "of pairs of different samples; fresh: of samples not seen."
)
PARTS = ("diagonal", "off_diagonal", "layer")
SIZES = ["n_inputs", "n_classes", "n_samples", "separation", "n_groups", "imbalance", "ridge"]
OF_HEADS = ["features", "data", "n_units", "n_samples", "separation", "ridge"]
SHOWN = ["q", "a", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "ratio", "share"]
OF_MODELS = SHOWN[2:]
OFF = "share of ‖H‖² off the diagonal blocks"
MEANINGS = {
    "q": "variance of the logit of a new sample, mean over classes",
    "a": "response of the weights to the class means, mean over classes",
    "train_loss": "on the samples",
    "train_accuracy": "on the samples",
    "test_loss": "on new samples",
    "test_accuracy": "on new samples",
    "ratio": "R, mean ‖H_ij‖² of blocks off the diagonal over that of diagonal ones",
    "share": OFF,
}
OF_LAWS = {
    f"ks_{law}{part}": f"Kolmogorov distance to the {said} law, {part.replace('_', '-')} part"
    for part in PARTS
    for law, said in (("", "predicted"), ("without_prox_", "same (without the proximal map)"))
}
OF_OUTLIERS = {
    "place": "mean place of those eigenvalues",
    "overlap with means": "squared overlap of their eigenvectors with the class means, mean",
    "number": "how many are predicted",
}
OF_PATHS = {
    "deviation_train_loss": "of the loss on the samples",
    "deviation_test_loss": "of the loss on new samples",
    "deviation_ratio": "of R, mean ‖H_ij‖² off the diagonal over that of diagonal blocks",
}
OF_SHARES = {
    "share": OFF,
    "population_share": OFF + ", population",
    "fresh_share": OFF + ", fresh",
    "fresh_population_share": OFF + ", fresh population",
    "fresh_population_c2_ratio": "C²R of the fresh population, R of blocks off the diagonal",
    "test_accuracy": "on new samples",
    "static_population_c2_ratio": "C²R that random heads tend to for many classes",
    "static_population_share": "share that random heads tend to for many classes",
}
STATIC = ["static_population_c2_ratio", "static_population_share"]


def trained_law_sections(table):
    """Yield what a sweep measured of trained softmax regressions and heads."""
    laws, heads, paths, shares = (
        table[table["measurement"] == name]
        for name in ("trained_laws", "trained_heads", "trained_paths", "trained_shares")
    )
    if len(laws):
        keys = _known(SIZES, laws)
        numbers = _pairs(laws, keys, {name: name for name in SHOWN})
        yield Section(NUMBERS, numbers, MEANINGS)
        yield Section(SPECTRA, means(laws, keys, _known(OF_LAWS, laws)), OF_LAWS)
        outliers = [_of_part(laws, part, keys) for part in PARTS if f"{part}_place" in laws]
        yield Section(OUTLIERS, pd.concat(outliers), OF_OUTLIERS)
    if len(heads):
        keys = _known(OF_HEADS, heads)
        found = _pairs(heads, keys, {name: name for name in OF_MODELS})
        columns = ["ks_diagonal", "ks_without_prox_diagonal"]
        distances = [rows[columns].mean() for _, rows in by_point(heads, keys)]
        found = found.assign(**pd.DataFrame(distances).reset_index(drop=True))
        yield Section(HEADS, found, MEANINGS | OF_LAWS)
    if len(shares):
        keys = _known([*SIZES, "correlation"], shares)
        columns = [f"{of}{name}" for of in ("", "fresh_") for name in ("share", "population_share")]
        columns += ["fresh_population_c2_ratio", "test_accuracy"]
        found = _pairs(shares, keys, {name: name for name in columns})
        static = [rows[STATIC].mean() for _, rows in by_point(shares, keys)]
        found = found.assign(**pd.DataFrame(static).reset_index(drop=True))
        yield Section(SHARES, found, OF_SHARES)
    if len(paths):
        yield Section(PATHS, means(paths, _known(SIZES[:4], paths), OF_PATHS), OF_PATHS)


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
