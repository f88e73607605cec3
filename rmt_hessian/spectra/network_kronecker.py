"""The decoupling of [W] for the whole Hessian: a Khatri–Rao product, or its diagonal blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import (
    boolean,
    index_below,
    instance_of,
    list_of,
    positive_integer,
)
from rmt_hessian._checks.matrices import symmetric_array
from rmt_hessian._threads import consecutive_slices
from rmt_hessian._types import FloatArray, RealArray
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.operators import LazyMatrix, SymmetricOperator
from rmt_hessian.spectra.eigenvalues import top_eigenpairs


@dataclass(frozen=True, eq=False, repr=False)
class NetworkKronecker(LazyMatrix):
    """``E[M_lm] ⊗ E[z_l z_mᵀ]`` in place of block (l, m) of the Hessian, never formed.

    ``M_lm = ∂²ℓ/∂a_l ∂a_m``, which is ``B_lᵀ A B_m`` for ReLU and for the Gauss–Newton part; other
    activations add their second derivatives. All blocks make the Khatri–Rao product of the two
    factors ([W]), a principal submatrix of their Kronecker product, positive semidefinite if they
    are. It stands for ``(1/N) Σ_n M_lm ⊗ z_l z_mᵀ`` of the Hessian and is that for one sample; the
    term of cross-layer blocks in which weights move features (`NetworkHessian`) is no part of it.
    With the blocks l = m alone (layer-wise) every eigenvector is one of a layer, zero elsewhere.
    Make one with `kronecker_approximation`.

    Parameters
    ----------
    factors : KroneckerProduct
        ``left`` is ``E[M]`` over the units of all layers, (K, K), ``right`` ``E[z zᵀ]`` over
        their features, (F, F).
    units : tuple of int
        ``k_0, k_1, …``, the output units of each layer, with sum K.
    features : tuple of int
        ``p_0, p_1, …``, the input features of each layer, with sum F.
    cross_layer : bool
        All blocks, or those of one layer each.

    Raises
    ------
    ValueError
        If a factor is not symmetric (to 1e-10 of its largest entry), or not of the size of its
        layers.

    References
    ----------
    ``docs/structure.md`` §5; [W], decoupling.

    Examples
    --------
    >>> M, S = np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 3.0]])
    >>> factors = KroneckerProduct(M, S)
    >>> NetworkKronecker(factors, units=(1, 1), features=(1, 1)).to_dense()
    array([[2., 1.],
           [1., 3.]])
    >>> values, vectors = NetworkKronecker(factors, (1, 1), (1, 1), False).top_eigenpairs(1)
    >>> values, np.abs(vectors[:, 0])
    (array([3.]), array([0., 1.]))
    """

    factors: KroneckerProduct
    units: tuple[int, ...]
    features: tuple[int, ...]
    cross_layer: bool = True

    def __post_init__(self) -> None:
        instance_of(self.factors, KroneckerProduct, "factors")
        boolean(self.cross_layer, "cross_layer")
        for name in ("units", "features"):
            sizes = [
                positive_integer(n, name) for n in list_of(getattr(self, name), name, "integers")
            ]
            object.__setattr__(self, name, tuple(sizes))
        if len(self.units) != len(self.features):
            raise ValueError(
                f"units and features must be of as many layers, got {self.units} "
                f"and {self.features}"
            )
        symmetric_array(self.factors.left, "left", sum(self.units))
        symmetric_array(self.factors.right, "right", sum(self.features))

    def __repr__(self) -> str:
        blocks = "all blocks" if self.cross_layer else "blocks of one layer each"
        return f"NetworkKronecker({len(self.units)} layers, {self.shape[0]} weights, {blocks})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, whatever the factors were made from."""
        return self.factors.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """``(P, P)``, ``P = Σ k_l p_l``."""
        return (self._places[-1].stop,) * 2

    @property
    def _places(self) -> list[slice]:
        """The parameters of each layer, in the order of `NetworkHessian`."""
        return consecutive_slices(np.multiply(self.units, self.features))

    def block_factors(self, l: int, m: int) -> tuple[RealArray, RealArray]:
        """``E[B_lᵀ A B_m]``, (k_l, k_m), and ``E[z_l z_mᵀ]``, (p_l, p_m); -1 is the last layer.

        The first is 0 where the block is left out.

        Raises
        ------
        IndexError
            If there is no such layer.
        """
        l, m = (index_below(layer, len(self.units), "layer") for layer in (l, m))
        units, features = consecutive_slices(self.units), consecutive_slices(self.features)
        M, S = self.factors.left[units[l], units[m]], self.factors.right[features[l], features[m]]
        return (M if self.cross_layer or l == m else np.zeros_like(M)), S

    def _blocks(self) -> Iterator[tuple[int, int, RealArray, RealArray]]:
        """Yield l, m, ``E[B_lᵀ A B_m]`` and ``E[z_l z_mᵀ]`` of every block that is not left out."""
        for l, m in np.ndindex((len(self.units),) * 2):
            if self.cross_layer or l == m:
                yield l, m, *self.block_factors(l, m)

    def to_dense(self) -> FloatArray:
        """The matrix, shape (P, P)."""
        H, places = np.zeros(self.shape), self._places
        for l, m, M, S in self._blocks():
            H[places[l], places[m]] = np.kron(M, S)
        return H

    def diagonal(self) -> FloatArray:
        """The diagonal, shape (P,)."""
        blocks = [self.block_factors(l, l) for l in range(len(self.units))]
        return np.concatenate([np.kron(M.diagonal(), S.diagonal()) for M, S in blocks])

    def trace(self) -> float:
        """``Σ_l tr E[M_l] tr E[z_l z_lᵀ]``."""
        return float(self.diagonal().sum())

    def frobenius_norm(self) -> float:
        """``√(Σ_lm ‖E[B_lᵀ A B_m]‖_F² ‖E[z_l z_mᵀ]‖_F²)``."""
        norms = [np.linalg.norm(M) * np.linalg.norm(S) for _, _, M, S in self._blocks()]
        return float(np.linalg.norm(norms))

    def to_operator(self) -> SymmetricOperator:
        """The matrix as a symmetric `scipy.sparse.linalg.LinearOperator`.

        For ``U_m`` of shape (k_m, p_m): ``Σ_m E[B_lᵀ A B_m] U_m E[z_l z_mᵀ]ᵀ`` in layer l.
        """
        return SymmetricOperator(self._product, self.shape[0], np.float64)

    def _product(self, v: FloatArray) -> FloatArray:
        """``(P, q) -> (P, q)``."""
        result, places = np.zeros(v.shape), self._places
        for l, m, M, S in self._blocks():
            U = v[places[m]].T.reshape(-1, M.shape[1], S.shape[1])
            result[places[l]] += (M @ U @ S.T).reshape(-1, M.shape[0] * S.shape[0]).T
        return result

    def top_eigenpairs(self, n: int) -> tuple[RealArray, RealArray]:
        """The n largest eigenvalues and their orthonormal eigenvectors.

        Layer-wise they are products of eigenpairs of the factors, merged; with cross-layer blocks
        those of the matrix, by `rmt_hessian.spectra.eigenvalues.top_eigenpairs`.

        Returns
        -------
        values : numpy.ndarray, shape (n,)
            Ascending, the largest last.
        vectors : numpy.ndarray, shape (P, n)

        Raises
        ------
        ValueError
            If n is not in 1 … P.
        RuntimeError
            If the iteration does not converge.
        """
        n, size = positive_integer(n, "n"), self.shape[0]
        if n > size:
            raise ValueError(f"n must be at most {size}, got {n}")
        if self.cross_layer:
            return top_eigenpairs(self, n)
        return self._merged_eigenpairs(n)

    def _merged_eigenpairs(self, n: int) -> tuple[RealArray, RealArray]:
        layers = [KroneckerProduct(M, S) for _, _, M, S in self._blocks()]
        tops = [layer.top_eigenvalues(min(n, layer.shape[0])) for layer in layers]
        owners = np.repeat(np.arange(len(layers)), [top.size for top in tops])
        values = np.concatenate(tops)
        chosen = np.argsort(values, kind="stable")[-n:]
        owners, values = owners[chosen], values[chosen]
        vectors = np.zeros((self.shape[0], n))
        for l, (layer, place) in enumerate(zip(layers, self._places, strict=True)):
            mine = np.flatnonzero(owners == l)  # the largest of layer l, ascending
            if mine.size:
                vectors[place, mine] = layer.top_eigenspace(mine.size)
        return values, vectors
