"""The printed tables, by hand."""

import re

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.report.block_structure import (
    SEEDS_FOR_Z,
    block_sections,
    summarise,
    summarise_rank,
)
from rmt_hessian.report.layout import format_section
from rmt_hessian.report.ratio import ratio_of_means
from rmt_hessian.sweep.parameters import columns
from rmt_hessian.sweep.run import run_sweep
from tests.sections import require_legible


def test_standard_error_of_a_ratio_of_means(rng):
    """The delta method against 2000 repetitions of the experiment."""
    ratios, errors = [], []
    for _ in range(2000):
        diagonal = 2 + 0.2 * rng.standard_normal(30)
        off_diagonal = 0.3 * diagonal + 0.1 * rng.standard_normal(30)
        norms = {"diagonal_norm2": diagonal, "off_diagonal_norm2": off_diagonal}
        ratio, error = ratio_of_means(pd.DataFrame(norms))
        ratios.append(ratio)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.1)


def printed(table):
    return "\n\n".join(map(format_section, block_sections(table)))


def body(text):
    """The last line of headings and the rows of a table, without title and legend."""
    lines = text.splitlines()
    legend = next(i for i, line in enumerate(lines) if re.match("  case  +layer and loss", line))
    rows = [i for i in range(legend) if re.search(r"\d(\.\d|\s|/)", lines[i]) and i > 0]
    rows = [i for i in rows if lines[i].startswith("  ")]
    return lines[rows[0] - 1 : legend]


def sizes(*widths, n_samples=20, **others):
    """The columns of a point of the first layer, CE."""
    fields = {"widths": list(widths), "layer": 0, "loss": "ce", "n_samples": n_samples}
    return columns(fields | others)


def hand_made_table():
    """Two sizes of one case with known means, and spectra with known distances."""
    norms = {"measurement": "block_norms", "predicted_ratio": 0.25, "predicted_ratio_error": 0.03}
    spectra = norms | {"measurement": "block_spectra"} | sizes(99, 3, 4)
    kinds = "conditional", "population", "population_band"
    measured = {"diagonal": (0.01, 0.05, 0.06), "off_diagonal": (0.02, 0.07, 0.04)}
    for name, distances in measured.items():
        spectra |= {f"{name}_ks_{kind}": d for kind, d in zip(kinds, distances, strict=True)}
    rows = [
        norms | sizes(d, 3, 4) | {"diagonal_norm2": diagonal, "off_diagonal_norm2": off_diagonal}
        for d, diagonal, off_diagonal in ((5, 1.0, 0.3), (5, 3.0, 1.1), (8, 1.0, 0.5))
    ]
    return pd.DataFrame([*rows, spectra])


@pytest.mark.parametrize("rounding", [0.0, 1e-15, -1e-15])
def test_nothing_is_outside_by_rounding(rounding):
    """Constant weights: both laws are one, the band is 0, and distances differ in last bits."""
    table = hand_made_table()
    for block in ("diagonal", "off_diagonal"):
        table[f"{block}_ks_population"] = table[f"{block}_ks_conditional"] + rounding
        table[f"{block}_ks_population_band"] = 0.0
    assert summarise(table)["outside"].iloc[0] == "0/2"


def test_summary_by_hand():
    first, second = summarise(hand_made_table()).to_dict("records")
    assert (first["n_inputs"], second["n_inputs"]) == (5, 8)  # sizes are not pooled
    assert first["ratio"] == pytest.approx(1.4 / 4)
    # influences (0.3 - 0.35)/2 and (1.1 - 1.05)/2: standard deviation 0.025 √2, over √2
    assert first["error"] == pytest.approx(0.025)
    assert np.isnan(first["z"])  # two seeds
    assert first["ks_conditional"] == 0.02
    assert first["ks_population"] == 0.07
    assert first["outside"] == "1/2"  # 0.07 > 0.04 + 0.02, and 0.05 < 0.06 + 0.01
    assert second["ratio"] == 0.5
    assert np.isnan(second["error"])
    text = printed(hand_made_table())
    header, *rows = body(text)
    assert header.split()[:2] == ["n_inputs", "R"]
    assert [row.split()[0] for row in rows] == ["5", "8"]
    assert rows[0].split()[1:4] == ["3.5000e-01", "±", "2.5e-02"]
    assert len({len(line) for line in (header, *rows)}) == 1  # aligned
    assert "Norms: N = 20, m = 3. Spectra: d = 99, N = 20, m = 3." in " ".join(text.split())
    assert "nan" not in text


