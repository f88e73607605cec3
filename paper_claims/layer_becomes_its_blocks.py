"""Many classes in the spectrum of the whole layer, of which [D] has the blocks."""

from rmt_hessian.compare.significance import critical_distance
from rmt_hessian.paper import at_least, at_most, claim, constant
from rmt_hessian.paper.finding import LEVEL


@claim(
    source="this package, docs/laws.md",
    sweep="layers",
    figure="layer_spectra",
    test="test_layer_laws.py::test_spectrum_of_many_classes_is_that_of_the_diagonal_blocks",
    measured=["ks_blocks"],
)
def layer_becomes_its_blocks(results):
    """As the number of classes C grows, the spectrum of the whole layer of a linear model with
    cross-entropy becomes that of its diagonal blocks alone: their KS distance is at most 2/C.
    """
    rows = results.rows("layer_spectra", case="linear-ce")
    d = rows[rows["n_classes"] == rows["n_classes"].max()]["n_inputs"].iloc[0]
    rows = rows[rows["n_inputs"] == d]
    mean = rows.groupby("n_classes")["ks_blocks"].mean()
    C = mean.index.to_numpy()
    # interlacing of the weights and the d of C d eigenvalues that are 0 are 1/C each; finite d
    finite = critical_distance(int(d), LEVEL / len(rows))
    yield at_most("KS distance to the law of the blocks", mean, mean * 0 + 2 / C + finite)
    yield at_least("the same, of which 1/C is the null space", mean, mean * 0 + 1 / C - 1e-9)
    law = rows.groupby("n_classes")["laws_distance"].first()
    yield constant(f"C times the distance of the two laws at C = {C[-1]}", C[-1] * law.iloc[-1])
