"""[D]'s pictures of the whole Hessian at initialisation."""

from itertools import pairwise

import numpy as np

from rmt_hessian.paper import at_most, claim, constant


def _shares(row, absolute):
    """Of ‖H‖²: off the diagonal blocks of units, and between the layers."""
    widths = [int(width) for width in row["widths"].split("-")]
    starts = np.cumsum([0, *(p for p, k in pairwise(widths) for _ in range(k))])
    diagonal = sum(np.sum(absolute[a:b, a:b].astype(float) ** 2) for a, b in pairwise(starts))
    between = 2 * row["cross_layer_norm"] ** 2
    total = row["hidden_layer_norm"] ** 2 + row["output_layer_norm"] ** 2 + between
    return 1 - diagonal / total, between / total


@claim(
    source="[D], pictures of the Hessian",
    sweep="block_structure",
    figure="hessian_heatmap",
    test="test_cross_layer.py::test_a_picture_of_many_classes_shows_diagonal_blocks",
    measured=["cross_layer_norm"],
)
def picture_of_the_hessian(results):
    """The picture of a whole Hessian with cross-entropy at initialisation shows the diagonal blocks
    of units where classes are many: most of ‖H‖² lies in them, which of few classes it does not.
    """
    rows = results.rows("hessian_image", seed=0).sort_values("n_classes")
    arrays = results.arrays(rows)
    shares = {
        row["n_classes"]: _shares(row, of["absolute_hessian"])
        for (_, row), of in zip(rows.iterrows(), arrays, strict=True)
    }
    few, many = min(shares), max(shares)
    yield at_most(f"share off the diagonal blocks at C = {many}", shares[many][0], 0.5)
    yield at_most("the same over that of few classes", shares[many][0] / shares[few][0], 1)
    for C in (few, many):
        yield constant(f"of it between the layers at C = {C}", shares[C][1])
