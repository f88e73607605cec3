r"""Classes in groups of one size: which K × K matrices do not notice that they are permuted.

Of K classes in G groups of b = K/G consecutive ones, permutations within groups and of groups leave
alone the multiples of three projectors,

    ``11ᵀ/K``,   ``P_B = J - 11ᵀ/K``   and   ``P_W = I - J``,

J the averages over groups: of all classes, between groups (of rank G-1), within groups (of rank
K-G). On ``1⊥`` a matrix that commutes with them is ``S = s_B P_B + s_W P_W``, two numbers; with
G = K, every class a group, it is one, s P: classes are *exchangeable*. `TrainedSoftmax` needs no
more of its matrices.

**A sample** breaks the symmetry, but its ``N = A (I + S A)^{-1}``, ``A = diag(p) - p pᵀ``, takes
O(K) all the same. With ``e = (s_B - s_W)/b``, ``q = p/(1 + s_W p)`` and Q_u the sum of q over group
u, ``N₀`` is in each group ``diag(q) - e/(1 + e Q_u) q qᵀ``, which is ``D (I + S̃ D)^{-1}`` with
``D = diag(p)`` and S̃ = S but for multiples of 1; and as ``A 1 = 0``

    ``N = N₀ - N₀ 1 1ᵀ N₀/(1ᵀ N₀ 1)``,   ``N₀ 1 = q/(1 + e Q_u)``.

References
----------
``docs/trained.md`` §3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._types import FloatArray, IntArray


@dataclass(frozen=True)
class ClassSymmetry:
    """K classes in G groups; numbers of the levels come in the order between, within.

    Attributes
    ----------
    n_classes, n_groups : int
        K and G, a divisor of K and above 1. With G = K there is but one level.
    """

    n_classes: int
    n_groups: int

    @property
    def group_size(self) -> int:
        """Classes of a group, b."""
        return self.n_classes // self.n_groups

    @property
    def ranks(self) -> IntArray:
        """Of the projectors."""
        ranks = np.array([self.n_groups - 1, self.n_classes - self.n_groups])
        return ranks[ranks > 0]

    def parts(self, x: FloatArray) -> FloatArray:
        """``P_l x``, rows x of shape (n, K): shape (levels, n, K)."""
        of_group = np.repeat(self.sums(x) / self.group_size, self.group_size, axis=1)
        levels = [of_group - x.mean(axis=1, keepdims=True), x - of_group]
        return np.stack(levels[: len(self.ranks)])

    def sums(self, x: FloatArray) -> FloatArray:
        """Over each group, (n, G)."""
        total: FloatArray = x.reshape(len(x), self.n_groups, -1).sum(axis=2)
        return total

    def matrix(self, values: FloatArray) -> FloatArray:
        """``Σ_l values_l P_l``, (K, K)."""
        combined: FloatArray = np.tensordot(values, self.parts(np.eye(self.n_classes)), 1)
        return combined

    def coefficients(self, matrices: FloatArray) -> FloatArray:
        """``tr(P_l M)/rank P_l`` of matrices, (L, K, K): shape (levels, L)."""
        traces = np.einsum("lij,mji->lm", self.parts(np.eye(self.n_classes)), matrices)
        found: FloatArray = traces / self.ranks[:, None]
        return found

    def another(self, within: bool) -> IntArray:
        """Of each class another one, of its own group or of another: a permutation."""
        K, b = self.n_classes, self.group_size
        classes = np.arange(K)
        return classes // b * b + (classes + 1) % b if within else (classes + b) % K

    def same_group(self, i: int, j: int) -> bool:
        """Whether two classes are in one group."""
        return i // self.group_size == j // self.group_size


@dataclass(frozen=True)
class ResolvedCurvature:
    """N of samples with probabilities p, (n, K), at ``S = Σ_l s_l P_l``.

    Attributes
    ----------
    symmetry : ClassSymmetry
    q, total : numpy.ndarray, shape (n, K)
        q and ``N₀ 1``.
    excess : numpy.ndarray, shape (n, G)
        ``e/(1 + e Q)``.
    """

    symmetry: ClassSymmetry
    q: FloatArray
    total: FloatArray
    excess: FloatArray

    @classmethod
    def of(cls, symmetry: ClassSymmetry, p: FloatArray, s: FloatArray) -> ResolvedCurvature:
        """From the numbers s of the levels."""
        e = (s[0] - s[-1]) / symmetry.group_size
        q = p / (1 + s[-1] * p)
        below = 1 + e * symmetry.sums(q)
        total = q / np.repeat(below, symmetry.group_size, axis=1)
        return cls(symmetry, q, total, e / below)

    def __matmul__(self, x: FloatArray) -> FloatArray:
        """``N x`` of each sample, x of shape (n, K)."""
        of_group = self.excess * self.symmetry.sums(self.q * x)
        first = self.q * (x - np.repeat(of_group, self.symmetry.group_size, axis=1))
        mean = (self.total * x).sum(axis=1) / self.total.sum(axis=1)
        found: FloatArray = first - self.total * mean[:, None]
        return found

    def traces(self) -> FloatArray:
        """``tr(P_l N)``, (levels, n)."""
        entries, of_group = self._entries()
        between = of_group.sum(axis=1) / self.symmetry.group_size
        levels = [between, entries.sum(axis=1) - between]
        return np.stack(levels[: len(self.symmetry.ranks)])

    def own(self, labels: IntArray) -> FloatArray:
        """``e_yᵀ P_l N P_l e_y``, (levels, n), y the label of each sample."""
        entries, of_group = self._entries()
        rows, b = np.arange(len(labels)), self.symmetry.group_size
        between = of_group[rows, labels // b] / b**2
        with_group = self.total - self.total * np.repeat(
            self.symmetry.sums(self.total) / self.total.sum(axis=1, keepdims=True), b, axis=1
        )  # N 1_u at the classes of u
        within = entries[rows, labels] - 2 * with_group[rows, labels] / b + between
        return np.stack([between, within][: len(self.symmetry.ranks)])

    def _entries(self) -> tuple[FloatArray, FloatArray]:
        """``N_cc``, (n, K), and ``1_uᵀ N 1_u``, (n, G)."""
        b, total = self.symmetry.group_size, self.total.sum(axis=1, keepdims=True)
        first = self.q - np.repeat(self.excess, b, axis=1) * self.q**2
        of_group = self.symmetry.sums(self.total)
        return first - self.total**2 / total, of_group - of_group**2 / total
