"""A small sweep from file to table, interrupted, resumed and broken."""

import json

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.experiments import measurements
from rmt_hessian.experiments.config import ConfigError, load_config
from rmt_hessian.experiments.report import format_summary, ratio_of_means, summarise
from rmt_hessian.experiments.runner import run_sweep
from rmt_hessian.experiments.store import Store

SMALL = """
name = "small"
root_seed = 1

[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
case = ["linear-ce", "linear-mse", "hidden-ce", "hidden-mse", "output-ce"]
n_classes = [2, 3]

[[grid]]
measurement = "block_spectra"
seeds = 1
fixed = { case = "hidden-mse", n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
n_classes = [2, 3]
"""


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Path of a small sweep file; its predictions cost few draws."""
    quick = measurements.expected_block_norms
    monkeypatch.setattr(
        measurements, "expected_block_norms", lambda **case: quick(**case, n_draws=50)
    )
    measurements._predicted_norms.cache_clear()
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    yield path
    measurements._predicted_norms.cache_clear()


def test_one_row_per_point_with_every_parameter(sweep, tmp_path):
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert failed == []
    assert len(table) == 5 * 2 * 2 + 2
    for column in ("measurement", "case", "n_classes", "n_inputs", "seed", "root_seed", "version"):
        assert table[column].notna().all()
    assert table["key"].is_unique
    csv = pd.read_csv(tmp_path / "out" / "table.csv")
    assert list(csv["key"]) == list(table["key"])
    mse = table[(table["case"] == "linear-mse") & (table["measurement"] == "block_norms")]
    assert (mse["ratio"] == 0).all()
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert provenance["packages"]["numpy"] == np.__version__
    assert provenance["started"] <= provenance["ended"]


def test_arrays_lie_beside_the_table(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    key = table[table["measurement"] == "block_spectra"]["key"].iloc[0]
    arrays = Store(tmp_path / "out").arrays(key)
    assert arrays["diagonal_eigenvalues"].shape == (6,)
    assert arrays["diagonal_conditional_curve"].shape[0] == 2


class Interrupt(Exception):
    pass


def test_resumed_equals_uninterrupted(sweep, tmp_path):
    expected, _ = run_sweep(sweep, tmp_path / "whole")

    def stop(done, total, failed):
        if done == 7:
            raise Interrupt

    with pytest.raises(Interrupt):
        run_sweep(sweep, tmp_path / "parts", stop)
    # an empty result, as a full disk may leave, and a half-written one
    broken = sorted((tmp_path / "parts" / "points").glob("*.parquet"))[0]
    broken.write_bytes(b"")
    (tmp_path / "parts" / "points" / ".tmp-1-x.parquet").write_bytes(b"PAR1")
    seen = []
    table, _ = run_sweep(sweep, tmp_path / "parts", lambda done, *_: seen.append(done))
    assert seen[0] == 6  # of seven, the broken one was not kept
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert not list((tmp_path / "parts" / "points").glob(".tmp-*"))


def test_adding_a_value_changes_no_old_point(sweep, tmp_path):
    before, _ = run_sweep(sweep, tmp_path / "out")
    sweep.write_text(SMALL.replace("n_classes = [2, 3]", "n_classes = [5, 2, 3]"))
    seen = []
    after, _ = run_sweep(sweep, tmp_path / "out", lambda done, *_: seen.append(done))
    assert seen[0] == len(before)
    kept = after.set_index("key").loc[before["key"]].reset_index()
    pd.testing.assert_frame_equal(kept[before.columns], before, check_exact=True)


def test_a_point_that_fails_is_recorded_and_the_rest_goes_on(sweep, tmp_path, monkeypatch):
    def fails(rng, *, case, n_classes, n_inputs, n_samples, n_hidden):
        raise ZeroDivisionError("a poison point")

    monkeypatch.setitem(measurements.MEASUREMENTS, "block_spectra", fails)
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert len(failed) == 2
    assert len(table) == 20
    for point in failed:
        text = (tmp_path / "out" / "failed" / f"{point.key}.txt").read_text()
        assert "a poison point" in text
    monkeypatch.setitem(measurements.MEASUREMENTS, "block_spectra", measurements.block_spectra)
    table, failed = run_sweep(sweep, tmp_path / "out")
    assert failed == []
    assert len(table) == 22
    assert not list((tmp_path / "out" / "failed").iterdir())


def test_versions_do_not_mix(sweep, tmp_path, monkeypatch):
    run_sweep(sweep, tmp_path / "out")
    sweep.write_text(SMALL.replace("n_classes = [2, 3]", "n_classes = [5, 2, 3]"))
    monkeypatch.setattr("rmt_hessian.experiments.runner.__version__", "99")
    with pytest.raises(ValueError, match=r"versions 0\..*, 99"):
        run_sweep(sweep, tmp_path / "out")


def test_every_point_has_its_own_stream(sweep):
    points = load_config(sweep).points()
    first = {point.rng().random() for point in points}
    assert len(first) == len(points)
    assert points[0].rng().random() == load_config(sweep).points()[0].rng().random()


def test_log_ranges_are_rounded_and_unique(sweep):
    sweep.write_text(
        SMALL.replace("n_classes = [2, 3]", "n_classes = { start = 2, stop = 1024, num = 10 }")
    )
    values = {p.parameters["n_classes"] for p in load_config(sweep).points()}
    assert values == {2**k for k in range(1, 11)}


MISTAKES = {
    "an unknown key": (("root_seed = 1", "root_seed = 1\nworkers = 2"), "workers: unknown key"),
    "an unknown key of a grid": (("seeds = 2", "seeds = 2\nrepeat = 1"), "repeat: unknown key"),
    "a missing key": (("root_seed = 1", ""), "root_seed: Field required"),
    "an unknown measurement": (('"block_norms"', '"norms"'), "must be one of block_norms"),
    "an unknown parameter": (("n_hidden = 4", "n_hidden = 4, depth = 3"), "'depth' means nothing"),
    "a missing parameter": (("n_inputs = 6, ", ""), "needs 'n_inputs'"),
    "a parameter twice": (
        ("n_hidden = 4", "n_hidden = 4, n_classes = 3"),
        "both fixed and an axis",
    ),
    "no seeds": (("seeds = 2", "seeds = 0"), "greater than or equal to 1"),
    "a negative seed": (("root_seed = 1", "root_seed = -1"), "greater than or equal to 0"),
    "a range from 0": (("[2, 3]", "{ start = 0, stop = 4, num = 2 }"), "start"),
    "not TOML": (("[[grid]]", "[[grid"), "not valid TOML"),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_wrong_file_is_one_line(sweep, change, message):
    sweep.write_text(SMALL.replace(*change, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(sweep)
    assert "\n" not in str(caught.value)
    assert str(sweep) in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")


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


def test_summary_has_a_row_per_case_and_C(sweep, tmp_path):
    table, _ = run_sweep(sweep, tmp_path / "out")
    summary = summarise(table)
    assert len(summary) == 10
    text = format_summary(summary)
    assert len(text.splitlines()) == 11
    assert len({len(line) for line in text.splitlines()}) == 1  # aligned
