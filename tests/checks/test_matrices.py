"""Symmetry in every form: matrices, stacks and tensors, dense and sparse."""

import numpy as np
import pytest
import scipy.sparse

from rmt_hessian._checks.matrices import (
    symmetric_array,
    symmetric_sparse,
    symmetric_stack,
    symmetric_tensor,
)


def nearly_symmetric(rng):
    """Up to an asymmetry of 1e-14, in one entry."""
    A = rng.standard_normal((4, 4))
    A += A.T
    A[0, 1] += 1e-14
    return A


def test_what_is_symmetric_but_for_rounding_becomes_so(rng):
    A = nearly_symmetric(rng)
    assert (A != A.T).any()
    dense, stack = symmetric_array(A, "A"), symmetric_stack([A, A.T], "A")
    sparse = symmetric_sparse(scipy.sparse.coo_array(A), "A").toarray()
    for found in (dense, *stack, sparse):
        np.testing.assert_array_equal(found, found.T)
        np.testing.assert_allclose(found, A, rtol=0, atol=1e-14)


@pytest.mark.parametrize("axes", [(1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_a_tensor_is_symmetric_in_every_pair_of_axes(axes, rng):
    v = rng.standard_normal(3)
    T = np.einsum("i,j,k->ijk", v, v, v)
    np.testing.assert_array_equal(symmetric_tensor(T, "T", 3), T)
    noise = rng.standard_normal((3, 3, 3))
    one_pair = T + noise + noise.transpose(axes)  # symmetric in this pair alone
    with pytest.raises(ValueError, match="T must be symmetric"):
        symmetric_tensor(one_pair, "T", 3)
