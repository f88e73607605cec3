"""``docs/figures.md`` and the gallery name every figure, with its sweeps and its claims."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").rglob("plot_*.py"))
ROW = re.compile(r"^\| `(\w+)` \|[^|]+\| (.+) \| \[lines\]\(gallery/(.+)\.rst\) \| (.+) \|$", re.M)
NAME = re.compile(r"`(\w+)`")
CLAIM = re.compile(r'^ *figure="(\w+)"', re.MULTILINE)


def names_of(pairs):
    """``{figure: {name, …}}`` of pairs of a figure and a name."""
    found = {}
    for figure, name in pairs:
        found.setdefault(figure, set()).add(name)
    return found


SWEEPS = names_of(
    (figure, path.stem)
    for path in (ROOT / "sweeps").glob("*.toml")
    for figure in tomllib.loads(path.read_text(encoding="utf-8"))["figures"]
)
CLAIMS = names_of(
    (figure, path.stem)
    for path in (ROOT / "paper_claims").glob("*.py")
    for figure in CLAIM.findall(path.read_text(encoding="utf-8"))
)
ROWS = ROW.findall((ROOT / "docs" / "figures.md").read_text(encoding="utf-8"))


def test_every_figure_has_a_row_and_an_example():
    assert CLAIMS
    assert sorted(figure for figure, *_ in ROWS) == sorted(SWEEPS)
    assert sorted(path.stem for path in EXAMPLES) == sorted(f"plot_{figure}" for figure in SWEEPS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_row(row):
    figure, sweeps, example, claims = row
    assert set(NAME.findall(sweeps)) == SWEEPS[figure]
    assert (ROOT / "docs" / "examples" / f"{example}.py") in EXAMPLES
    assert example.endswith(f"/plot_{figure}")
    assert set(NAME.findall(claims)) == CLAIMS.get(figure, set())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_names_its_figure_and_a_sweep(path):
    text = path.read_text(encoding="utf-8")
    (sweep,) = re.findall(r"``make\s+sweep\s+NAME=(\w+)``", text)
    figure = path.stem.removeprefix("plot_")
    assert sweep in SWEEPS[figure]
    assert re.search(rf"figure\s+``{figure}``", text)


def test_every_sweep_has_a_time():
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    assert [p.stem for p in (ROOT / "sweeps").glob("*.toml") if f"| `{p.stem}` |" not in text] == []
