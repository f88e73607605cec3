"""A Hessian as pictures of few pixels: root mean squares of entries, norms of pairs of units.

A pixel shows the root mean square of its entries. Unlike their maximum, which grows with their
number, it compares pixels of different sizes, and its square sums up to ``‖H‖_F²``. Pixels never
cross a unit in part: they are pieces of one unit, or several whole units of a layer, so that
blocks and stripes do not beat with them.

References
----------
``docs/training.md`` *How a picture is made*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rmt_hessian._types import FloatArray, IntArray, RealArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian

Layers = Sequence[tuple[int, int]]  # units and parameters of each, (k, p)


@dataclass(frozen=True, eq=False)
class HessianMaps:
    """Two pictures of one symmetric matrix; both axes are cut at the same places.

    Attributes
    ----------
    entries : numpy.ndarray, shape (n, n)
        Root mean squares of the entries of each pixel.
    entry_edges : numpy.ndarray of int, shape (n + 1,)
        Where pixels end, among the P parameters: 0 first, P last.
    block_norms : numpy.ndarray, shape (q, q)
        ``‖H_bc‖_F`` of pairs of units b, c of all layers, of several the root mean square.
    block_edges : numpy.ndarray of int, shape (q + 1,)
        Among the parameters too.
    """

    entries: FloatArray
    entry_edges: IntArray
    block_norms: FloatArray
    block_edges: IntArray


def layers_of(H: LayerHessian | NetworkHessian) -> list[tuple[int, int]]:
    """Units and parameters of a unit, ``(k, p)``, of each layer; of a `LayerHessian` of one."""
    layers = H.layers if isinstance(H, NetworkHessian) else (H,)
    return [(layer.n_blocks, layer.block_size) for layer in layers]


def unit_edges(layers: Layers) -> IntArray:
    """Where the units of all layers end among the parameters, 0 first; ``layers``: (k, p) each.

    Examples
    --------
    >>> unit_edges([(2, 3), (3, 2)]).tolist()
    [0, 3, 6, 8, 10, 12]
    """
    return np.cumsum([0, *(p for k, p in layers for _ in range(k))])


def pixel_edges(layers: Layers, at_most: int) -> IntArray:
    """Where pixels of nearly one size end among the parameters, 0 first, at most so many.

    They are the smallest for which there are no more: each unit in equal pieces, or, where they are
    larger than units, several units of one layer. ValueError if layers are more than pixels.

    Examples
    --------
    >>> pixel_edges([(2, 6), (6, 2)], at_most=7).tolist()  # halves of a unit, pairs of them
    [0, 3, 6, 9, 12, 16, 20, 24]
    """
    if at_most < len(layers):
        raise ValueError(f"pixels must be at least {len(layers)}, one a layer, got {at_most}")
    size = -(-sum(k * p for k, p in layers) // at_most)
    while sum(_count(k, p, size) for k, p in layers) > at_most:
        size += 1
    edges, start = [np.zeros(1, int)], 0
    for k, p in layers:
        edges.append(start + _edges_in_layer(k, p, size))
        start += k * p
    return np.concatenate(edges)


def _count(k: int, p: int, size: int) -> int:
    """The pixels of a layer of k units of p parameters."""
    return k * -(-p // size) if p > size else -(-k // (size // p))


def _edges_in_layer(k: int, p: int, size: int) -> IntArray:
    """Where they end, within the layer."""
    if p > size:
        pieces = -(-p // size)
        ends = np.arange(1, pieces + 1) * p // pieces
        return np.add.outer(np.arange(k) * p, ends).ravel()
    together = size // p
    return np.minimum(np.arange(together, k + together, together), k) * p


def hessian_maps(H: LayerHessian | NetworkHessian, at_most: int) -> HessianMaps:
    """`HessianMaps` of a layer or a network, of at most so many pixels each way.

    Blocks of two layers are made and reduced one after another: memory is that of the largest of
    them. Layers of more units than there are pixels for have several in one pixel of
    ``block_norms``, as many as in one of ``entries``.
    """
    layers = layers_of(H)
    edges = pixel_edges(layers, at_most)
    units = unit_edges(layers)
    blocks = units if units.size <= at_most + 1 else np.intersect1d(units, edges)
    entry_sums, norm_sums = (np.zeros((e.size - 1,) * 2) for e in (edges, blocks))
    scale = 0.0
    places = H.places if isinstance(H, NetworkHessian) else [slice(0, H.shape[0])]
    for l, rows in enumerate(places):
        for m, columns in enumerate(places[: l + 1]):
            block = H.block(l, m) if isinstance(H, NetworkHessian) else H.to_dense()
            largest = float(np.abs(block).max(initial=0.0))
            if largest > scale:  # all sums are over the square of the largest entry so far
                for sums in (entry_sums, norm_sums):
                    sums *= (scale / largest) ** 2
                scale = largest
            squares = np.square(block / (scale or 1.0))
            for sums, of in ((entry_sums, edges), (norm_sums, blocks)):
                _add_sums(sums, squares, of, rows, columns)
    return HessianMaps(
        scale * np.sqrt(_symmetric(entry_sums) / np.outer(np.diff(edges), np.diff(edges))),
        edges,
        scale * np.sqrt(_symmetric(norm_sums) / np.outer(*(_units_in(blocks, units),) * 2)),
        blocks,
    )


def _add_sums(
    sums: FloatArray, squares: RealArray, edges: IntArray, rows: slice, columns: slice
) -> None:
    """Write the sums of a block of two layers over its pixels to their place."""
    i, j = (
        np.flatnonzero((edges[:-1] >= s.start) & (edges[:-1] < s.stop)) for s in (rows, columns)
    )
    of_rows = np.add.reduceat(squares, edges[i] - rows.start, axis=0)
    sums[np.ix_(i, j)] = np.add.reduceat(of_rows, edges[j] - columns.start, axis=1)


def _symmetric(A: FloatArray) -> FloatArray:
    """From the blocks (l, m), m ≤ l, of which (l, l) are whole."""
    lower = np.tril(A)
    return lower + np.tril(A, -1).T


def _units_in(blocks: IntArray, units: IntArray) -> IntArray:
    """How many units each pixel of the block norms holds."""
    return np.diff(np.searchsorted(units, blocks))
