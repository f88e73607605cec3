"""The printed tables of the decoupled Hessian, of exact power laws."""

import re

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.report.cases import with_cases
from rmt_hessian.report.decoupled import (
    DISTANCES,
    RATES,
    SPECTRA,
    decoupled_rates,
    decoupled_sections,
)
from rmt_hessian.sweep.parameters import columns
from tests.sections import tables

SIZES = ((20, 50), (20, 200), (40, 200), (40, 100), (80, 200))  # d, N
EXPONENTS = {"error": -0.5, "diagonal_stieltjes": -0.25, "diagonal_rest": -1.0}
EXPONENTS |= {"diagonal_ks": 0.0, "diagonal_wasserstein": -0.75}


def rows(seeds=3, sizes=SIZES, **others):
    """Powers of N at every d, times noise of the seeds of mean 1."""
    found = []
    for (d, N), seed in ((size, seed) for size in sizes for seed in range(seeds)):
        row = columns({"widths": [d, 4], "layer": 0, "loss": "ce", "n_samples": N})
        noise = 1 + 0.1 * (seed - (seeds - 1) / 2)
        row |= {name: 2 * noise * N**power for name, power in EXPONENTS.items()}
        row |= {"predicted_error": 0.5, "plateau": 0.1, "diagonal_predicted_stieltjes": 0.2}
        row |= {"operator_error": 0.7, "operator_plateau": 0.3}
        found.append({"measurement": "decoupled_hessian", "seed": seed} | row | others)
    return pd.DataFrame(found)


def test_exponents_at_fixed_d_and_at_fixed_ratio():
    found = decoupled_rates(with_cases(rows()))
    assert found["fixed"].tolist() == ["d = 20", "d = 40", "d/N = 0.4"]
    assert set(found["case"]) == {"linear-ce"}
    for row in found.to_dict("records"):
        for name, power in EXPONENTS.items():
            text = row[name.removeprefix("diagonal_")]
            exponent, low, high = map(float, re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", text).groups())
            assert exponent == power
            assert low <= power <= high
            assert high - low > 0.005 if row["fixed"] == "d/N = 0.4" else True


@pytest.mark.parametrize("table", [rows(seeds=1), rows(sizes=((20, 50), (40, 80)))], ids=str)
def test_no_rate_of_one_seed_or_of_sizes_that_share_nothing(table):
    assert decoupled_rates(with_cases(table)).empty
    assert list(tables(decoupled_sections(table))) == [DISTANCES, SPECTRA]


def test_a_seed_that_lacks_a_size_does_not_count():
    """Where it has a gap, or no row: the rates are those of the other seeds."""
    table, rng = rows(seeds=4), np.random.default_rng(0)
    table[list(EXPONENTS)] *= np.exp(0.1 * rng.standard_normal((len(table), len(EXPONENTS))))
    first = (table["seed"] == 1) & (table["n_samples"] == 50)
    gap = table.copy()
    gap.loc[first, list(EXPONENTS)] = np.nan
    # d = 20: without the seed; other sizes of d are measured at other N
    expected = decoupled_rates(with_cases(table[table["seed"] != 1])).iloc[0]
    assert expected["fixed"] == "d = 20"
    for lacking in (gap, table[~first]):
        pd.testing.assert_series_equal(decoupled_rates(with_cases(lacking)).iloc[0], expected)
    assert not decoupled_rates(with_cases(table)).iloc[0].equals(expected)


def test_a_zero_has_no_rate():
    found = decoupled_rates(with_cases(rows(error=0.0, diagonal_ks=0.0)))
    assert found["error"].isna().all()
    assert found["stieltjes"].notna().all()


def test_sections():
    sections = tables(decoupled_sections(rows()))
    assert list(sections) == [DISTANCES, SPECTRA, RATES]
    first = sections[DISTANCES].iloc[0]
    assert first["error"] == pytest.approx(2 / np.sqrt(50))
    assert (first["n_classes"], first["n_inputs"], first["n_samples"]) == (4, 20, 50)
    assert first["operator_plateau"] == 0.3
    np.testing.assert_allclose(sections[SPECTRA]["diagonal_predicted_stieltjes"], 0.2)
    assert len(sections[SPECTRA]) == len(SIZES)
    spectra, noise = sections[SPECTRA].iloc[0], np.array([0.9, 1.0, 1.1])
    root = np.sqrt(np.mean(noise**2))
    assert spectra["diagonal_stieltjes"] == pytest.approx(2 * 50**-0.25 * root)
    assert spectra["diagonal_wasserstein"] == pytest.approx(2 * 50**-0.75)
    assert not list(decoupled_sections(pd.DataFrame([{"measurement": "block_norms"}])))
