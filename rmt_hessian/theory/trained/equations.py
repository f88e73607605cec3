r"""The fixed point of a trained softmax regression, for exchangeable classes and for any.

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
(with the own class alone in 𝒱 for exchangeable classes), what is held fixed in a step is
``B + 𝒱 (V μ_l π_l)_l``, and V μ_l solves a linear system: the same fixed point.

Source: the proximal map and the leave-one-out argument of El Karoui et al. (2013), state evolution
for mixtures of Loureiro et al. (arXiv 2106.03791). Derivation: ``docs/trained.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.samples import Points, TrainedSample
from rmt_hessian.theory.trained.softmax_prox import matrix_prox, softmax_prox

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
class ExchangeableClasses:
    """All matrices are multiples of P: ``x = (log s, log Q, m)``, ``ω = m P e_y + √Q P ξ``.

    With ``h = -E[gᵀ P e_y]/(1 - 1/K)``, ``v = E[tr A(I + sA)^{-1}]/(K-1)``, ``χ = E‖g‖²/(K-1)``.
    """

    moments: ClassMoments
    points: Points
    ridge: float

    def start(self) -> FloatArray:  # noqa: D102
        return _start(self.moments, self.ridge)

    def image(self, x: FloatArray) -> FloatArray:  # noqa: D102
        s, noise, signal, m, _ = self._scalars(x)
        return np.array([np.log(s), np.log(max(noise + signal, SMALLEST)), m])

    def state(self, x: FloatArray) -> State:  # noqa: D102
        s, noise, signal, m, norm = self._scalars(x)
        K = self.moments.n_classes
        P = np.eye(K) - 1 / K
        return State(s * P, m * P, noise * P, signal * P, (K - 1) * norm)

    def sample(self, x: FloatArray) -> TrainedSample:  # noqa: D102
        points = self.points
        omega = np.exp(x[1] / 2) * points.noise
        omega[np.arange(len(omega)), points.labels] += x[2]
        omega -= omega.mean(axis=1, keepdims=True)
        fitted = softmax_prox(omega, points.labels, float(np.exp(x[0])))
        return TrainedSample(omega, fitted, points.labels, points.masses)

    def _scalars(self, x: FloatArray) -> tuple[Any, ...]:
        """s, the two parts of Q, m, and ``‖V‖²/(K-1)``."""
        moments, K = self.moments, self.moments.n_classes
        fitted, s = self.sample(x).fitted, np.exp(x[0])
        entries = resolved_entries(fitted.probabilities, s)
        v = entries.sum(axis=1).mean() / (K - 1)
        chi = (fitted.gradients**2).sum(axis=1).mean() / (K - 1)
        own = np.arange(len(entries)), self.points.labels
        h = -fitted.gradients[own].mean() / (1 - 1 / K)
        fall = entries[own].mean() / (1 - 1 / K)  # -∂h/∂m
        a, nu, c = moments.eigenvalues, moments.shares, moments.shares_of_means
        gamma, R = moments.aspect_ratio, 1 / (v * moments.eigenvalues + self.ridge)
        held = (h + fall * x[2]) / K
        m = held * (c @ R) / (1 + fall * (c @ R) / K)
        noise, signal = gamma * nu * a * chi * R**2, (held - fall * m / K) ** 2 * c * R**2
        return gamma * (nu * a) @ R, a @ noise, a @ signal, m, noise.sum() + signal.sum()


@dataclass(frozen=True, eq=False)
class AnyClasses:
    """Matrices in K-1 coordinates: x has the logarithms of S and of Cov ω, and the means V μ_l."""

    moments: ClassMoments
    points: Points
    ridge: float

    def start(self) -> FloatArray:  # noqa: D102
        log_s, log_q, _ = _start(self.moments, self.ridge)
        K = self.moments.n_classes
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


def resolved_entries(p: FloatArray, s: float) -> FloatArray:
    """Diagonal of ``A (I + s A)^{-1}`` for each row p, (n, K), by Sherman–Morrison."""
    q = p / (1 + s * p)
    entries: FloatArray = q - q**2 / q.sum(axis=1, keepdims=True)
    return entries


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


def _start(moments: ClassMoments, ridge: float) -> FloatArray:
    """``(log s, log Q, m)`` of zero weights, one step on."""
    K, a, nu = moments.n_classes, moments.eigenvalues, moments.shares
    R = 1 / (a / K + ridge)
    s = moments.aspect_ratio * (nu * a) @ R
    c = moments.shares_of_means
    m = float(c @ R) / K
    cut = min(1.0, LARGEST_START / m) if m > 0 else 1.0  # beyond, all gradients underflow
    Q = a @ (moments.aspect_ratio * nu * a / K * R**2 + c / K**2 * R**2)
    return np.array([np.log(s), np.log(max(float(Q) * cut**2, SMALLEST)), m * cut])


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
