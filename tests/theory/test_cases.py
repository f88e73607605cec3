"""One call from a case to a law: the right one, and one interface for all."""

import numpy as np
import pytest

from rmt_hessian import ks_distance, wasserstein_distance
from rmt_hessian.plotting import plot_spectrum
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MatrixLayerLaw,
    SeparableLaw,
    SpectralLaw,
    WithNullSpace,
    block_law,
    conditional_law,
    layer_law,
    outliers,
    output_block_law,
    weight_law,
)
from tests.tolerances import EXACT

RNG = np.random.default_rng(0)
V, W = RNG.standard_normal((4, 3)) / np.sqrt(3), RNG.standard_normal((3, 40)) / np.sqrt(40)
SIZES = {"n_features": 40, "n_samples": 100}


def laws():
    """Each kind of law, by name."""
    linear = {"model": "linear", "n_classes": 4, **SIZES}
    return {
        "linear ce": block_law(loss="ce", **linear),
        "linear ce off": block_law(loss="ce", diagonal=False, **linear),
        "linear mse off": block_law(loss="mse", diagonal=False, **linear),
        "hidden": block_law(model="hidden", loss="ce", V=V, W=W, block=(0, 1), **SIZES),
        "output": block_law(model="output", loss="ce", n_classes=4, n_inputs=50, **SIZES),
        "linear layer": layer_law(loss="ce", **linear),
        "hidden layer": layer_law(model="hidden", loss="mse", V=V, **SIZES),
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
            plot_spectrum(ax, law.rvs(50, rng=0), {"law": law})
    plt.close(fig)


def test_kinds():
    assert isinstance(LAWS["hidden layer"], MatrixLayerLaw)
    assert isinstance(LAWS["linear layer"], WithNullSpace)
    assert isinstance(LAWS["output"], SeparableLaw)


def test_block_law_is_the_law_of_the_weights():
    weights = weight_law(model="hidden", loss="ce", V=V, W=W, block=(0, 1))
    by_hand = weights.block_law(0.4)
    assert LAWS["hidden"].components() == by_hand.components()
    density = weight_law(model="output", loss="ce", n_classes=4).density()
    by_hand = output_block_law(density, None, 40, 50, 100)
    assert LAWS["output"].components() == by_hand.components()


def test_large_aspect_ratios_refine_the_rule():
    """γ = 5: the density of a continuous weight law, not that of 150 nodes."""
    case = {"model": "linear", "loss": "ce", "n_classes": 10}
    law = block_law(**case, n_features=500, n_samples=100)
    coarse = weight_law(**case)
    nodes = GeneralizedMarchenkoPastur(coarse.nodes, coarse.probabilities, 5.0)
    assert law.component_masses().max() > 0.995 / 5 > nodes.component_masses().max()


def test_he_scales():
    """Twice the variance of every entry: logits of twice (four times) the variance."""
    case = {"model": "linear", "loss": "ce", "n_classes": 3, **SIZES}
    assert block_law(**case, init="he").mean() < block_law(**case).mean()
    case = {"model": "output", "loss": "mse", "n_inputs": 50, **SIZES, "n_classes": 3}
    assert block_law(**case, init="he").mean() == pytest.approx(2 * block_law(**case).mean())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: block_law(model="deep", loss="ce", **SIZES), "'linear', 'hidden', 'output'"),
        (lambda: block_law(model="linear", loss="ce", **SIZES), "n_classes of CE must be an int"),
        (
            lambda: block_law(model="linear", loss="ce", n_classes=3, n_inputs=4, **SIZES),
            "n_inputs means nothing for model 'linear', got 4",
        ),
        (
            lambda: block_law(model="output", loss="ce", n_classes=3, **SIZES),
            "n_inputs of model 'output' must be an integer, got None",
        ),
        (lambda: layer_law(model="output", loss="ce", **SIZES), "one of 'linear', 'hidden'"),
        (lambda: layer_law(model="hidden", loss="ce", **SIZES), "needs the weights V, got None"),
        (
            lambda: layer_law(model="linear", loss="ce", V=np.ones((4, 40)), **SIZES),
            "V means nothing for model 'linear'",
        ),
        (
            lambda: layer_law(model="hidden", loss="ce", n_classes=5, V=V, **SIZES),
            "n_classes must be 4, the rows of V, got 5",
        ),
        (
            lambda: outliers(model="hidden", loss="ce", whole_layer=True, **SIZES),
            "needs the weights V, got None",
        ),
        (
            lambda: outliers(model="linear", loss="ce", n_features=0, n_samples=3, n_classes=2),
            "n_features must be at least 1, got 0",
        ),
        (
            lambda: block_law(model="linear", loss="ce", V=np.ones((3, 5)), **SIZES),
            "V must have n_features = 40 columns, got 5",
        ),
        (
            lambda: block_law(
                model="output", loss="ce", V=np.ones((3, 40)), W=W, n_inputs=4, **SIZES
            ),
            "W must have n_inputs = 4 columns, got 40",
        ),
        (
            lambda: layer_law(model="linear", loss="ce", n_classes=4, W=W, **SIZES),
            "W means nothing for model 'linear'",
        ),
        (
            lambda: layer_law(model="linear", loss="mse", init="x", **SIZES),
            "init must be one of 'lecun', 'he', got 'x'",
        ),
        (
            lambda: outliers(model="output", loss="mse", whole_layer=True, **SIZES),
            "model of a whole layer must be one of 'linear', 'hidden', got 'output'",
        ),
        (
            lambda: outliers(
                model="linear", loss="ce", n_classes=3, whole_layer=True, block=(0, 1), **SIZES
            ),
            "block means nothing for",
        ),
        (
            lambda: weight_law(model="linear", loss="ce", n_classes=3, diagonal="off"),
            "diagonal must be True or False, got 'off'",
        ),
        (
            lambda: outliers(model="linear", loss="ce", whole_layer=True, **SIZES),
            "n_classes must be an integer, got None",
        ),
    ],
)
def test_bad_cases(call, message):
    with pytest.raises(ValueError, match=message):
        call()
