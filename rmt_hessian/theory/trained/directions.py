r"""The few directions of the features on which a trained model depends, at white features.

V depends on every sample. By its optimality, ``μ V = -(1/N) Σ g_n x_nᵀ``, training inputs have
along the rows of V, in an orthonormal basis of their part V⊥ across the class means, the
coordinates ``ξ - (Q⊥^{-1/2} S) g``: those of an unseen sample less what its own gradient put into
V. Along the means they have ``r_y + z``, z standard Gaussian. The noise of the unseen logits is
``𝖠 z + Q⊥^{1/2} ξ``; given it, (z, ξ) is Gaussian again, with a covariance that does not depend
on the sample. So the coordinates of a sample are the mean given its logits, beside that
covariance.

References
----------
``docs/trained.md`` §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.equations import State, basis
from rmt_hessian.theory.trained.norms import Coordinates
from rmt_hessian.theory.trained.samples import TrainedSample

NULL = 1e-12  # eigenvalue of the Gram matrix of the means, relative, that counts as 0


@dataclass(frozen=True, eq=False)
class Directions:
    """Coordinates of training inputs along the class means and the weights.

    Attributes
    ----------
    mean : numpy.ndarray, shape (n, r)
        Their mean given the logits. First those along an orthonormal basis of the class means,
        then K-1 along V⊥.
    covariance : numpy.ndarray, shape (r, r)
        About it.
    gradients : numpy.ndarray, shape (n, K-1)
        g in an orthonormal basis of ``1⊥``.
    n_means : int
        How many coordinates belong to the means.
    """

    mean: FloatArray
    covariance: FloatArray
    gradients: FloatArray
    n_means: int

    @classmethod
    def of(cls, moments: ClassMoments, state: State, sample: TrainedSample) -> Self:
        """Those of white features."""
        K = moments.n_classes
        U = basis(K)
        values, vectors = np.linalg.eigh(moments.grams[0])
        kept = values > NULL * max(values[-1], 1.0)
        along = vectors[:, kept] * np.sqrt(values[kept])  # r_y, (K, number of means)
        # 𝖠 in that basis: V μ_l = 𝖠 r_l
        A = U.T @ state.means @ vectors[:, kept] / np.sqrt(values[kept])
        root = _root(U.T @ state.noise @ U)
        B = np.concatenate([A, root], axis=1)  # of (z, ξ) in the noise of the logits
        given = np.linalg.solve(B @ B.T, B)
        noise = (sample.unseen - state.means.T[sample.labels]) @ U
        mean = noise @ given
        n_means = int(kept.sum())
        gradients = sample.fitted.gradients @ U
        mean[:, :n_means] += along[sample.labels]
        mean[:, n_means:] -= gradients @ np.linalg.solve(root, U.T @ state.prox @ U).T
        return cls(mean, np.eye(B.shape[1]) - B.T @ given, gradients, n_means)

    @property
    def in_means(self) -> FloatArray:
        """Basis of the directions of the means, (r, n_means)."""
        return np.eye(len(self.covariance), self.n_means)

    def stacked(self) -> Coordinates:
        """For norms."""
        C = self.covariance
        spread = np.einsum("nr,rs,ns->n", self.mean, C, self.mean, optimize=True)
        traces = float(np.trace(C)), float((C**2).sum())
        return Coordinates(self.mean, spread, *traces, len(C))


def _root(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)
