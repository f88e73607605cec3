"""Laws of blocks and layer whose factors are those of a sample of a trained model."""

from __future__ import annotations

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.factors import DiagonalPlusRankOne, Matrix
from rmt_hessian.theory.trained.samples import TrainedSample
from rmt_hessian.theory.weights.curvature import atoms_of_counts, curvature_counts
from rmt_hessian.theory.weights.law import WeightLaw

DECOMPOSED = 64  # classes up to which eigenvalues of A(p) are computed, and beyond counted
NEGLIGIBLE = 1e-10  # eigenvalue of A(p) below which they are counted together
NUMBERS = 2**19  # probabilities whose eigenvalues are counted
LAYER_POINTS = 1024  # output Hessians over which the matrix equation averages


def block_weights(
    moments: ClassMoments, sample: TrainedSample, matrix: Matrix, i: int, j: int
) -> WeightLaw:
    """Law of entry (i, j) of M_n; of classes with a symmetry that of all entries alike."""
    M = DiagonalPlusRankOne.resolved(sample, matrix)
    symmetry = moments.symmetry
    if symmetry is not None:
        if i == j:
            lam = M.entries()
        else:
            other = symmetry.another(within=symmetry.same_group(i, j))
            lam = M.factor[:, None] * M.vector * M.vector[:, other]
        parts = [lam.ravel(), *(half.ravel() for half in np.array_split(lam, 2))]
        laws = [WeightLaw(x, np.full(x.size, 1 / x.size), 0.0) for x in parts]
    else:
        lam, w = M.block(i, j), sample.masses
        slices = (slice(None), slice(0, None, 2), slice(1, None, 2))
        laws = [WeightLaw(lam[part], w[part] / w[part].sum(), 0.0) for part in slices]
    whole, *halves = laws
    return WeightLaw(whole.nodes, whole.probabilities, 0.0, halves=tuple(halves))


def nonzero_weights(moments: ClassMoments, sample: TrainedSample, matrix: Matrix) -> WeightLaw:
    """Law of the eigenvalues of M_n on ``1⊥``."""
    K, w, fitted = moments.n_classes, sample.masses, sample.fitted
    if matrix == "gradient_covariance":
        nodes = np.append((fitted.gradients**2).sum(axis=1), 0.0)
        return WeightLaw(nodes, np.append(w, K - 2) / (K - 1), 0.0)
    M = DiagonalPlusRankOne.resolved(sample, matrix)
    if K <= DECOMPOSED:
        values = np.maximum(np.linalg.eigvalsh(M.to_dense())[:, 1:], 0.0)
        return WeightLaw(values.ravel(), np.repeat(w / (K - 1), K - 1), 0.0)
    p = fitted.probabilities[: max(NUMBERS // K, 16)]  # equal masses
    nodes, masses = atoms_of_counts(*curvature_counts(np.sort(p, axis=1), NEGLIGIBLE))
    mean = M.traces().mean() / (K - 1)
    return WeightLaw(nodes * mean / (masses @ nodes), masses, 0.0)


def matrix_law(moments: ClassMoments, sample: TrainedSample, matrix: Matrix) -> MatrixLayerLaw:
    """The law of the layer from the matrix equation, of some samples, of equal masses."""
    w, n, rng = sample.masses, LAYER_POINTS, np.random.default_rng(0)
    order = np.lexsort((rng.random(w.size), sample.labels))  # each class by its mass
    chosen = order[np.searchsorted(np.cumsum(w[order]), (np.arange(n) + 0.5) / n * w.sum())]
    chosen = rng.permutation(chosen)  # halves of it tell the error
    M: FloatArray = DiagonalPlusRankOne.resolved(sample, matrix).to_dense()[chosen]
    return MatrixLayerLaw(M, moments.aspect_ratio)


def law_of(moments: ClassMoments, weights: WeightLaw) -> SpectralLaw:
    """Generalised Marchenko–Pastur for white features, or separable."""
    gamma = moments.aspect_ratio
    if moments.white:
        return weights.block_law(gamma)

    def separable(lam, w):  # type: ignore[no-untyped-def]
        nu = moments.eigenvalues, moments.shares
        if w is None:
            return ContinuousSeparableLaw(lam, *nu, gamma)
        return SeparableLaw(lam, w, *nu, gamma)

    law: SpectralLaw = weights.law_of(separable)
    return law
