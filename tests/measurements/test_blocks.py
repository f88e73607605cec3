"""Each measurement against what it says it measures, at sizes small enough to form everything."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.compare import density_curve
from rmt_hessian.measurements.blocks import block_norms, block_spectra
from rmt_hessian.measurements.output_rank import output_rank
from rmt_hessian.sweep.parameters import arguments
from tests.small import CASES, ensemble, quick_predictions


def small(case, C=3):
    return ensemble(case, 30, 6, C, n_samples=60)


@pytest.mark.parametrize("case", [c for c in CASES if c != "output-ce"])
def test_block_spectra(case, rng):
    result = block_spectra(rng, ens=small(case))
    for name in ("diagonal", "off_diagonal"):
        assert np.all(np.diff(result[f"{name}_eigenvalues"]) >= 0)
        assert 0 <= result[f"{name}_ks_conditional"] < 0.15  # 30 eigenvalues
        assert 0 <= result[f"{name}_ks_population"] <= 1


def test_a_block_of_zeros_sits_on_its_atom(rng):
    result = block_spectra(rng, ens=small("linear-mse"))
    assert result["off_diagonal_ks_conditional"] == result["off_diagonal_ks_population"] == 0
    assert result["off_diagonal_conditional_curve"].shape == (2, 0)
    assert result["dead_units"] == 0  # zeros of M = I, which is the theory


@pytest.mark.parametrize(
    ("dead", "known"), [([0], []), ([1], ["diagonal"]), ([0, 1], []), ([3], ["diagonal", "off"])]
)
def test_a_dead_unit_is_no_evidence_for_the_conditional_law(dead, known, rng):
    """Units that nothing above looks at: their blocks are zero, of no distance to such a law."""
    V = rng.standard_normal((3, 6))
    V[:, dead] = 0
    ens = rh.Ensemble([30, 6, 3], layer=0, loss="ce", n_samples=60, weights=[None, V])
    result = block_spectra(rng, ens=ens)
    assert result["dead_units"] == len(set(dead) & {0, 1})
    for name in ("diagonal", "off_diagonal"):
        of_zeros = not result[f"{name}_eigenvalues"].any()
        assert np.isnan(result[f"{name}_ks_conditional"]) == of_zeros
        assert of_zeros == (name.split("_")[0] not in known)
        assert result[f"{name}_ks_population"] >= 0


def test_output_rank(rng):
    result = output_rank(rng, ens=small("hidden-ce"))
    assert result["gap"] == result["first_small_eigenvalue"] / result["last_large_eigenvalue"]
    assert result["eigenvalues"].shape == result["predicted_eigenvalues"].shape == (6,)
    assert 0 <= result["overlap"] <= 1
    assert np.all(np.diff(result["eigenvalues"]) <= 0)


def test_output_rank_needs_a_hidden_layer_wider_than_C(rng):
    wanted = r"widths\[-1\] must be below 6, the units of layer 0, got 6"
    with pytest.raises(ValueError, match=wanted):
        arguments(output_rank, {"widths": [30, 6, 6], "layer": 0, "loss": "ce", "n_samples": 60})


def drawn(ens):
    """The draw of a measurement, by the public functions, from the same seed."""
    rng = np.random.default_rng(7)
    net = rh.Network.random(ens.widths, rng)
    X = rh.gaussian_inputs(60, 30, rng)
    return net, X, rh.layer_hessian(net, X, ens.layer, ens.loss), rng


@pytest.mark.parametrize("case", CASES)
def test_every_column_of_block_norms(case):
    ens = small(case, C=5)
    with quick_predictions():
        result = block_norms(np.random.default_rng(7), ens=ens)
    diagonal, off_diagonal = drawn(ens)[2].mean_squared_block_norms()
    predicted = rh.theory.block_norms(ens, n_draws=50)
    limit = np.nan
    if case in ("linear-ce", "linear-mse", "hidden-mse"):
        constant, exponent = rh.theory.block_norm_limits(ens).ratio
        limit = constant / 5**exponent
    expected = {
        "diagonal_norm2": diagonal,
        "off_diagonal_norm2": off_diagonal,
        "ratio": off_diagonal / diagonal,
        "predicted_diagonal_norm2": predicted.diagonal,
        "predicted_off_diagonal_norm2": predicted.off_diagonal,
        "predicted_ratio": predicted.ratio,
        "predicted_ratio_error": predicted.ratio_error,
        "limit_ratio": limit,
    }
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(result[name], value, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", ["linear-ce", "hidden-ce", "hidden-mse"])
def test_every_column_of_block_spectra(case):
    ens = small(case)
    result = block_spectra(np.random.default_rng(7), ens=ens)
    net, _, H, rng = drawn(ens)
    if not ens.is_last:
        ens = ens.given(net, layers=[1])
    for name, block in (("diagonal", (0, 0)), ("off_diagonal", (0, 1))):
        spectrum = rh.eigenvalues(H.block(*block))
        population = rh.theory.block_law(ens, *block)
        conditional = rh.theory.conditional_law(H.block_weights(*block), 30)
        np.testing.assert_array_equal(result[f"{name}_eigenvalues"], spectrum)
        assert result[f"{name}_ks_conditional"] == rh.ks_distance(spectrum, conditional)
        assert result[f"{name}_ks_population"] == rh.ks_distance(spectrum, population)
        band = rh.theory.sampling_band(ens, *block, rng=rng)
        assert result[f"{name}_ks_population_band"] == band
        for kind, law in (("conditional", conditional), ("population", population)):
            np.testing.assert_array_equal(result[f"{name}_{kind}_curve"], density_curve(law))


def test_every_column_of_output_rank():
    ens = small("hidden-ce")
    result = output_rank(np.random.default_rng(7), ens=ens)
    net, X, H, _ = drawn(ens)
    ens = ens.given(net)
    M, A = H.output_hessian(), rh.layer_hessian(net, X, 1, "ce").output_hessian()
    values, vectors = np.linalg.eigh(M)
    predicted = np.linalg.eigvalsh(rh.theory.predicted_output_hessian(ens, A))[::-1]
    U = rh.theory.output_hessian_eigenspace(ens)
    np.testing.assert_allclose(result["eigenvalues"], values[::-1], atol=1e-14)
    np.testing.assert_allclose(result["predicted_eigenvalues"], predicted, atol=1e-14)
    assert result["gap"] == pytest.approx(values[-3] / values[-2])
    assert result["predicted_gap"] == pytest.approx(predicted[2] / predicted[1])
    assert result["overlap"] == pytest.approx(rh.subspace_overlap(vectors[:, -2:], U))
    assert result["top_eigenvalue"] == pytest.approx(values[-1])
