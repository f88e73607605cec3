"""Eigenvalues outside the bulk of one trained network, and what their eigenvectors point at.

The bulk is that of output Hessians which do not depend on the features. What lies beyond it is due
to their dependence on a few directions of the inputs, the rows of the weights, and to means of the
inputs: the eigenvectors tell which.
"""

from dataclasses import replace

import numpy as np

from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.outliers import (
    ROUNDING,
    bulk_of,
    counts_outside,
    distance_to_bulk,
    spectrum_with_overlaps,
    widened,
)
from rmt_hessian.spectra.rank import numerical_rank
from rmt_hessian.theory import conditional_law

LARGEST_LAYER = 1000  # k d, beyond which a whole layer is not diagonalised
COPIES = 3  # of a layer with independent features, whose extreme eigenvalues bound its bulk


def trained_outliers(net, X, y, loss, rng, *, noise=1.0):
    """Outliers of blocks (0, 0) and (0, 1) of the first layer and, up to a size, of all of it.

    Of each part: how many lie outside the bulk by more than the margin of `widened`; how far the
    farthest eigenvalue is from the bulk, over the width of the bulk (below 0: inside); the mean
    over the outliers of the squared overlaps with the span of the class means of X, and with that
    of the weight rows, NaN where there are none.

    The bulk of a block is that of its conditional law. That of the layer lies between the extreme
    eigenvalues of copies of it, of the same output Hessians and independent Gaussian features:
    ``(1/N) Σ_n M_n ⊗ g_n g_nᵀ``.

    Parameters
    ----------
    net : Network
    X : numpy.ndarray, shape (N, d)
    y : numpy.ndarray of int, shape (N,)
        Classes, whatever the network was trained on.
    loss : {"ce", "mse"}
    rng : numpy.random.Generator
        Draws the copies.
    noise : float
        Standard deviation of a coordinate of the inputs within a class.

    Returns
    -------
    dict of str to number
    """
    H = layer_hessian(net, X, 0, loss)
    spans = [orthonormal(class_means(X, y)), orthonormal(net.weights[0])]
    result = {}
    for name, block in BLOCKS.items():
        bulk = bulk_of(conditional_law(noise**2 * H.block_weights(*block), H.block_size))
        result |= _columns(name, spectrum_with_overlaps(H.block(*block), *spans), bulk, X.shape[1])
    if H.shape[0] <= LARGEST_LAYER:
        bulk = bulk_of_independent_features(H, rng, noise)
        layer = spectrum_with_overlaps(H.to_dense(), *spans)
        result |= _columns("layer", layer, bulk, X.shape[1])
    return result


def class_means(X, y):
    """Mean inputs of the classes that there are, shape (C, d)."""
    return np.stack([X[y == label].mean(axis=0) for label in np.unique(y)])


def orthonormal(rows):
    """Orthonormal basis of the span of some rows, shape (d, r), r their numerical rank.

    Examples
    --------
    >>> orthonormal(np.array([[3.0, 4.0], [-3.0, -4.0]])).shape
    (2, 1)
    """
    directions, sizes, _ = np.linalg.svd(rows.T, full_matrices=False)
    return directions[:, : numerical_rank(sizes, ROUNDING)]


def bulk_of_independent_features(H, rng, noise=1.0):
    """Least and largest eigenvalue, but 0, of `COPIES` of H whose features are drawn anew."""
    ends = []
    for _ in range(COPIES):
        copy = replace(H, features=noise * rng.standard_normal(H.features.shape))
        values = np.linalg.eigvalsh(copy.to_dense())
        kept = values[np.abs(values) > ROUNDING * np.abs(values).max()]
        ends.extend(kept[[0, -1]] if kept.size else [np.nan, np.nan])
    return min(ends), max(ends)


def _columns(name, spectrum, bulk, size):
    """Number, distance and mean overlaps of what lies outside the bulk of one part."""
    values, of_means, of_rows = spectrum
    lo, hi = widened(*bulk, size)
    outside = (values < lo) | (values > hi)
    some = outside.any()
    result = {
        "outliers": counts_outside(values, lo, hi).sum(),
        "distance": distance_to_bulk(values, *bulk).max(initial=-np.inf) if values.size else np.nan,
        "means_overlap": of_means[outside].mean() if some else np.nan,
        "rows_overlap": of_rows[outside].mean() if some else np.nan,
    }
    return {f"{name}_{key}": value for key, value in result.items()}
