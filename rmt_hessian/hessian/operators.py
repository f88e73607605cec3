"""Symmetric operators from their products with several vectors at once."""

import numpy as np
from scipy.sparse.linalg import LinearOperator

from rmt_hessian._arrays import number_array, refuse_complex


class SymmetricOperator(LinearOperator):
    """A real symmetric matrix, n × n, known by its products.

    Products with a vector (n,), a matrix (n, q) and stacks of matrices (…, n, q), whatever SciPy's
    release; from the right likewise. Pickles where ``product`` does.

    Parameters
    ----------
    product : callable
        ``(n, q) -> (n, q)``, q at least 1.
    n : int
    dtype : numpy.dtype

    Raises
    ------
    ValueError
        From products with an array of another shape, complex numbers, or no numbers.
    """

    def __init__(self, product, n, dtype):
        super().__init__(np.dtype(dtype), (n, n))
        self.product = product

    def _matmat(self, v):
        """Stacks become further columns: (…, n, q) -> (n, … q) and back."""
        if v.size == 0:
            return np.zeros(v.shape, self.dtype)
        columns = np.moveaxis(v, -2, 0)
        result = self._columns(columns.reshape(len(columns), -1))
        return np.moveaxis(result.reshape(columns.shape), 0, -2)

    def _matvec(self, v):
        """A vector (n,), as SciPy may ask also (n, 1), or a stack of vectors (…, n)."""
        return self._columns(v.reshape(-1, self.shape[0]).T).T.reshape(v.shape)

    def _columns(self, v):
        refuse_complex(v, "v")
        # BLAS may raise the flag "invalid" in lanes that hold no data (OpenBLAS, AVX-512)
        with np.errstate(invalid="ignore", over="ignore"):
            result = self.product(v)
        if not np.isfinite(result).all() and np.isfinite(v).all():
            raise ValueError(f"v must not make the product overflow {self.dtype}")
        return result

    def _adjoint(self):
        return self

    _transpose = _adjoint

    def dot(self, v):
        """``A v`` for a vector, a matrix or a stack; SciPy's meaning of anything else."""
        if isinstance(v, LinearOperator) or np.isscalar(v):
            return super().dot(v)
        return self._times(v)

    def _times(self, v):
        v = self._checked(v, -2)
        return self._matvec(v) if v.ndim == 1 else self._matmat(v)

    def __rmul__(self, v):
        """``v A = (A vᵀ)ᵀ``, likewise; ``v @ A`` comes here too."""
        if isinstance(v, LinearOperator) or np.isscalar(v):
            return super().__rmul__(v)
        v = self._checked(v, -1)
        return self._matvec(v) if v.ndim == 1 else self._matmat(v.swapaxes(-1, -2)).swapaxes(-1, -2)

    def __matmul__(self, v):
        """As `dot`, but for numbers, which ``*`` takes."""
        return super().__matmul__(v) if isinstance(v, LinearOperator) else self._times(v)

    def _checked(self, v, axis):
        """An array of numbers whose ``axis`` fits; any precision and kind, as SciPy's are."""
        n = self.shape[0]
        v = number_array(v, "v")
        if v.shape != (n,) and (v.ndim < 2 or v.shape[axis] != n):
            wanted = f"(…, {n}, q)" if axis == -2 else f"(…, q, {n})"
            raise ValueError(f"v must have shape ({n},) or {wanted}, got {v.shape}")
        return v
