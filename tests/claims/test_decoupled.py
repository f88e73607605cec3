"""[D]'s proof: H and the decoupled H̃, output Hessians of an independent copy of the inputs.

The proof needs that the Stieltjes transforms of the blocks have one limit as d, N → ∞ together;
that ``‖H - H̃‖`` is O(1/√N) is a statement about matrices. As such it does not hold: at fixed d the
distance falls like 1/√N down to the plateau of the few directions on which the weights depend, and
at fixed d/N it does not fall. The transforms do agree: of a pair to O(1/√N), with a constant that
is predicted, and in the mean to O(1/N).
"""

from functools import cache

import numpy as np
import pytest

from rmt_hessian import (
    Ensemble,
    Network,
    eigenvalues,
    gaussian_inputs,
    ks_distance_of_spectra,
    layer_hessian,
)
from rmt_hessian.hessian.decoupled import decoupled
from rmt_hessian.spectra.uncertainty import fitted_rate
from rmt_hessian.theory import expected_kronecker_error, weight_law
from rmt_hessian.theory.structure.decoupled import decoupled_norms
from rmt_hessian.theory.weights.influence import weight_influence

D, SEEDS = 20, 8
SAMPLES = (50, 200, 800, 3200, 12800, 51200)
CASES = {
    "linear CE": ([D, 3], "ce"),
    "linear CE, 10 classes": ([D, 10], "ce"),
    "hidden CE": ([D, 8, 5], "ce"),
    "hidden MSE": ([D, 8, 5], "mse"),
}


def rate(sizes, values):
    """Of rows of seeds, with a 99 % interval."""
    return fitted_rate(sizes, values, np.random.default_rng(0), level=0.99)


def pair(net, loss, n_samples, seed):
    """H of a sample and its decoupled one."""
    rng = np.random.default_rng([seed, n_samples, 7])
    H, other = (
        layer_hessian(net, gaussian_inputs(n_samples, net.widths[0], rng), 0, loss)
        for _ in range(2)
    )
    return H, decoupled(H, other)


@cache
def network(case, seed):
    widths, loss = CASES[case]
    net = Network.random(widths, np.random.default_rng([seed, 3]))
    return net, Ensemble(widths, 0, loss, SAMPLES[-1]).given(net)


@cache
def squares(case, seed, n_samples, units=None):
    """``‖H - H̃‖²`` and ``‖H‖²``, of the layer or a block."""
    H, copy = pair(network(case, seed)[0], CASES[case][1], n_samples, seed)
    A, B = (X.to_dense() if units is None else X.block(*units) for X in (H, copy))
    return np.sum((A - B) ** 2), np.sum(A**2)


def errors(case, units=None):
    """Relative distances, (sizes, seeds)."""
    found = [[squares(case, s, n, units) for s in range(SEEDS)] for n in SAMPLES]
    difference, own = np.moveaxis(np.array(found), -1, 0)
    return np.sqrt(difference / own)


@cache
def norms(case, seed, units=None):
    return decoupled_norms(network(case, seed)[1], units=units)


# --- the matrices at fixed d ----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_at_every_sample_size_the_distance_is_the_predicted_one(case):
    """Root mean squares of eight networks, of a noise of 4 % at N = 50, and less beyond."""
    found = np.sqrt(np.mean(errors(case) ** 2, axis=1))
    for n, error in zip(SAMPLES, found, strict=True):
        predictions = [norms(case, s).relative_error(n) for s in range(SEEDS)]
        assert np.sqrt(np.mean(np.square(predictions))) == pytest.approx(
            error, rel=0.1 if n == 50 else 0.05
        ), n


@pytest.mark.parametrize("case", CASES)
def test_at_fixed_d_it_is_not_o_of_one_over_root_n(case):
    """The fitted rate is above -1/2; at N = 51,200, beyond all crossovers, 4/5 are the plateau."""
    found = errors(case)
    assert rate(SAMPLES, found).low > -0.5
    assert rate(SAMPLES[-2:], found[-2:]).low > -0.25
    plateau = np.array([norms(case, s).relative_error(np.inf) for s in range(SEEDS)])
    assert np.mean(plateau / found[-1]) > 0.8
    assert max(norms(case, s).crossover for s in range(SEEDS)) < SAMPLES[-1] / 2


@pytest.mark.parametrize("case", CASES)
def test_what_is_beside_the_plateau_falls_like_one_over_root_n(case):
    """``‖H - H̃‖² - (1 - 1/N) ‖T‖²`` is φ/N, in units of the expected ``‖H‖²``: exponent -1 within
    the interval while it is not small against the plateau, so up to N = 3200."""
    sizes = SAMPLES[:4]
    values = np.empty((len(sizes), SEEDS))
    for a, n in enumerate(sizes):
        for s in range(SEEDS):
            of = norms(case, s)
            difference, own = squares(case, s, n)
            scale = ((1 - 1 / n) * of.squared_mean + of.second_moment / n) / own
            values[a, s] = difference * scale - (1 - 1 / n) * of.plateau
    found = rate(sizes, values)
    assert found.low < -1 < found.high
    assert found.high - found.low < 0.2


