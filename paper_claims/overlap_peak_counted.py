"""Where two independent networks overlap most, counted from the factors."""

from rmt_hessian.paper import at_most, claim, near, over_seeds


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces",
    figure="overlaps",
    test="test_eigenspace_overlap.py::test_digits",
    measured=["peak", "peak_overlap"],
)
def overlap_peak_counted(results):
    """The overlap of independent networks at initialisation peaks, up to one dimension, where as
    many products of eigenvectors of E[M] with the leading one of E[zzᵀ] stand above all others;
    in the last layer of Gaussian inputs its height is predicted from the weights to a tenth.
    """
    rows = results.rows("eigenspaces", standardised=False)
    rows = rows[rows["predicted_peak"] >= 2]
    keys = ["case", "inputs", "input_mean", "n_classes"]
    off = rows.assign(off=rows["peak"] - rows["predicted_peak"])
    off, error = over_seeds(off, keys, "off")
    yield at_most("the peak, off by", off.abs(), 1, error=error)
    rows = rows[(rows["layer"] == 1) & (rows["inputs"] == "gaussian")]
    heights = [max(arrays["predicted_overlaps"]) for arrays in results.arrays(rows)]
    found, error = over_seeds(rows, keys, "peak_overlap")
    predicted, _ = over_seeds(rows.assign(height=heights), keys, "height")
    yield near("its height", found, predicted, within=0.1, error=error)