def test_an_error_of_rounding_is_none():
    table = hand_made_table().iloc[:2].assign(diagonal_norm2=1.0, off_diagonal_norm2=1.0)
    table["off_diagonal_norm2"] += [0.0, 1e-15]
    assert body(printed(table))[1].split()[0] == "1.0000e+00"
    assert "±" not in body(printed(table))[1]


def test_z_is_given_from_some_seeds_on():
    """Below that many, the standard error is known too badly for a z."""
    table = hand_made_table().iloc[:2]
    for n in (SEEDS_FOR_Z - 1, SEEDS_FOR_Z):
        (row,) = summarise(pd.concat([table] * n).iloc[:n]).to_dict("records")
        spread = np.hypot(row["error"], 0.03)
        expected = (row["ratio"] - 0.25) / spread if n == SEEDS_FOR_Z else np.nan
        assert row["z"] == pytest.approx(expected, nan_ok=True)
        assert row["error"] > 0


def spectra_at(n_samples, **distances):
    """Spectra of the hand-made table at another N, with other distances."""
    spectra = hand_made_table().iloc[[3]]
    return spectra.assign(n_samples=n_samples, **distances)


def test_summary_of_spectra_alone():
    table = hand_made_table()
    (row,) = summarise(table[table["measurement"] == "block_spectra"]).to_dict("records")
    assert row["ks_conditional"] == 0.02
    assert np.isnan(row["ratio"])
    assert (row["n_inputs"], row["n_samples"], row["n_hidden"]) == (99, 20, 3)


def test_a_distance_of_a_dead_unit_is_left_out():
    """It is NaN: the other block counts alone; the population distance is compared as with 0."""
    one = spectra_at(20, diagonal_ks_conditional=np.nan)
    (row,) = summarise(one).to_dict("records")
    known = one["off_diagonal_ks_conditional"].iloc[0]
    assert row["ks_conditional"] == known
    assert row["outside"].endswith("/2")
    both = spectra_at(20, diagonal_ks_conditional=np.nan, off_diagonal_ks_conditional=np.nan)
    (row,) = summarise(both).to_dict("records")
    assert np.isnan(row["ks_conditional"])
    assert row["ks_population"] == 0.07
    assert row["outside"] == "1/2"  # 0.07 > 0.04, and 0.05 < 0.06
    assert "nan" not in printed(both)


def test_spectra_of_several_sizes_have_rows_of_their_own():
    table = pd.concat([spectra_at(20), spectra_at(40, diagonal_ks_conditional=0.2)] * 2)
    summary = summarise(table)
    assert summary["n_samples"].tolist() == [20, 40]
    assert summary["ks_conditional"].tolist() == [0.02, 0.2]
    assert summary["outside"].tolist() == ["2/4", "2/4"]
    assert [line.split()[0] for line in body(printed(table))] == ["n_samples", "20", "40"]


def test_norms_share_a_row_with_spectra_of_their_size():
    """Where N moves among spectra, norms meet those at their own N; else all of that case and C."""
    table = pd.concat([hand_made_table(), spectra_at(40, diagonal_ks_conditional=0.2)])
    summary = summarise(table)
    assert summary["n_samples"].tolist() == [20, 20, 40]
    assert summary["ks_conditional"].tolist() == [0.02, 0.02, 0.2]
    assert summary["ratio"].notna().tolist() == [True, True, False]


def test_a_table_of_many_classes_is_aligned():
    norms = hand_made_table().iloc[:3]
    table = pd.concat([norms, norms.assign(**sizes(5, 3, 131072))])
    lines = [line for line in body(printed(table)) if "e-" in line]
    assert len({len(line) for line in lines}) == 1
    assert any("131072" in line for line in lines)


