"""Separable laws of weights that have a density, against the laws that they generalise."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import SeparableLaw, weight_law
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.structure.relu_features import output_block_law, relu_feature_spectrum
from tests.theory.laws.test_weight_density import SIGNED, UNIFORM, bulk, lognormal

POPULATION = [1.0, 4.0], [0.5, 0.5]
GAMMAS = (0.05, 0.4, 1.0, 4.0)
every = pytest.mark.parametrize("gamma", GAMMAS)


def atoms(weights, n):
    """The density as n atoms a panel, at midpoints: it is constant on panels."""
    middle = np.mean(weights.edges, axis=1)
    length = np.diff(weights.edges, axis=1)[:, 0]
    share = (np.arange(n) + 0.5) / n - 0.5
    lam = (middle[:, None] + length[:, None] * share).ravel()
    w = np.repeat(weights.density[:, 0] * length / n, n)
    return np.append(lam, 0.0), np.append(w, weights.zero)


@every
@pytest.mark.parametrize("weights", [UNIFORM, SIGNED, lognormal(1.0)], ids=["one", "both", "wide"])
def test_white_features(weights, gamma):
    """Σ = I: the continuous Marchenko–Pastur law, another parametrisation of the same density."""
    law = ContinuousSeparableLaw(weights, [2.0], [1.0], gamma)
    exact = ContinuousMarchenkoPastur(weights, gamma)
    x = bulk(exact)
    np.testing.assert_allclose(2 * law.pdf(2 * x), exact.pdf(x), rtol=2e-6)
    np.testing.assert_allclose(law.cdf(2 * x), exact.cdf(x), atol=1e-7)
    assert law.atom_at_zero == pytest.approx(exact.atom_at_zero, abs=1e-12)
    assert law.var() == pytest.approx(4 * exact.var(), rel=1e-5)


@every
@pytest.mark.parametrize("weights", [UNIFORM, SIGNED], ids=["one", "both"])
def test_many_atoms(weights, gamma):
    """2000 atoms a panel: an error of 1e-8 in the density, where no atom shows."""
    law = ContinuousSeparableLaw(weights, *POPULATION, gamma)
    discrete = SeparableLaw(*atoms(weights, 2000), *POPULATION, gamma)
    x = bulk(law)
    np.testing.assert_allclose(law.pdf(x), discrete.pdf(x), rtol=2e-6)
    np.testing.assert_allclose(law.cdf(x), discrete.cdf(x), atol=1e-7)
    np.testing.assert_allclose(law.cdf(law.ppf([0.9, 0.97])), [0.9, 0.97], rtol=1e-12)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-12)
    z = np.array([1 + 1j, -3 + 0.2j, 0.1 + 0.05j])
    np.testing.assert_allclose(law.stieltjes(z), discrete.stieltjes(z), rtol=1e-6)
    for k in (1, 2, 3):
        assert law.moment(k) == pytest.approx(discrete.moment(k), rel=1e-6)


def test_output_blocks_show_no_node():
    """C = 100, off the diagonal, at φ = 5: 256 equal masses had single atoms in their tails."""
    ens = Ensemble([400, 400, 100], 1, "ce", 80)
    weights = weight_law(ens, 0, 1)
    law = output_block_law(ens, weights.density(), None)
    assert len(law.components()) == 1
    few = weights.equal_masses(256)
    assert len(output_block_law(ens, few.nodes, few.probabilities).components()) > 3
    with pytest.raises(ValueError, match="probabilities means nothing for a WeightDensity"):
        output_block_law(ens, weights.density(), [1.0])


def test_the_outlier_of_the_mean_is_that_of_the_nodes():
    ens = Ensemble([400, 400, 10], 1, "ce", 2000)
    density = weight_law(ens, 0, 0).density()
    population = relu_feature_spectrum(ens)
    law = ContinuousSeparableLaw(density, *population, ens.aspect_ratio)
    nodes = SeparableLaw(density.nodes, density.probabilities, *population, ens.aspect_ratio)
    (outlier,), (of_nodes,) = law.outliers(60.0), nodes.outliers(60.0)
    assert outlier.place == pytest.approx(of_nodes.place, rel=1e-6)
    assert outlier.overlap == pytest.approx(of_nodes.overlap, rel=1e-6)


def test_trimming_loses_what_it_says():
    density = lognormal(2.0)
    short = density.trimmed(1e-7)
    assert short.edges[-1, 1] < density.edges[-1, 1]
    assert short.edges[0, 0] > density.edges[0, 0]
    assert short.probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert short.mean() == pytest.approx(density.mean(), rel=1e-5)
    assert SIGNED.trimmed(1e-7) == SIGNED


def test_refused():
    with pytest.raises(ValueError, match="weights must be a WeightDensity"):
        ContinuousSeparableLaw([1.0], *POPULATION, 0.5)
    with pytest.raises(ValueError, match="aspect_ratio"):
        ContinuousSeparableLaw(UNIFORM, *POPULATION, -1.0)
    assert "panels" in repr(ContinuousSeparableLaw(UNIFORM, *POPULATION, 0.5))
    same = WeightDensity(UNIFORM.edges, UNIFORM.density)
    laws = [ContinuousSeparableLaw(w, *POPULATION, 0.5) for w in (UNIFORM, same)]
    assert laws[0] == laws[1]
