"""Outliers: closed forms, symmetric against general equations, and what must not be reported."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    MatrixLayerLaw,
    WithNullSpace,
    additive_spike,
    block_law,
    layer_law,
    outliers,
    weight_law,
    weight_spike,
)
from rmt_hessian.theory.spikes.block_outliers import outliers_of_samples
from rmt_hessian.theory.spikes.layer_outliers import given_layer_outliers
from rmt_hessian.theory.spikes.outlier_equation import roots_outside
from rmt_hessian.theory.weights.sampled_weights import gaussian_points
from tests import oracles
from tests.strategies import aspect_ratios, weight_laws


def case(gamma, **given):
    return {"n_features": round(gamma * 10**6), "n_samples": 10**6, **given}


# --- hidden MSE, closed form --------------------------------------------------------------------


@given(st.floats(0.001, 0.2), st.floats(-0.95, 0.95), st.sampled_from([1.0, -0.3]))
def test_hidden_mse_off_the_diagonal(gamma, rho, b):
    """``z± = b (P ± k)(1 ± γ/k)`` iff ``γ P < k²``, overlap ``(1 - γP/k²)/(1 ± γ/k)``."""
    W = np.zeros((2, round(gamma * 10**6)))
    W[:, :2] = [[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]]
    V = np.array([[1.0, b], [0.0, 1.0]])
    sizes = case(gamma, model="hidden", loss="mse", V=V, W=W, block=(0, 1))
    gamma = sizes["n_features"] / sizes["n_samples"]
    P, k = 0.25 + np.arcsin(rho) / (2 * np.pi), np.sqrt(1 - rho**2) / (2 * np.pi)
    found = outliers(**sizes)
    if abs(gamma * P / k**2 - 1) < 1e-4:
        return
    if gamma * P > k**2:
        assert found == []
        return
    expected = sorted(
        (b * (P + s * k) * (1 + s * gamma / k), (1 - gamma * P / k**2) / (1 + s * gamma / k))
        for s in (1, -1)
    )
    assert [o.multiplicity for o in found] == [1, 1]
    np.testing.assert_allclose([o.place for o in found], [t[0] for t in expected], rtol=1e-8)
    np.testing.assert_allclose(
        [o.overlap for o in found], [t[1] for t in expected], rtol=1e-5, atol=1e-7
    )


def test_diagonal_blocks_of_hidden_mse_have_none():
    sizes = case(0.01, model="hidden", loss="mse", V=np.eye(3, 2))
    assert outliers(**sizes) == []


# --- linear CE ----------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [2, 3, 5])
@pytest.mark.parametrize("diagonal", [True, False])
def test_directions_against_the_full_matrix(C, diagonal):
    """Quadrature of at most three kinds of directions; the r×r matrix over Sobol' points."""
    gamma = 0.01
    u = np.concatenate(list(gaussian_points(C, 0, log2_points=12)))
    p = oracles.softmax(u)
    lam = p[:, 0] * (1 - p[:, 0]) if diagonal else -p[:, 0] * p[:, 1]
    sampled = outliers_of_samples(lam, u, gamma)
    exact = outliers(**case(gamma, model="linear", loss="ce", n_classes=C, diagonal=diagonal))
    places = np.repeat([o.place for o in exact], [o.multiplicity for o in exact])
    overlaps = np.repeat([o.overlap for o in exact], [o.multiplicity for o in exact])
    clear = overlaps > 0.1  # the others come and go with the sampling error
    others = [o for o in sampled if o.overlap > 0.08]
    width = np.ptp(
        block_law(
            **case(gamma, model="linear", loss="ce", n_classes=C, diagonal=diagonal)
        ).support()
    )
    for place, overlap in zip(places[clear], overlaps[clear], strict=True):
        near = min(others, key=lambda o: abs(o.place - place))
        assert abs(near.place - place) < 0.02 * width
        assert near.overlap == pytest.approx(overlap, abs=0.1)
    assert abs(len(others) - clear.sum()) <= 1


def test_overlap_of_a_block():
    """``(1 - h)/(1 - h + h_q)``, ``h_q = E[(q·u)² γλ²/(a - γλ)²]``."""
    gamma = 0.025
    weights = weight_law(model="linear", loss="ce", n_classes=3)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, gamma)
    (outlier,) = outliers(**case(gamma, model="linear", loss="ce", n_classes=3))
    a = -1 / law.stieltjes(outlier.place).real
    overlaps = []
    for direction in weights.directions:
        terms = direction.excess * weights.nodes / (a - gamma * weights.nodes)
        if abs(terms.sum() - 1) < 1e-6:  # the direction whose equation is solved
            masses = direction.excess + weights.probabilities
            h_q = masses @ (gamma * weights.nodes**2 / (a - gamma * weights.nodes) ** 2)
            overlaps.append(law.slope(a) / (law.slope(a) + h_q))
    assert overlaps == [pytest.approx(outlier.overlap, rel=1e-5)]


