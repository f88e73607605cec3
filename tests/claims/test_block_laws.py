"""[D]: the spectrum of a block tends to a generalised Marchenko–Pastur law.

One draw a case at d = 400, N = 1000. The *conditional* law, from the weights of the draw, must be
within STATISTICAL; wrong laws must fail at that tolerance. The *population* law must be within
the 95 % band that the fluctuation of N weights gives it, simulated here, plus STATISTICAL.
"""

import numpy as np
import pytest

from rmt_hessian import Ensemble, draw, eigenvalues, ks_distance, layer_hessian, sample
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    conditional_law,
    sampling_band,
    weight_law,
)
from tests.tolerances import STATISTICAL

D, N, M, C = 400, 1000, 16, 10
WIDTHS = {"linear": [D, C], "hidden": [D, M, C]}
CASES = [(widths, loss) for widths in WIDTHS for loss in ("ce", "mse")]
BLOCKS = {"diagonal": (0, 0), "off-diagonal": (0, 1)}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def drawn(request):
    """Ensemble, of a hidden layer that of its network, and layer Hessian."""
    widths, loss = request.param
    ens = Ensemble(WIDTHS[widths], layer=0, loss=loss, n_samples=N)
    net, X, _ = sample(ens, np.random.default_rng([2505, 2809]))
    return ens if ens.is_last else ens.given(net), layer_hessian(net, X, 0, loss)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_conditional_law(drawn, block):
    _, H = drawn
    spectrum = eigenvalues(H.block(*block))
    assert ks_distance(spectrum, conditional_law(H.block_weights(*block), D)) <= STATISTICAL


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_wrong_laws_are_rejected(drawn, block):
    """Weights replaced by their mean; aspect ratio off by a quarter."""
    _, H = drawn
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
    ens, H = drawn
    weights = weight_law(ens, *block)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, D / N)
    band = sampling_band(ens, *block, n_draws=99, n_points=100)
    assert ks_distance(eigenvalues(H.block(*block)), law) <= band + STATISTICAL
    assert band < 0.08  # a band that holds everything would say nothing


def test_the_population_law_of_another_block_is_rejected(drawn):
    """The off-diagonal spectrum against the law of the diagonal block."""
    ens, H = drawn
    weights = weight_law(ens, 0, 0)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, D / N)
    assert ks_distance(eigenvalues(H.block(0, 1)), law) > 0.2


def test_the_population_law_of_another_C_is_rejected():
    """Linear CE at C = 10 against the law at C = 5: outside the band."""
    H = draw(Ensemble([D, C], layer=0, loss="ce", n_samples=N), np.random.default_rng(3))
    spectrum = eigenvalues(H.block(0, 0))
    other = weight_law(Ensemble([D, 5], layer=0, loss="ce", n_samples=N), 0, 0)
    law = GeneralizedMarchenkoPastur(other.nodes, other.probabilities, D / N)
    assert ks_distance(spectrum, law) > 0.2