def test_where_it_is_o_of_one_over_root_n():
    """Blocks on the diagonal of hidden MSE: ``E[D_i (x xᵀ - I)] = 0`` and no plateau. Off it both
    masks tell of both directions: there is one."""
    free, bound = errors("hidden MSE", (0, 0)), errors("hidden MSE", (0, 1))
    found = rate(SAMPLES[1:], free[1:])  # at N = 50 ‖H‖ is above its limit
    assert found.low - 0.01 < -0.5 < found.high + 0.01
    assert rate(SAMPLES[1:], bound[1:]).low > -0.45
    assert free[-1].max() < 0.05 < bound[-1].min()


def test_the_plateau_vanishes_with_d_in_frobenius_but_not_in_operator_norm():
    """Like 1/√d, of r directions among d; along them H and H̃ differ by a third of ‖H‖ at any d."""
    dimensions, frobenius, operator = (20, 80, 320), [], []
    for d in dimensions:
        row = []
        for seed in range(SEEDS):
            net = Network.random([d, 3], np.random.default_rng([seed, d]))
            of = decoupled_norms(Ensemble([d, 3], 0, "ce", 10).given(net))
            row.append((of.relative_error(np.inf), of.operator_plateau))
        frobenius.append([x for x, _ in row])
        operator.append([x for _, x in row])
    found = rate(dimensions, np.array(frobenius))
    assert found.low - 0.03 < -0.5 < found.high + 0.03
    assert 0.3 < np.min(operator) < np.max(operator) < 0.5


def test_two_decoupled_hessians_have_no_plateau():
    """Of two copies each: both tend to ``E[M] ⊗ I``; H does not, and is on the plateau of [W]'s
    product too."""
    case, distances = "linear CE", []
    for n in SAMPLES[1:]:
        row = []
        for seed in range(SEEDS):
            net, _ = network(case, seed)
            H, first = pair(net, "ce", n, seed)
            X = gaussian_inputs(n, D, np.random.default_rng([seed, n, 8]))
            second = decoupled(H, layer_hessian(net, X, 0, "ce"))
            A = first.to_dense()
            row.append(np.linalg.norm(A - second.to_dense()) / np.linalg.norm(A))
        distances.append(row)
    found = rate(SAMPLES[1:], np.array(distances))
    assert found.low - 0.02 < -0.5 < found.high + 0.02
    of = expected_kronecker_error(network(case, 0)[1])
    assert norms(case, 0).plateau == pytest.approx(of.plateau, rel=1e-9)


def test_spectra_at_fixed_d_do_not_agree_either():
    """Eigenvalues of H_00 along those directions stay off: a transform that differs by O(r/d), and
    a Kolmogorov distance that does not fall."""
    case, found = "linear CE", []
    for n in SAMPLES[1::2]:  # 200, 3200, 51,200
        for seed in range(SEEDS):
            H, copy = pair(network(case, seed)[0], "ce", n, seed)
            a, b = (eigenvalues(X.block(0, 0)) for X in (H, copy))
            z = 1j * np.abs(a).mean()
            change = abs(np.mean(1 / (a - z) - 1 / (b - z))) * z.imag
            found.append((change, ks_distance_of_spectra(a, b)))
    change, ks = np.array(found).reshape(-1, SEEDS, 2).mean(axis=1).T
    assert (ks > 0.08).all()
    assert ks[-1] > 0.8 * ks[0]
    assert change[-1] > 0.004
    assert change[-1] > 0.5 * change[-2]  # 1/4, were it 1/√N


# --- d and N together -----------------------------------------------------------------------------

RATIO = 0.5
DIMENSIONS = (16, 32, 64, 128)
MANY = {16: 400, 32: 200, 64: 100, 128: 50}
TOGETHER = {"linear CE": ([3], "ce"), "hidden CE": ([8, 5], "ce"), "hidden MSE": ([8, 5], "mse")}
TOGETHER["linear CE, 20 classes"] = ([20], "ce")
SMALL = list(TOGETHER)[:3]  # whose layers are formed
UNITS = {"diagonal": (0, 0), "off-diagonal": (0, 1)}


@cache
def grown(case, d):
    """Four networks of d inputs, and what is drawn of them."""
    widths, loss = TOGETHER[case]
    widths, N = [d, *widths], round(d / RATIO)
    found = []
    for seed in range(4):
        net = Network.random(widths, np.random.default_rng([seed, d]))
        found.append((net, Ensemble(widths, 0, loss, N).given(net)))
    return N, loss, found


