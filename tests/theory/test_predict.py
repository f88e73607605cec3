"""One call from an ensemble to a law: the right one, and one interface for all."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, draw, eigenvalues, ks_distance, wasserstein_distance
from rmt_hessian.plotting import plot_spectrum
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SeparableLaw,
    SpectralLaw,
    WithNullSpace,
    block_law,
    block_outliers,
    conditional_law,
    layer_law,
    weight_law,
)
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.structure.relu_features import output_block_law
from tests.theory.laws.test_matrix_layer import distance
from tests.tolerances import EXACT

RNG = np.random.default_rng(0)
V, W = RNG.standard_normal((4, 3)) / np.sqrt(3), RNG.standard_normal((3, 40)) / np.sqrt(40)
LINEAR = Ensemble([40, 4], 0, "ce", 100)
HIDDEN = Ensemble([40, 3, 4], 0, "ce", 100, weights=[W, V])
OUTPUT = Ensemble([50, 40, 4], 1, "ce", 100)
INITS = ("lecun", "he")


def laws():
    """Each kind of law, by name."""
    return {
        "linear ce": block_law(LINEAR, 0, 0),
        "linear ce off": block_law(LINEAR, 0, 1),
        "linear mse off": block_law(replace(LINEAR, loss="mse"), 0, 1),
        "linear given": block_law(LINEAR.given([RNG.standard_normal((4, 40))]), 0, 1),
        "hidden": block_law(HIDDEN, 0, 1),
        "output": block_law(OUTPUT, 0, 0),
        "output given": block_law(OUTPUT.given([None, RNG.standard_normal((4, 40))]), 0, 1),
        "linear layer": layer_law(LINEAR),
        "linear layer given": layer_law(LINEAR.given([RNG.standard_normal((4, 40)) / 6])),
        "hidden layer": layer_law(Ensemble([40, 3, 4], 0, "mse", 100, weights=[None, V])),
        "conditional": conditional_law(RNG.standard_normal(50), 70),
    }


LAWS = laws()


@pytest.mark.parametrize("name", LAWS)
def test_every_law_has_the_interface(name):
    """Verbs, shapes, mass one, distances and a plot: for every law alike."""
    law = LAWS[name]
    assert isinstance(law, SpectralLaw)
    lo, hi = law.support()
    x = np.linspace(lo - 0.1, hi + 0.1, 30).reshape(5, 6)
    assert law.pdf(x).shape == law.cdf(x).shape == law.stieltjes(x + 1j).shape == (5, 6)
    assert (law.pdf(x) >= 0).all()
    assert (np.diff(law.cdf(x.ravel())) >= -1e-12).all()
    assert law.cdf(lo - 1e-9) == 0
    assert law.cdf(hi) == pytest.approx(1, abs=1e-9)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    draws = law.rvs(400, rng=1)
    assert ks_distance(draws, law) < 1.95 / np.sqrt(400)  # Kolmogorov, one in a thousand
    assert wasserstein_distance(draws, law) < 0.2 * (hi - lo) + EXACT
    assert law.moment(0) == pytest.approx(1, abs=1e-7)  # a table's quadrature
    assert law.mean() == pytest.approx(law.moment(1), rel=1e-6, abs=1e-12)
    assert law.var() == pytest.approx(law.moment(2) - law.mean() ** 2, rel=1e-6, abs=1e-12)
    assert np.isnan(law.pdf(np.nan))
    with pytest.raises(ValueError, match="z must be finite"):
        law.stieltjes(np.nan)
    assert law.ppf([0.0, 1.0]) == pytest.approx(law.support(), abs=1e-12)
    if law.components():
        z = 2 * hi + 1j
        grid = law.ppf((np.arange(20_000) + 0.5) / 20_000)
        assert law.stieltjes(z) == pytest.approx(np.mean(1 / (grid - z)), rel=1e-4)


def test_laws_of_every_kind_can_be_drawn():
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    for law in LAWS.values():
        if law.components():
            plot_spectrum(law.rvs(50, rng=0), law, ax=ax)
    plt.close(fig)


def test_kinds():
    assert isinstance(LAWS["hidden layer"], MatrixLayerLaw)
    assert isinstance(LAWS["linear layer"], WithNullSpace)
    assert isinstance(LAWS["output"], SeparableLaw)


def test_block_law_is_the_law_of_the_weights():
    by_hand = weight_law(HIDDEN, 0, 1).block_law(0.4)
    assert LAWS["hidden"].components() == by_hand.components()
    by_hand = output_block_law(OUTPUT, weight_law(OUTPUT, 0, 0).density(), None)
    assert LAWS["output"].components() == by_hand.components()


def test_large_aspect_ratios_refine_the_rule():
    """γ = 5: the density of a continuous weight law, not that of 150 nodes."""
    ens = Ensemble([500, 10], 0, "ce", 100)
    law, coarse = block_law(ens, 0, 0), weight_law(ens, 0, 0)
    nodes = GeneralizedMarchenkoPastur(coarse.nodes, coarse.probabilities, 5.0)
    assert law.component_masses().max() > 0.995 / 5 > nodes.component_masses().max()


def test_he_scales():
    """Twice the variance of every entry: logits of twice (four times) the variance."""
    lecun, he = (block_law(Ensemble([40, 3], 0, "ce", 100, init=i), 0, 0) for i in INITS)
    assert he.mean() < lecun.mean()
    lecun, he = (block_law(Ensemble([50, 40, 3], 1, "mse", 100, init=i), 0, 0) for i in INITS)
    assert he.mean() == pytest.approx(2 * lecun.mean())


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_the_layer_of_a_given_linear_model_has_the_spectrum_of_a_draw(loss):
    """Logits of variance 8: far from the law over weights, within the ``1/√N`` by which N output
    Hessians stray (0.006 to 0.020 in six draws)."""
    V = np.random.default_rng(1).standard_normal((3, 200)) / 5
    ens = Ensemble([200, 3], 0, loss, 800, weights=[V])
    spectrum, law = eigenvalues(draw(ens, 0)), layer_law(ens)
    assert isinstance(law, MatrixLayerLaw)
    assert ks_distance(spectrum, law) < 1 / np.sqrt(800)
    if loss == "ce":
        assert ks_distance(spectrum, layer_law(replace(ens, weights=None))) > 0.2


def test_linear_ce_tends_to_the_block_as_classes_grow():
    """KS distance of the laws themselves: below 0.002 at C = 300, and 0.2 at C = 3, the atom 1/C
    counted."""
    distances = []
    for C in (3, 30, 300):
        ens = Ensemble([400, C], 0, "ce", 1000)
        distances.append(distance(layer_law(ens), block_law(ens, 0, 0)))
    assert distances[0] > 0.2
    assert distances[1] < 0.05
    assert distances[2] < 0.006  # 1/C is 0.0033


def test_linear_ce_without_samples_per_feature_is_the_mean():
    """γ → 0: E[A] has C - 1 equal eigenvalues ``E tr A/(C-1)``, and the null one."""
    law = layer_law(Ensemble([1, 5], 0, "ce", 10**6))
    ((lo, hi),) = law.components()
    mean = 5 / 4 * block_law(Ensemble([1, 5], 0, "ce", 1), 0, 0).mean()
    assert (lo + hi) / 2 == pytest.approx(mean, rel=3e-3)
    assert hi - lo < 10 * np.sqrt(1e-6) * mean
    assert law.atom_at_zero == pytest.approx(0.2)


def test_linear_mse_layer_is_its_block():
    law = layer_law(Ensemble([100, 3], 0, "mse", 400))
    assert law.components() == MarchenkoPastur(0.25).components()


def test_units_of_given_weights_count_from_either_end():
    ens = Ensemble([40, 4], 0, "ce", 4000).given([RNG.standard_normal((4, 40)) / 6])
    assert block_outliers(ens, 1, -1) == block_outliers(ens, 1, 3)
    for units in ((0, 4), (-5, 0)):
        with pytest.raises(IndexError, match=r"must lie in 0 … 3, got"):
            block_outliers(ens, *units)
