"""Symmetric matrices as vectors, their upper triangles, and the operators X ↦ Σ A X A on them.

References
----------
``docs/laws.md`` §4.
"""

import numpy as np


class SymmetricMatrices:
    """Those of size k, as vectors of size k (k+1)/2.

    Examples
    --------
    >>> space = SymmetricMatrices(2)
    >>> A, X = np.array([[1.0, 2.0], [2.0, 5.0]]), np.array([[0.0, 1.0], [1.0, 3.0]])
    >>> a, x = space.vector(A), space.vector(X)
    >>> bool(np.allclose(space.matrix(space.operator(np.outer(a, a)) @ x), A @ X @ A))
    True
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self.rows, self.columns = i, j = np.triu_indices(k)
        place = np.empty((k, k), dtype=np.intp)
        place[i, j] = place[j, i] = np.arange(i.size)
        a, b = i[:, None], j[:, None]
        self._products = (place[a, i], place[j, b]), (place[a, j], place[i, b])
        self._share = np.where(i == j, 0.5, 1.0)

    @property
    def dimension(self) -> int:
        """``k (k+1)/2``."""
        return self.rows.size

    def vector(self, A: np.ndarray) -> np.ndarray:
        """The upper triangle of A, row by row."""
        return A[self.rows, self.columns]

    def matrix(self, vector: np.ndarray) -> np.ndarray:
        """The inverse of `vector`."""
        A = np.empty((self.k, self.k), dtype=vector.dtype)
        A[self.rows, self.columns] = A[self.columns, self.rows] = vector
        return A

    def operator(self, products: np.ndarray) -> np.ndarray:
        """The matrix of ``X ↦ E[A X A]`` on vectors, from ``E[a aᵀ]``, a the vector of A."""
        first, second = self._products
        return (products[first] + products[second]) * self._share

    def congruence(self, A: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The matrix of ``X ↦ Σ w A X Aᵀ`` on vectors, of A, (n, k, k), not symmetric."""
        k, (i, j) = self.k, (self.rows, self.columns)
        flat = A.reshape(len(A), -1)
        products = ((weights[:, None] * flat).T @ flat).reshape(k, k, k, k)  # of A_ia A_jb
        first = products[i[:, None], i, j[:, None], j]
        second = products[i[:, None], j, j[:, None], i]
        return (first + second) * self._share
