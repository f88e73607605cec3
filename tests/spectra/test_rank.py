import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network, eigenvalues, layer_hessian
from rmt_hessian.spectra.rank import (
    energy_rank,
    energy_share,
    gap_rank,
    numerical_rank,
    spectral_gap,
)
from tests.tolerances import EXACT

spectra = st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=12)


@given(spectra, st.integers(0, 10**6), st.data())
def test_gap_rank_has_the_smallest_gap_in_any_order_and_scale(values, seed, data):
    most = data.draw(st.integers(1, len(values) - 1))
    k = gap_rank(values, most)
    gaps = [spectral_gap(values, q) for q in range(1, most + 1)]
    rounding = 4e-13 * max(values) / min(values)
    assert gaps[k - 1] <= min(gaps) + rounding
    assert k == 1 or min(gaps[: k - 1]) > gaps[k - 1]
    shuffled = np.random.default_rng(seed).permutation(values)
    assert gap_rank(4 * shuffled, most) == k  # a power of 2 changes no ratio


def test_default_gap_rank_looks_at_the_upper_half():
    values = [10.0, 9.0, 2.0, 1.9, 1.8, 1e-9]
    assert gap_rank(values) == 2
    assert gap_rank(values, 5) == 5


def test_a_null_space_at_the_bottom_counts_where_most_reaches_it():
    """The same spectra, [many, few, 0]: a last layer of three classes, whose rank is 2, and a
    hidden layer of rank 1 with a dead unit. No rule can tell them apart, but C can."""
    assert gap_rank([3.0, 1.0, 1e-17]) == 1
    assert gap_rank([3.0, 1.0, 1e-17], most=2) == 2
    rng = np.random.default_rng(0)
    weights = Network.random([20, 60, 4], rng).weights
    net = Network(weights, [np.where(np.arange(60) < 2, -99.0, 0.0), None])  # two are dead
    X = rng.standard_normal((2000, 20))
    values = eigenvalues(layer_hessian(net, X, 0, "ce").output_hessian())
    assert numerical_rank(values) == 58
    assert gap_rank(values) == gap_rank(values, 3) == 3
    assert gap_rank(values, 59) == 58
    values = eigenvalues(layer_hessian(net, X, 1, "ce"))  # whole, with the null space of softmax
    assert numerical_rank(values) == gap_rank(values, values.size - 1) == 3 * 58
    assert gap_rank(values) == 3


@pytest.mark.parametrize("noise", [1e-17, -1e-17, 0.0])
def test_ratios_of_rounding_do_not_count(noise):
    """Below the rank, ratios of noise would be -1 or 0, smaller than the gap itself."""
    assert gap_rank([3.0, 2.0, noise, -1e-17, 0.0, 0.0, -3e-17, 0.0]) == 2


def test_gap_rank_of_an_exact_rank():
    """Linear CE: ``E[A]`` has rank C-1 exactly; so has ``E[A] ⊗ E[z zᵀ]`` rank C-1 times p."""
    rng = np.random.default_rng(0)
    H = layer_hessian(Network.random([6, 4], rng), rng.standard_normal((90, 6)), 0, "ce")
    values = eigenvalues(H.output_hessian())
    assert gap_rank(values, 3) == numerical_rank(values) == 3
    assert numerical_rank(eigenvalues(H)) == 18
    # in float32 rounding hides the rank at the default, and not at the tolerance of float32
    single = eigenvalues(H.to_dense().astype(np.float32).astype(np.float64))
    assert numerical_rank(single) == 24
    assert numerical_rank(single, 24 * 1.2e-7) == 18


@given(spectra, st.integers(0, 10**6))
def test_energies_are_norms_of_the_best_approximation(values, seed):
    """Eckart–Young: the k largest |λ| of a symmetric matrix keep that share of ``‖A‖²``."""
    n = len(values)
    rng = np.random.default_rng(seed)
    values = np.array(values) * rng.choice([-1, 1], n)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = (Q * values) @ Q.T
    U, s, Vt = np.linalg.svd(A)
    for k in range(1, n + 1):
        kept = np.linalg.norm((U[:, :k] * s[:k]) @ Vt[:k]) ** 2 / np.linalg.norm(A) ** 2
        assert energy_share(values, k) == pytest.approx(kept, abs=100 * n * EXACT)
    assert energy_share(values, 1, power=1) == pytest.approx(s[0] / s.sum(), rel=100 * n * EXACT)


@given(spectra, st.floats(1e-3, 1.0))
def test_energy_rank_is_the_least_that_reaches_the_share(values, share):
    k = energy_rank(values, share)
    assert energy_share(values, k) >= share - EXACT
    assert k == 1 or energy_share(values, k - 1) < share


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 10**6))
def test_numerical_rank_is_that_of_numpy(rank, null, seed):
    F = np.random.default_rng(seed).standard_normal((rank + null, rank))
    assert numerical_rank(eigenvalues(F @ F.T)) == np.linalg.matrix_rank(F @ F.T, hermitian=True)
    assert numerical_rank(np.zeros(rank)) == 0


