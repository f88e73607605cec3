"""Pages with blocks that import torch are true: all of a page runs, these too."""

import ast

import pytest

from tests.documents.pages import Page, blocks, packages
from tests.test_documents import ELSEWHERE, PAGES, ROOT


def needs_elsewhere(text):
    """Whether a block of Python imports a package that only this environment has."""
    trees = [ast.parse(source) for language, source in blocks(text) if language == "python"]
    return any(packages(tree) & set(ELSEWHERE) for tree in trees)


FOUND = [page for page in PAGES if needs_elsewhere(page.read_text(encoding="utf-8"))]


def test_there_are_such_pages():
    assert ROOT / "docs" / "your_model.md" in FOUND


@pytest.mark.parametrize("page", FOUND, ids=lambda page: page.name)
def test_python_says_what_comes(page, written):
    Page(page.name, page.read_text(encoding="utf-8")).run()
