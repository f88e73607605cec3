"""Outliers of blocks and layers beside predictions: definitions, closed form, null tests, table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rmt_hessian import Network, layer_hessian
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.measurements import outliers as module
from rmt_hessian.measurements.outliers import outliers
from rmt_hessian.report.outliers import OUTLIERS, outlier_sections
from rmt_hessian.theory import conditional_law
from rmt_hessian.theory.outliers.equation import Outlier
from tests.sections import tables
from tests.small import CASES, ensemble
from tests.tolerances import EXACT, ITERATIVE

BLOCKS = {"diagonal": (0, 0), "off_diagonal": (0, 1)}
# deviation of overlaps beyond 0.8: the largest of 147 at d = 200 was 0.04; it falls like 1/√d
OVERLAP = 0.06


def measured(case, d=100, C=3, n_samples=16000):
    """The result, and the network and Hessian that it belongs to; γ = 1/160."""
    ens = ensemble(case, d, 3, C, n_samples)
    result = outliers(np.random.default_rng(0), ens=ens)
    return result, draw_with_network(ens, np.random.default_rng(0))


@pytest.mark.parametrize("case", ["linear-ce", "hidden-ce"])
def test_definitions(case):
    """Edges, counts and overlaps from the Hessian, one eigenvector after the other."""
    result, (net, H) = measured(case, d=24, n_samples=3000)
    W = net.weights[0]
    projector = W.T @ np.linalg.solve(W @ W.T, W)
    for name, block in BLOCKS.items():
        values, vectors = np.linalg.eigh(H.block(*block))
        np.testing.assert_allclose(result[f"{name}_eigenvalues"], values, rtol=EXACT)
        overlaps = [v @ projector @ v for v in vectors.T]
        np.testing.assert_allclose(result[f"{name}_overlaps"], overlaps, atol=EXACT)
        ((lo, hi),) = conditional_law(H.block_weights(*block), 24).components()
        np.testing.assert_allclose(result[f"{name}_edges"], [lo, hi], rtol=EXACT)
        margin = (hi - lo) / 24 ** (2 / 3)
        for kind, places in (("", values), ("predicted_", result[f"{name}_predicted_places"])):
            outside = [x for x in places if not lo - margin <= x <= hi + margin]
            assert result[f"{name}_{kind}number"] == len(outside)


def test_the_whole_layer_has_orthonormal_weights():
    result, (net, H) = measured("linear-ce", d=20, n_samples=2000)
    frame = np.linalg.svd(net.weights[0], full_matrices=False)[2]  # another basis of the span
    rotation = np.linalg.qr(net.weights[0].T)[0].T @ frame.T
    layer = layer_hessian(Network([rotation @ frame]), H.features, 0, "ce")
    values = np.linalg.eigvalsh(layer.to_dense())[20:]  # A 1 = 0: d null eigenvalues
    np.testing.assert_allclose(result["layer_eigenvalues"], values, rtol=1e-9)
    # the projector on R^C ⊗ span has trace C·C, of which C·1 on the null space
    assert result["layer_overlaps"].sum() == pytest.approx(9 - 3)


def test_hidden_mse_against_the_closed_form():
    """``z± = b (P ± k)(1 ± γ/k)``, squared overlap ``(1 - γP/k²)/(1 ± γ/k)``, two in all."""
    result, (net, _) = measured("hidden-mse")
    W, V = net.weights
    rho = W[0] @ W[1] / np.linalg.norm(W[0]) / np.linalg.norm(W[1])
    b, gamma = V[:, 0] @ V[:, 1], 1 / 160
    P, k = 0.25 + np.arcsin(rho) / (2 * np.pi), np.sqrt(1 - rho**2) / (2 * np.pi)
    pairs = sorted(
        (b * (P + s * k) * (1 + s * gamma / k), (1 - gamma * P / k**2) / (1 + s * gamma / k))
        for s in (-1, 1)
    )
    places, overlaps = np.transpose(pairs)
    np.testing.assert_allclose(result["off_diagonal_predicted_places"], places, rtol=ITERATIVE)
    predicted = result["off_diagonal_predicted_overlaps"]
    np.testing.assert_allclose(predicted, overlaps, rtol=1e-5)  # a difference quotient
    assert result["off_diagonal_number"] == result["off_diagonal_predicted_number"] == 2
    # a mean over samples of b (q·u)² 1[both active], of standard deviation below b: four of them
    values = result["off_diagonal_eigenvalues"]
    np.testing.assert_allclose(values[[0, -1]], places, atol=4 * abs(b) / np.sqrt(16000))
    np.testing.assert_allclose(result["off_diagonal_overlaps"][[0, -1]], overlaps, atol=OVERLAP)
    # null: the edges of the bulk are farther off than this
    edges = result["off_diagonal_edges"]
    assert (np.abs(edges - places) > 2 * 4 * abs(b) / np.sqrt(16000)).all()
    assert result["diagonal_number"] == result["diagonal_predicted_number"] == 0


# γ = 1/60, where places and overlaps still depend on it
LINEAR_CE = {"case": "linear-ce", "d": 150, "n_samples": 9000}
PREDICTED = {"diagonal": 1, "off_diagonal": 1, "layer": 1}
# of a distance in widths of the bulk: root mean square deviation 0.012 over 57 blocks at d = 200
DISTANCE = 0.03


def test_linear_ce_number_place_and_overlap():
    result, _ = measured(**LINEAR_CE)
    for part, n in PREDICTED.items():
        assert result[f"{part}_number"] == result[f"{part}_predicted_number"] == n
        assert result[f"{part}_predicted_overlap"] > 0.85
        for quantity, tolerance in (("overlap", OVERLAP), ("distance", DISTANCE)):
            predicted = result[f"{part}_predicted_{quantity}"]
            assert result[f"{part}_{quantity}"] == pytest.approx(predicted, abs=tolerance)


def test_predictions_at_another_ratio_are_told_apart(monkeypatch):
    """Half the samples in the prediction: neither tolerance of the test above holds."""

    def of_half(right):
        return lambda ens, *block, **rng: right(
            replace(ens, n_samples=ens.n_samples // 2), *block, **rng
        )

    for name in ("block_outliers", "layer_outliers"):
        monkeypatch.setattr(module, name, of_half(getattr(module, name)))
    module._layer_prediction.cache_clear()
    result, _ = measured(**LINEAR_CE)
    module._layer_prediction.cache_clear()
    for part in PREDICTED:
        for quantity, tolerance in (("distance", DISTANCE), ("overlap", OVERLAP)):
            seen, predicted = result[f"{part}_{quantity}"], result[f"{part}_predicted_{quantity}"]
            assert abs(seen - predicted) > tolerance


@pytest.mark.parametrize("case", [c for c in CASES if c != "output-ce"])
@pytest.mark.parametrize("n_samples", [60, 200])
def test_nothing_at_large_ratio(case, n_samples):
    """γ > 1: eigenvalues that are 0 are none; a block of zeros has neither bulk nor outliers."""
    result, _ = measured(case, n_samples=n_samples)
    for part in PREDICTED:
        if f"{part}_number" in result:
            assert result[f"{part}_number"] == result[f"{part}_predicted_number"] == 0
            assert np.isnan(result[f"{part}_distance"])
    zero = case == "linear-mse"
    assert np.isnan(result["off_diagonal_edges"]).all() == zero
    assert (result["off_diagonal_eigenvalues"].size == 0) == zero


def test_the_layer_of_another_scale_is_beside_its_own_prediction():
    """He: logits of variance 2. Rows of variance 1 would leave 142 eigenvalues outside its bulk."""
    ens = replace(ensemble("linear-ce", 150, 3, 3, n_samples=12000), init="he")
    result = outliers(np.random.default_rng(0), ens=ens)
    assert result["layer_number"] == result["layer_predicted_number"] > 0
    predicted = result["layer_predicted_distance"]
    assert result["layer_distance"] == pytest.approx(predicted, abs=2 * DISTANCE)


def test_large_layers_and_more_classes_than_inputs_have_blocks_only(monkeypatch):
    wide, _ = measured("linear-ce", C=7, d=6, n_samples=50)
    assert not [name for name in wide if name.startswith("layer")]
    monkeypatch.setattr(module, "LARGEST_LAYER", 59)
    large, _ = measured("linear-ce", d=20, n_samples=50)
    assert {"diagonal_number", "off_diagonal_number"} < set(large)
    assert not [name for name in large if name.startswith("layer")]


class Bulk:
    """A law on [1, 2]."""

    def components(self):
        return [(1.0, 2.0)]


def test_the_farthest_predicted_outlier_is_paired_by_rank_from_outside():
    """Not with the nearest eigenvalue; what is predicted within the margin does not count."""
    values = np.array([0.2, 0.5, 1.1, 1.4, 1.8, 1.9, 2.1, 2.9])  # margin: 8^{-2/3} = ¼
    span = np.eye(8)[:, [0, 1, 7]]
    predicted = [Outlier(0.4, 2, 0.8), Outlier(0.9, 1, 0.1), Outlier(2.8, 1, 0.6)]
    result = module._beside("part", np.diag(values), span, Bulk(), predicted)
    assert (result["part_number"], result["part_predicted_number"]) == (3, 3)
    found = [result[f"part_{k}{q}"] for q in ("distance", "overlap") for k in ("", "predicted_")]
    np.testing.assert_allclose(found, [0.9, 0.8, 1.0, 0.6])  # at 2.9, not at 0.2
    below = module._beside("part", np.diag(values), span, Bulk(), predicted[:2])
    # two of one place: the outer eigenvalue
    assert below["part_predicted_number"] == 2
    assert below["part_distance"] == pytest.approx(0.8)
    np.testing.assert_array_equal(below["part_predicted_places"], [0.4, 0.4, 0.9])


@pytest.mark.parametrize("noise", [0.0, 1e-15, -1e-15])
def test_of_two_predicted_outliers_equally_far_the_eigenvalue_decides(noise):
    """As in a symmetric off-diagonal block: to both sides, up to rounding."""
    values = np.array([0.25, 1.1, 1.4, 1.5, 1.6, 1.8, 1.9, 2.5])
    predicted = [Outlier(0.5, 1, 0.8), Outlier(2.5 + noise, 1, 0.6)]
    result = module._beside("part", np.diag(values), np.eye(8)[:, :3], Bulk(), predicted)
    found = [result[f"part_{q}"] for q in ("distance", "predicted_distance", "predicted_overlap")]
    np.testing.assert_allclose(found, [0.75, 0.5, 0.8])


# --- the printed table --------------------------------------------------------------------------


def test_the_table_of_outliers():
    """Means over seeds, of places over those that have one; sizes without any are left out."""
    point = {"measurement": "outliers", "widths": "100-3", "layer": 0, "loss": "ce"}
    rows = []
    none = 0, np.nan
    for n_samples, seed, (number, distance) in [
        (400, 0, none),
        (400, 1, none),
        (800, 0, none),
        (800, 1, (1, 0.5)),
    ]:
        row = point | {"n_inputs": 100, "n_samples": n_samples, "seed": seed}
        for part in ("diagonal", "off_diagonal"):
            row |= {f"{part}_number": 0, f"{part}_predicted_number": number}
            for kind in ("", "predicted_"):
                row |= {f"{part}_{kind}distance": distance, f"{part}_{kind}overlap": distance}
        rows.append(row)
    rows.append({"measurement": "block_norms", "widths": "100-3", "layer": 0, "loss": "ce"})
    ((title, table),) = tables(outlier_sections(pd.DataFrame(rows))).items()
    assert title == OUTLIERS
    assert "\n" not in title
    assert list(table["part"]) == ["diagonal", "off_diagonal"]
    assert set(table["n_samples"]) == {800}
    assert set(table["aspect_ratio"]) == {0.125}
    assert set(table["predicted_number"]) == {"0–1"}
    assert set(table["distance"]) == set(table["predicted_overlap"]) == {0.5}
    assert list(outlier_sections(pd.DataFrame(rows[-1:]))) == []
    assert list(outlier_sections(pd.DataFrame(rows[:2]))) == []  # none seen, none predicted
