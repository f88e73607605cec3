"""A Hessian as a picture, of its entries or of the norms of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import (
    describe,
    list_of,
    positive_integer,
    positive_real,
    real_number,
)
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._types import FloatArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.plotting.appearance import axes_or_new
from rmt_hessian.spectra.maps import hessian_maps, layers_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS = 400  # of a picture each way, at most
WIDE = 1 / 50  # of the picture: units that are less wide have no lines


def plot_hessian(
    H: Any,
    *,
    ax: Axes | None = None,
    pixels: int = PIXELS,
    decades: float = 4,
    vmax: float | None = None,
    edges: ArrayLike | None = None,
    lines: Sequence[int] | None = None,
    thin_lines: Sequence[int] | None = None,
) -> Axes:
    """``|H|`` as a heat map, logarithmic over ``decades`` below its largest pixel.

    Thick lines part layers, thin ones units that are at least a fiftieth of the picture wide. What
    is smaller than the scale has its darkest colour. Of more parameters than pixels, a pixel is the
    root mean square of its entries, over a piece of one unit's parameters or over whole units.

    Parameters
    ----------
    H : LayerHessian, NetworkHessian, or array_like, shape (n, m)
        Of an array every entry is a pixel; with ``edges`` it is square, as large as they say.
    ax : matplotlib.axes.Axes, optional
        Without it the figure has a colour bar. ``ax.collections[0]`` is what one is made of.
    pixels : int
        Each way, at most. A layer is formed, 8 n² bytes; of a network one block of two layers after
        another.
    decades : float
    vmax : float, optional
        Top of the colour scale. Default: the largest pixel. Several maps can be compared where they
        share it.
    edges : array_like of int, shape (n + 1,), optional
        Of an array: places among the parameters where pixels end, 0 first.
    lines, thin_lines : sequence of int, optional
        Places among the parameters where lines stand; of an array none by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If H is neither a Hessian of the library nor a finite array of two axes.

    Examples
    --------
    >>> import rmt_hessian as rh
    >>> ens = rh.Ensemble([6, 3], layer=0, loss="ce", n_samples=20)
    >>> ax = plot_hessian(rh.draw(ens, rng=0))
    >>> ax.collections[0].get_array().shape
    (18, 18)
    """
    if isinstance(H, LayerHessian | NetworkHessian):
        maps = hessian_maps(H, positive_integer(pixels, "pixels"))
        picture, edges = maps.entries, maps.entry_edges
        ends, thin = boundaries(layers_of(H))
        lines = ends if lines is None else lines
        thin_lines = thin if thin_lines is None else thin_lines
    else:
        picture = np.abs(_matrix(H, "H.to_dense()"))
    return _draw(
        ax, picture, "absolute entry", "parameter",
        decades=decades, vmax=vmax, edges=edges, lines=lines, thin_lines=thin_lines,
    )  # fmt: skip


def plot_block_norms(
    H: Any,
    *,
    ax: Axes | None = None,
    pixels: int = PIXELS,
    decades: float = 4,
    vmax: float | None = None,
    edges: ArrayLike | None = None,
    lines: Sequence[int] | None = None,
    thin_lines: Sequence[int] | None = None,
) -> Axes:
    """Frobenius norms ``‖H_bc‖_F`` of the blocks of pairs of units as a heat map.

    As `plot_hessian`; each block is one pixel, as large as the others.

    Parameters
    ----------
    H : LayerHessian, NetworkHessian, or array_like, shape (q, r)
        Of a layer `LayerHessian.block_norms`, nothing formed; of a network all pairs of units, of
        all layers, of more than there are pixels for the root mean square of several. An array is
        taken for the norms.
    ax : matplotlib.axes.Axes, optional
        Without it the figure has a colour bar.
    pixels : int
        Of a network: each way, at most.
    decades : float
    vmax : float, optional
        Top of the colour scale. Default: the largest norm.
    edges : array_like of int, shape (q + 1,), optional
        Of an array: where blocks end, if they are not drawn as large as one another.
    lines, thin_lines : sequence of int, optional
        Places among the blocks, or among the edges, where lines stand. Default: of a network
        between layers.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If H is neither a Hessian of the library nor a finite array of two axes, or a norm is
        negative.

    References
    ----------
    ``docs/computation.md`` §2; ``docs/training.md`` *How a picture is made*.

    Examples
    --------
    >>> import rmt_hessian as rh
    >>> ens = rh.Ensemble([6, 3], layer=0, loss="ce", n_samples=20)
    >>> ax = plot_block_norms(rh.draw(ens, rng=0))
    >>> ax.get_xlabel()
    'unit'
    """
    if isinstance(H, LayerHessian):
        norms = np.asarray(H.block_norms())
    elif isinstance(H, NetworkHessian):
        maps = hessian_maps(H, positive_integer(pixels, "pixels"))
        norms, layers = maps.block_norms, np.cumsum([k * p for k, p in layers_of(H)])[:-1]
        lines = np.searchsorted(maps.block_edges, layers).tolist() if lines is None else lines
    else:
        norms = _matrix(H, "H.block_norms()")
        if norms.min() < 0:
            raise ValueError(f"H must have no negative norms, got {norms.min():g}")
    return _draw(
        ax, norms, "norm of a block", "unit",
        decades=decades, vmax=vmax, edges=edges, lines=lines, thin_lines=thin_lines,
    )  # fmt: skip


def boundaries(layers: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Where layers end among the parameters, and units where they are wide enough to be told apart.

    ``layers``: units and parameters of a unit, (k, p) each.

    Examples
    --------
    >>> boundaries([(2, 30), (100, 1)])
    ([60], [30])
    """
    sizes = [k * p for k, p in layers]
    ends = np.cumsum(sizes)[:-1].tolist()
    starts = [0, *ends]
    units = [
        start + p * i
        for start, (k, p) in zip(starts, layers, strict=True)
        if p >= WIDE * sum(sizes)
        for i in range(1, k)
    ]
    return ends, units


