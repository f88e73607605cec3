"""Overlaps of top eigenspaces against their dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_real
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.distributions import probabilities_of_any_shape
from rmt_hessian._types import FloatArray
from rmt_hessian.plotting.appearance import (
    COLOURS,
    MEASURED,
    PREDICTED,
    axes_or_new,
    legend_of_new,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DIGITS = 5  # of overlaps of many vectors in single precision, at least


def plot_overlap(
    overlaps: ArrayLike,
    predicted: ArrayLike | None = None,
    *,
    ax: Axes | None = None,
    mark: float | None = None,
    baseline: float | None = None,
) -> Axes:
    """Overlap of the top eigenspaces of two networks against their dimension q.

    Parameters
    ----------
    overlaps : array_like, shape (K,) or (pairs, K)
        What `rmt_hessian.overlap_by_dimension` returns, for one pair of networks or several. Dots
        are means, a band runs from the 5 % to the 95 % quantile of several.
    predicted : array_like, shape (K,) or (pairs, K), optional
        Solid; the mean over pairs, where no pair has NaN.
    ax : matplotlib.axes.Axes, optional
    mark : float, optional
        A vertical line at this dimension, where `rmt_hessian.theory.overlap_peak` has the peak.
    baseline : float, optional
        Overlap of random spaces of dimension K, so K over the number of weights; ``q/n`` is drawn
        dotted.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If overlaps have another shape, or lie outside [0, 1] by more than rounding.

    References
    ----------
    ``docs/structure.md`` §4.

    Examples
    --------
    >>> ax = plot_overlap([0.2, 0.9, 0.6], mark=2)
    >>> ax.get_ylabel()
    'overlap'
    """
    from matplotlib.ticker import MaxNLocator

    given, shown = ax, _by_pair(overlaps, "overlaps")
    line = np.full_like(shown, np.nan) if predicted is None else _by_pair(predicted, "predicted")
    if line.shape[1] != shown.shape[1]:
        raise ValueError(f"predicted must have {shown.shape[1]} overlaps, got {line.shape[1]}")
    mark = None if mark is None else positive_real(mark, "mark")
    q = np.arange(1, shown.shape[1] + 1)
    ax = axes_or_new(ax)
    if len(shown) > 1:
        band = np.quantile(shown, [0.05, 0.95], axis=0)
        ax.fill_between(q, *band, color=MEASURED, alpha=0.25, lw=0, label="pairs, 90 %")
    ax.plot(q, shown.mean(axis=0), "o", ms=2.5, color=MEASURED, label="measured")
    mean = line.mean(axis=0)
    if np.isfinite(mean).any():
        ax.plot(q, mean, "-", color=PREDICTED, lw=1.1, label="predicted")
    if mark:
        ax.axvline(mark, color="black", ls="--", lw=0.9, label="predicted peak")
    if baseline is not None:
        dotted = positive_real(baseline, "baseline") * q / q[-1]
        ax.plot(q, dotted, ":", color=COLOURS["grey"], lw=1.0, label="random")
    ax.set(xlabel="dimension $q$", ylabel="overlap", ylim=(0, 1.02))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return legend_of_new(ax, given)


def _by_pair(values: ArrayLike, name: str) -> FloatArray:
    found = real_array(values, name)
    if found.ndim not in (1, 2) or not found.size:
        raise ValueError(f"{name} must have the shape (K,) or (pairs, K), got {found.shape}")
    probabilities_of_any_shape(np.nan_to_num(np.round(found, DIGITS)), name)
    return np.atleast_2d(found)
