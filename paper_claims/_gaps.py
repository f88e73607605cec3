"""What claims on the gap of output Hessians after training have in common."""

from rmt_hessian.paper import at_most, over_seeds


def gap_opens(results, random_labels):
    """Finding: λ_C/λ_(C−1) of hidden layers of more units than classes, against that at the start.

    On images, trained by L-BFGS.
    """
    rows = results.rows("trained_eigenspaces", random_labels=random_labels)
    rows = rows[(rows["inputs"] != "mixture") & (rows["optimiser"] == "lbfgs")]
    rows = rows[(rows["widths"].str.count("-") == 2) & (rows["n_hidden"] > rows["n_classes"])]
    keys = ["inputs", "widths"]
    (final, error), (start, _) = (
        over_seeds(rows, keys, f"{at}_gap_0") for at in ("final", "initial")
    )
    yield at_most("λ_C/λ_(C−1) of E[M]", final, 0.8 * start, error=error)
