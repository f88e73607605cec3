"""The convention of ``pages.py``, on pages made up for it."""

import re

import pytest

from tests.documents.pages import Page, blocks, write_files


def page(*code):
    return Page("made-up.md", "\n".join(["# A title", "", "```python", *code, "```", ""]))


def complaint(*code):
    with pytest.raises(AssertionError) as raised:
        page(*code).run()
    return str(raised.value)


def test_values_and_output_are_counted():
    code = (
        "import numpy as np  # a name, 3 letters",
        "x = np.array([0.25, 1.0]); x  # [0.25 1.  ]: an array",
        "n, y = 3, x.sum()  # 3, 1.250",
        "x.mean()",
        "np.round(  # 0.33: on the first line",
        "    1 / 3, 4",
        ")",
        "sum(",
        "    [1, 1]",
        ")  # 2; on the last line",
        "print(x[0])  # 0.25",
        "print('n', n)",
        "print(x)",
        "# n 3",
        "# [0.25 1.  ]",
        "",
        "# prose",
        "n + 1  # 4 of them, which is prose",
    )
    assert page(*code).run().stated == 6


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("1 / 4  # 0.26", "is 0.25, stated as 0.26"),
        ("x = 1 / 4  # 0.26: a quarter", "is 0.25, stated as 0.26"),
        ("round(  # 3\n    2.2\n)", "is 2, stated as 3"),
        ("round(\n    2.2\n)  # 3", "is 2, stated as 3"),
        ("print(1 / 4)  # 0.26", "is 0.25, stated as 0.26"),
        ("1 / 4, 2  # (0.25, 3)", "is [0.25, 2], stated as ( 0.25 , 3 )"),
        ("1 / 0  # 0.5", "ZeroDivisionError: division by zero"),
        ("print(1 / 4)\n# 0.26", "prints '0.25', shows '0.26'"),
        ("print(1 / 4)\n# 0.25\n# 0.5", "prints 1 lines, shows 2"),
        ("print(1 / 4)", "prints '0.25', which no comment states"),
        ("1 / 4  # a quarter", "this block evaluates something, states nothing"),
        ("sum([\n    1,  # 1: inside\n])", "'1: inside' is inside a statement"),
        ("for _ in 'a':\n    x = 2  # 2", "'2' is inside a statement"),
        ("def half(x):\n    return x / 2", "nothing calls half"),
        ("import warnings\nwarnings.warn('old')", "UserWarning: old"),
        ("x = (", "SyntaxError: '(' was never closed"),
    ],
)
def test_what_is_not_true_is_told(line, error):
    told = complaint("a = 1", *line.split("\n"))
    assert error in told
    assert re.match(r"made-up\.md:[4-7]: ", told)


def test_where():
    """A line of the page; all that is wrong up to an error; the line within a function."""
    told = complaint("def f():", "    return 1 / 0", "", "1  # 2", "2  # 3", "f()  # 1")
    assert [line.split()[0] for line in told.split("\n")] == [
        "made-up.md:7:",
        "made-up.md:8:",
        "made-up.md:5:",
    ]


def test_blocks_share_names():
    text = "```python\nx = 2\n```\nand\n```sh\nls\n```\n```python\nx + 1  # 3\n```\n"
    assert Page("made-up.md", text).run().stated == 1


def test_blocks_of_packages_that_are_not_there_are_left_out():
    """Wherever the import stands, and what needs them; those of other packages are not."""
    blocks = [
        "import nowhere.inside\nx = 1 / 0",
        "def f():\n    from nowhere import y\nf()",
        "import math\nround(math.pi)  # 3",
        "z = x + math.pi",
        "z",
        "math.floor(math.pi)  # 3",
    ]
    text = "".join(f"```python\n{block}\n```\n" for block in blocks)
    assert Page("made-up.md", text, without=("nowhere",)).run().stated == 2
    with pytest.raises(AssertionError, match="No module named 'nowhere'"):
        Page("made-up.md", text).run()


@pytest.mark.parametrize(
    "text", ["```python\n1\n", "  ```python\n  1  # 2\n  ```\n", "```\n1\n```"]
)
def test_no_block_is_overlooked(text):
    with pytest.raises(AssertionError, match="indented, not closed or without a name"):
        Page("made-up.md", text).run()


def test_files_are_imported(tmp_path, monkeypatch):
    """As a reader would: what a file defines or imports is not there without."""
    monkeypatch.syspath_prepend(tmp_path)
    file = "```python\n# made_up_file.py\nimport math\n\n\ndef half(x):\n    return x / 2\n```\n"
    assert write_files(blocks(file), tmp_path) == ["made_up_file"]
    used = "```python\nfrom made_up_file import half\nhalf(3)  # 1.5\n```\n"
    assert Page("made-up.md", file + used).run().stated == 1
    for name in ("half(3)  # 1.5", "math.pi  # 3.14"):
        with pytest.raises(AssertionError, match="NameError"):
            Page("made-up.md", f"{file}```python\n{name}\n```\n").run()
