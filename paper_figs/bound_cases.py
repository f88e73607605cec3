"""Cases and families of the figures of PAC-Bayes bounds."""

from paper_figs.style import alike, inputs_of_training, rows_of, seeds_of
from rmt_hessian.report.bounds import KEYS, as_cases

FAMILIES = {  # name, letter, colour
    "isotropic": ("isotropic", "I", "grey"),
    "standard": ("standard basis", "S", "orange"),
    "kronecker": ("Kronecker eigenbasis", "K", "blue"),
    "recomputed": ("Kronecker, recomputed", "R", "purple"),
    "exact": ("eigenbasis of the layers", "E", "green"),
    "gradient": ("gradient covariance", "G", "vermilion"),
}
USUAL = 0.1  # largest prior variance, as in [W]
DEPTHS = ("linear", "1 hidden layer", "2 hidden layers")


def bound_rows(store, measurement="pac_bayes"):
    """Rows of the measurement, at its usual prior variances where it has several."""
    table = as_cases(rows_of(store, measurement, needed=True))
    if "largest_prior_variance" in table:
        given = table["largest_prior_variance"].fillna(USUAL)
        usual = table[given == USUAL]
        table = usual if len(usual) else table
    alike(table.drop(columns="largest_prior_variance", errors="ignore"), *KEYS)
    return table


def sizes_of(table):
    """Words for samples and networks of each kind of images."""
    words = []
    for (images, random), rows in table.groupby(["images", "random_labels"], sort=False):
        N = " and ".join(f"{n:.0f}" for n in sorted(rows["n_samples"].unique()))
        labels = ", random labels" if random else ""
        networks = seeds_of(rows, "network")
        name = inputs_of_training(images)
        words.append(f"{name}{labels}: N = {N}, {networks} a choice of widths")
    return "; ".join(words)


def depth_of(widths):
    """Words for how many hidden layers there are."""
    n_hidden = widths.count("-") - 1
    return DEPTHS[n_hidden] if n_hidden < len(DEPTHS) else f"{n_hidden} hidden layers"
