"""The site without building it: pages, the reference of functions, the bibliography.

``make docs`` builds it, ``make check-docs`` opens it in a browser.
"""

import ast
import itertools
import re
import sys
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.parsers.docutils_ import Parser

import rmt_hessian
from tests.documents.pages import FENCE
from tests.interface import PUBLIC

DOCS = Path(__file__).parents[1] / "docs"
sys.path.append(str(DOCS / "_ext"))

from api_pages import groups  # noqa: E402
from links import is_name, is_of_a_figure, papers_of  # noqa: E402

TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(DOCS.glob("*.md"))
# pages that are included, and the one that stands at the top of the repository
EVERY = [*PAGES, *(DOCS.parent / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING"))]
# what makes of a line a comment, a break, an item, a heading, a quotation or a directive
MARK = re.compile(r"\s*(%|\+\+\+|[-+*] |\d+[.)] |#{1,6} |>|:::)")
# "Silverstein and Bai (1995)"; a function that is called with a number has no blank before it
NAME = r"[A-Z][\w-]+(?: [A-Z][\w-]+)?"
CITED = re.compile(
    rf"{NAME}(?:(?:, | and |, and ){NAME})*(?: et al\.)?(?:['’]s)? \((?:1[89]|20)\d\d\)"
)


def test_every_page_stands_in_one_toctree():
    listed = [
        line.strip()
        for page in PAGES
        for tree in TOCTREE.findall(page.read_text(encoding="utf-8"))
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    built = ["api/index", "gallery/index"]
    assert sorted(listed) == sorted([*(p.stem for p in PAGES if p.stem != "index"), *built])


def prose(path):
    """The text of a page; lines of code are empty."""
    return FENCE.sub(lambda code: "\n" * code[0].count("\n"), path.read_text(encoding="utf-8"))


def read(path):
    """The text of a page as the site reads it."""
    extensions = ["amsmath", "dollarmath"]
    settings = {"report_level": 5, "myst_enable_extensions": extensions}
    return publish_doctree(prose(path), parser=Parser(), settings_overrides=settings)


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_no_line_is_taken_for_something_else(path):
    """A formula or number that wraps onto a new line is no comment, item, heading or quotation."""
    assert [node.astext() for node in read(path).findall(nodes.comment)] == []
    lines = prose(path).split("\n")
    assert [
        f"{path.name}:{number}: {line}"
        for number, (before, line) in enumerate(itertools.pairwise(lines), 2)
        if MARK.match(line)
        and before.strip()
        and not MARK.match(before)  # the item before, or
        and not before.startswith("  ")  # its last line
    ] == []
    assert [line for line in lines if line.startswith("%")] == []


def test_names_of_sweeps_and_figures_are_no_functions():
    """`decoupled` is a sweep, a figure and a function; elsewhere a name leads to the function."""
    in_tables = read(DOCS / "figures.md").findall(nodes.entry)
    names = [name for entry in in_tables for name in entry.findall(is_name)]
    assert len(names) > 100
    assert [name.astext() for name in names if not is_of_a_figure(name)] == []
    found = {n.astext(): is_of_a_figure(n) for n in read(DOCS / "sweeps.md").findall(is_name)}
    assert found["decoupled"]
    assert found["kronecker_error"]
    words = (
        nodes.Text("figure "),
        nodes.literal("", "a"),
        nodes.Text(" of "),
        nodes.literal("", "b"),
    )
    made = nodes.paragraph("", "", *words)
    assert [is_of_a_figure(n) for n in made.findall(is_name)] == [True, False]


def test_every_public_name_has_a_page():
    """And every page is of a public name, under the path by which users import it."""
    found = [entry for entries in groups().values() for entry in entries]
    assert {id(entry.value) for entry in found} == {id(value) for value in PUBLIC.values()}
    paths = [entry.path for entry in found]
    assert len(set(paths)) == len(paths)
    for entry in found:
        assert getattr(sys.modules[entry.module], entry.name) is entry.value


def test_groups_are_the_comments_of_all():
    found = {title: [entry.name for entry in entries] for title, entries in groups().items()}
    assert found["describe"] == ["Ensemble", "Mixture", "draw", "sample"]
    assert found["rmt_hessian.theory.predict"][:2] == ["block_law", "block_outliers"]


TITLES, PATTERN = papers_of((DOCS / "references.md").read_text(encoding="utf-8"))


def test_papers_are_found_in_any_spelling():
    for text, paper in (
        ("the law of Marchenko and\n  Pastur (1967), scaled", "Marchenko and Pastur (1967)"),
        ("(Baik, Ben Arous & Péché 2005; others)", "Baik, Ben Arous and Péché (2005)"),
        ("El Karoui et al. (2013)", "El Karoui, Bean, Bickel, Lim and Yu (2013)"),
        ("as in [D]'s proof", "[D] Dong, Zhang, Luo, Yao and Sun (2025)"),
        ("Maurer, arXiv cs/0411099.", "Maurer (2004)"),
        ("(arXiv 2010.04261)", "[W] Wu, Zhu, Wu, Wang and Ge (2020)"),
    ):
        (match,) = PATTERN.finditer(text)
        assert TITLES[int(match.lastgroup[1:])] == paper
    assert PATTERN.findall("Bai and Silverstein (1999), [E], 2505.02809") == []


def texts():
    """``(where, prose)`` of every page and every module, its docstrings."""
    for page in PAGES:
        if page.stem not in ("references", "changelog"):
            yield page.name, FENCE.sub("", page.read_text(encoding="utf-8"))
    for path in Path(rmt_hessian.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        found = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, kinds)]
        yield path.name, "\n\n".join(found)


def test_every_paper_that_is_named_is_in_the_bibliography():
    named = [
        (where, " ".join(match[0].split()))
        for where, text in texts()
        for match in CITED.finditer(" ".join(text.split()))
    ]
    assert named
    assert [(where, paper) for where, paper in named if not PATTERN.search(paper)] == []
