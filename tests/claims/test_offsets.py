"""A head of 50,000 classes with frequencies by Zipf's law: its blocks follow laws and norms.

``b_c = -log c``: logarithms of the frequencies, but for a constant, which does not matter. The
classes are those of rank 3 and 20,000; LeCun weights.
"""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, draw, eigenvalues, ks_distance
from rmt_hessian.theory import (
    MarchenkoPastur,
    block_law,
    block_norms,
    conditional_law,
    sampling_band,
)
from tests.tolerances import STATISTICAL

C, FREQUENT, RARE = 50_000, 2, 19_999
BLOCKS = {
    "frequent": (FREQUENT, FREQUENT),
    "rare": (RARE, RARE),
    "off-diagonal": (FREQUENT, RARE),
}
SPECTRUM = Ensemble([360, C], 0, "ce", 900, biases=[-np.log(np.arange(1.0, C + 1))])
NORMS = replace(SPECTRUM, widths=[60, C], n_samples=24)
NETWORKS = 70


@pytest.fixture(scope="module")
def hessian():
    """Of the two classes, units 0 and 1."""
    return draw(SPECTRUM, np.random.default_rng(50_000)).restrict([FREQUENT, RARE])


@pytest.mark.parametrize("name", BLOCKS)
def test_spectra_are_on_their_laws(hessian, name):
    """Given the weights within STATISTICAL; the predicted law within the band of N weights.

    A constant weight of the same mean, the spectrum without random logits, is far from it.
    """
    pair = tuple(int(unit == RARE) for unit in BLOCKS[name])
    spectrum, lam = eigenvalues(hessian.block(*pair)), hessian.block_weights(*pair)
    law = block_law(SPECTRUM, *BLOCKS[name])
    band = sampling_band(SPECTRUM, *BLOCKS[name], n_points=20)
    assert band < 0.06
    assert ks_distance(spectrum, conditional_law(lam, 360)) <= STATISTICAL
    assert ks_distance(spectrum, law) <= band + STATISTICAL
    constant = MarchenkoPastur(0.4, abs(law.mean()))
    assert ks_distance(spectrum * np.sign(law.mean()), constant) > 2 * (band + STATISTICAL)


def test_norms_are_as_predicted():
    """Within three standard errors of both sides; equal offsets would give the frequent class a
    norm smaller by a factor of ten million, and the rare one a larger.

    The norm of one rare block has tails so heavy that 70 draws do not know their error: each draw
    is a mean over 100 classes about rank 20,000, norms taken to that rank by ``p_c ~ 1/c``, which
    is right to O(p_c).
    """
    rng, rare = np.random.default_rng(3), np.arange(RARE - 50, RARE + 50)
    to_rank = ((rare + 1) / (RARE + 1)) ** 2
    squares = []
    for _ in range(NETWORKS):
        norms = draw(NORMS, rng).restrict([FREQUENT, *rare]).block_norms() ** 2
        rare_norms = (np.diag(norms)[1:] * to_rank).mean(), (norms[0, 1:] * to_rank).mean()
        squares.append([norms[0, 0], *rare_norms])
    means, errors = np.mean(squares, axis=0), np.std(squares, axis=0, ddof=1) / np.sqrt(NETWORKS)
    frequent = block_norms(NORMS, units=(FREQUENT, RARE), n_draws=256)
    other = block_norms(NORMS, units=(RARE, FREQUENT), n_draws=256)
    for mean, its_error, value, value_error in zip(
        means,
        errors,
        (frequent.diagonal, other.diagonal, frequent.off_diagonal),
        (frequent.diagonal_error, other.diagonal_error, frequent.off_diagonal_error),
        strict=True,
    ):
        error = np.hypot(its_error, value_error)
        assert error < 0.1 * value
        assert abs(mean - value) <= 3 * error
    equal = block_norms(replace(NORMS, biases=None), n_draws=256)
    assert frequent.diagonal > 1e6 * equal.diagonal
    assert other.diagonal < equal.diagonal
