"""What a figure shows, and the rows of a table that it should show."""

import numpy as np

from paper_figs.style import rows_of


def rows(store, measurement, **parameters):
    """The points of a measurement with these parameters."""
    chosen = rows_of(store, measurement)
    for name, value in parameters.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen)
    return chosen


def arrays_of(store, points, name):
    """One array of several points, stacked."""
    return np.stack([store.arrays(key)[name] for key in points["key"]])


def panels(figure):
    """The axes that are no colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def require_labelled(figure):
    """Panels have titles and something in them; axes are named."""
    shown = panels(figure)
    assert all(ax.get_title() for ax in shown)
    assert all(ax.lines or ax.images or ax.containers for ax in shown)
    assert any(ax.get_xlabel() for ax in shown)
    assert any(ax.get_ylabel() for ax in shown)


def require_told(figure):
    """A caption in plain text says what no title has room for; numbers in both are numbers."""
    assert len(figure.get_label()) > 100
    assert "$" not in figure.get_label()
    assert not figure.get_suptitle()
    told = " ".join([figure.get_label(), *(ax.get_title() for ax in figure.axes)])
    assert "nan" not in told.lower()
    assert "<NA>" not in told


def panel(figure, *words):
    """The first axes whose title holds all the words."""
    return next(ax for ax in figure.axes if all(word in ax.get_title() for word in words))


def lines(ax):
    """Label -> x and y of a line, shape (2, n); those without one by their number."""
    return {line.get_label(): np.asarray(line.get_xydata(), float).T for line in ax.lines}
