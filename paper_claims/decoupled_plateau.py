"""Our prediction of the distance of H and the decoupled Hessian."""

from rmt_hessian.paper import at_least, at_most, claim, constant

SIZES = ["case", "n_classes", "n_inputs", "n_samples"]


@claim(
    source="this package, docs/decoupled.md",
    sweep="decoupled",
    figure="decoupled",
    test="test_decoupled.py::test_at_every_sample_size_the_distance_is_the_predicted_one",
    measured=["error"],
)
def decoupled_plateau(results):
    """The distance ‖H − H̃‖/‖H‖ of H and the decoupled Hessian is predicted from the weights at
    every N and d; at the largest N it is near the predicted plateau and, to that precision, not
    below.
    """
    rows = results.rows("decoupled_hessian")
    means = rows.groupby(SIZES)[["error", "predicted_error", "plateau"]].mean()
    off = (means["error"] / means["predicted_error"] - 1).abs()
    # a ratio of two norms over N samples, each of which fluctuates by about 1/√N of itself
    within = 2 * means.index.to_frame()["n_samples"] ** -0.5
    yield at_most("share by which the prediction is off", off, within)
    d = rows["n_inputs"].mode()[0]
    fixed = means.xs(d, level="n_inputs").reset_index()
    last = fixed[fixed["n_samples"] == fixed["n_samples"].max()]
    ends = last.set_index(["case", "n_classes"])
    above = ends["error"] * (1 + 2 * ends["n_samples"] ** -0.5)
    yield at_least("distance at the largest N, above the plateau", above, ends["plateau"])
    yield at_most("the same", ends["error"], 2 * ends["plateau"])
    for _, row in last.iterrows():
        where = f"plateau over the distance at N = {row['n_samples']}, {row['case']}"
        yield constant(where, row["plateau"] / row["error"])
