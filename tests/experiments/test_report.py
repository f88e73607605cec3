"""The printed tables, by hand."""

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.experiments.report import (
    format_rank,
    format_summary,
    ratio_of_means,
    summarise,
    summarise_rank,
)
from rmt_hessian.experiments.runner import run_sweep


def test_standard_error_of_a_ratio_of_means(rng):
    """The delta method against 2000 repetitions of the experiment."""
    ratios, errors = [], []
    for _ in range(2000):
        diagonal = 2 + 0.2 * rng.standard_normal(30)
        frame = pd.DataFrame(
            {
                "diagonal_norm2": diagonal,
                "off_diagonal_norm2": 0.3 * diagonal + 0.1 * rng.standard_normal(30),
            }
        )
        ratio, error = ratio_of_means(frame)
        ratios.append(ratio)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.1)


def hand_made_table():
    """Two sizes of one case with known means, and spectra with known distances."""
    norms = {
        "measurement": "block_norms",
        "case": "hidden-ce",
        "n_classes": 4,
        "n_samples": 20,
        "n_hidden": 3,
        "predicted_ratio": 0.25,
        "predicted_ratio_error": 0.03,
    }
    spectra = norms | {"measurement": "block_spectra", "n_inputs": 99}
    for name, conditional, population, band in (
        ("diagonal", 0.01, 0.05, 0.06),
        ("off_diagonal", 0.02, 0.07, 0.04),
    ):
        spectra[f"{name}_ks_conditional"] = conditional
        spectra[f"{name}_ks_population"] = population
        spectra[f"{name}_ks_population_band"] = band
    return pd.DataFrame(
        [
            norms | {"n_inputs": 5, "diagonal_norm2": 1.0, "off_diagonal_norm2": 0.3},
            norms | {"n_inputs": 5, "diagonal_norm2": 3.0, "off_diagonal_norm2": 1.1},
            norms | {"n_inputs": 8, "diagonal_norm2": 1.0, "off_diagonal_norm2": 0.5},
            spectra,
        ]
    )


def test_summary_by_hand():
    first, second = summarise(hand_made_table()).to_dict("records")
    assert (first["n_inputs"], second["n_inputs"]) == (5, 8)  # sizes are not pooled
    assert first["ratio"] == pytest.approx(1.4 / 4)
    # influences (0.3 - 0.35)/2 and (1.1 - 1.05)/2: standard deviation 0.025 √2, over √2
    assert first["error"] == pytest.approx(0.025)
    assert first["z"] == pytest.approx(0.1 / np.hypot(0.025, 0.03))
    assert first["ks_conditional"] == 0.02
    assert first["ks_population"] == 0.07
    assert first["outside"] == "1/2"  # 0.07 > 0.04 + 0.02, and 0.05 < 0.06 + 0.01
    assert second["ratio"] == 0.5
    assert np.isnan(second["error"])
    text = format_summary(summarise(hand_made_table()))
    assert "hidden-ce d=5" in text
    assert "nan" not in text


def test_summary_of_spectra_alone():
    table = hand_made_table()
    (row,) = summarise(table[table["measurement"] == "block_spectra"]).to_dict("records")
    assert row["ks_conditional"] == 0.02
    assert np.isnan(row["ratio"])


def test_rank_summary_by_hand():
    base = {"measurement": "output_rank", "n_inputs": 5, "n_samples": 9, "n_hidden": 7}
    table = pd.DataFrame(
        [
            base | {"n_classes": 2, "gap": 0.1, "predicted_gap": 0.3, "overlap": 0.8},
            base | {"n_classes": 2, "gap": 0.3, "predicted_gap": 0.5, "overlap": 0.9},
            base | {"n_classes": 4, "gap": 0.6, "predicted_gap": 0.7, "overlap": 0.5},
        ]
    )
    summary = summarise_rank(table)
    assert summary["gap"].tolist() == pytest.approx([0.2, 0.6])
    assert summary["predicted_gap"].tolist() == pytest.approx([0.4, 0.7])
    assert summary["overlap"].tolist() == pytest.approx([0.85, 0.5])
    assert len(format_rank(summary).splitlines()) == 3
    assert summarise(table).empty


def test_summary_has_a_row_per_case_and_C(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    summary = summarise(table)
    assert len(summary) == 10
    text = format_summary(summary)
    assert len(text.splitlines()) == 11
    assert len({len(line) for line in text.splitlines()}) == 1  # aligned
