"""Units taken for exchangeable: a layer as one block, of the eigenvalues of all ``M_n``.

References
----------
``docs/laws.md`` §4 and §8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rmt_hessian._rounding import rounding
from rmt_hessian._threads import slices
from rmt_hessian._types import FloatArray
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.output_hessians import LastLayerOutputHessians
from rmt_hessian.hessian.scaled_curvature import ScaledCurvature
from rmt_hessian.hessian.softmax_curvature import SoftmaxCurvature
from rmt_hessian.theory.weights.curvature import atoms_of_counts, curvature_counts

STEP = 0.005  # relative width of cells in which eigenvalues are taken together
SMALLEST = 1e-12  # eigenvalue of a softmax, below which they are not told apart


def output_hessian_stack(H: LayerHessian) -> FloatArray:
    """All ``M_n``, (N, k, k)."""
    return np.concatenate([*_stacks(H)])


def exchangeable_weights(H: LayerHessian) -> tuple[FloatArray, FloatArray, float]:
    """Eigenvalues of all ``M_n`` off the null space they share, their masses, and its share.

    If the law of ``M_n`` is that of ``Π M_n Πᵀ`` for every permutation Π of the units, means of
    functions of M are multiples of the identity off that null space (Schur), and the equation for
    k × k matrices is that of a block with these weights: ``docs/laws.md`` §4. Of a softmax
    over all its classes they are counted, and no matrix is made; of others they are computed.
    """
    M = H.output_hessians
    if isinstance(M, LastLayerOutputHessians):
        curvature, scale = M.curvature, np.ones(H.n_samples)
        if isinstance(curvature, ScaledCurvature):
            curvature, scale = curvature.curvature, curvature.scale.astype(np.float64)
        if isinstance(curvature, SoftmaxCurvature) and M.units.size == curvature.n_classes:
            return *_of_softmax(curvature, scale), 1.0 / H.n_blocks
    unit = max(float(np.abs(A).max()) for A in _stacks(H)) or 1.0  # squares may underflow
    mean_square = sum((A / unit @ (A / unit)).sum(axis=0) for A in _stacks(H)) / H.n_samples
    found = np.linalg.eigvalsh(mean_square)
    shared = int(np.count_nonzero(found[:-1] <= rounding(found.astype(H.dtype))))
    values = np.concatenate([np.linalg.eigvalsh(A) for A in _stacks(H)])
    order = np.argsort(np.abs(values), axis=1)[:, shared:]
    values = np.take_along_axis(values, order, axis=1)
    values[np.abs(values) <= rounding(values.astype(H.dtype))] = 0.0
    return *cells(values.ravel(), np.full(values.size, 1.0 / values.size)), shared / H.n_blocks


def _stacks(H: LayerHessian) -> Iterator[FloatArray]:
    """The ``M_n`` in chunks, as products with the identity."""
    k, M = H.n_blocks, H.output_hessians
    for samples in slices(H.n_samples, max(1, H.chunk_size // (k * M.widest))):
        n = len(range(*samples.indices(H.n_samples)))
        eye = np.broadcast_to(np.eye(k, dtype=H.dtype), (n, k, k)).copy()
        yield M.apply(eye, samples).astype(np.float64)


def _of_softmax(curvature: SoftmaxCurvature, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Atoms of the nonzero eigenvalues of ``scale_n (diag(p_n) - p_n p_nᵀ)``."""
    atoms: list[FloatArray] = []
    masses: list[FloatArray] = []
    for size in np.unique(scale):
        chosen = np.flatnonzero(scale == size)
        for some in slices(chosen.size, max(1, curvature.chunk_size // curvature.n_classes)):
            p = np.sort(curvature.probabilities(chosen[some]).astype(np.float64), axis=1)
            nodes, shares = atoms_of_counts(*curvature_counts(p, SMALLEST))
            atoms.append(size * nodes)
            masses.append(shares * len(p) / scale.size)
    return cells(np.concatenate(atoms), np.concatenate(masses))


def cells(values: FloatArray, masses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A discrete law with one atom in each cell of relative width `STEP`, its mean there."""
    places = np.zeros(values.size, dtype=np.int64)
    other = values != 0
    places[other] = np.floor(np.log(np.abs(values[other])) / STEP).astype(np.int64)
    keys = np.stack([np.sign(values).astype(np.int64), places], axis=1)
    _, cell = np.unique(keys, axis=0, return_inverse=True)
    mass, sums = (
        np.bincount(cell.ravel(), x).astype(np.float64) for x in (masses, masses * values)
    )
    return sums / mass, mass
