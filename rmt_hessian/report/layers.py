"""What a report says of whole layers beside their laws, and of the blocks between layers."""

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.groups import by_point
from rmt_hessian.report.ratio import ratio_of_means, with_error
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import means

LAYERS = "Spectra of whole layers beside three laws; Kolmogorov distances, means over seeds."
BETWEEN = "Blocks between hidden units and classes beside the diagonal ones, over seeds."
OF_LAYERS = {
    "ks_layer": "to the law of the layer, given the weights above it",
    "ks_conditional": "to that of the output Hessians of the sample",
    "ks_blocks": "to the laws of the diagonal blocks, as if there were no others",
    "laws_distance": "of the first law and the last",
    "null_share": "eigenvalues that are 0 up to rounding, of all",
    "predicted_null_share": "atom at 0 of the first law",
}
OF_PAIRS = {
    "ratio": "mean ‖H_ic‖² over √(mean ‖H_ii‖² · mean ‖H_cc‖²), unit i, class c; ± standard error",
    "predicted_ratio": "ratio of expectations at this C",
    "limit_ratio": "and constant · C^-exponent, what it becomes for C → ∞; –: not known",
    "share_by_layer": "of ‖H‖², in the blocks between the layers",
}


def layer_sections(table):
    """Yield what a sweep measured of whole layers and of the blocks between two."""
    of = dict(iter(with_cases(table).groupby("measurement")))
    if "layer_spectra" in of:
        found = means(of["layer_spectra"], ["case", "widths", "n_samples"], OF_LAYERS)
        yield Section(LAYERS, found, OF_LAYERS)
    if "cross_layer_norms" in of:
        yield Section(BETWEEN, _between(of["cross_layer_norms"]), OF_PAIRS)


def _between(rows):
    """Ratios of means over seeds, as the claims and the figure have them."""
    keys = ["case", "widths", "n_samples"]
    found = means(rows, keys, list(OF_PAIRS))
    below = ["hidden_norm2", "output_norm2"]
    ratios = [ratio_of_means(points, "cross_norm2", below) for _, points in by_point(rows, keys)]
    return found.assign(ratio=[with_error(*ratio) for ratio in ratios])
