"""The printed tables of rank, Kronecker form and eigenspaces, by hand."""

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.report.layout import format_section
from rmt_hessian.report.section import Section
from rmt_hessian.report.structure import (
    LAYER,
    NETWORK,
    RANK,
    RATES,
    SPACES,
    fitted_rates,
    means,
    structure_sections,
)
from rmt_hessian.sweep.parameters import columns
from rmt_hessian.sweep.table import table_of
from tests.sections import tables
from tests.tolerances import EXACT

WIDTHS = (10, 20, 40)
NOISE = (0.8, 1.0, 1.2)  # of the seeds, of mean 1
DEFECTS = dict.fromkeys(("projected_defect", "predicted_projected_defect"), 0.1)
RANKS = {"factors_defect": 0.2, "rank_by_gap": 3, "rank_by_energy": 4, "share_of_trace": 0.5}


def power_laws(exponents, n_classes, d=None, n_hidden_layers=1, layer=0):
    """Rows of population_rank: gap and defect are powers of m, times the noise of the seeds.

    ``exponents`` of gap, defect and their predictions; ``d = None``: equal to m.
    """
    names = "gap", "centred_defect", "predicted_gap", "predicted_centred_defect"
    powers = dict(zip(names, exponents, strict=True))
    rows = []
    for m, (seed, noise) in product(WIDTHS, enumerate(NOISE)):
        widths = [d or m, *[m] * n_hidden_layers, n_classes]
        row = {"measurement": "population_rank"} | columns({"widths": widths, "layer": layer})
        row |= {"seed": seed} | {name: 3 * m**power * noise for name, power in powers.items()}
        rows.append(row | DEFECTS | RANKS)
    return rows


def interval(text):
    """``"-1.00 [-1.10, -0.90]"`` as three numbers."""
    exponent, low, high = map(float, re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", text).groups())
    return exponent, low, high


def test_exponents_of_power_laws_with_d_tied_and_fixed():
    laws = {(4, "m"): (-1.0, -2.0, -1.25, -1.5), (4, "5"): (-0.25, -0.5, 0.0, -0.75)}
    laws |= {(4, "8"): (-0.5, -1.0, -0.5, -1.0), (10, "m"): (-0.75, -1.25, -1.0, -1.0)}
    rows = []
    for (C, d), exponents in laws.items():
        rows += power_laws(exponents, C, None if d == "m" else int(d))
    rates = fitted_rates(pd.DataFrame(rows))
    assert len(rates) == len(laws)
    for row in rates.to_dict("records"):
        expected = laws[row["n_classes"], row["d"]]
        for name, exponent in zip(("gap", "centred_defect"), expected[:2], strict=True):
            found, low, high = interval(row[name])
            assert found == exponent  # to the two digits printed
            assert low < exponent < high
        predicted = [row["predicted_gap"], row["predicted_centred_defect"]]
        np.testing.assert_allclose(predicted, expected[2:], atol=10 * EXACT)


def test_the_interval_is_that_of_the_seeds():
    """Equal seeds leave no interval; one seed, or one width, has no rate."""
    table = pd.DataFrame(power_laws((-1.0, -2.0, -1.0, -1.0), 4))
    equal = table.assign(gap=3 / table["n_hidden"])
    (row,) = fitted_rates(equal).to_dict("records")
    assert interval(row["gap"]) == (-1.0, -1.0, -1.0)
    assert interval(row["centred_defect"])[1] < -2.0
    assert fitted_rates(table[table["seed"] == 0]).empty
    assert fitted_rates(table[table["n_hidden"] == 10]).empty
    assert fitted_rates(table[:0]).empty


def test_rates_are_of_the_mean_over_seeds():
    """log of the mean, not mean of the log: seeds of 1 and 3 at m = 10, of 1 and 1 at m = 20."""
    rows = [row for row in power_laws((0.0,) * 4, 4) if row["n_hidden"] < 40 and row["seed"] < 2]
    table = pd.DataFrame(rows)
    table["gap"] = [1.0, 3.0, 1.0, 1.0]
    (row,) = fitted_rates(table).to_dict("records")
    assert interval(row["gap"])[0] == -1.0  # log(2/1)/log(10/20)
    assert np.log2(1 / np.sqrt(3)) == pytest.approx(-0.79, abs=0.01)  # what the logs would say


def test_means_by_hand():
    names, nan = ["case", "size", "error", "law"], np.nan
    rows = [("b", 2, 1.0, nan), ("a", 2, 5.0, 3.0), ("b", 2, 2.0, 4.0), ("b", 1, 7.0, nan)]
    found = means(pd.DataFrame(rows, columns=names), ["case", "size"], ["error", "law"])
    expected = [("b", 2, 1.5, 4.0), ("a", 2, 5.0, 3.0), ("b", 1, 7.0, nan)]
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=names))
    text = format_section(Section("Means.", found, {"error": "of it", "law": "of it"}))
    told = [names, ["b", "2", "1.5", "4"], ["a", "2", "5", "3"], ["b", "1", "7", "–"]]
    assert [line.split() for line in text.splitlines()[1:5]] == told
    assert len({len(line) for line in text.splitlines()[1:5]}) == 1  # aligned


