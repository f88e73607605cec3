import pickle

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.block_norms import BlockNorms, ratio_of_share, share_of_ratio
from rmt_hessian.hessian.estimates import standard_error
from tests.tolerances import EXACT


@pytest.fixture(scope="module")
def H():
    ens = rh.Ensemble([5, 4, 3], layer=0, loss="ce", n_samples=40)
    return rh.draw(ens, rng=0)


def test_the_pair_is_an_array_too(H):
    norms = H.mean_squared_block_norms()
    squares = H.block_norms() ** 2
    expected = [squares.diagonal().mean(), squares[~np.eye(4, dtype=bool)].mean()]
    np.testing.assert_allclose(norms, expected, rtol=1e-12)
    assert (norms[0], norms[1]) == tuple(norms) == (norms.diagonal, norms.off_diagonal)
    assert pickle.loads(pickle.dumps(norms)) == norms


def test_ratio_and_share_are_those_of_the_hessian(H):
    for population in (False, True):
        norms = H.mean_squared_block_norms(population=population)
        share = np.ravel(H.off_diagonal_share(population=population))[0]
        assert norms.share == pytest.approx(share, rel=1e-10)
        assert norms.ratio == pytest.approx(ratio_of_share(share, 4), rel=1e-10)


def test_the_error_of_the_ratio_is_the_jackknife_of_the_ratio(H):
    """From the norms of as many Hessians, a sample left out of each."""
    Z, of_sample = H.features, H.output_hessians
    M = np.stack([of_sample.apply(np.eye(4)[None], [n])[0] for n in range(len(Z))])
    grams = (Z @ Z.T) ** 2
    diagonal = np.einsum("nii,mii->nm", M, M) * grams
    off = np.einsum("nij,mij->nm", M, M) * grams - diagonal
    for h in (diagonal, off):
        np.fill_diagonal(h, 0.0)
    without = [
        np.delete(np.delete(off, n, 0), n, 1).sum()
        / np.delete(np.delete(diagonal, n, 0), n, 1).sum()
        / 3
        for n in range(len(Z))
    ]
    found = H.mean_squared_block_norms(population=True)
    assert found.ratio_error == pytest.approx(standard_error(np.array(without)), rel=1e-9)


@pytest.mark.parametrize("k", [2, 3, 1000])
def test_share_and_ratio_are_inverse(k):
    share = np.array([0.0, 0.25, 0.999])
    found = share_of_ratio(ratio_of_share(share, k), k)
    np.testing.assert_allclose(found, share, rtol=EXACT, atol=EXACT)


def test_one_unit_and_no_hessian():
    one = BlockNorms(2.0, np.nan, n_units=1)
    assert one.share == 0
    assert np.isnan([one.ratio, ratio_of_share(0.0, 1)]).all()
    nothing = BlockNorms(0.0, 0.0, n_units=2)
    assert np.isnan([nothing.ratio, nothing.share]).all()


def test_two_units_have_no_share():
    ens = rh.Ensemble([5, 4], layer=0, loss="mse", n_samples=9)
    assert rh.theory.block_norms(ens).share == 0
    with pytest.raises(ValueError, match="got the norms of two units"):
        _ = rh.theory.block_norms(ens, units=(0, 1)).share
