"""All pages are true: their Python runs and says what comes, what they name is there.

``tests/documents/pages.py`` has the convention by which a comment states a value or an output.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from rmt_hessian.sweep.config import parse
from tests.documents.commands import commands, missing, spans, unknown
from tests.documents.pages import Page

ROOT = Path(__file__).parents[1]
BUILT = [ROOT / "docs" / "api", ROOT / "docs" / "gallery"]  # by `make docs`
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if not set(BUILT) & set(page.parents)]
ELSEWHERE = ("torch",)  # tests/foreign runs the pages that import it
WITHOUT = tuple(name for name in ELSEWHERE if find_spec(name) is None)
LANGUAGES = {"python", "sh", "toml", "math", "{toctree}", "{include}"}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


@every_page
def test_python_says_what_comes(page, written):
    assert {language for language, _ in written} <= LANGUAGES
    Page(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"), WITHOUT).run()


@every_page
def test_commands_and_files_are_there(page):
    text = page.read_text(encoding="utf-8")
    assert [word for words in commands(text) for word in unknown(words)] == []
    assert missing(spans(text)) == []
    linked = [page.parent / link for link in re.findall(r"\]\(([^):#]+)\)", text)]
    assert [path for path in linked if not (path.exists() or set(BUILT) & set(path.parents))] == []


@every_page
def test_sweep_files(page, written):
    """They can be read, and name measurements of files that the page has."""
    for language, source in written:
        if language == "toml":
            assert parse(source, page.name).points()


def test_every_sweep_is_in_the_table_of_sweeps():
    text = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    assert [p.stem for p in (ROOT / "sweeps").glob("*.toml") if f"| `{p.stem}` |" not in text] == []
