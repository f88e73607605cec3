"""[D] on the spectra of blocks, given the weights of the sample."""

import pandas as pd

from rmt_hessian.compare.significance import critical_distance
from rmt_hessian.paper import at_most, claim, constant
from rmt_hessian.paper.finding import LEVEL


@claim(
    source="[D], static force",
    sweep="spectra",
    figure="law_distances",
    test="test_block_laws.py::test_conditional_law",
    measured=["diagonal_ks_conditional", "off_diagonal_ks_conditional"],
)
def blocks_follow_their_laws(results):
    """At initialisation the spectra of diagonal and of off-diagonal blocks follow generalised
    Marchenko–Pastur laws, here given the weights of the sample: at all aspect ratios γ = d/N and
    all C, for linear models and hidden layers, both losses.
    """
    rows = results.rows("block_spectra")
    blocks = {"diagonal": "diagonal", "off-diagonal": "off_diagonal"}
    keys = ["case", "n_classes", "n_samples"]
    largest = {
        block: rows.groupby(keys)[f"{name}_ks_conditional"].max() for block, name in blocks.items()
    }
    distances = pd.concat(largest, names=["block"]).dropna()  # NaN: units that are dead
    level = LEVEL / (len(blocks) * len(rows))
    bound = rows.groupby(keys)["n_inputs"].first().map(lambda d: critical_distance(d, level))
    bound = pd.concat(dict.fromkeys(blocks, bound), names=["block"])[distances.index]
    yield at_most("largest KS distance to the law", distances, bound)
    yield constant("mean KS distance", distances[distances > 0].mean())
