"""The gap of output Hessians, which [W] saw in trained networks: training with true labels."""

from paper_claims._gaps import gap_opens
from rmt_hessian.paper import claim


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_output",
    test="test_trained_structure.py::test_true_labels_open_the_gap",
    measured=["final_gap_0"],
)
def trained_gap_true_labels(results):
    """Training on images with true labels makes C−1 eigenvalues of the output Hessian of a hidden
    layer of more units than classes stand apart: λ_C/λ_(C−1) falls by a fifth at least.
    """
    yield from gap_opens(results, random_labels=False)
