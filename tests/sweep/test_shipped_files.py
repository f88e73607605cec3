"""The sweep files of a clone are those that are installed, and a command gives them away."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rmt_hessian.cli import app
from rmt_hessian.sweep.config import load_config, load_points
from rmt_hessian.sweep.grid import ConfigError
from rmt_hessian.sweep.shipped import shipped_file, shipped_sweeps

SWEEPS = Path(__file__).parents[2] / "sweeps"


def test_all_of_them_come_with_the_package():
    assert list(shipped_sweeps()) == sorted(path.stem for path in SWEEPS.glob("*.toml"))
    for name in shipped_sweeps():
        assert shipped_file(name) == (SWEEPS / f"{name}.toml").read_text(encoding="utf-8")


def test_the_command_lists_and_prints_them(tmp_path):
    listed = CliRunner().invoke(app, ["sweeps"]).stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(shipped_sweeps())
    assert all(len(line.split(maxsplit=1)) == 2 for line in listed)
    printed = CliRunner().invoke(app, ["sweeps", "spectra"]).stdout
    (tmp_path / "mine.toml").write_text(printed, encoding="utf-8")
    assert (
        load_points(tmp_path / "mine.toml")[0].keys()
        == load_points(SWEEPS / "spectra.toml")[0].keys()
    )


@pytest.mark.parametrize("name", ["nope", "../setup", "", "spectra.toml"])
def test_other_names_are_refused(name):
    with pytest.raises(ConfigError, match="NAME must be one of block_structure, "):
        shipped_file(name)


@pytest.mark.parametrize("path", ["spectra", "elsewhere/spectra.toml"])
def test_a_name_in_place_of_a_file_is_told_how_to_have_it(path):
    with pytest.raises(ConfigError, match=r"rmt-hessian sweeps spectra > spectra\.toml writes"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"No such file or directory$"):
        load_config("nope.toml")