def test_counts_are_told_by_their_extent():
    rows = pd.DataFrame({"size": [1, 1, 2], "rank": [3.0, 5.0, 4.0], "law": [1.0, 2.0, 3.0]})
    found = means(rows, ["size"], ["rank", "law"], counts=["rank"])
    assert found["rank"].tolist() == ["3–5", "4"]
    assert found["law"].tolist() == [1.5, 3.0]


def test_no_defect_is_printed_as_a_number_below_zero_without_a_word():
    """Rounding is told as such; noise of either sign is explained in the title."""
    table = pd.DataFrame(power_laws((-1.0, -2.0, -1.0, -1.0), 4))
    table["factors_defect"] = -3e-15
    table["projected_defect"] = -0.01
    section, _ = structure_sections(table)
    assert set(section.table["factors_defect"]) == {"< 1e-12"}
    assert "(*)" in section.columns["projected_defect"]
    assert "(*) The bias of the sample is subtracted" in section.title


def sizes(*widths, **others):
    """The columns of a point."""
    return columns({"widths": list(widths), "n_samples": 50} | others)


FORM = {"measurement": "kronecker_form"} | sizes(6, 5, layer=0, loss="ce") | {"seed": 0}
FORM |= {"aspect_ratio": 2.0}
FORM |= {"predicted_error": 0.5, "nearest_error": 0.3, "ks_kronecker": 0.1, "ks_law": np.nan}
PARTS = ("hessian", "gauss_newton", "cross_layer", "layer_wise")
WHOLE = {"measurement": "network_kronecker"} | sizes(6, 3, 9, input_mean=0.0) | {"seed": 0}
WHOLE |= {f"{part}_top_eigenvalue": float(q) for q, part in enumerate(PARTS)}
SPACE = {"measurement": "eigenspaces"} | sizes(6, 3, 10, layer=0, loss="ce", inputs="digits")
SPACE |= {"input_mean": 0.0, "standardised": False, "seed": 0}
SPACE |= {"predicted_peak": 8.0, "peak_overlap": 0.5}
SPACE |= {"rank_one_share": 0.75, "leading_share": 0.25}
SPACE |= {"gradient_peak": 6.0, "gradient_peak_overlap": 0.25}
BY_MEASUREMENT = {
    "population_rank": power_laws((-1.0,) * 4, 4) + power_laws((-1.0,) * 4, 4, layer=1),
    "kronecker_form": [FORM | {"error": error} for error in (0.5, 0.75)],
    "network_kronecker": [
        WHOLE | {"input_mean": mean, "cross_layer_in_gauss_newton_overlap": 0.5 + mean / 4}
        for mean in (0.0, 0.0, 1.0)
    ],
    "eigenspaces": [SPACE | {"peak": peak} for peak in (7, 8)],
}
TITLES = {"population_rank": [RANK, RATES], "kronecker_form": [LAYER]}
TITLES |= {"network_kronecker": [NETWORK], "eigenspaces": [SPACES]}


def test_missing_points_and_defects_below_zero_are_left_out():
    """Of an unfinished sweep: a seed without one width; noise, freed of bias, may be negative."""
    table = pd.DataFrame(power_laws((-1.0, -2.0, -1.0, -2.0), 4))
    missing = table[(table["n_hidden"] != 20) | (table["seed"] != 1)]
    (row,) = fitted_rates(missing).to_dict("records")
    assert interval(row["gap"])[0] == -1.0
    negative = table.assign(centred_defect=-table["centred_defect"])
    (row,) = fitted_rates(negative).to_dict("records")
    assert "gap" in row
    assert "centred_defect" not in row