@pytest.mark.parametrize("model", ["linear", "hidden"])
def test_nothing_inside_the_support_and_nothing_at_large_ratio(model):
    rng = np.random.default_rng(0)
    given = {"n_classes": 4} if model == "linear" else {"V": rng.standard_normal((4, 3))}
    for diagonal in (True, False):
        for gamma in (0.003, 0.03, 0.3, 3.0):
            sizes = case(gamma, model=model, loss="ce", diagonal=diagonal, **given)
            components = block_law(**sizes).components()
            found = outliers(**sizes)
            for o in found:
                assert not any(lo <= o.place <= hi for lo, hi in components)
                assert 0 < o.overlap < 1
            if gamma >= 0.3:
                assert all(o.overlap < 0.35 for o in found)


# --- whole layers -------------------------------------------------------------------------------


@pytest.mark.parametrize(("C", "count"), [(2, 1), (3, 3), (4, 3)])
def test_layer_of_linear_ce(C, count):
    """Four scalars by symmetry against the matrix of size C²: places, multiplicities, overlaps."""
    u = np.concatenate(list(gaussian_points(C, 1, log2_points=8)))
    p = oracles.softmax(u)
    M = p[:, :, None] * np.eye(C) - p[:, :, None] * p[:, None, :]
    law = MatrixLayerLaw(M, 0.01)
    sampled = given_layer_outliers(law, M, u)
    exact = outliers(**case(0.01, model="linear", loss="ce", n_classes=C, whole_layer=True))
    assert sum(o.multiplicity for o in exact) == count
    places = np.repeat([o.place for o in exact], [o.multiplicity for o in exact])
    below = np.sort([o.place for o in sampled])[: places.size]
    np.testing.assert_allclose(below, places, rtol=0.03)
    first = min(sampled, key=lambda o: o.place)
    assert first.overlap == pytest.approx(exact[0].overlap, abs=0.02)


def test_layer_outliers_of_three_classes():
    """γ = 0.01: a singlet and an exactly degenerate pair, all below the bulk."""
    singlet, pair = outliers(**case(0.01, model="linear", loss="ce", n_classes=3, whole_layer=True))
    assert (singlet.multiplicity, pair.multiplicity) == (1, 2)
    law = layer_law(**case(0.01, model="linear", loss="ce", n_classes=3))
    assert singlet.place < pair.place < law.components()[0][0]
    assert singlet.overlap == pytest.approx(0.959, abs=0.003)


def test_mse_layer_of_the_linear_model_has_none():
    assert outliers(**case(0.01, model="linear", loss="mse", n_classes=3, whole_layer=True)) == []


# --- the law's own spikes -----------------------------------------------------------------------


@given(weight_laws(), aspect_ratios, st.floats(-50, 50))
@example((np.array([1.0, 0.5]), np.array([2 / 3, 1 / 3])), 1.0, 3.5e-256)  # at a hard edge
def test_additive_spikes(law, gamma, theta):
    """At z(θ) outside the support, ``1/s(z) = -θ``, or none; the overlap is ``dθ/dz`` inverse."""
    law = GeneralizedMarchenkoPastur(*law, gamma)
    spike = additive_spike(law, theta)
    if spike is None:
        negligible = 1e-14 * gamma * np.abs(law.weights).max()
        assert abs(theta) <= negligible or any(lo >= theta or theta >= hi for lo, hi in law.gaps())
        return
    assert 0 < spike.overlap <= 1
    assert not any(lo < spike.place < hi for lo, hi in law.components())
    if spike.overlap > 1e-3 and abs(spike.place) > 1e-9:
        assert law.stieltjes(spike.place).real * theta == pytest.approx(-1, rel=1e-6)


def test_the_spike_of_the_classical_law():
    """γ < 1, additive θ: ``θ + θ/(θ - γ)`` for ``θ > γ + √γ``."""
    gamma = 0.25
    law = MarchenkoPastur(gamma)
    assert additive_spike(law, gamma + np.sqrt(gamma) - 1e-6) is None
    spike = additive_spike(law, 2.0)
    assert spike.place == pytest.approx(2 + 2 / (2 - gamma))
    assert spike.overlap == pytest.approx(1 - gamma / (2 - gamma) ** 2)
    assert weight_spike(law, 8.0) == spike
    assert weight_spike(law, 1.0) is None
    with pytest.raises(ValueError, match="theta must be finite"):
        additive_spike(law, np.nan)
    for spike in (additive_spike, weight_spike):
        with pytest.raises(ValueError, match="must be a GeneralizedMarchenkoPastur, got WithNull"):
            spike(WithNullSpace(law, 0.5), 2.0)


# --- the output layer ---------------------------------------------------------------------------


def test_mean_outlier_of_the_output_layer():
    sizes = {"n_features": 400, "n_inputs": 400, "n_samples": 8000}
    (outlier,) = outliers(model="output", loss="mse", n_classes=3, **sizes)
    assert outlier.place == pytest.approx(64.10, abs=0.01)
    assert 0.98 < outlier.overlap < 1


def test_equal_places_are_one_outlier():
    """Branches ``τ - z`` of constant τ: the overlap ``1/(1 - τ')`` is 1, equal τ are added up."""
    found = roots_outside(lambda z: np.array([2.0, 3.0, 2.0, 0.5]) - z, [(1.0, np.inf)], 1.0)
    assert [o.multiplicity for o in found] == [2, 1]
    np.testing.assert_allclose([(o.place, o.overlap) for o in found], [(2, 1), (3, 1)], rtol=1e-9)
