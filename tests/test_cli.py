"""The command line as a user meets it, in its own process."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.store import Store

ROOT = Path(__file__).parents[1]
SWEEP = """
root_seed = 0
[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { layer = 0, loss = "mse", n_samples = 8 }
[grid.axes]
widths = [[6, "C"], [6, 4, "C"]]
C = [2]
"""

PICTURE = """
root_seed = 0
[[grid]]
measurement = "hessian_image"
seeds = 1
fixed = { widths = [2, 2, 2], n_samples = 3 }
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
    result = command("run", "tiny.toml", "--workers", "1", cwd=path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ("4 points in results/tiny/table.parquet and results/tiny/table.csv\n")
    lines = result.stderr.splitlines()  # not a terminal: no bar
    assert lines[0] == "tiny: 0 of 4 points"
    assert re.fullmatch(r"tiny: 4 of 4 points, [\d.e+]+/s", lines[-1])
    return path


def test_status_collect_and_report(folder):
    result = command("status", "results/tiny", cwd=folder)
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["4", "points:", "4", "done,", "0", "failed,", "0", "missing"],
        ["measurement", "axis", "value", "done", "failed", "missing"],
        ["block_norms", "4", "0", "0"],
        ["block_norms", "widths", "6-2", "2", "0", "0"],
        ["block_norms", "widths", "6-4-2", "2", "0", "0"],
        ["block_norms", "seed", "0", "2", "0", "0"],
        ["block_norms", "seed", "1", "2", "0", "0"],
    ]
    assert command("collect", "results/tiny", cwd=folder).returncode == 0
    result = command("report", "results/tiny", "--figures", ".", cwd=folder)
    assert result.returncode == 0
    assert "linear-mse" in result.stdout
    assert re.search("^  predicted R  ", result.stdout, re.MULTILINE)  # explained
    assert "KS cond." not in result.stdout  # nothing of it was measured
    assert "Unfinished" not in result.stdout


def test_a_picture_is_reported_by_its_numbers(ends, folder):
    result = command("report", "results/picture", cwd=folder)
    assert result.returncode == 0
    assert result.stdout.startswith("hessian_image: its results, over seeds.")


def test_the_report_of_an_unfinished_sweep_begins_with_what_is_missing(folder):
    """One point is lost, one failed, one is done and not in the table; the rest is reported."""
    results = folder / "results" / "unfinished"
    shutil.copytree(folder / "results" / "tiny", results)
    store, points = Store(results), load_config(folder / "tiny.toml").points()
    lost, failed, late, _ = points
    table = pd.read_parquet(results / "table.parquet")
    table[table["key"] == points[3].key].to_parquet(results / "table.parquet")
    (results / "points" / f"{lost.key}.parquet").unlink()
    (results / "points" / f"{failed.key}.parquet").unlink()
    store.write_failure(failed, "no luck")
    result = command("report", "results/unfinished", cwd=folder)
    assert result.returncode == 0
    first, how, why, empty, title, *_ = result.stdout.splitlines()
    assert first == (
        "Unfinished: 1 of 4 points are here, 1 done but not collected, 1 failed, 1 missing."
    )
    assert re.fullmatch(r"To finish it: \S+ run results/unfinished/config.toml", how)
    assert why == "Why points failed: results/unfinished/failed"
    assert (empty, title[:5]) == ("", "Norms")
    assert late.key not in set(pd.read_parquet(results / "table.parquet")["key"])
    arguments = shlex.split(how.removeprefix("To finish it: "))[1:]
    assert command(*arguments, "--workers", "1", cwd=folder).returncode == 0
    after = command("report", "results/unfinished", cwd=folder).stdout
    assert after == command("report", "results/tiny", cwd=folder).stdout


def test_points_of_another_run_are_told(folder):
    results = folder / "results" / "others"
    shutil.copytree(folder / "results" / "tiny", results)
    fewer = SWEEP.replace("seeds = 2", "seeds = 1")
    (results / "config.toml").write_text(fewer, encoding="utf-8")
    first, how, *_ = command("report", "results/others", cwd=folder).stdout.splitlines()
    assert first == "2 points of this table are of another run than config.toml."
    assert re.fullmatch(r"To collect its own: \S+ collect results/others", how)


def test_a_failing_point_gives_a_non_zero_exit_and_its_name(folder):
    bad = 'widths = [6, 2, "C"], C = 2, layer = 0, relative_error = 0.5'  # C < m is needed
    bad = f"measurement = 'population_rank'\nseeds = 2\nfixed = {{ {bad} }}\n"
    (folder / "bad.toml").write_text(f"root_seed = 0\n[[grid]]\n{bad}")
    result = command("run", "bad.toml", "--workers", "1", cwd=folder)
    assert result.returncode == 1
    assert "failed: population_rank(widths=[6, 2, 2], " in result.stderr
    assert "widths[-1] must be below 2, the units of layer 0, got 2" in result.stderr
    assert "2 points failed; tracebacks in results/bad/failed" in result.stderr
    assert "Traceback" not in result.stderr
    result = command("status", "results/bad", cwd=folder)
    assert result.stdout.startswith("2 points: 0 done, 2 failed, 0 missing\n")


def test_a_dry_run_says_what_there_is_to_do(folder):
    arguments = "run", "tiny.toml", "--dry-run", "--workers", "2"
    result = command(*arguments, "--out", "results/none", cwd=folder)
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "4 points: 0 done, 4 to compute",
        "no estimate of the time: a measurement was never run in this folder",
    ]
    assert not (folder / "results" / "none").exists()
    before = sorted((folder / "results" / "tiny").rglob("*"))
    result = command(*arguments, "--set", "C=2,3,5", "--set", "seeds=1", cwd=folder)
    first, second = result.stdout.splitlines()
    assert first == "6 points: 2 done, 4 to compute"
    assert re.fullmatch(
        r"time: (less than 1|\d+) s, on 2 workers, by the points measured in this folder", second
    )
    assert sorted((folder / "results" / "tiny").rglob("*")) == before


