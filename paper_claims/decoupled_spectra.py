"""[D]'s proof: the spectra of blocks of H and of the decoupled Hessian."""

import numpy as np

from rmt_hessian.paper import agrees, between, claim, constant

BLOCKS = "diagonal", "off_diagonal"


def _root_mean_square(values):
    return np.sqrt(np.mean(values**2))


def _slope(parts, name):
    """Exponent in N of root mean squares over seeds, mean over cases and blocks."""
    roots = parts.groupby(["case", "n_classes", "n_samples"])[
        [f"{block}_{name}" for block in BLOCKS]
    ].agg(_root_mean_square)
    slopes = [
        np.polyfit(np.log(of.index.get_level_values("n_samples")), np.log(of), 1)[0]
        for _, of in roots.groupby(level=["case", "n_classes"])
    ]
    return np.mean(slopes), np.std(slopes) / np.sqrt(np.size(slopes))


@claim(
    source="[D], proof",
    sweep="decoupled",
    figure="decoupled",
    test="test_decoupled.py::test_transforms_of_a_pair_differ_by_one_over_root_n",
    measured=["diagonal_stieltjes", "off_diagonal_stieltjes"],
)
def decoupled_spectra(results):
    """Blocks of H and of the decoupled Hessian have one limiting spectrum as d and N grow together:
    their Stieltjes transforms differ by O(1/√N), in pairs by just that, with a constant that is
    predicted here.
    """
    rows = results.rows("decoupled_hessian")
    rows = rows[rows["n_samples"] == 2 * rows["n_inputs"]]
    slope, error = _slope(rows, "stieltjes")
    yield between("exponent of |s − s̃| at fixed d/N", slope, -0.75, -0.25, error=error)
    squares = np.concatenate(
        [(rows[f"{b}_stieltjes"] / rows[f"{b}_predicted_stieltjes"]) ** 2 for b in BLOCKS]
    )
    n = len(squares) // 2  # the two blocks are of one draw
    error = squares.std(ddof=1) / np.sqrt(n)
    yield agrees("mean square over our constant's", squares.mean(), 1.0, error=error, seeds=n)
    slope, error = _slope(rows, "rest")
    yield constant("exponent of what the samples of weights leave of it", slope, error=error)
