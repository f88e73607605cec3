"""Leading eigenvalues one by one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._rounding import rounding
from rmt_hessian.plotting.appearance import (
    COLOURS,
    MEASURED,
    PREDICTED,
    axes_or_new,
    few_ticks,
    legend_of_new,
)
from rmt_hessian.plotting.eigenvalues import eigenvalues_of, spectra_by_name
from rmt_hessian.plotting.view import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = [("x", "green"), ("+", "purple"), ("s", "orange")]


def plot_scree(
    eigenvalues: Any,
    *,
    ax: Axes | None = None,
    label: str = "measured",
    mark: int | None = None,
    mark_label: str | None = None,
    predicted: ArrayLike | None = None,
    others: Mapping[str, Any] | None = None,
    n_shown: int = 40,
) -> Axes:
    """Leading eigenvalues by size against their index, logarithmic, the first few set apart.

    Negative ones stand at their absolute values, as open circles; what is 0 within rounding is
    counted in the panel.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or a symmetric matrix
        In any order; or the matrix, such as ``H.output_hessian()``.
    ax : matplotlib.axes.Axes, optional
    label : str
        What the eigenvalues are called.
    mark : int, optional
        A vertical line stands behind this many eigenvalues, for example C-1.
    mark_label : str, optional
        What it is called. Default: "first … eigenvalues".
    predicted : array_like, shape (m,), optional
        A line, in descending order of size too.
    others : dict of str to eigenvalues or matrix, optional
        Spectra to compare with, such as that of the Gauss–Newton part: crosses and squares.
    n_shown : int
        How many are shown; with a mark at least one more than lie before it.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If eigenvalues are not finite, the matrix is not symmetric, or a count is not positive.

    Examples
    --------
    >>> ax = plot_scree([0.01, 1.0, -0.02, 2.0], mark=2)
    >>> ax.lines[0].get_ydata()
    array([2.  , 1.  , 0.02, 0.01])
    """
    given = ax
    mark = None if mark is None else positive_integer(mark, "mark")
    n_shown = max(positive_integer(n_shown, "n_shown"), mark + 1 if mark else 0)
    whole = eigenvalues_of(eigenvalues)
    n_zero = np.count_nonzero(np.abs(whole) <= rounding(whole))
    values = _by_size(whole, n_shown)
    line = None if predicted is None else _by_size(finite_array(predicted, "predicted", 1), n_shown)
    compared = {name: _by_size(x, n_shown) for name, x in spectra_by_name(others).items()}
    ax = axes_or_new(ax)
    index = np.arange(1, values.size + 1)
    size = 3 if values.size <= 40 else 1.5
    ax.plot(index, np.abs(values), "o", ms=size, color=MEASURED, label=str(label))
    if (values < 0).any():
        place = values < 0
        ax.plot(
            index[place], -values[place], "o", ms=size, mfc="white", color=MEASURED,
            label="negative",
        )  # fmt: skip
    for (name, other), (marker, colour) in zip(compared.items(), cycle(MARKERS), strict=False):
        places = np.arange(1, other.size + 1)
        ax.plot(
            places, np.abs(other), marker, ms=1.2 * size, mfc="none", mew=0.7,
            color=COLOURS[colour], label=name,
        )  # fmt: skip
    if line is not None:
        places = np.arange(1, line.size + 1)
        ax.plot(places, np.abs(line), "-", color=PREDICTED, lw=1.0, label="predicted")
    if mark is not None:
        told = f"first {mark} eigenvalues" if mark_label is None else mark_label
        ax.axvline(mark + 0.5, color="black", ls="--", lw=0.9, label=told)
    ax.set_yscale("log")
    few_ticks(ax.yaxis)
    write(ax, [f"{n_zero} of {whole.size} at 0"] if n_zero else [], left=False)
    drawn = [values, *compared.values(), *([] if line is None else [line])]
    most = max(x.size for x in drawn)
    step = next(step for step in (1, 2, 5, 10, 20, 50, most) if most <= 6 * step)
    ax.set_xticks([1, *range(max(step, 2), most + 1, step)])
    ax.set_xlim(0.3, max(most, mark or 0) + 0.7)
    ax.set(xlabel="index", ylabel="eigenvalue")
    return legend_of_new(ax, given)


def _by_size(values: np.ndarray, n: int) -> np.ndarray:
    zero = np.abs(values) <= rounding(values)
    return np.where(zero, np.nan, values)[np.argsort(-np.abs(values), kind="stable")][:n]
