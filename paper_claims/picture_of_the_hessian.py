"""[D]'s pictures of the whole Hessian at initialisation."""

import numpy as np

from rmt_hessian.paper import at_most, claim, constant


@claim(
    source="[D], pictures of the Hessian",
    sweep="block_structure",
    figure="hessian_heatmap",
    test="test_cross_layer.py::test_a_picture_of_many_classes_shows_diagonal_blocks",
    measured=["hidden_layer_norm", "output_layer_norm", "cross_layer_norm"],
)
def picture_of_the_hessian(results):
    """The picture of a whole Hessian at initialisation, of Gaussian inputs and random labels, shows
    the diagonal blocks of units where classes are many: most of ‖H‖² lies in them, and more than
    where classes are few.
    """
    rows = results.rows("hessian_image", inputs="gaussian")
    norms = rows[["hidden_layer_norm", "output_layer_norm", "cross_layer_norm"]].to_numpy()
    total = norms**2 @ [1, 1, 2]
    diagonal = [np.sum(np.diag(of["block_norms"]) ** 2) for of in results.arrays(rows)]
    rows = rows.assign(off=1 - diagonal / total, between=2 * norms[:, 2] ** 2 / total)
    off, between = (
        rows.pivot_table(index="loss", columns="n_classes", values=name)
        for name in ("off", "between")
    )
    few, many = off.columns[[0, -1]]
    yield at_most(f"share off the diagonal blocks at C = {many}", off[many], 0.5)
    yield at_most("the same over that of few classes", off[many] / off[few], 1)
    for loss in between.index:
        for C in (few, many):
            yield constant(f"share between the layers, {loss}, C = {C}", between[C][loss])
