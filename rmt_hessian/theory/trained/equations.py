r"""The fixed point of a trained softmax regression, for classes in equal groups and for any.

``V = argmin (1/N) Σ_n ℓ(V z_n, y_n) + (μ/2) ‖V‖²``. A sample that is left out has logits
``ω = V z``, Gaussian about ``V μ_y``; in training it has ``f = prox(ω)`` (`softmax_prox`). Over
samples, with ``A = diag(p) - p pᵀ`` at f,

    ``𝒱 = E[A (I + S A)^{-1}]``,   ``X = E[g gᵀ]``,   ``ḡ_k = E[g | y = k]``,

and V solves ``𝒱 V Σ + μ V = -Σ_k π_k ḡ_k μ_kᵀ + N^{-1/2} X^{1/2} G Σ^{1/2}``, G of independent
N(0, 1): for each eigenvalue a of Σ, of share ν_a and with the Gram matrix 𝖬_a of the means,

    ``R_a = (𝒱 a + μ)^{-1}``,  ``B = -(π_1 ḡ_1, …, π_K ḡ_K)``,  ``γ = p/N``
    ``S = γ Σ_a ν_a a R_a``,  ``(V μ_1, …, V μ_K) = Σ_a R_a B 𝖬_a``,
    ``Cov ω = V Σ Vᵀ = Σ_a a R_a (B 𝖬_a Bᵀ + γ ν_a a X) R_a``.

The map is not iterated as it stands. Where means are long, as the common mean of ReLU features, a
small change of V μ_l moves B, and B moves V μ_l back much further. Since ``∂B/∂(V μ_l) ≈ -𝒱 π_l``
(with the own class alone in 𝒱 for symmetric classes), what is held fixed in a step is
``B + 𝒱 (V μ_l π_l)_l``, and V μ_l solves a linear system: the same fixed point.

References
----------
``docs/trained.md`` §3; El Karoui et al. (2013): the proximal map and the leave-one-out argument;
Loureiro et al., arXiv 2106.03791: state evolution for mixtures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.class_symmetry import ClassSymmetry, ResolvedCurvature
from rmt_hessian.theory.trained.samples import Points, TrainedSample
from rmt_hessian.theory.trained.softmax_prox import matrix_prox
from rmt_hessian.theory.trained.symmetric_prox import symmetric_prox

SMALLEST = 1e-300
LARGEST_START = 20.0  # mean logit of the own class


@dataclass(frozen=True, eq=False)
class State:
    """What the fixed point is about; matrices act on ``1⊥``.

    Attributes
    ----------
    prox : numpy.ndarray, shape (K, K)
        S.
    means : numpy.ndarray, shape (K, K)
        ``V μ_l``, column l, centred over classes.
    noise, signal : numpy.ndarray, shape (K, K)
        Parts of ``Cov ω``: from the noise in V, and from the means in V.
    weight_norm : float
        ``‖V‖²_F``.
    """

    prox: FloatArray
    means: FloatArray
    noise: FloatArray
    signal: FloatArray
    weight_norm: float

    @property
    def covariance(self) -> FloatArray:
        """``Cov ω = V Σ Vᵀ``."""
        return self.noise + self.signal


class Equations(Protocol):
    """A map of vectors x without bounds, and what a vector means."""

    @property
    def ridge(self) -> float:
        """μ."""

    def start(self) -> FloatArray:
        """Where to begin."""

    def image(self, x: FloatArray) -> FloatArray:
        """The right-hand side."""

    def state(self, x: FloatArray) -> State:
        """From one evaluation at x."""

    def sample(self, x: FloatArray) -> TrainedSample:
        """The samples at x."""


@dataclass(frozen=True, eq=False)
class SymmetricClasses:
    """Matrices are ``Σ_l x_l P_l``: x has log s, log Q and m of the levels of a `ClassSymmetry`.

    ``ω = Σ_l (m_l P_l e_y + √Q_l P_l ξ)``, and of each level, of rank r, ``v = E tr(P_l N)/r`` with
    ``N = A (I + SA)^{-1}``, ``χ = E‖P_l g‖²/r``, ``h = -E[gᵀ P_l e_y] K/r``: the equations are
    those of scalars, and levels meet in the proximal map alone. With one level classes are
    exchangeable.
    """

    moments: ClassMoments
    points: Points
    ridge: float
    symmetry: ClassSymmetry

    def start(self) -> FloatArray:  # noqa: D102
        lengths = self.moments.lengths(self.symmetry)
        return np.concatenate(_start(self.moments, self.ridge, lengths))

    def image(self, x: FloatArray) -> FloatArray:  # noqa: D102
        s, noise, signal, m, _ = self._scalars(x)
        return np.concatenate([np.log(s), np.log(np.maximum(noise + signal, SMALLEST)), m])

    def state(self, x: FloatArray) -> State:  # noqa: D102
        *parts, norm = self._scalars(x)
        s, noise, signal, m = (self.symmetry.matrix(values) for values in parts)
        return State(s, m, noise, signal, float(self.symmetry.ranks @ norm))

    def sample(self, x: FloatArray) -> TrainedSample:  # noqa: D102
        points, (log_s, log_q, m) = self.points, x.reshape(3, -1)
        omega = np.tensordot(np.exp(log_q / 2), self.symmetry.parts(points.noise), 1)
        omega += self.symmetry.matrix(m)[points.labels]
        fitted = symmetric_prox(omega, points.labels, np.exp(log_s), self.symmetry)
        return TrainedSample(omega, fitted, points.labels, points.masses)

    def _scalars(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """s, the two parts of Q, m, and ``‖V P_l‖²/r``, of each level."""
        moments, symmetry = self.moments, self.symmetry
        (log_s, _, m), fitted = x.reshape(3, -1), self.sample(x).fitted
        labels, r, K = self.points.labels, symmetry.ranks, moments.n_classes
        N = ResolvedCurvature.of(symmetry, fitted.probabilities, np.exp(log_s))
        g = symmetry.parts(fitted.gradients)
        v, chi = N.traces().mean(axis=1) / r, (g**2).sum(axis=2).mean(axis=1) / r
        h = -g[:, np.arange(len(labels)), labels].mean(axis=1) * K / r
        fall = N.own(labels).mean(axis=1) * K / r  # -∂h/∂m
        a, nu, gamma = moments.eigenvalues, moments.shares, moments.aspect_ratio
        c, R = moments.lengths(symmetry), 1 / (np.multiply.outer(v, a) + self.ridge)
        of_means = (c * R).sum(axis=1)
        held = (h + fall * m) / K
        m = held * of_means / (1 + fall * of_means / K)
        noise = gamma * chi[:, None] * nu * a * R**2
        signal = ((held - fall * m / K) ** 2)[:, None] * c * R**2
        norm = noise.sum(axis=1) + signal.sum(axis=1)
        return gamma * R @ (nu * a), noise @ a, signal @ a, m, norm


@dataclass(frozen=True, eq=False)
class AnyClasses:
    """Matrices in K-1 coordinates: x has the logarithms of S and of Cov ω, and the means V μ_l."""

    moments: ClassMoments
    points: Points
    ridge: float

    def start(self) -> FloatArray:  # noqa: D102
        K = self.moments.n_classes
        lengths = self.moments.lengths(ClassSymmetry(K, K))
        (log_s,), (log_q,), _ = _start(self.moments, self.ridge, lengths)
        eye = np.eye(K - 1)
        return _vector(log_s * eye, log_q * eye, np.zeros((K - 1, K)))

    def image(self, x: FloatArray) -> FloatArray:  # noqa: D102
        state = self.state(x)
        U = basis(self.moments.n_classes)
        return _vector(
            _log(U.T @ state.prox @ U), _log(U.T @ state.covariance @ U), U.T @ state.means
        )

    def sample(self, x: FloatArray) -> TrainedSample:  # noqa: D102
        K, points = self.moments.n_classes, self.points
        U, (log_s, log_q, means) = basis(K), _matrices(x, K)
        omega = points.noise @ (U @ _exp(log_q / 2) @ U.T) + (U @ means).T[points.labels]
        fitted = matrix_prox(omega, points.labels, U @ _exp(log_s) @ U.T)
        return TrainedSample(omega, fitted, points.labels, points.masses)

    def state(self, x: FloatArray) -> State:  # noqa: D102
        moments, K = self.moments, self.moments.n_classes
        S = basis(K) @ _exp(_matrices(x, K)[0]) @ basis(K).T
        sample = self.sample(x)
        g, w = sample.fitted.gradients, sample.masses
        V = mean_resolved(sample.fitted.probabilities, w, S)
        X = (g.T * w) @ g
        B = np.zeros((K, K))
        np.add.at(B.T, sample.labels, -w[:, None] * g)
        # all in the eigenbasis of 𝒱, where R_a is diagonal
        v, E = np.linalg.eigh(basis(K).T @ V @ basis(K))
        E = basis(K) @ E
        a, nu, gamma = moments.eigenvalues, moments.shares, moments.aspect_ratio
        R = 1 / (np.maximum(v, 0.0) * a[:, None] + self.ridge)  # (L, K-1)
        pi, before = moments.frequencies, E.T @ basis(K) @ _matrices(x, K)[2]
        held = E.T @ B + v[:, None] * before * pi
        total = np.einsum("ai,akl->ikl", R, moments.grams)
        means = np.stack(
            [
                np.linalg.solve(np.eye(K) + level * total_i.T * pi, total_i.T @ held_i)
                for level, total_i, held_i in zip(v, total, held, strict=True)
            ]
        )
        B = held - v[:, None] * means * pi
        BM = B @ moments.grams
        signal = R[:, :, None] * (BM @ B.T) * R[:, None, :]
        noise = gamma * (nu * a)[:, None, None] * R[:, :, None] * (E.T @ X @ E) * R[:, None, :]
        return State(
            prox=(E * (gamma * (nu * a) @ R)) @ E.T,
            means=E @ means,
            noise=E @ np.tensordot(a, noise, 1) @ E.T,
            signal=E @ np.tensordot(a, signal, 1) @ E.T,
            weight_norm=float(np.trace(noise.sum(axis=0) + signal.sum(axis=0))),
        )


def mean_resolved(p: FloatArray, masses: FloatArray, S: FloatArray) -> FloatArray:
    """``E[A (I + S A)^{-1}]``, symmetric."""
    K = p.shape[1]
    A = p[:, :, None] * (np.eye(K) - p[:, None, :])
    resolved = np.einsum("n,nij->ij", masses, np.linalg.solve(np.eye(K) + A @ S, A))
    symmetric: FloatArray = (resolved + resolved.T) / 2
    return symmetric


def basis(K: int) -> FloatArray:
    """Orthonormal basis of the complement of 1, (K, K-1): Helmert's."""
    columns = np.zeros((K, K - 1))
    for j in range(K - 1):
        columns[: j + 1, j] = 1.0
        columns[j + 1, j] = -(j + 1.0)
    return columns / np.linalg.norm(columns, axis=0)


