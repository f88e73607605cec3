"""[D]: the spectrum of a block tends to a generalised Marchenko–Pastur law.

One draw a case at d = 400, N = 1000. The *conditional* law, from the weights of the draw, must be
within STATISTICAL; wrong laws must fail at that tolerance. The *population* law must be within
the 95 % band that the fluctuation of N weights gives it, simulated here, plus STATISTICAL.
"""

import numpy as np
import pytest

from rmt_hessian import ReLUNetwork, eigenvalues, gaussian_inputs, ks_distance, layer_hessian
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    conditional_law,
    sampling_band,
    weight_law,
)
from tests.tolerances import STATISTICAL

D, N, M, C = 400, 1000, 16, 10
CASES = [(model, loss) for model in ("linear", "hidden") for loss in ("ce", "mse")]
BLOCKS = {"diagonal": (0, 0), "off-diagonal": (0, 1)}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def drawn(request):
    """Case, network and layer Hessian."""
    model, loss = request.param
    rng = np.random.default_rng([2505, 2809])
    net = ReLUNetwork.random([D, C] if model == "linear" else [D, M, C], rng)
    return model, loss, net, layer_hessian(net, gaussian_inputs(N, D, rng), 0, loss)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_conditional_law(drawn, block):
    _, _, _, H = drawn
    spectrum = eigenvalues(H.block(*block))
    assert ks_distance(spectrum, conditional_law(H.block_weights(*block), D)) <= STATISTICAL


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_wrong_laws_are_rejected(drawn, block):
    """Weights replaced by their mean; aspect ratio off by a quarter."""
    _, _, _, H = drawn
    weights, spectrum = H.block_weights(*block), eigenvalues(H.block(*block))
    if not weights.any():
        wrong = conditional_law(weights + 1e-3, D)
        assert ks_distance(spectrum, wrong) == 1
        return
    if np.ptp(weights) > 0:
        averaged = conditional_law(np.full(N, weights.mean()), D)
        assert ks_distance(spectrum, averaged) > 2 * STATISTICAL
    stretched = GeneralizedMarchenkoPastur(weights, np.full(N, 1 / N), 1.25 * D / N)
    assert ks_distance(spectrum, stretched) > 2 * STATISTICAL


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_population_law_is_inside_its_band(drawn, block):
    model, loss, net, H = drawn
    if model == "linear":
        weights = weight_law(model=model, loss=loss, diagonal=block == (0, 0), n_classes=C)
    else:
        W, V = net.weights
        weights = weight_law(model=model, loss=loss, V=V, W=W, block=block)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, D / N)
    band = sampling_band(weights, D, N, n_draws=99, n_points=100)
    assert ks_distance(eigenvalues(H.block(*block)), law) <= band + STATISTICAL
    assert band < 0.08  # a band that holds everything would say nothing


def test_the_population_law_of_another_block_is_rejected(drawn):
    """The off-diagonal spectrum against the law of the diagonal block."""
    model, loss, net, H = drawn
    given = {"n_classes": C} if model == "linear" else {"V": net.weights[1], "W": net.weights[0]}
    weights = weight_law(model=model, loss=loss, diagonal=True, **given)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, D / N)
    assert ks_distance(eigenvalues(H.block(0, 1)), law) > 0.2


def test_the_population_law_of_another_C_is_rejected():
    """Linear CE at C = 10 against the law at C = 5: outside the band."""
    rng = np.random.default_rng(3)
    net = ReLUNetwork.random([D, C], rng)
    spectrum = eigenvalues(layer_hessian(net, gaussian_inputs(N, D, rng), 0, "ce").block(0, 0))
    other = weight_law(model="linear", loss="ce", n_classes=5)
    law = GeneralizedMarchenkoPastur(other.nodes, other.probabilities, D / N)
    assert ks_distance(spectrum, law) > 0.2