def test_sizes_too_small_for_a_prediction():
    """What was measured has a rate; that of a prediction needs it at two widths."""
    table = pd.DataFrame(power_laws((-1.0, -2.0, -1.0, -2.0), 4))
    for small in (table["n_hidden"] < 20, table["n_hidden"] < 40, table["n_hidden"] > 0):
        some = table.assign(predicted_centred_defect=table["centred_defect"].mask(small))
        (row,) = fitted_rates(some).to_dict("records")
        assert interval(row["centred_defect"])[0] == -2.0
        expected = -2.0 if small.sum() == len(NOISE) else np.nan
        assert row["predicted_centred_defect"] == pytest.approx(expected, nan_ok=True)
        assert row["predicted_gap"] == pytest.approx(-1.0)


def sections(*measurements):
    rows = [row for name in measurements for row in BY_MEASUREMENT[name]]
    return tables(structure_sections(table_of(rows)))


@pytest.mark.parametrize("measurement", TITLES)
def test_only_what_was_measured_has_a_section(measurement):
    assert list(sections(measurement)) == TITLES[measurement]


def test_all_sections_in_one_order_whatever_that_of_the_table():
    found = sections(*reversed(TITLES))
    assert list(found) == [title for titles in TITLES.values() for title in titles]
    for name, titles in TITLES.items():
        alone = sections(name)
        for title in titles:
            pd.testing.assert_frame_equal(found[title], alone[title], check_dtype=False)
    assert not list(structure_sections(pd.DataFrame([{"measurement": "block_norms"}])))


def test_section_of_ranks():
    """A row a layer and size; rates of the hidden layer of one hidden layer alone."""
    found = sections("population_rank")
    assert len(found[RANK]) == 2 * len(WIDTHS)
    first = found[RANK].iloc[0]
    assert (first["layer"], first["widths"], first["rank_by_energy"]) == (0, "10-10-4", "4")
    assert first["gap"] == pytest.approx(0.3)
    negative = pd.DataFrame(power_laws((-1.0,) * 4, 4, layer=-2))
    assert tables(structure_sections(negative))[RATES].equals(found[RATES])
    (rate,) = found[RATES].to_dict("records")
    assert (rate["n_classes"], rate["d"]) == (4, "m")
    deep = pd.DataFrame(power_laws((-1.0,) * 4, 4, n_hidden_layers=2))
    assert list(tables(structure_sections(deep))) == [RANK]


def test_section_of_layers():
    (row,) = sections("kronecker_form")[LAYER].to_dict("records")
    assert row["error"] == 0.625
    assert np.isnan(row["ks_law"])
    assert (row["case"], row["widths"], row["n_samples"]) == ("linear-ce", "6-5", 50)


def test_section_of_networks_without_the_overlap_that_was_not_measured():
    section = sections("network_kronecker")[NETWORK]
    assert section["input_mean"].tolist() == [0.0, 1.0]
    assert section["widths"].tolist() == ["6-3-9"] * 2
    assert section["cross_layer_in_gauss_newton_overlap"].tolist() == [0.5, 0.75]
    assert section["gauss_newton_top_eigenvalue"].tolist() == [1.0, 1.0]
    assert "layer_wise_in_gauss_newton_overlap" not in section


def test_section_of_eigenspaces():
    (row,) = sections("eigenspaces")[SPACES].to_dict("records")
    assert (row["case"], row["widths"]) == ("hidden-ce", "6-3-10")
    assert row["peak"] == "7–8"
    assert (row["gradient_peak"], row["gradient_peak_overlap"]) == ("6", 0.25)
    assert row["standardised"] is False


def test_results_of_older_versions_lack_columns():
    table = pd.DataFrame(BY_MEASUREMENT["eigenspaces"])
    table = table.drop(columns=["gradient_peak", "gradient_peak_overlap"])
    ((title, section),) = tables(structure_sections(table)).items()
    assert title == SPACES
    assert section["peak"].tolist() == ["7–8"]
    assert "gradient_peak" not in section