def _start(
    moments: ClassMoments, ridge: float, lengths: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each level log s, log Q and m, of zero weights, one step on; c of `lengths`."""
    K, a, nu = moments.n_classes, moments.eigenvalues, moments.shares
    R = 1 / (a / K + ridge)
    s = np.full(len(lengths), moments.aspect_ratio * (nu * a) @ R)
    m = lengths @ R / K
    cut = min(1.0, LARGEST_START / m.max()) if m.max() > 0 else 1.0  # beyond, g underflows
    Q = (moments.aspect_ratio * nu * a / K * R**2 + lengths / K**2 * R**2) @ a
    return np.log(s), np.log(np.maximum(Q * cut**2, SMALLEST)), m * cut


def _vector(log_s: FloatArray, log_q: FloatArray, means: FloatArray) -> FloatArray:
    upper = np.triu_indices(len(log_s))
    return np.concatenate([log_s[upper], log_q[upper], means.ravel()])


def _matrices(x: FloatArray, K: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    upper, size = np.triu_indices(K - 1), K * (K - 1) // 2
    pair = []
    for part in (x[:size], x[size : 2 * size]):
        matrix = np.zeros((K - 1, K - 1))
        matrix[upper] = part
        pair.append(np.triu(matrix) + np.triu(matrix, 1).T)
    return pair[0], pair[1], x[2 * size :].reshape(K - 1, K)


def _log(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.log(np.maximum(values, SMALLEST))) @ vectors.T)


def _exp(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.exp(values)) @ vectors.T)
