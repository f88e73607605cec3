"""The mean of laws, against each of them."""

import numpy as np
import pytest

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, WithNullSpace
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.mean_of_laws import MeanOfLaws

CASES = {
    "one": [MarchenkoPastur(0.25)],
    "apart, one twice": [MarchenkoPastur(0.1), *[MarchenkoPastur(0.1, scale=9.0)] * 2],
    "atoms": [MarchenkoPastur(2.0, scale=3.0), WithNullSpace(MarchenkoPastur(0.5), 0.3)],
    "atom inside": [
        GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 2.0),
        MarchenkoPastur(0.5),
    ],
}


@pytest.mark.parametrize("laws", CASES.values(), ids=CASES)
def test_all_that_is_linear_in_the_law_is_a_mean(laws):
    law = MeanOfLaws(laws)
    x, z = np.linspace(*law.support(), 41), np.array([1.0 + 1.0j, -2.0 + 0.1j])
    for verb, at in ((lambda f: f.cdf, x), (lambda f: f.pdf, x[1:-1]), (lambda f: f.stieltjes, z)):
        expected = np.mean([verb(one)(at) for one in laws], axis=0)
        np.testing.assert_allclose(verb(law)(at), expected, rtol=1e-12)
    for k in range(4):
        assert law.moment(k) == pytest.approx(np.mean([one.moment(k) for one in laws]), rel=1e-12)
    assert law.atom_at_zero == np.mean([one.atom_at_zero for one in laws])
    assert law.var() == pytest.approx(law.moment(2) - law.mean() ** 2, rel=1e-10)


@pytest.mark.parametrize("laws", CASES.values(), ids=CASES)
def test_quantiles_invert_the_distribution(laws):
    law = MeanOfLaws(laws)
    q = (np.arange(40) + 0.5) / 40
    x = law.ppf(q)
    np.testing.assert_allclose(law.cdf(x)[x != 0], q[x != 0], atol=1e-10)
    at_zero = float(law.cdf(0.0))
    inside = (at_zero - law.atom_at_zero < q) & (q <= at_zero)
    np.testing.assert_array_equal(inside, x == 0)


@pytest.mark.parametrize("laws", CASES.values(), ids=CASES)
def test_components_hold_the_continuous_part(laws):
    law = MeanOfLaws(laws)
    edges = np.array(law.components())
    assert (edges[1:, 0] > edges[:-1, 1]).all()
    masses = law.component_masses()
    assert masses.sum() + law.atom_at_zero == pytest.approx(1, abs=1e-12)
    atoms = np.where((edges[:, 0] < 0) & (edges[:, 1] >= 0), law.atom_at_zero, 0.0)
    np.testing.assert_allclose(np.diff(law.cdf(edges), axis=1)[:, 0], masses + atoms, atol=1e-10)


def test_two_that_are_apart_have_a_gap():
    law = MeanOfLaws(CASES["apart, one twice"])
    np.testing.assert_allclose(law.component_masses(), [1 / 3, 2 / 3])


def test_what_is_no_list_of_laws():
    with pytest.raises(ValueError, match="laws must hold at least one law"):
        MeanOfLaws([])
    with pytest.raises(ValueError, match="laws must be a SpectralLaw, got 'mp'"):
        MeanOfLaws(["mp"])


def test_equal_means_are_equal():
    one, other = (MeanOfLaws([MarchenkoPastur(0.5), MarchenkoPastur(2.0)]) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert "2 laws" in repr(one)


@pytest.mark.parametrize("scale", [1e-20, 1e-6, 1e30])
def test_quantiles_of_laws_of_different_scales(scale):
    """Of two whose supports lie apart every quantile is one of theirs."""
    first, second = MarchenkoPastur(0.5), MarchenkoPastur(0.5, scale=scale)
    small, large = (first, second) if scale > 1 else (second, first)
    law, q = MeanOfLaws([first, second]), np.array([0.1, 0.25, 0.6, 0.9])
    expected = np.where(
        q < 0.5, small.ppf(np.minimum(2 * q, 1)), large.ppf(np.maximum(2 * q - 1, 0))
    )
    np.testing.assert_allclose(law.ppf(q), expected, rtol=1e-9)
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, atol=1e-12)


def test_quantiles_of_either_sign_and_scale():
    below = GeneralizedMarchenkoPastur([-1e-9], [1.0], 0.5)
    law = MeanOfLaws([below, MarchenkoPastur(2.0)])  # half of the second at 0
    x = law.ppf([0.3, 0.5, 0.6, 0.74, 0.9])
    np.testing.assert_allclose(x[0], below.ppf(0.6), rtol=1e-9)
    np.testing.assert_array_equal(x[1:4] == 0, [False, True, True])
    assert law.cdf(x[4]) == pytest.approx(0.9)


def test_a_law_inside_another_does_not_end_its_support():
    law = MeanOfLaws([MarchenkoPastur(0.5), MarchenkoPastur(0.01)])
    assert law.components() == MarchenkoPastur(0.5).components()


def test_the_error_is_the_mean_of_the_errors(rng):
    """Of which one is of the sample of 20 matrices, and two are of exact laws."""
    drawn = MatrixLayerLaw(rng.uniform(0.5, 2.0, (20, 1, 1)), 0.5)
    assert drawn.error > 0
    law = MeanOfLaws([MarchenkoPastur(0.5), drawn, MarchenkoPastur(2.0)])
    assert law.error == pytest.approx(drawn.error / 3)


def test_the_transform_at_an_atom_is_infinite_and_says_nothing_else():
    assert MeanOfLaws([MarchenkoPastur(2.0), MarchenkoPastur(0.5)]).stieltjes(0.0) == np.inf
