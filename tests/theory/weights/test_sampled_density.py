"""Densities of sampled weights: what they keep, and the error of block laws from them."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import weight_law
from rmt_hessian.theory.weights.sampled_density import sampled_density
from tests.theory.weights.test_softmax_densities import both, cdf, linear
from tests.tolerances import EXACT


def hidden(V, W=None):
    return Ensemble([30, V.shape[1], len(V)], 0, "ce", 1000, weights=[W, V])


@both
def test_sampled_density_keeps_moments_and_quantiles(j):
    rng = np.random.default_rng(5)
    V = rng.standard_normal((10, 6)) / np.sqrt(6)
    law = weight_law(hidden(V), 0, j)
    density = law.density()
    assert density.zero == pytest.approx((0.5, 0.75)[j], abs=EXACT)
    assert density.mean() == pytest.approx(law.mean(), rel=1e-9)
    assert density.second_moment() == pytest.approx(law.second_moment(), rel=1e-9)
    lam = law.nodes[law.nodes != 0]
    F = (cdf(density, np.sort(lam)) - density.zero * (np.sort(lam) >= 0)) / (1 - density.zero)
    # neighbouring quantiles hold 0.1 between them; a cubic strays by less than a twentieth of it
    assert np.abs(F - (np.arange(lam.size) + 0.5) / lam.size).max() < 5e-3


@pytest.mark.parametrize("gamma", [0.3, 5.0])
def test_block_laws_of_two_halves_give_the_error(gamma):
    """At quantiles of the continuous part, be the atom as large as 0.95."""
    V = np.random.default_rng(5).standard_normal((10, 6)) / np.sqrt(6)
    law = weight_law(hidden(V), 0, 1)
    block = law.block_law(gamma)
    first, second = (half.block_law(gamma) for half in law.halves)
    q = np.linspace(0.001, 0.999, 2000)
    x = np.concatenate([np.linspace(*block.interval(0.9999), 2000), block.ppf(q)])
    apart = np.abs(first.cdf(x) - second.cdf(x)).max() / 2
    assert 0 < block.error <= apart * 1.001
    assert block.error > 0.5 * apart
    assert weight_law(linear(4), 0, 0).block_law(0.3).error < 1e-9


@pytest.mark.parametrize("scale", [1e-170, 1e-12, 1e-8, 1.0, 30.0, 1e4])
def test_any_scale_of_the_weights_has_a_law(scale):
    """From weights that are all one number up to rounding to weights over a hundred decades."""
    V = np.random.default_rng(0).standard_normal((5, 6))
    for j in (0, 1):
        weights = weight_law(hidden(scale * V), 0, j)
        law = weights.block_law(0.4)
        assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
        assert law.mean() == pytest.approx(weights.mean(), rel=1e-6, abs=1e-9 * law.std())


@pytest.mark.parametrize("decades", range(325, 480, 10))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_weights_down_to_the_smallest_float_and_below(decades, sign):
    """As of softmax trained until it saturates: nearly all of the mass is at 0 for any law."""
    lam = sign * 10.0 ** (-decades * np.random.default_rng(0).random(4096))
    density = sampled_density(lam)
    if density is not None:
        assert density.mean() == pytest.approx(lam.mean(), rel=1e-6)


def test_weights_of_a_saturated_softmax():
    """Lognormal weights of one sign over three hundred decades, as ``-p_1 p_2`` after training."""
    z = np.random.default_rng(0).standard_normal(2**13)
    for decades in (100.0, 300.0, 310.0, 320.0):  # 1/λ overflows in the last two
        lam = -0.2 * 10.0 ** (-decades * (z - z.min()) / np.ptp(z))
        density = sampled_density(lam)
        assert density is None or density.mean() == pytest.approx(lam.mean(), rel=1e-6)


def test_what_is_discrete_has_no_density():
    assert weight_law(Ensemble([400, 3], 0, "mse", 1000), 0, 0).density() is None
    V = np.random.default_rng(0).standard_normal((4, 3))
    ens = Ensemble([400, 3, 4], 0, "mse", 1000, weights=[None, V])
    assert weight_law(ens, 0, 0).density() is None
    assert sampled_density(np.repeat([1.0, 2.0], 5000)) is None
    assert sampled_density(np.arange(1.0, 100.0)) is None  # too few