def test_rank_summary_by_hand():
    few, many = ({"measurement": "output_rank"} | sizes(5, 7, C, n_samples=9) for C in (2, 4))
    few |= {"gradient_gap": 0.2, "gradient_overlap": 0.6}
    many |= {"gradient_gap": 0.3, "gradient_overlap": 0.7}
    table = pd.DataFrame(
        [
            few | {"gap": 0.1, "predicted_gap": 0.3, "overlap": 0.8},
            few | {"gap": 0.3, "predicted_gap": 0.5, "overlap": 0.9},
            many | {"gap": 0.6, "predicted_gap": 0.7, "overlap": 0.5},
        ]
    )
    summary = summarise_rank(table)
    assert summary["n_classes"].tolist() == [2, 4]
    assert summary["gap"].tolist() == pytest.approx([0.2, 0.6])
    assert summary["predicted_gap"].tolist() == pytest.approx([0.4, 0.7])
    assert summary["overlap"].tolist() == pytest.approx([0.85, 0.5])
    assert summary["gradient_gap"].tolist() == pytest.approx([0.2, 0.3])
    rows = body(printed(table))
    assert rows[-2].split() == ["2", "0.2", "0.4", "0.85", "0.2", "0.6"]
    older = printed(table.drop(columns=["gradient_gap", "gradient_overlap"]))
    assert body(older)[-2].split() == ["2", "0.2", "0.4", "0.85"]
    assert "gradient" not in older
    assert summarise(table).empty


@pytest.mark.parametrize("measurement", ["block_norms", "block_spectra"])
def test_linear_models_alone_have_no_m(measurement):
    table = hand_made_table()
    table = table[table["measurement"] == measurement].drop(columns="n_hidden")
    for (case, _), of_d in summarise(table.assign(widths="9-4")).groupby(["case", "n_inputs"]):
        assert case == "linear-ce"
        assert len(of_d) == 1
    text = printed(table.assign(widths="9-4"))
    assert "m = " not in text
    assert "nan" not in text


def test_rows_without_m_beside_rows_of_several():
    """Norms meet the spectra of their own m, those of the linear model too."""
    table, rows = hand_made_table(), []
    for name, distance in (("9-4", 0.1), ("9-3-4", 0.2), ("9-6-4", 0.3)):
        own = sizes(*map(int, name.split("-")))
        own = {"n_hidden": None} | own
        rows.append(table.iloc[[0]].assign(**own))
        rows.append(table.iloc[[3]].assign(**own, diagonal_ks_conditional=distance))
    table = pd.concat(rows).astype({"n_hidden": "Int64"})  # as a table of points is
    summary = summarise(table)
    assert summary["ks_conditional"].tolist() == [0.1, 0.2, 0.3]
    lines = body(printed(table))[-3:]
    cases = [["linear-ce", "–"], ["hidden-ce", "3"], ["hidden-ce", "6"]]
    assert [line.split()[:2] for line in lines] == cases
    assert len({len(line) for line in lines}) == 1


def test_scales_of_weights_are_not_pooled():
    """Points that write the default, and those that do not, are of one case."""
    table = hand_made_table().iloc[:2]
    table = pd.concat([table, table.assign(init="lecun"), table.assign(init="he")])
    table["off_diagonal_norm2"] = [0.3, 1.1] * 2 + [0.6, 2.2]
    summary = summarise(table)
    assert summary["case"].tolist() == ["hidden-ce", "hidden-ce-he"]
    assert summary["ratio"].tolist() == pytest.approx([0.35, 0.7])
    ranks = table.assign(measurement="output_rank", gap=[0.1] * 4 + [0.2] * 2)
    of_gradients = {"gradient_gap": 0.1, "gradient_overlap": 1.0}
    summary = summarise_rank(ranks.assign(predicted_gap=0.1, overlap=1.0, **of_gradients))
    assert summary["gap"].tolist() == pytest.approx([0.1, 0.2])
    *_, section = block_sections(ranks.assign(predicted_gap=0.1, overlap=1.0, **of_gradients))
    assert section.table["case"].tolist() == ["hidden-ce", "hidden-ce-he"]


def test_summary_has_a_row_per_case_and_C(sweep, tmp_path):
    table = run_sweep(sweep, tmp_path / "out").table
    assert len(summarise(table)) == 10
    (section,) = require_legible(table).values()
    assert len(section) == 10
