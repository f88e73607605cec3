"""Dead units against the blocks themselves."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian import Network, layer_hessian
from rmt_hessian.hessian.dead_units import dead_units
from tests.strategies import cases


def without_blocks(H):
    """Units whose blocks with every unit are zero, one by one."""
    k = H.n_blocks
    return [i for i in range(k) if not any(H.block(i, j).any() for j in range(k))]


@given(cases())
def test_their_blocks_are_zero_and_those_of_no_other(case):
    """A few samples of tiny networks: many units are dead there. Features of 0 say nothing."""
    H = layer_hessian(case.net, case.X, case.layer, case.loss)
    found = dead_units(H).tolist()
    assert found == [i for i in range(H.n_blocks) if not H.block_weights(i, i).any()]
    if H.features.any(axis=1).all():
        assert found == without_blocks(H)


@given(st.integers(0, 10**6), st.integers(1, 50), st.sampled_from(["float64", "float32"]))
def test_never_active_and_without_a_reader(seed, chunk, dtype):
    """Whatever the chunks, at depth, in the order of units; restricted Hessians have their own."""
    rng = np.random.default_rng(seed)
    net, X = Network.random([3, 7, 6, 2], rng), np.abs(rng.standard_normal((9, 3))) + 0.1
    W, V, U = (np.array(weights) for weights in net.weights)
    W[4], V[:, 1] = -np.abs(W[4]), 0.0
    H = layer_hessian(Network([W, V, U]), X, 0, "ce", dtype=dtype, chunk_size=chunk)
    found = dead_units(H)
    assert {1, 4} <= set(found)
    assert found.tolist() == without_blocks(H)
    order = rng.permutation(7)[:4]
    np.testing.assert_array_equal(
        dead_units(H.restrict(order)), np.flatnonzero(np.isin(order, found))
    )
    if len(found) < 7:
        assert rh.eigenvalues(H)[0] < 1e-6  # blocks of zeros: H is singular


@dataclass(frozen=True, eq=False)
class Dense:
    """``M_n`` given entry by entry, of any sign: the questions that `dead_units` asks."""

    M: np.ndarray

    @property
    def n_units(self):
        return self.M.shape[1]

    widest = n_units

    def apply(self, Y, samples):
        return Y @ self.M[samples]

    def pair_weights(self, i, j):
        return self.M[:, i, j]


def test_a_zero_diagonal_of_indefinite_matrices_is_not_enough(rng):
    """Unit 0 has λ^{00} = 0 in every sample and λ^{01} ≠ 0; unit 3 has no row at all."""
    M = rng.standard_normal((10, 4, 4))
    M = M + M.transpose(0, 2, 1)
    M[:, 0, 0] = 0
    M[:, 3] = M[:, :, 3] = 0
    H = layer_hessian(Network.random([3, 4], rng), rng.standard_normal((10, 3)), 0, "mse")
    assert dead_units(replace(H, output_hessians=Dense(M))).tolist() == [3]


def test_all_and_none(rng):
    X = np.abs(rng.standard_normal((6, 3)))
    down = Network([-np.ones((4, 3)), np.ones((2, 4))])
    assert dead_units(layer_hessian(down, X, 0, "mse")).tolist() == [0, 1, 2, 3]
    assert dead_units(layer_hessian(down, X, 1, "mse")).size == 0  # M = I, of features that are 0


def test_only_layers_have_units():
    with pytest.raises(ValueError, match="H must be a LayerHessian, got ndarray"):
        dead_units(np.eye(2))
