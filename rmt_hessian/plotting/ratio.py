"""Off-diagonal over diagonal block norms against the number of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import describe
from rmt_hessian._checks.arrays import finite_array, real_array
from rmt_hessian._types import FloatArray
from rmt_hessian.plotting.appearance import (
    MEASURED,
    PREDICTED,
    axes_or_new,
    few_ticks,
    legend_of_new,
)
from rmt_hessian.plotting.view import write

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_ratio(
    n_classes: ArrayLike,
    ratios: Any,
    predicted: Any = None,
    *,
    ax: Axes | None = None,
    measured: ArrayLike | None = None,
    errors: ArrayLike | None = None,
    limit: Any = None,
) -> Axes:
    """``R = E‖H_ij‖_F² / E‖H_ii‖_F²`` against C, log-log, beside its prediction.

    Ratios that are 0, as of MSE in a linear model, have no place on the axis: they are counted in
    the panel.

    Parameters
    ----------
    n_classes : array_like, shape (n,)
    ratios : array_like, shape (n,) or (n, seeds), or sequence of BlockNorms
        Of single draws, as `LayerHessian.mean_squared_block_norms` returns them: a list of them,
        as NumPy makes numbers of each pair.
        Of several at each C, a band runs between the 5 % and the 95 % quantile.
    predicted : array_like, shape (n,), or sequence of BlockNorms, optional
        What `rmt_hessian.theory.block_norms` returns for each C: a solid line.
    ax : matplotlib.axes.Axes, optional
    measured : array_like, shape (n,), optional
        The dots. Default: means of ``ratios`` over the seeds. Predicted is the ratio of two
        expectations, so that ratios of the means of norms are nearer to it.
    errors : array_like, shape (n,), optional
        Standard errors of the dots, as bars; NaN has none.
    limit : ClassPower, an object with such a ``.ratio``, or array_like, shape (n,), optional
        What `rmt_hessian.theory.block_norm_limits` returns, ``a C^{-e}``: a dashed line. NaN is not
        drawn.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the shapes do not agree, or a ratio is negative.

    References
    ----------
    ``docs/norms.md`` *Two samples decide* and *Many classes*.

    Examples
    --------
    >>> import rmt_hessian as rh
    >>> C = [4, 16, 64]
    >>> cases = [rh.Ensemble([50, c], layer=0, loss="ce", n_samples=100) for c in C]
    >>> drawn = [rh.draw(case, rng=0).mean_squared_block_norms() for case in cases]
    >>> norms = [rh.theory.block_norms(case) for case in cases]
    >>> ax = plot_ratio(C, drawn, norms)
    >>> ax.get_xscale(), len(ax.lines)
    ('log', 2)
    """
    given = ax
    C = finite_array(n_classes, "n_classes", ndim=1)
    R = _not_negative(real_array(_numbers(ratios), "ratios"), "ratios")
    if R.ndim not in (1, 2) or len(R) != C.size or not R.size:
        wanted = f"({C.size},) or ({C.size}, seeds), a row for each of n_classes"
        raise ValueError(f"ratios must have the shape {wanted}, got {R.shape}")
    R = R.reshape(C.size, -1)
    dots = R.mean(axis=1) if measured is None else _line(C, measured, "measured")
    lines = [
        ("-", PREDICTED, 1.2, "predicted", _line(C, predicted, "predicted")),
        ("--", "black", 0.9, r"limit $C\to\infty$", _line(C, limit, "limit")),
    ]
    bars = None if errors is None else _line(C, errors, "errors")
    told = [_zeros(dots, "R"), *(_zeros(values, label) for *_, label, values in lines)]
    ax = axes_or_new(ax)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    if R.shape[1] > 1:
        band = _positive(np.quantile(R, [0.05, 0.95], axis=1))
        ax.fill_between(C, *band, color=MEASURED, alpha=0.25, lw=0, label="seeds, 90 %")
    dots = _positive(dots)
    ax.plot(C, dots, "o", ms=3, color=MEASURED, label="measured")
    if bars is not None:
        ax.errorbar(C, dots, bars, fmt="none", elinewidth=0.8, capsize=2, ecolor=MEASURED)
    for line, colour, width, label, values in lines:
        if np.isfinite(values).any():
            ax.plot(C, _positive(values), line, color=colour, lw=width, label=label)
    ax.set_xlabel("number of classes $C$")
    few_ticks(ax.yaxis)
    write(ax, [line for line in told if line], left=False)
    ax.set_ylabel(r"$\mathbb{E}\|H_{ij}\|_F^2\,/\,\mathbb{E}\|H_{ii}\|_F^2$")
    return legend_of_new(ax, given)


def _line(C: FloatArray, values: Any, name: str) -> FloatArray:
    """Values at C; NaN of None, and ``a C^{-e}`` of limits."""
    if values is None:
        return np.full(C.size, np.nan)
    values = _numbers(values)
    if hasattr(values, "exponent"):  # a `ClassPower`; columns of pandas have an ``at`` too
        values = [values.at(int(c)) for c in C]
    found = real_array(values, name)
    if found.shape != C.shape:
        raise ValueError(f"{name} must have a value for each of n_classes, got {describe(values)}")
    return _not_negative(found, name)


def _not_negative(values: FloatArray, name: str) -> FloatArray:
    if (values < 0).any():
        raise ValueError(f"{name} must not be negative, got {values[values < 0][0]:g}")
    return values


def _positive(values: FloatArray) -> FloatArray:
    """What a logarithmic axis has a place for; NaN of 0."""
    return np.where(values > 0, values, np.nan)


def _zeros(values: FloatArray, name: str) -> str:
    n = np.count_nonzero(values == 0)
    return f"{name} = 0 at {n} of {values.size} C" if n else ""


def _numbers(values: Any) -> Any:
    """The ``.ratio`` of each `BlockNorms` of a sequence, and of sequences of them."""
    if hasattr(values, "ratio"):
        return values.ratio
    return [_numbers(value) for value in values] if isinstance(values, list | tuple) else values