BAD = {
    "k = n": (lambda: spectral_gap([1.0, 2.0], 2), "k must be at most 1, got 2"),
    "no gap": (lambda: spectral_gap([0.0, -1.0], 1), "must be positive, above rounding, got 0"),
    "one eigenvalue": (lambda: gap_rank([1.0]), "at least two"),
    "most": (lambda: gap_rank([1.0, 2.0], 2), "most must be at most 1, got 2"),
    "none positive": (lambda: gap_rank([-1.0, -2.0]), "must be positive, got -1"),
    "energy of nothing": (lambda: energy_rank([0.0, 0.0]), "must not all be zero"),
    "share": (lambda: energy_rank([1.0], 1.5), "share must be at most 1, got 1.5"),
    "energy of too many": (lambda: energy_share([1.0], 2), "k must be at most 1"),
    "power": (lambda: energy_share([1.0], 1, power=0), "power must be positive"),
    "tolerance": (lambda: numerical_rank([1.0], -1), "tolerance must be positive"),
    "NaN": (lambda: numerical_rank([np.nan]), "must be finite"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_shares_that_are_met_exactly_and_extreme_scales():
    assert energy_rank([1.0, 1.0], 0.5) == 1
    for scale in (1e-200, 1e200):
        assert energy_share([scale, scale], 1) == 0.5


def test_gap_of_an_indefinite_spectrum():
    """A ratio below zero is the smallest: nothing positive is left."""
    assert gap_rank([3.0, 2.0, -2.9, -3.0], most=3) == 2


# --- what another machine makes of the same spectrum ----------------------------------------------

SEEDS = st.integers(0, 2**32 - 1)
# with multiple eigenvalues, null spaces and ratios that are equal: 8/4 = 4/2, 0/8 = 0/4
with_ties = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 8.0]), min_size=2, max_size=12)


def perturbed(values, seed):
    values = np.array(values)
    noise = np.random.default_rng(seed).uniform(-1e-15, 1e-15, values.size)
    return values + noise * np.abs(values).max()


@given(with_ties.filter(any), SEEDS, st.data())
def test_rounding_changes_no_rank(values, seed, data):
    most = data.draw(st.integers(1, len(values) - 1))
    # shares that are met exactly are among these
    k = data.draw(st.integers(1, len(values)))
    share = energy_share(values, k)
    moved = perturbed(values, seed)
    assert gap_rank(moved, most) == gap_rank(values, most)
    assert energy_rank(moved, share) == energy_rank(values, share)
    assert numerical_rank(moved) == numerical_rank(values) == np.count_nonzero(values)


def test_of_equal_gaps_the_first_counts():
    """8/4/2/1: the ratios are ½ each. A null space: what follows a positive eigenvalue is 0."""
    for seed in range(20):
        assert gap_rank(perturbed([8.0, 4.0, 2.0, 1.0], seed), 3) == 1
        assert gap_rank(perturbed([8.0, 4.0, 0.0, 0.0, 0.0], seed), 4) == 2


def test_shares_met_exactly_by_equal_eigenvalues():
    """Ten equal ones: k reach the share k/10, whose sums in floating point are above or below."""
    for k in range(1, 11):
        for seed in range(10):
            assert energy_rank(perturbed(np.ones(10), seed), k / 10) == k


@pytest.mark.parametrize("noise", [0.0, 1e-17, -1e-17, 3e-16])
def test_a_gap_below_the_rank_is_refused(noise):
    """A ratio of rounding errors; of which sign, another machine decides otherwise."""
    with pytest.raises(ValueError, match="eigenvalue k = 2 must be positive, above rounding,"):
        spectral_gap([1.0, noise, -noise, 0.0], 2)


@pytest.mark.parametrize("noise", [0.0, 1e-17, -1e-17, 3e-16])
def test_a_gap_at_the_rank_is_zero(noise):
    """Exactly, of either sign of the rounding; what is above it is a gap."""
    assert spectral_gap([2.0, 1.0, noise], 2) == 0.0
    assert spectral_gap([2.0, 1.0, 1e-9], 2) == 1e-9
    assert spectral_gap([2.0, 1.0, -1e-9], 2) == -1e-9


def test_ranks_of_float32_take_its_rounding():
    """[W] in float32: the null space of E[A] is ±1e-8."""
    values = np.array([3.0, 2.0, 1.0, 1e-7, -2e-7], dtype=np.float32)
    assert numerical_rank(values) == gap_rank(values, 4) == 3
    assert numerical_rank(values.astype(np.float64)) == 5