def _matrix(values: Any, of_two_axes: str) -> FloatArray:
    found = real_array(values, "H") if hasattr(values, "__len__") else np.empty(0)
    if found.ndim != 2 or not found.size:
        hessians = "a LayerHessian or a NetworkHessian, of layer_hessian or network_hessian"
        wanted = f"{hessians}, or an array of two axes such as {of_two_axes}"
        raise ValueError(f"H must be {wanted}, got {describe(values)}")
    if not np.isfinite(found).all():
        n_bad = np.count_nonzero(~np.isfinite(found))
        raise ValueError(f"H must be finite, got {n_bad} entries that are not")
    return found


def _places(values: Any, name: str, end: float) -> list[float]:
    given = list_of(() if values is None else values, name, "places")
    places = [real_number(x, name) for x in given]
    if wrong := [x for x in places if not 0 <= x <= end]:
        raise ValueError(f"{name} must lie in 0 … {end:g}, got {wrong[0]:g}")
    return places


def _edges(values: ArrayLike | None, n: int) -> FloatArray:
    """Where pixels end: every one has the size 1 by default."""
    if values is None:
        return np.arange(n + 1.0)
    edges = real_array(values, "edges")
    if edges.shape != (n + 1,) or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges must be {n + 1} ascending places, got {describe(values)}")
    return edges


def _draw(
    ax: Axes | None,
    picture: FloatArray,
    what: str,
    counted: str,
    *,
    decades: float,
    vmax: float | None,
    edges: ArrayLike | None,
    lines: Sequence[int] | None,
    thin_lines: Sequence[int] | None,
) -> Axes:
    from matplotlib.colors import LogNorm

    y, x = (_edges(edges, n) - 0.5 for n in picture.shape)
    top = float(picture.max()) if vmax is None else positive_real(vmax, "vmax")
    lowest = (top or 1.0) * 10.0 ** -positive_real(decades, "decades")
    norm = LogNorm(vmin=lowest, vmax=top or 1.0)
    end = max(x[-1], y[-1]) + 0.5
    thick, thin = _places(lines, "lines", end), _places(thin_lines, "thin_lines", end)
    given, ax = ax, axes_or_new(ax)
    image = ax.pcolormesh(
        x, y, np.maximum(picture, lowest), norm=norm, cmap="magma", rasterized=True
    )
    ax.set(xlim=(x[0], x[-1]), ylim=(y[-1], y[0]), aspect="equal", xticks=[], yticks=[])
    for places, width, opacity in ((thin, 0.2, 0.5), (thick, 0.5, 1.0)):
        for b in places:
            ax.axhline(b - 0.5, color="white", lw=width, alpha=opacity)
            ax.axvline(b - 0.5, color="white", lw=width, alpha=opacity)
    ax.set(xlabel=counted, ylabel=counted)
    if given is None:
        ax.figure.colorbar(image, ax=ax, label=what)
    return ax
