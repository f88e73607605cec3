r"""`outliers` of a layer of exchangeable classes, for any number of them.

D commutes with permutations of the classes. The directions of the features are the means, R^K, and
V⊥, a copy of ``1⊥``; times the output directions ``1⊥`` they are copies of four representations,
on each of which D is a small matrix, and C a number:

==================================  ===============  ============================================
representation                      dimension        copies
==================================  ===============  ============================================
trivial                             1                multiples of P, in the means and in V⊥
differences of classes              K-1              ``v 1ᵀ/√K`` in the means; ``c P diag(v) P``,
                                                     ``c² = K/(K-2)``, in the means and in V⊥
other symmetric matrices            K(K-3)/2         in the means and in V⊥
antisymmetric matrices              (K-1)(K-2)/2     in the means and in V⊥
==================================  ===============  ============================================

The entry of two copies is the trace over them, which takes O(K) a sample: with ``N 1 = 0`` and
``ã = P a`` the traces of ``N ⊗ a bᵀ`` are, before they are divided by the dimension,
``F = aᵀNb/(K-1)`` (trivial), ``c² (Σ N_ii ã_i b̃_i - aᵀNb/K)`` (differences),
``(tr N ã·b̃ ± aᵀNb)/2`` (all symmetric and antisymmetric); with the copy ``v 1ᵀ/√K``
``c (1ᵀa/√K) Σ N_ii b̃_i``, and with itself ``(1ᵀa)(1ᵀb) tr N/K``.

References
----------
``docs/trained.md`` §5.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.outliers.equation import Outlier, gaps_without_zero, roots_outside
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.class_symmetry import ClassSymmetry
from rmt_hessian.theory.trained.equations import State
from rmt_hessian.theory.trained.factors import DiagonalPlusRankOne, Matrix
from rmt_hessian.theory.trained.norms import Coordinates
from rmt_hessian.theory.trained.samples import TrainedSample


class ExchangeableDirections:
    """D on each of the representations.

    Parameters
    ----------
    moments, state, sample
        Of exchangeable classes and white features.
    matrix : {"hessian", "gradient_covariance"}
    """

    def __init__(
        self, moments: ClassMoments, state: State, sample: TrainedSample, matrix: Matrix
    ) -> None:
        K = self.K = moments.n_classes
        self.sample, self.matrix = sample, matrix
        parts = state.noise, state.signal, state.prox, state.means
        q, signal, s, m = (float(part[0, 0]) / (1 - 1 / K) for part in parts)  # all times P
        Q, a = q + signal, np.sqrt(signal)  # V = a Mᵀ + V⊥, M the frame of the means on 1⊥
        own = np.arange(len(sample.labels)), sample.labels
        noise = sample.unseen.copy()
        noise[own] -= m
        means = a / Q * noise
        means[own] += np.sqrt(moments.lengths(ClassSymmetry(K, K))[0, 0])
        self.g = sample.fitted.gradients
        weights = np.sqrt(q) / Q * noise - s / np.sqrt(q) * self.g
        self.coordinates = [w - w.mean(axis=1, keepdims=True) for w in (means, weights)]
        self.covariance = np.array([[q, -a * np.sqrt(q)], [-a * np.sqrt(q), signal]]) / Q
        self.common = float(np.sqrt(moments.grams[0].sum())) / K  # of r_y, along the mean of all

    def stacked(self) -> Coordinates:
        """For norms: coordinates along the mean of all, the means and V⊥."""
        K, C = self.K, self.covariance
        means, weights = self.coordinates
        common = np.full((len(means), 1), self.common)
        spread = C[0, 0] * (means**2).sum(axis=1) + C[1, 1] * (weights**2).sum(axis=1)
        spread += 2 * C[0, 1] * (means * weights).sum(axis=1) + self.common**2
        trace, of_square = (float((K - 1) * np.trace(power) + 1) for power in (C, C @ C))
        w = np.concatenate([common, means, weights], axis=1)
        return Coordinates(w, spread, trace, of_square, 2 * K - 1)

    def dimensions(self) -> dict[str, int]:
        """Of the representations that there are."""
        K = self.K
        found = {"trivial": 1, "differences": K - 1}
        if K > 2:
            found |= {"symmetric": K * (K - 3) // 2, "antisymmetric": (K - 1) * (K - 2) // 2}
        return {name: dimension for name, dimension in found.items() if dimension > 0}

    def matrices(self, t: float, z: float) -> dict[str, FloatArray]:
        """``D(z)`` on each representation at ``t = γ a(z)``: copies in the means first."""
        N = DiagonalPlusRankOne.resolved(self.sample, self.matrix, t)
        mean, squares = self.sample.masses, (self.g**2).sum(axis=1)
        level = float(mean @ N.traces()) / (self.K - 1)
        columns = *self.coordinates, self.g
        pairs = [[self._traces(N, a, b) for b in columns] for a in self.coordinates]
        of_g = self._traces(N, self.g, self.g)
        of_identity = self._averages(squares, (1 - 1 / self.K) * squares, (self.K - 1) * squares)
        found = {}
        for name in self.dimensions():
            T = np.array([[pairs[i][j].get(name, 0.0) for j in range(2)] for i in range(2)])
            T += level * self.covariance
            mixed = np.array([pairs[i][2].get(name, 0.0) for i in range(2)])
            if name == "differences":
                beside = [self._beside_common(N, b) for b in columns]
                T = np.block([[np.zeros((1, 1)), np.zeros((1, 2))], [np.zeros((2, 1)), T]])
                T[0, 0], T[0, 1:], T[1:, 0] = (self.common**2 + 1) * level, beside[:2], beside[:2]
                mixed = np.append(beside[2], mixed)
                if self.K == 2:  # 1⊥ has no traceless diagonal matrices
                    T, mixed = T[:1, :1], mixed[:1]
            own = of_identity.get(name, 1.0) - t * of_g.get(name, 0.0)
            found[name] = T - z * np.eye(len(T)) + t * np.outer(mixed, mixed) / own
        return found

    def _traces(self, N: DiagonalPlusRankOne, a: FloatArray, b: FloatArray) -> dict[str, float]:
        """Of ``E[N ⊗ a bᵀ]`` on square copies, over the dimension; rows of a and b have sum 0."""
        entries = (N.entries() * a * b).sum(axis=1)
        return self._averages(N.form(a, b), entries, N.traces() * (a * b).sum(axis=1))

    def _averages(
        self, forms: FloatArray, entries: FloatArray, traces: FloatArray
    ) -> dict[str, float]:
        """From ``aᵀNb``, ``Σ N_ii a_i b_i`` and ``tr N a·b`` of each sample."""
        K, masses = self.K, self.sample.masses
        form, entry, trace = (float(masses @ values) for values in (forms, entries, traces))
        found = {"trivial": form / (K - 1)}
        if K > 2:
            found["differences"] = K / (K - 2) * (entry - form / K)
            found["symmetric"] = (trace + form) / 2 - found["trivial"] - found["differences"]
            found["antisymmetric"] = (trace - form) / 2
        dimensions = self.dimensions()
        return {name: found[name] / dimensions[name] for name in found if name in dimensions}

    def _beside_common(self, N: DiagonalPlusRankOne, b: FloatArray) -> float:
        """The entry of ``v 1ᵀ/√K`` and ``c P diag(v) P``."""
        if self.K == 2:
            return 0.0
        c = np.sqrt(self.K / (self.K - 2))
        total = float(self.sample.masses @ (N.entries() * b).sum(axis=1))
        return float(c * self.common * total / (self.K - 1))


def exchangeable_outliers(
    law: GeneralizedMarchenkoPastur, directions: ExchangeableDirections
) -> list[Outlier]:
    """Outliers of a layer whose nonzero part follows `law`."""
    gamma, dimensions = law.aspect_ratio, directions.dimensions()

    def matrices(a: float) -> list[FloatArray]:
        return list(directions.matrices(-gamma / a, float(law.place(a))).values())

    def branches(a: float) -> FloatArray:
        return np.concatenate([np.linalg.eigvalsh(D) for D in matrices(a)])

    sizes = [len(D) for D in directions.matrices(0.0, 1.0).values()]
    multiplicities = np.repeat(list(dimensions.values()), sizes).tolist()
    owner = [(i, l) for i, size in enumerate(sizes) for l in range(size)]

    def share(a: float, branch: int) -> float:
        """All copies but the last are in the means."""
        i, l = owner[branch]
        D = matrices(a)[i]
        x = np.linalg.eigh(D)[1][:, l]
        in_weights = x[-1] ** 2 if len(x) > 1 else 0.0
        return float(1 - in_weights)

    scale = float(np.abs(law.weights).max() * max(1.0, gamma))
    return roots_outside(
        branches, gaps_without_zero(law), scale, law.slope, law.place, multiplicities, share
    )
