"""[D]'s limit laws, which know sizes only."""

import pandas as pd

from rmt_hessian.paper import at_most, claim, constant

ROUNDING = 1e-9  # a band below it is 0: one weight, no fluctuation


@claim(
    source="[D], static force",
    sweep="spectra",
    figure="law_distances",
    test="test_block_laws.py::test_population_law_is_inside_its_band",
    measured=["diagonal_ks_population", "off_diagonal_ks_population"],
)
def population_law_of_blocks(results):
    """At initialisation the laws of blocks depend on the sizes and the weights above alone: spectra
    are as far from the law of all inputs as N inputs are.
    """
    rows = results.rows("block_spectra")
    parts = []
    for block in ("diagonal", "off_diagonal"):
        columns = [f"{block}_ks_{name}" for name in ("population", "population_band")]
        distance, band = (rows[column] for column in columns)
        own = rows[f"{block}_ks_conditional"].fillna(0.0)
        shares = rows[["case", "n_classes", "n_samples", "seed"]]
        shares = shares.assign(block=block, share=distance / (band + own))
        parts.append(shares[band > ROUNDING])
    shares = pd.concat(parts)
    # 1: the 95 % band of N weights, and the distance to the law of the sample's own weights
    yield at_most("distance over its 95 % band, mean", shares["share"].mean(), 1)
    keys = ["case", "block", "n_classes", "n_samples"]
    # 3 bands are six standard deviations of a Gaussian fluctuation
    yield at_most("the same, largest", shares.groupby(keys)["share"].max(), 3)
    yield constant("share of spectra within the band", (shares["share"] <= 1).mean())
