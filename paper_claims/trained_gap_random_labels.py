"""The gap of output Hessians after training with random labels."""

from paper_claims._gaps import gap_opens
from rmt_hessian.paper import claim


@claim(
    source="this package, docs/structure.md",
    sweep="eigenspaces_trained",
    figure="trained_output",
    test="test_trained_structure.py::test_random_labels_do_not",
    measured=["final_gap_0"],
    instead="Labels that are not learned single out no C−1 directions: more eigenvalues stay large",
)
def trained_gap_random_labels(results):
    """Training on images with random labels makes C−1 eigenvalues of the output Hessian of a hidden
    layer of more units than classes stand apart as well: λ_C/λ_(C−1) falls by a fifth at least.
    """
    yield from gap_opens(results, random_labels=True)