def test_a_damaged_point_is_told_and_computed_again(folder):
    shutil.copytree(folder / "results" / "tiny", folder / "results" / "damaged")
    path = min((folder / "results" / "damaged" / "points").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    lines = command("status", "results/damaged", cwd=folder).stdout.splitlines()
    assert lines[0] == "4 points: 3 done, 0 failed, 1 missing"
    assert lines[1].startswith("damaged, counts as missing: results/damaged/points/")
    arguments = "run", "tiny.toml", "--workers", "1", "--out", "results/damaged"
    result = command(*arguments, cwd=folder)
    assert result.returncode == 0
    assert f"damaged, computed again: results/damaged/points/{path.name}" in result.stderr
    tables = [(folder / "results" / n / "table.csv").read_bytes() for n in ("tiny", "damaged")]
    assert tables[0] == tables[1]
    result = command(
        *arguments, "--set", "C=2,3", cwd=folder
    )  # more points, the old ones as before
    assert result.stderr.startswith("tiny: 4 of 8 points\n")
    wider = pd.read_csv(folder / "results" / "damaged" / "table.csv").set_index("key")
    old = pd.read_csv(folder / "results" / "tiny" / "table.csv").set_index("key")
    pd.testing.assert_frame_equal(wider.loc[old.index], old, check_exact=True)
    assert command("status", "results/damaged", cwd=folder).stdout.startswith("8 points: 8 done")


def test_collect_refuses_to_mix_versions_silently(folder):
    mixed = folder / "results" / "mixed"
    shutil.copytree(folder / "results" / "tiny", mixed)
    point, *_ = load_config(folder / "tiny.toml").points()
    Store(mixed).write_point(point, {"ratio": 0.0}, {}, "0.0.1")
    result = command("collect", "results/mixed", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith("error: results/mixed would mix results of versions 0.0.1")
    assert len(result.stderr.splitlines()) == 1
    assert command("collect", "results/mixed", "--mix-versions", cwd=folder).returncode == 0


MISTAKES = {
    "run none.toml": "none.toml: No such file",
    "run wrong.toml": "wrong.toml: colour: unknown key",
    "status nowhere": "nowhere/config.toml: No such file",
    "collect nowhere": "nowhere/config.toml: No such file",
    "report nowhere": "nowhere holds no table.parquet",
    "run tiny.toml --workers 1 --out tiny.toml": "tiny.toml",
    "run typo.toml": "'n_sampels' means nothing to block_norms; allowed: widths, layer, ",
    "run wide.toml": "widths[-1] must be below 2, the units of layer 0, got 2",
    "run stranger.toml --dry-run": "cannot import no_such_module",
    "run tiny.toml --dry-run --set depth=2": "no grid has 'depth'; allowed: ",
    "run tiny.toml --set C=1": "widths[1] must be at least 2, got 1",
    "run .": ".: Is a directory",
    "run tiny.toml --dry-run --scheduler pbs": "the scheduler must be tcp://HOST",
    "run empty.toml": "empty.toml: root_seed: Field required",
    "run tiny.toml/x.toml": "tiny.toml/x.toml: Not a directory",
    "run 'two\nlines.toml'": "two lines.toml: No such file",
    "run tiny.toml --dry-run --out tiny.toml": "tiny.toml/points/",
    "run tiny.toml --out tiny.toml/x": "tiny.toml/x/points: Not a directory",
    "status tiny.toml": "tiny.toml/config.toml: Not a directory",
    "report tiny.toml": "tiny.toml/table.parquet: Not a directory",
    "report results/folder": "results/folder/table.parquet: Is a directory",
    "report results/foreign": "foreign/table.parquet holds no points; to make it again",
    "run tiny.toml --dry-run --set C=3 --set C=5": "already, by C=3",
    "run tiny.toml --dry-run --set C=3,3": "each value once, got 3 twice",
    "run tiny.toml --workers 1 --workers 2": "--workers must be given once",
    "run tiny.toml --out a --out=b": "--out must be given once, got 2 times",
    "run tiny.toml --dry-run --dry-run": "--dry-run must be given once, got 2 times",
    "report results/tiny --figures f --figures f --figures f": "--figures must be given once, "
    "got 3",
    "run tiny.toml --out": "requires an argument",
    "run tiny.toml --workers x": "Invalid value for '--workers': ",
    "run tiny.toml --colour": "No such option: --colour",
    "run tiny.toml more": "extra argument",
    "run": "Missing argument",
    "walk": "No such command 'walk'; see ",
}
# all of them in one process, for the sake of the time
EACH = """
import io, json, sys
from rmt_hessian.cli import main
ends = []
for arguments in json.load(sys.stdin):
    sys.argv = ["rmt-hessian", *arguments]
    sys.stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    try:
        main()
    except SystemExit as end:
        ends.append((end.code, sys.stderr.buffer.getvalue().decode()))
json.dump(ends, sys.stdout)
"""


@pytest.fixture(scope="module")
def ends(folder):
    """Exit code and stderr of every mistake."""
    (folder / "picture.toml").write_text(PICTURE)
    assert command("run", "picture.toml", "--workers", "1", cwd=folder).returncode == 0
    (folder / "empty.toml").touch()
    (folder / "results" / "folder" / "table.parquet").mkdir(parents=True)
    (folder / "results" / "foreign").mkdir()
    pd.DataFrame({"x": [1]}).to_parquet(folder / "results" / "foreign" / "table.parquet")
    (folder / "wrong.toml").write_text('colour = "red"\n' + SWEEP)
    (folder / "typo.toml").write_text(SWEEP.replace("n_samples", "n_sampels"))
    (folder / "wide.toml").write_text(
        PICTURE.replace("hessian_image", "output_rank").replace(
            "n_samples", 'layer = 0, loss = "ce", n_samples'
        )
    )
    (folder / "stranger.toml").write_text(SWEEP.replace("block_norms", "no_such_module:f"))
    result = subprocess.run(
        [sys.executable, "-c", EACH],
        input=json.dumps([shlex.split(line) for line in MISTAKES]),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    return dict(zip(MISTAKES, json.loads(result.stdout), strict=True))


@pytest.mark.parametrize(("line", "message"), MISTAKES.items())
def test_mistakes_are_one_line_and_exit_code_2(ends, line, message):
    code, said = ends[line]
    assert code == 2
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1
    assert message in lines[0]


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('no', name='typer')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import rmt_hessian.cli"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.strip() == "rmt-hessian needs typer: pip install 'rmt_hessian[sweep]'"