@cache
def changes(case, d, block):
    """Rows (σ (s_H - s_H̃), the same less the influence of the weights, KS, W₁/σ), the predicted
    root mean square."""
    N, loss, networks = grown(case, d)
    rows, predicted = [], []
    for net, ens in networks:
        law = weight_law(ens, *UNITS[block])
        scale = np.sqrt(law.mean() ** 2 + RATIO * law.second_moment())
        h = weight_influence(ens, *UNITS[block], 1j * scale)
        predicted.append(scale * h.decoupled_error(N))
        for seed in range(MANY[d] // 4):
            H, copy = pair(net, loss, N, seed)
            a, b = (eigenvalues(X.block(*UNITS[block])) for X in (H, copy))
            change = scale * np.mean(1 / (a - h.z) - 1 / (b - h.z))
            weights = (X.block_weights(*UNITS[block]) for X in (H, copy))
            rest = change - scale * np.subtract(*(h.of(w).mean() for w in weights))
            w1 = np.abs(a - b).mean() / scale
            rows.append((change, rest, ks_distance_of_spectra(a, b), w1))
    return np.array(rows), np.sqrt(np.mean(np.square(predicted)))


@pytest.mark.parametrize("case", SMALL)
def test_matrices_do_not_approach_each_other_in_either_norm(case):
    """At d/N = ½ the relative Frobenius distance is that of ``√(2γ(r-1)/(1+γr))`` within 5 % at
    d = 128, the operator norm larger; neither has fallen by a tenth since d = 32."""
    frobenius, operator, limits = [], [], []
    for d in (32, 128):
        N, loss, networks = grown(case, d)
        for seed, (net, ens) in enumerate(networks):
            A, B = (H.to_dense() for H in pair(net, loss, N, seed))
            frobenius.append(np.linalg.norm(A - B) / np.linalg.norm(A))
            sizes = [np.abs(eigenvalues(X)).max() for X in (A - B, A)]
            operator.append(sizes[0] / sizes[1])
            r = expected_kronecker_error(ens).spread
            limits.append(np.sqrt(2 * RATIO * (r - 1) / (1 + RATIO * r)))
    (f32, f128), (o32, o128), (_, limit) = (
        np.reshape(values, (2, -1)).mean(axis=1) for values in (frobenius, operator, limits)
    )
    assert f128 == pytest.approx(limit, rel=0.05)
    assert f128 > 0.9 * f32
    assert o128 > 0.9 * o32
    assert o128 > 0.3


@pytest.mark.parametrize("block", UNITS)
@pytest.mark.parametrize("case", TOGETHER)
def test_transforms_of_a_pair_differ_by_one_over_root_n(case, block):
    """With the predicted constant: 50 to 400 draws have a noise of 10 to 4 %; the influence of
    single weights leaves O(1/N)."""
    left = []
    for d in DIMENSIONS:
        rows, predicted = changes(case, d, block)
        size, rest = np.sqrt(np.mean(np.abs(rows[:, :2]) ** 2, axis=0))
        assert size == pytest.approx(predicted, rel=0.2), d
        left.append((size, rest))
    sizes, rests = np.array(left).T
    slopes = [np.polyfit(np.log(DIMENSIONS), np.log(x), 1)[0] for x in (sizes, rests)]
    assert slopes == pytest.approx([-0.5, -1.0], abs=0.1)


def test_transforms_agree_in_the_mean_to_one_over_n():
    """d times the mean difference is one number, not zero, within three standard errors (1/√N would
    triple it); the mean of the rest is that of the difference, with a quarter of its noise."""
    scaled = []
    for d in DIMENSIONS:
        rest = changes("linear CE", d, "off-diagonal")[0][:, 1]
        scaled.append((d * rest.mean(), d * rest.std() / np.sqrt(len(rest))))
    means, noise = np.array(scaled).T
    noise = noise.real
    assert abs(means[0]) > 5 * noise[0]
    together = np.sum(means / noise**2) / np.sum(noise**-2)
    assert (np.abs(means - together) < 3 * noise).all()


@pytest.mark.parametrize("case", TOGETHER)
def test_distances_of_the_spectra_fall_at_least_like_one_over_root_n(case):
    """Wasserstein and Kolmogorov distances of block (0, 0): a part of 1/√N, from the weights, and
    one of 1/N, from single eigenvalues; exponents in between, -0.4 and -0.85 being noise."""
    rows = [changes(case, d, "diagonal")[0] for d in DIMENSIONS]
    for column in (2, 3):
        values = np.array([row[:, column].real.mean() for row in rows])
        slope = np.polyfit(np.log(DIMENSIONS), np.log(values), 1)[0]
        assert -0.85 < slope < -0.4, column
