"""The table of mutations in ``docs/testing.md`` is of this code: lines and tests are there."""

import ast
import re

import pytest

from tests.mutations import PAGE, ROOT, mutations

ROWS = mutations()


def functions(path):
    """Names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_as_many_as_the_page_says():
    assert len(ROWS) >= 36
    assert len(ROWS) == PAGE.read_text("utf-8").count(" → `") - 1  # and the head of the table
    assert len({row.file for row in ROWS}) >= 15
    assert len(set(ROWS)) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_the_line_is_there_once(row):
    """Where it is not any more the row has to be tried again, or to go."""
    source = (ROOT / "rmt_hessian" / row.file).read_text("utf-8")
    assert source.count(row.before) == 1
    changed = source.replace(row.before, row.after)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))


def test_tests_that_the_page_names_are_there():
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", PAGE.read_text("utf-8"))
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []
