"""Every example of the gallery runs, in a few lines and seconds, and draws one labelled figure."""

import ast
import runpy
import time
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").rglob("plot_*.py"))
MOST_LINES, MOST_SECONDS = 12, 20


def code_of(text):
    """The lines that are code: no docstring, comments, blank lines."""
    lines = text.splitlines()[ast.parse(text).body[0].end_lineno :]
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path):
    assert plt.get_backend().lower() == "agg"
    assert len(code_of(path.read_text(encoding="utf-8"))) <= MOST_LINES
    plt.close("all")
    start = time.process_time()  # of this process, whatever else the machine does
    with matplotlib.rc_context():  # an example sets the style for good
        try:
            runpy.run_path(str(path))
            assert time.process_time() - start < MOST_SECONDS
            (number,) = plt.get_fignums()
            figure = plt.figure(number)
            figure.canvas.draw()
            axes = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
            assert axes
            assert all(ax.get_xlabel() and ax.get_ylabel() for ax in axes)
        finally:
            plt.close("all")
