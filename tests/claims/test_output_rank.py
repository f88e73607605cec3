"""[W]: the output Hessian has approximately rank C-1, with its top eigenspace in the weights."""

import numpy as np
import pytest

from rmt_hessian import (
    ReLUNetwork,
    eigenvalues,
    gaussian_inputs,
    layer_hessian,
    subspace_overlap,
    top_eigenspace,
)
from rmt_hessian.theory import output_hessian_eigenspace, predicted_output_hessian


def measured(m, d, C, n_samples=4000):
    """Gap, predicted gap and 1 - overlap, averaged over three networks."""
    rows = []
    for seed in range(3):
        rng = np.random.default_rng([seed, m, d])
        net = ReLUNetwork.random([d, m, C], rng)
        X = gaussian_inputs(n_samples, d, rng)
        M = layer_hessian(net, X, 0, "ce").output_hessian()
        W, V = net.weights
        predicted = predicted_output_hessian(V, W, layer_hessian(net, X, 1, "ce").output_hessian())
        gaps = [values[-C] / values[-C + 1] for values in map(eigenvalues, (M, predicted))]
        overlap = subspace_overlap(top_eigenspace(M, C - 1), output_hessian_eigenspace(V))
        rows.append([*gaps, 1 - overlap])
    return np.mean(rows, axis=0)


@pytest.mark.parametrize("C", [2, 5])
def test_gap_closes_and_the_overlap_tends_to_one(C):
    """m = d from 50 to 200. The rates are -1 as m → ∞; at these sizes the gap of three networks
    falls with exponents between -½ and -1, and 1 - overlap no slower."""
    small, large = measured(50, 50, C), measured(200, 200, C)
    assert 2 < small[0] / large[0] < 4.5
    assert small[2] / large[2] > 2
    assert large[2] < 0.01


@pytest.mark.parametrize(("m", "d"), [(50, 50), (200, 200), (200, 5)])
@pytest.mark.parametrize("C", [2, 5])
def test_gap_is_the_one_of_the_hadamard_formula(m, d, C):
    """Within 6 %: sampling noise of M at N = 4000, and logits that depend on the masks."""
    gap, predicted, _ = measured(m, d, C)
    assert gap == pytest.approx(predicted, rel=0.06)


def test_a_small_input_dimension_keeps_the_gap_open():
    """[W] needs d → ∞ too: at d = 5 the gap stays, as the Hadamard formula says."""
    assert measured(200, 5, 2)[0] > 3 * measured(200, 200, 2)[0]


@pytest.mark.parametrize("layer", [0, 1])
def test_linear_and_output_layers_have_exact_rank(layer):
    """``A 1 = 0`` exactly, so E[A] has rank C-1: in float64, below 1e-14 of the top."""
    rng = np.random.default_rng(0)
    net = ReLUNetwork.random([20, 5] if layer == 0 else [20, 30, 5], rng)
    H = layer_hessian(net, gaussian_inputs(500, 20, rng), layer, "ce")
    values = eigenvalues(H.output_hessian())
    assert abs(values[0]) < 1e-14 * values[-1]
    assert values[1] > 0.1 * values[-1]
