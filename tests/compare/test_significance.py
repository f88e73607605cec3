"""The edges of `ks_test`: what it takes and gives. Its level and power: ``tests/claims``."""

import numpy as np
import pytest
from scipy.stats import pearson3, semicircular

from rmt_hessian import ks_distance, ks_test
from rmt_hessian.compare import KSTestResult
from rmt_hessian.compare.significance import _null_distribution
from rmt_hessian.theory import MarchenkoPastur, SeparableLaw, WithNullSpace
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.repulsion import mean_repulsion

RNG = np.random.default_rng(8)
Z = RNG.standard_normal((200, 80))
SPECTRUM = np.linalg.eigvalsh(Z.T @ Z / 200)
LAW = MarchenkoPastur(0.4)


def test_the_result():
    result = ks_test(SPECTRUM, LAW)
    distance, pvalue = result
    assert isinstance(result, KSTestResult)
    assert (distance, pvalue) == (result.statistic, result.pvalue)
    assert distance == ks_distance(SPECTRUM, LAW)
    assert 0.01 < pvalue < 1
    assert type(pvalue) is float


def test_pvalues_fall_with_the_distance():
    pvalues = [ks_test(SPECTRUM * c, LAW).pvalue for c in (1.0, 1.05, 1.1, 1.3)]
    assert pvalues == sorted(pvalues, reverse=True)
    assert 0 <= pvalues[-1] < 1e-12


def test_order_precision_and_units_do_not_matter():
    expected = ks_test(SPECTRUM, LAW).pvalue
    shuffled = RNG.permutation(SPECTRUM).astype(np.float32)
    assert ks_test(shuffled, LAW).pvalue == pytest.approx(expected, rel=1e-3)
    scaled = MarchenkoPastur(0.4, 1e-100)
    assert ks_test(1e-100 * SPECTRUM, scaled).pvalue == pytest.approx(expected, rel=1e-6)


def test_null_eigenvalues_are_the_atom():
    """The transposed matrix, 200 × 200, has the same eigenvalues but for 120 zeros and the unit."""
    expected = ks_test(SPECTRUM, LAW)
    x = np.linalg.eigvalsh(Z @ Z.T / 80)
    result = ks_test(x, MarchenkoPastur(2.5))
    assert 200 * result.statistic == pytest.approx(80 * expected.statistic, rel=1e-8)
    assert result.pvalue == pytest.approx(expected.pvalue, rel=1e-4)
    padded = ks_test(np.append(np.zeros(20), SPECTRUM), WithNullSpace(LAW, 0.2))
    assert padded.pvalue == pytest.approx(expected.pvalue, rel=1e-8)
    assert ks_test(np.append(np.zeros(5), SPECTRUM), LAW).pvalue < 1e-3  # five too many


def test_eigenvalues_in_small_components_move_less():
    """Five components of 12 eigenvalues, r = -1.5: of 300 distances the spread is 4 % uncertain,
    which is off by 5 % already; with r = 0 it would be 22 % larger."""
    levels = 4.0 ** np.arange(5)
    rng, root = np.random.default_rng(11), np.sqrt(np.repeat(levels, 12))
    law = SeparableLaw([1.0], [1.0], levels, np.full(5, 0.2), aspect_ratio=60 / 1500)
    assert len(law.components()) == 5
    distances = np.empty(300)
    for k in range(300):
        X = rng.standard_normal((1500, 60)) * root
        distances[k] = 60 * ks_distance(np.linalg.eigvalsh(X.T @ X / 1500), law)
    null = _null_distribution(60.0, mean_repulsion(law))
    assert distances.mean() == pytest.approx(null.mean(), abs=4 * null.std() / np.sqrt(300))
    assert distances.std() == pytest.approx(null.std(), rel=0.14)


def test_a_law_of_scipy():
    """Of a Wigner matrix: r = 0."""
    A = RNG.standard_normal((100, 100))
    x = np.linalg.eigvalsh((A + A.T) / np.sqrt(200))
    law = semicircular(scale=2.0)
    mean, sd = 0.555 + 0.399 * np.log(100) + 0.00386, 0.289 + 0.0155 * np.log(100)
    distance, pvalue = ks_test(x, law)
    assert pvalue == pytest.approx(pearson3.sf((100 * distance - mean) / sd, 0.66))
    assert pvalue > 0.01


BAD = {
    "few": (lambda: ks_test(np.ones(9), LAW), "must be at least 10 beside the atom .*, got 9"),
    "null": (lambda: ks_test(np.zeros(15), MarchenkoPastur(3.0)), "must be at least 10 .* got 5"),
    "NaN": (lambda: ks_test([np.nan] * 20, LAW), "eigenvalues must be finite"),
    "layer": (
        lambda: ks_test(SPECTRUM, MatrixLayerLaw(np.stack([np.eye(2)] * 30), 0.4)),
        "must be that of a block, not of a layer, got",
    ),
    "law": (lambda: ks_test(SPECTRUM, 3), "law must be a law, got 3 without cdf"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
