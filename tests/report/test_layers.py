"""The printed tables of whole layers and of blocks between layers, by hand."""

import pandas as pd
import pytest

from rmt_hessian.report.layers import BETWEEN, LAYERS, layer_sections
from rmt_hessian.sweep.parameters import columns
from tests.sections import require_legible, tables

DISTANCES = ("ks_layer", "ks_conditional", "ks_blocks", "laws_distance")


def point(measurement, seed, results, **parameters):
    given = {"widths": [9, 4, 3], "layer": 0, "loss": "ce", "n_samples": 30} | parameters
    return {"measurement": measurement} | columns(given) | {"seed": seed} | results


def spectra(loss, null_share=0.25):
    shares = {"null_share": null_share, "predicted_null_share": 0.25}
    values = [dict.fromkeys(DISTANCES, 0.1 * (seed + 1)) | shares for seed in range(3)]
    return [point("layer_spectra", seed, value, loss=loss) for seed, value in enumerate(values)]


def norms(seeds, limit=0.2):
    found = []
    for seed in range(seeds):
        values = {"cross_norm2": 6.0 + seed, "hidden_norm2": 4.0 + seed, "output_norm2": 9.0}
        values |= {"ratio": 5.0, "predicted_ratio": 1.1, "limit_ratio": limit}
        values |= {"share_by_layer": 0.5}
        found.append(point("cross_layer_norms", seed, values))
    return found


def test_means_of_distances_by_case():
    found = require_legible(pd.DataFrame(spectra("ce") + spectra("mse")))[LAYERS]
    assert found["case"].tolist() == ["hidden-ce", "hidden-mse"]
    for name in DISTANCES:
        assert found[name].tolist() == [pytest.approx(0.2)] * 2


def test_the_ratio_is_one_of_means_over_seeds():
    """Of 7 over √(5·9); a mean of the ratios of seeds, 5, would be another. Its error by hand."""
    found = require_legible(pd.DataFrame(norms(3)))[BETWEEN]
    ratio, influence = 7 / 45**0.5, 1 / 7 - 0.5 / 5
    error = ratio * influence / 3**0.5
    assert found["ratio"].tolist() == [f"{ratio:.4g} ± {error:.2g}"]


def test_one_seed_has_no_error_and_an_unknown_limit_no_column():
    found = require_legible(pd.DataFrame(norms(1, limit=float("nan"))))[BETWEEN]
    assert found["ratio"].tolist() == ["1"]


def test_other_tables_have_no_such_section():
    assert not tables(layer_sections(pd.DataFrame(norms(1)).assign(measurement="outliers")))
