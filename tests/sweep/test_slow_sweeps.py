"""Slow sweeps run by their name only: what the Makefile would do, and the files of this project."""

import shutil
import subprocess
from pathlib import Path

import pytest

from rmt_hessian.sweep.config import load_config

ROOT = Path(__file__).parents[2]
GRID = '[[grid]]\nmeasurement = "mine:f"\nseeds = 1\n'
FILES = {
    "quick": f'figures = ["one"]\nroot_seed = 1\n{GRID}',
    "said": f'figures = ["two"]\nroot_seed = 1\nslow = false\n{GRID}',
    "long": f'figures = ["one"]\nroot_seed = 1\nslow = true\n{GRID}',
}


def plan(folder, *arguments):
    """What ``make`` says that it would do."""
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


@pytest.fixture
def project(tmp_path):
    """A folder with this Makefile, sweeps, and scripts and environment as if they were made."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    made = ["setup.cfg", "pyproject.toml", ".venv/bin/python", ".venv/.sweep"]
    made += ["paper_figs/style.py", "paper_figs/fig_one.py", "paper_figs/fig_two.py"]
    for name in [*made, "rmt_hessian/plotting.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "sweeps").mkdir()
    for name, text in FILES.items():
        (tmp_path / "sweeps" / f"{name}.toml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("target", ["sweeps", "figures"])
def test_all_leave_out_the_slow_ones_and_say_so_in_one_line(project, target):
    lines = plan(project, target).splitlines()
    (told,) = [line for line in lines if "long" in line]
    assert "left out, being slow: long (make sweep NAME=long runs it)" in told
    done = "\n".join(line for line in lines if line != told)
    assert "sweeps/quick.toml" in done
    assert "sweeps/said.toml" in done
    (project / "sweeps" / "long.toml").unlink()
    assert "left out" not in plan(project, target)


def test_a_slow_one_runs_and_is_drawn_by_its_name(project):
    done = plan(project, "sweep", "NAME=long")
    assert "rmt-hessian run sweeps/long.toml --out results/long" in done
    assert "paper_figs.fig_one results/long figures/long" in done
    assert "left out" not in done


def test_the_makefile_finds_the_slow_sweeps_of_this_project():
    slow = [p.stem for p in sorted((ROOT / "sweeps").glob("*.toml")) if load_config(p).slow]
    for target in ("sweeps", "figures"):
        told = [line for line in plan(ROOT, target).splitlines() if "left out" in line]
        assert len(told) == bool(slow)
        for name in slow:
            assert f" {name} " in told[0].replace(":", " ")
            assert f"sweeps/{name}.toml" not in plan(ROOT, target)


def test_make_installs_the_extras_of_the_sweep_it_runs(project):
    text = f'extras = ["heads", "torch"]\nslow = true\nroot_seed = 1\n{GRID}'
    (project / "sweeps" / "models.toml").write_text(text)
    lines = plan(project, "sweep", "NAME=models").splitlines()
    (run,) = [place for place, line in enumerate(lines) if "rmt-hessian run" in line]
    installed = [line for line in lines[:run] if "pip install" in line]
    for extra, line in zip(("[heads]", "[torch]"), installed, strict=True):
        assert extra in line
    assert "pip install" not in plan(project, "sweep", "NAME=quick")


def test_make_tests_models_in_an_environment_of_their_own(project):
    (project / "tests" / "foreign").mkdir(parents=True)
    (project / "tests" / "foreign" / "requirements.txt").touch()
    done = plan(project, "test-models")
    assert ".venv-models/bin/pip install" in done
    assert "--requirement tests/foreign/requirements.txt" in done
    assert ".venv-models/bin/pytest tests/foreign" in done
    assert "foreign" not in plan(project, "test")
