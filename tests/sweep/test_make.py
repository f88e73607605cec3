"""`make help`, and `make sweep` with other values than the file's: what make says it would do."""

import shlex
import subprocess
from pathlib import Path

import pytest

from rmt_hessian.sweep.config import load_config
from tests.sweep.test_slow_sweeps import plan, project  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]


def commands(folder, *arguments):
    """Those of the package, as words."""
    lines = plan(folder, *arguments).splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith(".venv/bin/rmt-hessian")]


def refused(folder, *arguments):
    done = subprocess.run(
        ["make", "-n", *arguments], cwd=folder, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    return line


def make_help():
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_help_fits_a_terminal_and_lists_targets_and_sweeps():
    lines = make_help().splitlines()
    assert max(map(len, lines)) <= 100
    words = [line.split()[0] for line in lines if line[:3].strip() and line.startswith("  ")]
    assert {"help", "sweep", "test", "clean"} <= set(words)
    assert {path.stem for path in (ROOT / "sweeps").glob("*.toml")} <= set(words)


def test_help_tells_what_each_sweep_does_and_which_are_slow():
    text = " ".join(make_help().split())
    for path in (ROOT / "sweeps").glob("*.toml"):
        config = load_config(path)
        assert config.description
        assert f"{path.stem} {config.description}{' (slow)' * config.slow}" in text


def test_overrides_are_passed_each_by_itself_into_a_folder_of_their_own(project):  # noqa: F811
    run, *_, report = commands(project, "sweep", "NAME=quick", "SET=C=2,64 seeds=3")
    assert run[:4] == ["run", "sweeps/quick.toml", "--out", "results/quick-set"]
    assert run[4:] == ["--set", "C=2,64", "--set", "seeds=3"]
    assert report == ["report", "results/quick-set", "--figures", "figures/quick-set"]
    drawn = plan(project, "sweep", "NAME=quick", "SET=C=2")
    assert "paper_figs.fig_one results/quick-set figures/quick-set" in drawn


def test_without_overrides_the_folder_is_that_of_the_sweep(project):  # noqa: F811
    run, *_ = commands(project, "sweep", "NAME=quick")
    assert run == ["run", "sweeps/quick.toml", "--out", "results/quick"]


def test_another_folder_may_be_named(project):  # noqa: F811
    run, *_, report = commands(project, "sweep", "NAME=quick", "SET=C=2", "OUT=two")
    assert run[3] == report[1] == "results/two"
    assert "must be the name of a folder" in refused(project, "sweep", "OUT=a b")


@pytest.mark.parametrize("folder", ["quick", "said"])
def test_a_folder_of_other_results_is_refused(project, folder):  # noqa: F811
    assert "folder of its own" in refused(project, "sweep", "NAME=said", f"OUT={folder}")


@pytest.mark.parametrize("word", ["widths=[64,32,8]", 'file="a,b.npy"', "file='a.npy'", "C=$$C"])
def test_a_value_reaches_the_command_as_it_is(project, word):  # noqa: F811
    run, *_ = commands(project, "sweep", "NAME=quick", f"SET={word}")
    assert run[4:] == ["--set", word.replace("$$", "$")]


def test_a_value_with_blanks_is_refused_in_one_line(project):  # noqa: F811
    line = refused(project, "sweep", "SET=widths=[64, 32, 8]")
    assert "SET must be words NAME=VALUE without blanks in them" in line
    assert line.endswith("got 32,.  Stop.")


def test_the_environment_sets_nothing(project, monkeypatch):  # noqa: F811
    """SET and OUT are words that a shell may have exported for something else."""
    monkeypatch.setenv("SET", "C=2")
    monkeypatch.setenv("OUT", "elsewhere")
    run, *_ = commands(project, "sweep", "NAME=quick")
    assert run == ["run", "sweeps/quick.toml", "--out", "results/quick"]


def test_all_sweeps_keep_their_own_folders(project):  # noqa: F811
    runs = commands(project, "sweeps", "SET=seeds=1", "OUT=x")
    folders = {words[3] for words in runs if words[0] == "run"}
    assert folders == {"results/quick-set", "results/said-set"}
