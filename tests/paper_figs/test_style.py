"""Legends, and tables that have no rows."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from paper_figs.style import CannotDraw, legend_below, rows_of


def texts(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize(("last", "expected"), [((), "abc"), (("a",), "bca")])
def test_each_label_stands_once_in_the_legend(last, expected):
    figure, axes = plt.subplots(1, 2)
    for ax, labels in zip(axes, ("ab", "bc"), strict=True):
        for label in labels:
            ax.plot([0], [0], label=label)
    legend_below(figure, axes, last=last)
    assert texts(figure) == list(expected)


def test_legend_of_one_panel():
    figure, ax = plt.subplots()
    ax.plot([0], [0], label="a")
    legend_below(figure, ax)
    assert texts(figure) == ["a"]


class Results:
    def table(self):
        return pd.DataFrame({"measurement": ["block_norms"], "seed": [0]})


def test_rows_that_are_needed():
    assert len(rows_of(Results(), "block_norms", needed=True)) == 1
    assert rows_of(Results(), "outliers").empty
    with pytest.raises(CannotDraw, match="no points of outliers"):
        rows_of(Results(), "outliers", needed=True)
