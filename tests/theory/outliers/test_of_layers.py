"""Outliers of layers: four scalars by symmetry against matrices of size C²."""

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import layer_law, layer_outliers
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.outliers.of_layers import given_layer_outliers
from rmt_hessian.theory.weights.given_weights import gaussian_points
from tests import oracles

N = 10**6


def linear(gamma, C, loss="ce", init="lecun"):
    return Ensemble([round(gamma * N), C], 0, loss, N, init=init)


@pytest.mark.parametrize(("C", "count"), [(2, 1), (3, 3), (4, 3)])
def test_layer_of_linear_ce(C, count):
    """Four scalars by symmetry against the matrix of size C²: places, multiplicities, overlaps."""
    u = np.concatenate(list(gaussian_points(C, 1, log2_points=8)))
    p = oracles.softmax(u)
    M = p[:, :, None] * np.eye(C) - p[:, :, None] * p[:, None, :]
    law = MatrixLayerLaw(M, 0.01)
    sampled = given_layer_outliers(law, M, u)
    exact = layer_outliers(linear(0.01, C))
    assert sum(o.multiplicity for o in exact) == count
    places = np.repeat([o.place for o in exact], [o.multiplicity for o in exact])
    below = np.sort([o.place for o in sampled])[: places.size]
    np.testing.assert_allclose(below, places, rtol=0.03)
    first = min(sampled, key=lambda o: o.place)
    assert first.overlap == pytest.approx(exact[0].overlap, abs=0.02)


def test_layer_of_linear_ce_of_another_scale():
    """He: logits of variance 2; the matrix on the complement of 1, where it has no null space."""
    u = np.concatenate(list(gaussian_points(3, 1, log2_points=8)))
    p = oracles.softmax(np.sqrt(2) * u)
    Q = np.linalg.qr(np.column_stack([np.ones(3), np.eye(3)[:, 1:]]))[0][:, 1:]
    M = Q.T @ (p[:, :, None] * np.eye(3) - p[:, :, None] * p[:, None, :]) @ Q
    sampled = given_layer_outliers(MatrixLayerLaw(M, 0.01), M, u)
    exact = layer_outliers(linear(0.01, 3, init="he"))
    places, overlaps = (
        np.repeat([getattr(o, name) for o in exact], [o.multiplicity for o in exact])
        for name in ("place", "overlap")
    )
    assert places.size == 3
    np.testing.assert_allclose([o.place for o in sampled[:3]], places, rtol=0.01)
    np.testing.assert_allclose([o.overlap for o in sampled[:3]], overlaps, atol=0.02)


def test_layer_outliers_of_three_classes():
    """γ = 0.01: a singlet and an exactly degenerate pair, all below the bulk."""
    ens = linear(0.01, 3)
    singlet, pair = layer_outliers(ens)
    assert (singlet.multiplicity, pair.multiplicity) == (1, 2)
    law = layer_law(ens)
    assert singlet.place < pair.place < law.components()[0][0]
    assert singlet.overlap == pytest.approx(0.959, abs=0.003)


def test_mse_layer_of_the_linear_model_has_none():
    assert layer_outliers(linear(0.01, 3, "mse")) == []
