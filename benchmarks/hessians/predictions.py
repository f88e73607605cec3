"""The measured norms of the most classes beside what the theory says of them."""

from rmt_hessian import Ensemble
from rmt_hessian.theory import block_norm_limits, block_norms


def constants(rows):
    """Scaled norms of the package's largest case, their expectation, their limit; or None.

    ``C² mean‖H_ii‖²/d``, ``C⁴ mean‖H_ij‖²/d`` and ``C²`` times the ratio of the two means.
    """
    norms = [
        (case, answer["values"])
        for case, contender, answer in rows
        if case.task == "norms" and contender.key == "ours" and "values" in answer
    ]
    if not norms:
        return None
    case, values = max(norms, key=lambda found: found[0].widths[-1])
    d, C = case.widths
    ens = Ensemble(case.widths, layer=0, loss="ce", n_samples=case.n_samples)
    expected, limit = block_norms(ens, n_draws=1024), block_norm_limits(ens)

    def scaled(diagonal, off_diagonal, n_classes):
        return {
            "diagonal": n_classes**2 * diagonal / d,
            "off_diagonal": n_classes**4 * off_diagonal / d,
            "ratio": n_classes**2 * off_diagonal / diagonal,
        }

    return {
        "n_inputs": d,
        "n_classes": C,
        "measured": scaled(*values, C),
        "expected": scaled(expected.diagonal, expected.off_diagonal, C),
        "limit": scaled(limit.diagonal, limit.off_diagonal, 1),  # they come without the powers
    }
