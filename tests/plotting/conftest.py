import itertools

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


@pytest.fixture(autouse=True)
def _closed():
    """Functions without ``ax`` make figures."""
    yield
    plt.close("all")


@pytest.fixture
def overprinted():
    """Function of an axis: pairs of labels of its ticks that lie upon each other."""

    def pairs(axis):
        axis.figure.canvas.draw()
        lo, hi = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        labels = [t.label1 for t in ticks if lo <= t.get_loc() <= hi and t.label1.get_text()]
        assert labels
        boxes = [(label.get_text(), label.get_window_extent()) for label in labels]
        together = itertools.combinations(boxes, 2)
        return [(first, other) for (first, a), (other, b) in together if a.overlaps(b)]

    return pairs
