"""Symmetric operators from their products with several vectors at once."""

from scipy.sparse.linalg import LinearOperator

from rmt_hessian._validation import refuse_complex


def symmetric_operator(product, n, dtype):
    """A real symmetric ``n × n`` `scipy.sparse.linalg.LinearOperator` from ``(n, q) -> (n, q)``.

    Its products raise ValueError for complex vectors.
    """

    def matmat(v):
        refuse_complex(v, "v")
        return product(v)

    def matvec(v):
        return matmat(v.reshape(-1, 1))[:, 0]

    return LinearOperator(
        (n, n), matvec=matvec, rmatvec=matvec, matmat=matmat, rmatmat=matmat, dtype=dtype
    )
