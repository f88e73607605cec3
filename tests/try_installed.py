"""Run outside the clone by a Python that has the wheel alone: what users need came with it."""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl

import rmt_hessian as rh

COMMAND = Path(sys.executable).with_name("rmt-hessian")


def run(*arguments, cwd):
    found = subprocess.run([COMMAND, *arguments], cwd=cwd, text=True, capture_output=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


def main():
    """One line a thing, or an AssertionError."""
    root = Path(__file__).parents[1]
    assert not Path(rh.__file__).is_relative_to(root / "rmt_hessian"), rh.__file__
    for name in ("py.typed", "paper/page.html", "model/words.txt"):
        assert files("rmt_hessian").joinpath(name).is_file(), name
    with rh.plotting.style():
        assert mpl.rcParams["mathtext.fontset"] == "stix"
    print(f"rmt_hessian {rh.__version__}: library, style and data files are there")
    with tempfile.TemporaryDirectory() as folder:
        names = [line.split()[0] for line in run("sweeps", cwd=folder).splitlines()]
        assert names == sorted(path.stem for path in (root / "sweeps").glob("*.toml")), names
        text = run("sweeps", "spectra", cwd=folder)
        (Path(folder) / "mine.toml").write_text(text, encoding="utf-8")
        run("run", "mine.toml", "--quick", "--set", "C=2", "--workers", "1", cwd=folder)
        told = run("report", "results/mine", cwd=folder)
    print(f"{len(names)} sweep files are there; one of them ran:")
    print("\n".join(told.splitlines()[:6]))


if __name__ == "__main__":
    main()
