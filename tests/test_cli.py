"""The command line as a user meets it, in its own process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SWEEP = """
root_seed = 0
[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { n_inputs = 6, n_samples = 8, n_hidden = 4 }
[grid.axes]
case = ["linear-mse", "hidden-mse"]
n_classes = [2]
"""

PICTURE = """
root_seed = 0
[[grid]]
measurement = "hessian_image"
seeds = 1
fixed = { n_inputs = 2, n_samples = 3, n_hidden = 2, n_classes = 2 }
"""


def command(*arguments, cwd):
    code = "from rmt_hessian.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli")
    (path / "tiny.toml").write_text(SWEEP)
    result = command("run", "tiny.toml", cwd=path)
    assert result.returncode == 0, result.stderr
    assert "4 points in results/tiny/table.parquet" in result.stdout
    return path


def test_status_collect_and_report(folder):
    result = command("status", "results/tiny", cwd=folder)
    assert result.stdout == "4 points: 4 done, 0 failed, 0 missing\n"
    assert command("collect", "results/tiny", cwd=folder).returncode == 0
    result = command("report", "results/tiny", "--figures", ".", cwd=folder)
    assert result.returncode == 0
    assert "linear-mse" in result.stdout
    assert "KS cond." in result.stdout


def test_a_failing_point_gives_a_non_zero_exit_and_its_name(folder):
    bad = SWEEP.replace("block_norms", "output_rank")  # C < m is needed, m = 2 here
    bad = bad.replace('case = ["linear-mse", "hidden-mse"]', "").replace(
        "n_hidden = 4", "n_hidden = 2"
    )
    (folder / "bad.toml").write_text(bad)
    result = command("run", "bad.toml", cwd=folder)
    assert result.returncode == 1
    assert "failed: output_rank(" in result.stderr
    assert "n_classes must lie in 2 … 1 (below m), got 2" in result.stderr
    assert "results/bad/failed" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "none.toml"), "none.toml: No such file"),
        (("run", "wrong.toml"), "wrong.toml: colour: unknown key"),
        (("status", "nowhere"), "nowhere/config.toml: No such file"),
        (("collect", "nowhere"), "nowhere/config.toml: No such file"),
        (("report", "nowhere"), "nowhere holds no table.parquet"),
        (
            ("report", "results/picture"),
            "results/picture holds no measurement that the report knows",
        ),
        (("run", "tiny.toml", "--out", "tiny.toml"), "tiny.toml"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(folder, arguments, message):
    if "results/picture" in arguments:
        (folder / "picture.toml").write_text(PICTURE)
        assert command("run", "picture.toml", cwd=folder).returncode == 0
    (folder / "wrong.toml").write_text('colour = "red"\n' + SWEEP)
    result = command(*arguments, cwd=folder)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1
    assert message in lines[0]


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('no', name='typer')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import rmt_hessian.cli"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.strip() == "rmt-hessian needs typer: pip install 'rmt_hessian[sweep]'"


def test_the_shipped_sweep_is_valid():
    from rmt_hessian.experiments.config import load_config

    for path in (ROOT / "sweeps").glob("*.toml"):
        assert load_config(path).points()
