"""Spectra of blocks of real heads beside the law of given features."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, constant


@claim(
    source="this package, docs/real_heads.md",
    sweep="real_heads",
    figure="real_head_blocks",
    test="test_real_heads.py::test_spectra_are_within_the_error_that_the_law_states",
    measured=["largest_ks", "median_ks", "pair_ks", "random_ks"],
)
def real_heads_laws(results):
    """The spectrum of a block of a real head is within the stated error of the law of its weights
    and features, `law_of_block`: diagonal blocks, pairs of classes, and blocks of random heads.
    """
    rows = results.rows("real_head_blocks").set_index(["head", "temperature"])
    blocks = "largest", "median", "pair", "random"
    ks, stated = (
        pd.concat({block: rows[f"{block}_{name}"] for block in blocks}, names=["block"])
        for name in ("ks", "error")
    )
    yield at_most("distance to the law", ks, stated)
    yield constant("largest distance", ks.max())
    yield constant("largest distance, random heads", ks["random"].max())
