"""[W]'s Figure 1: top eigenvectors as matrices."""

from rmt_hessian.paper import at_least, claim, over_seeds


@claim(
    source="[W], eigenvectors",
    sweep="figure_one",
    figure="figure_one",
    test="test_figure_one.py::test_top_eigenvectors_are_near_rank_one",
    measured=["initial_rank_one_share", "final_rank_one_share"],
)
def figure_one_rank_one(results):
    """The four top eigenvectors of the first linear layer of LeNet5, and of a convolution of a
    residual network, without batch normalisation, as matrices of outputs × features, are nearly of
    rank one, before training nine tenths of their square and more, after it two thirds.
    """
    rows = results.rows("figure_one", batch_norm="none")
    for end, least in (("initial", 0.9), ("final", 2 / 3)):
        share, error = over_seeds(rows, ["network"], f"{end}_rank_one_share")
        yield at_least(f"σ₁²/Σσ², {end}", share, least, error=error)
