"""Ctrl-C while the command loads, and while it works: one line and exit code 130."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import rmt_hessian_command

ROOT = Path(__file__).parents[1]
# also where these tests run in the background, which ignores it
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
# Ctrl-C at the moment when a module is looked for
COMMAND = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
sys.path.insert(0, {root!r})
from rmt_hessian_command import main
main()
"""
SWEEP = 'root_seed = 0\n[[grid]]\nmeasurement = "mine:f"\nseeds = 1\n'


def interrupted_at(name, *arguments, cwd=None, **settings):
    code = HEARD + COMMAND.format(name=name, root=str(ROOT))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        **settings,
    )


@pytest.mark.parametrize("name", ["rmt_hessian", "numpy", "numba.core", "scipy.linalg", "typer"])
def test_while_it_loads(name):
    result = interrupted_at(name, "--help")
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize("arguments", [("run", "own.toml", "--dry-run"), ("run", "own.toml")])
def test_while_it_reads_a_sweep_file(tmp_path, arguments):
    (tmp_path / "mine.py").write_text("def f(rng): return {}\n", encoding="utf-8")
    (tmp_path / "own.toml").write_text(SWEEP, encoding="utf-8")
    result = interrupted_at("mine", *arguments, cwd=tmp_path)
    assert result.returncode == 130
    assert "interrupted" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_where_it_is_ignored():
    """As in a script that was started in the background."""
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    code += "os.execv(sys.executable, sys.argv[1:])"
    rest = COMMAND.format(name="numpy", root=str(ROOT))
    result = subprocess.run(
        [sys.executable, "-c", code, sys.executable, "-c", rest, "--help"],
        capture_output=True,
        encoding="utf-8",
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "Usage" in result.stdout


def test_it_is_the_command():
    (entry,) = entry_points(group="console_scripts", name="rmt-hessian")
    assert entry.load() is rmt_hessian_command.main
