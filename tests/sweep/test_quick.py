"""The small sizes of a sweep file: which points they give, and a line for each mistake."""

from pathlib import Path

import pytest

from rmt_hessian.sweep.config import ConfigError, load_config, load_points

ROOT = Path(__file__).parents[2]

GRIDS = """
root_seed = 1
[[grid]]
measurement = "block_norms"
seeds = 4
fixed = { d = 60, layer = 0, n_samples = 80 }
quick = { seeds = 1, d = 6, n_samples = 8, C = [2, 3], widths = [["d", "C"]], loss = ["ce"] }
axes = { C = { start = 2, stop = 64, num = 6 } }
together = { widths = [["d", "C"], ["d", 4, "C"]], loss = ["ce", "mse"] }
[[grid]]
measurement = "output_rank"
seeds = 2
fixed = { widths = [6, 9, 3], layer = 0, loss = "ce", n_samples = 20 }
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(GRIDS, encoding="utf-8")
    return path


def test_values_stand_where_the_grid_has_them_and_other_grids_are_left_out(path):
    points, text = load_points(path, quick=True)
    rows = [point.columns() for point in points.values()]
    assert [row["widths"] for row in rows] == ["6-2", "6-3"]
    assert {row["n_samples"] for row in rows} == {8}
    assert {row["seed"] for row in rows} == {0}
    assert "quick" not in text  # a folder's config.toml is what was run


def test_without_it_they_change_nothing(path):
    whole, _ = load_points(path)
    path.write_text("\n".join(l for l in GRIDS.splitlines() if "quick" not in l), encoding="utf-8")
    assert load_points(path)[0].keys() == whole.keys()


def test_other_values_come_on_top(path):
    points, _ = load_points(path, ["C=5"], quick=True)
    assert [point.columns()["widths"] for point in points.values()] == ["6-5"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("d = 6,", "m = 6,", "quick sets 'm', which its grid does not"),
        ("quick = {", "quick = 3 #", "quick"),
        ("d = 6,", "d = -6,", "d"),
        ('widths = [["d", "C"]], loss = ["ce"]', 'loss = ["ce"]', "one length"),
    ],
)
def test_mistakes_are_one_line(path, old, new, said):
    path.write_text(GRIDS.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as told:
        load_points(path, quick=True)
    assert "\n" not in str(told.value)


def test_a_file_without_small_sizes_says_so(path):
    path.write_text(GRIDS.replace("quick = {", "# {"), encoding="utf-8")
    with pytest.raises(ConfigError, match="no grid has quick"):
        load_points(path, quick=True)


SWEEPS = sorted((ROOT / "sweeps").glob("*.toml"))
SMALL = [path for path in SWEEPS if "\nquick = " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", SMALL, ids=lambda p: p.stem)
def test_small_sizes_of_this_project_are_fewer_points(path):
    small, _ = load_points(path, quick=True)
    assert 0 < len(small) <= len(load_config(path).points())
