"""Values over seeds as a line with a band around it; captions say which centre, which band."""

import numpy as np

from rmt_hessian.plotting import COLOURS

RANGE = (0.0, 1.0)  # a band from the smallest to the largest; other pairs are quantiles too


def geometric_mean(values, axis):
    """Of positive values; NaN are left out."""
    return np.exp(np.nanmean(np.log(values), axis=axis))


def root_mean_square(values, axis):
    """NaN are left out."""
    return np.sqrt(np.nanmean(np.square(values), axis=axis))


def plot_seeds(
    ax, x, values, colour, style="-", *, centre=np.nanmean, band=RANGE, where=np.any, alpha=0.2,
    **line,
):  # fmt: skip
    """Draw the centre of values over seeds, and a band between two of their quantiles.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : array_like, shape (points,)
    values : array_like, shape (seeds, points)
        NaN, or infinite, where a seed has none.
    colour : str
        Of the palette, or any other.
    style : str
        Of the line: dashes, a marker.
    centre : callable
        ``np.nanmean``, ``np.nanmedian`` or one of the above: of an array, with ``axis``.
    band : (float, float) or None
        Quantiles. A single seed has no band.
    where : callable
        Points that are drawn: ``np.any`` seed has a value, or ``np.all`` have.
    alpha : float
        Of the band.
    **line
        For ``ax.plot``.

    Returns
    -------
    float
        The largest number drawn, 0 if none is.
    """
    values = np.asarray(values, dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    drawn = where(np.isfinite(values), axis=0)
    x, values = np.asarray(x)[drawn], values[:, drawn]
    middle = centre(values, axis=0)
    ends = [middle]
    colour = COLOURS.get(colour, colour)
    if band is not None and len(values) > 1 and x.size:
        ends = np.nanquantile(values, band, axis=0)
        ax.fill_between(x, *ends, color=colour, alpha=alpha, lw=0)
    ax.plot(x, middle, style, color=colour, **line)
    return np.max([middle, *ends], initial=0.0)
