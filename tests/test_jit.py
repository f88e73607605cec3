"""Compiled code is kept where a folder can be written; where none can, all works with a warning."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rmt_hessian"
COMMAND = "from rmt_hessian.cli import main; main()"
KERNEL = """
import numpy as np
from rmt_hessian.model.kernels import softmax
assert np.allclose(softmax(np.zeros((1, 4))), 0.25)
print(softmax._cache.cache_path)
"""
WARNING = "rmt_hessian:0: RuntimeWarning: no folder for compiled code can be written"
MEASUREMENT = """
import numpy as np
from rmt_hessian.model.kernels import softmax


def largest(rng, *, size):
    largest = softmax(rng.normal(size=(1, size))).max()
    return {"largest": largest, "alone": softmax._cache.cache_path is None}
"""
SWEEP = (
    'root_seed = 0\n[[grid]]\nmeasurement = "mine:largest"\nseeds = 2\naxes = { size = [2, 3] }\n'
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A copy of the package, a file in the place of each cache: not even root can write there."""
    folder = tmp_path_factory.mktemp("site")
    copy = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for place in (copy, *filter(Path.is_dir, list(copy.rglob("*")))):
        (place / "__pycache__").touch()
    return folder


def python(installed, *arguments, cwd=None, **environment):
    """Run it with the copy, and a home that cannot be made."""
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    }
    home = {"HOME": "/dev/null", "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd or installed,
        env=inherited | home | environment,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("folder", ["", "/dev/null/kernels"])
def test_without_a_folder_kernels_work_and_one_line_says_so(installed, folder):
    result = python(installed, "-c", KERNEL, NUMBA_CACHE_DIR=folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "None\n"
    (line,) = result.stderr.splitlines()
    assert line.startswith(WARNING)
    assert "NUMBA_CACHE_DIR" in line


def test_the_warning_can_be_filtered(installed):
    result = python(installed, "-W", "ignore::RuntimeWarning:rmt_hessian", "-c", KERNEL)
    assert (result.returncode, result.stderr) == (0, "")
    result = python(installed, "-W", "error", "-c", KERNEL)
    assert result.returncode == 1
    assert "RuntimeWarning: no folder" in result.stderr


def test_the_folder_of_the_environment_is_used(installed, tmp_path):
    result = python(installed, "-W", "error", "-c", KERNEL, NUMBA_CACHE_DIR=str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(str(tmp_path))
    assert list(tmp_path.rglob("kernels.softmax-*.nbi"))


def test_the_usual_import_warns_of_nothing():
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", KERNEL], capture_output=True, encoding="utf-8"
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout != "None\n"


def test_workers_do_not_repeat_the_warning(installed, tmp_path):
    (tmp_path / "mine.py").write_text(MEASUREMENT, encoding="utf-8")
    (tmp_path / "own.toml").write_text(SWEEP, encoding="utf-8")
    result = python(installed, "-c", COMMAND, "run", "own.toml", "--workers", "2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("RuntimeWarning") == 1
    first, *_ = result.stderr.splitlines()
    assert first.startswith(WARNING)
    table = (tmp_path / "results" / "own" / "table.csv").read_text(encoding="utf-8")
    assert table.count("True") == 4  # measured without a cache
