"""Each measurement against what it says it measures, at sizes small enough to form everything."""

import numpy as np
import pytest

from rmt_hessian.experiments.measurements import (
    CASES,
    block_spectra,
    density_curve,
    hessian_image,
    output_rank,
)
from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur

SIZES = {"n_inputs": 30, "n_samples": 60, "n_hidden": 6}


@pytest.mark.parametrize("case", [c for c in CASES if c != "output-ce"])
def test_block_spectra(case, rng):
    result = block_spectra(rng, case=case, n_classes=3, **SIZES)
    for name in ("diagonal", "off_diagonal"):
        assert np.all(np.diff(result[f"{name}_eigenvalues"]) >= 0)
        assert 0 <= result[f"{name}_ks_conditional"] < 0.15  # 30 eigenvalues
        assert 0 <= result[f"{name}_ks_population"] <= 1


def test_a_block_of_zeros_sits_on_its_atom(rng):
    result = block_spectra(rng, case="linear-mse", n_classes=3, **SIZES)
    assert result["off_diagonal_ks_conditional"] == result["off_diagonal_ks_population"] == 0
    assert result["off_diagonal_conditional_curve"].shape == (2, 0)


def test_output_rank(rng):
    result = output_rank(rng, case="hidden-ce", n_classes=3, **SIZES)
    assert result["gap"] == result["first_small_eigenvalue"] / result["last_large_eigenvalue"]
    assert result["eigenvalues"].shape == result["predicted_eigenvalues"].shape == (6,)
    assert 0 <= result["overlap"] <= 1
    assert np.all(np.diff(result["eigenvalues"]) <= 0)


@pytest.mark.parametrize(("case", "n_classes"), [("linear-ce", 3), ("hidden-ce", 6)])
def test_output_rank_needs_a_hidden_layer_wider_than_C(case, n_classes, rng):
    with pytest.raises(ValueError, match=r"'hidden-ce'|2 … 5"):
        output_rank(rng, case=case, n_classes=n_classes, **SIZES)


def test_an_unknown_case(rng):
    with pytest.raises(ValueError, match="one of 'linear-ce'"):
        block_spectra(rng, case="deep-ce", n_classes=3, **SIZES)


def test_hessian_image_adds_up(rng):
    result = hessian_image(rng, n_classes=3, n_inputs=4, n_samples=20, n_hidden=5)
    parts = [result[f"{name}_norm"] ** 2 for name in ("hidden_layer", "output_layer")]
    total = sum(parts) + 2 * result["cross_layer_norm"] ** 2
    assert total == pytest.approx(result["frobenius_norm"] ** 2)
    assert result["absolute_hessian"].shape == (35, 35)
    assert result["absolute_hessian"].dtype == np.float32


def test_density_curve_is_the_density():
    law = MarchenkoPastur(0.25)
    x, density = density_curve(law)
    inside = slice(5, -5)  # cells at the ends average a square root
    np.testing.assert_allclose(density[inside], law.pdf(x[inside]), rtol=0.02)
    cells = np.diff(0.25 + 2 * np.sin(np.linspace(0, np.pi / 2, 151)) ** 2)
    assert density @ cells == pytest.approx(1)


def test_density_curve_leaves_the_atom_out():
    law = GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 4.0)
    (a, _), (_, b) = law.components()
    x, density = density_curve(law)
    cells = np.diff(a + (b - a) * np.sin(np.linspace(0, np.pi / 2, 151)) ** 2)
    assert density @ cells == pytest.approx(1 - law.atom_at_zero)
    assert x.min() > a
    assert x.max() < b
