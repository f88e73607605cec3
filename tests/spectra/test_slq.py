"""Stochastic Lanczos quadrature: every identity of its rules and of the errors."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from scipy.stats import binom, t

from rmt_hessian import Network, layer_hessian
from rmt_hessian._threads import one_thread
from rmt_hessian.spectra.lanczos import lanczos
from rmt_hessian.spectra.slq import SpectralDensity, spectral_density
from tests.spectra.matrices import entries, orthogonal, probe, with_spectrum
from tests.tolerances import EXACT


def exact_cdf(values, Q, v, x):
    """CDF of the measure of v, from all eigenvectors."""
    order = np.argsort(values)
    mass = np.append(0.0, np.cumsum(((Q.T @ v) ** 2)[order]))
    return mass[np.searchsorted(np.asarray(values)[order], x, side="right")]


# --- the rule of one probe --------------------------------------------------------------------


def test_no_ghost_copies():
    """Ten outliers above a bulk converge early; the bare recurrence then finds them again."""
    rng, n, n_steps = np.random.default_rng(0), 400, 120
    values = np.concatenate([np.linspace(0, 1, n - 10), 2.0 ** np.arange(1, 11)])
    A, Q = with_spectrum(values, rng)
    v = probe(n, 1)
    old, q, beta, diagonal, beside = np.zeros(n), v, 0.0, [], []
    for _ in range(n_steps):
        w = A @ q - beta * old
        diagonal.append(q @ w)
        w -= diagonal[-1] * q
        beta = np.linalg.norm(w)
        beside.append(beta)
        old, q = q, w / beta
    T = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    assert np.sum(np.abs(np.linalg.eigvalsh(T) - 1024) < 1e-6) > 1
    density = spectral_density(A, n_probes=1, n_steps=n_steps, rng=1)
    for top in values[-10:]:
        (at,) = np.flatnonzero(np.abs(density.nodes[0] - top) < 1e-6)
        weight = (Q[:, np.argmin(np.abs(values - top))] @ v) ** 2
        assert density.weights[0][at] == pytest.approx(weight, abs=EXACT)


@given(st.integers(2, 25), st.integers(1, 8), st.integers(0, 10**6))
def test_quadrature_is_exact_up_to_degree_2m_minus_1(n, n_steps, seed):
    A, _ = with_spectrum(np.random.default_rng(seed).uniform(-1, 1, n), np.random.default_rng(seed))
    density = spectral_density(A, n_probes=1, n_steps=n_steps, rng=seed)
    power = probe(n, seed)
    for k in range(2 * n_steps):
        assert density.moment(k) == pytest.approx(probe(n, seed) @ power, abs=EXACT)
        power = A @ power


def test_degree_2m_is_not_exact(rng):
    A, _ = with_spectrum(rng.uniform(-1, 1, 30), rng)
    v = probe(30, 0)
    gap = v @ np.linalg.matrix_power(A, 6) @ v - spectral_density(
        A, n_probes=1, n_steps=3, rng=0
    ).moment(6)
    assert gap > 1e-3  # the Gauss rule misses ‖monic orthogonal polynomial‖² > 0


@given(st.lists(entries(5), min_size=1, max_size=20), st.integers(1, 25), st.integers(0, 99))
def test_weights_are_positive_of_sum_one_and_nodes_lie_inside(values, n_steps, seed):
    A, _ = with_spectrum(values, np.random.default_rng(seed))
    density = spectral_density(A, n_probes=3, n_steps=n_steps, rng=seed)
    slack = EXACT * np.abs(values).max()
    for nodes, weights in zip(density.nodes, density.weights, strict=True):
        assert (weights >= 0).all()  # positive, up to underflow
        assert weights.sum() == pytest.approx(1, abs=EXACT)
        assert (np.diff(nodes) >= 0).all()
        assert min(values) - slack <= nodes[0] <= nodes[-1] <= max(values) + slack
    assert density.moment(0) == pytest.approx(1, abs=EXACT)
    assert density.cdf(np.inf) == 1
    assert density.cdf(-np.inf) == 0


def test_residuals_are_those_of_the_ritz_pairs(rng):
    A, _ = with_spectrum(rng.uniform(-1, 1, 40), rng)
    basis = np.empty((7, 40))
    alpha, beta = lanczos(lambda v: A @ v, probe(40, 3), basis)
    T = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    values, vectors = np.linalg.eigh(T)
    Y = basis.T @ vectors
    density = spectral_density(A, n_probes=1, n_steps=7, rng=3)
    assert_allclose(density.nodes[0], values, atol=EXACT)
    assert_allclose(density.residuals[0], np.linalg.norm(A @ Y - Y * values, axis=0), atol=EXACT)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=25), st.integers(0, 10**6))
def test_all_steps_give_the_measure_of_the_probe(values, seed):
    """Eigenvalues coincide, spaces are invariant early: noticed or, under rounding, not."""
    values, n = np.array(values, dtype=float), len(values)
    A, Q = with_spectrum(values, np.random.default_rng(seed))
    density = spectral_density(A, n_probes=1, n_steps=30, rng=seed)
    off = np.abs(density.nodes[0][:, None] - values).min(axis=1)
    assert (off[density.weights[0] > 1e-20] < 1e-10).all()
    assert not density.residuals[0].any()
    x = np.arange(-7.5, 7.5)
    expected = exact_cdf(values, Q, probe(n, seed), x)
    assert_allclose(density.cdf(x), expected, atol=1e-10)
    for bound in density.cdf_bounds(x):
        assert_allclose(bound, expected, atol=1e-10)


@given(
    st.lists(st.floats(-5, 5).map(lambda x: round(x, 2)), min_size=2, max_size=40),
    st.integers(1, 12),
    st.integers(0, 10**6),
)
def test_bounds_contain_the_cdf_of_the_probe(values, n_steps, seed):
    """Chebyshev, Markov, Stieltjes: at points that rounding cannot move across an eigenvalue."""
    values, n = np.array(values), len(values)
    A, Q = with_spectrum(values, np.random.default_rng(seed))
    density = spectral_density(A, n_probes=1, n_steps=n_steps, rng=seed)
    x = np.concatenate([np.unique(values) + 0.003, np.unique(values) - 0.003, [-9.0, 9.0]])
    lower, upper = density.cdf_bounds(x)
    F = exact_cdf(values, Q, probe(n, seed), x)
    assert (lower <= F + 1e-10).all()
    assert (upper >= F - 1e-10).all()
    assert (lower <= density.cdf(x)).all()
    assert (density.cdf(x) <= upper).all()
    nodes = density.nodes[0]  # at the nodes as well, and between
    grid = np.sort(np.concatenate([nodes, (nodes[1:] + nodes[:-1]) / 2, np.linspace(-6, 6, 50)]))
    F, (lower, upper) = density.cdf(grid), density.cdf_bounds(grid)
    assert (lower <= F).all()
    assert (upper >= F).all()
    assert (np.diff(F) >= -1e-15).all()


def by_hand(nodes, weights, residuals):
    return SpectralDensity(
        *((np.array(part, dtype=float),) for part in (nodes, weights, residuals))
    )


def test_interpolation_by_hand():
    """Half of each weight towards each neighbour, over ``min(g, r²/g)``; nothing outside."""
    nodes, weights = [0.0, 1.0, 3.0], [0.2, 0.3, 0.5]
    x = [-1e-9, 0.0, 0.5, 1.0, 2.0, 3.0 - 1e-9, 3.0]
    unresolved = by_hand(nodes, weights, [9.0, 9.0, 9.0])
    assert_allclose(unresolved.cdf(x), [0, 0.1, 0.225, 0.35, 0.55, 0.75, 1], atol=1e-8)
    converged = by_hand(nodes, weights, [1e-9, 1e-9, 1e-9])  # reach 1e-18: a jump
    assert_allclose(converged.cdf(x), [0, 0.2, 0.2, 0.5, 0.5, 0.5, 1], atol=EXACT)
    between = by_hand(nodes, weights, [0.5, 0.0, 1.0])  # 0.25 right of 0, 0.5 left of 3
    assert_allclose(between.cdf([0.125, 0.25, 0.9]), [0.15, 0.2, 0.2], atol=EXACT)
    assert_allclose(between.cdf([1.0, 2.5, 2.75]), [0.5, 0.5, 0.625], atol=EXACT)
    assert_allclose(between.cdf_bounds([0.5, 2.0]), [[0, 0.2], [0.5, 1]], atol=EXACT)


def test_bounds_tighten_and_interpolation_beats_steps(rng):
    """Marchenko–Pastur-like spectrum with a null space of 0.2, one probe of n = 1000.

    The probe's own CDF is rough by O(1/√n)-sized jumps of mass up to ~10/n, so 0.02 at 40 steps
    is far above what is left; the step function of the rule is off by half a weight.
    """
    n = 1000
    values = np.append(np.zeros(200), 1 + np.sin(np.linspace(-np.pi / 2, np.pi / 2, 800)) / 2)
    A, Q = with_spectrum(values, rng)
    x = np.linspace(-0.1, 1.6, 700)
    F = exact_cdf(values, Q, probe(n, 0), x)
    widths, steps, smooth = [], [], []
    for m in (10, 20, 40):
        density = spectral_density(A, n_probes=1, n_steps=m, rng=0)
        lower, upper = density.cdf_bounds(x)
        inside = x > 0.6  # between the null space and the bulk the bounds differ by the null mass
        widths.append((upper - lower)[inside].max())
        total = np.append(0.0, np.cumsum(density.weights[0]))
        jumps = total[np.searchsorted(density.nodes[0], x, side="right")]
        steps.append(np.abs(jumps - F).max())
        smooth.append(np.abs(density.cdf(x) - F).max())
    assert widths[2] < 0.6 * widths[1] < 0.36 * widths[0]
    assert smooth[2] < 0.02
    assert smooth[2] < 0.6 * steps[2]


# --- invariant subspaces ----------------------------------------------------------------------


def test_low_rank_shows_its_null_space_at_zero(rng):
    """Rank 3: four nodes a probe, one of them 0 with the mass of the null space."""
    n = 60
    U = orthogonal(n, rng)[:, :3]
    A = (U * [1.0, -2.0, 5.0]) @ U.T
    density = spectral_density((A + A.T) / 2, n_probes=8, n_steps=50, rng=0)
    assert {nodes.size for nodes in density.nodes} == {4}
    signs = np.random.default_rng(0)
    nulls = []
    for nodes in density.nodes:
        assert_allclose(nodes, [-2, 0, 1, 5], atol=EXACT)
        assert nodes[1] == 0
        v = (2.0 * signs.integers(0, 2, n) - 1.0) / np.sqrt(n)
        nulls.append(1 - np.sum((U.T @ v) ** 2))
    assert density.cdf(0.0) - density.cdf(-1e-12) == pytest.approx(np.mean(nulls), abs=EXACT)
    error = np.std(nulls, ddof=1) / np.sqrt(8)
    plateau = density.cdf_error(0.5), density.cdf_error(-0.5)
    assert plateau[0] == pytest.approx(density.cdf_error(0.0), abs=EXACT)
    assert error > 0
    assert plateau[1] > 0


@pytest.mark.parametrize("c", [0.0, 1.0, -3.7])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_multiples_of_the_identity(c, n):
    density = spectral_density(c * np.eye(n), n_probes=4, n_steps=10, rng=0)
    for nodes, weights, residuals in zip(
        density.nodes, density.weights, density.residuals, strict=True
    ):
        assert_allclose(nodes, [c], rtol=EXACT)
        assert weights == [1.0]
        assert residuals == [0.0]
    assert density.moment(3) == pytest.approx(c**3, rel=EXACT)
    assert density.moment_error(3) <= EXACT * abs(c) ** 3
    assert_array_equal(density.cdf([c - 1e-9, c + 1e-9]), [0, 1])
    assert_array_equal(density.cdf_bounds([c - 1e-9, c + 1e-9]), [[0, 1], [0, 1]])


def test_rademacher_probes_are_exact_on_diagonal_matrices(rng):
    values = rng.integers(-3, 9, 200).astype(float)
    density = spectral_density(sp.diags_array(values), n_probes=5, n_steps=30, rng=0)
    for k in range(5):
        assert density.moment(k) == pytest.approx(np.mean(values**k), rel=EXACT)
        assert density.moment_error(k) <= EXACT * 8.0**k
    x = np.arange(-4, 10) + 0.5
    assert_allclose(density.cdf(x), np.mean(values[:, None] <= x, axis=0), atol=EXACT)
    assert_allclose(density.cdf_error(x), 0, atol=EXACT)


def test_an_operator_may_return_a_view_of_its_argument():
    flip = LinearOperator((6, 6), matvec=lambda v: v[::-1], dtype=np.float64)
    lazy, dense = (
        spectral_density(flip, n_probes=5, n_steps=4, rng=0),
        spectral_density(np.eye(6)[::-1], n_probes=5, n_steps=4, rng=0),
    )
    for k in range(4):
        assert lazy.moment(k) == pytest.approx(dense.moment(k), abs=EXACT)


# --- errors over probes -----------------------------------------------------------------------


def test_variance_of_a_quadratic_form(rng):
    """``(2/n²)(‖A‖² - Σ A_ii²)`` over 4000 probes, to 5 relative standard errors √(κ/4000).

    The form of the sphere, or of Gaussian vectors, would be 1.9 times larger here. The kurtosis
    of a quadratic form of ten signs is below 15: κ = 14.
    """
    B = rng.standard_normal((10, 10)) + np.diag(np.arange(-5.0, 5.0))
    A = (B + B.T) / 2
    density = spectral_density(A, n_probes=4000, n_steps=1, rng=0)
    off_diagonal = np.sum(A**2) - np.sum(np.diag(A) ** 2)
    variance = 2 * off_diagonal / 100
    assert 4000 * density.moment_error(1) ** 2 == pytest.approx(
        variance, rel=5 * np.sqrt(14 / 4000)
    )
    assert 2 * np.sum(A**2) / 100 > (1 + 5 * np.sqrt(14 / 4000)) * variance
    assert abs(density.mean() - np.trace(A) / 10) < 5 * np.sqrt(variance / 4000)


def test_errors_are_standard_deviations_over_probes(rng):
    A, _ = with_spectrum(rng.uniform(-1, 1, 9), rng)
    signs = np.random.default_rng(3)
    forms = [v @ A @ v / 9 for v in (2.0 * signs.integers(0, 2, 9) - 1.0 for _ in range(4))]
    density = spectral_density(A, n_probes=4, n_steps=3, rng=3)
    assert density.mean() == pytest.approx(np.mean(forms), abs=EXACT)
    assert density.moment_error(1) == pytest.approx(np.std(forms, ddof=1) / 2, abs=EXACT)


def test_error_bars_cover():
    """Student intervals of 95 % from 8 probes, over 200 seeds, contain the exact values.

    Counts of Binomial(200, 0.95) lie in 177 … 199 but for 1e-4 each side; half as wide intervals
    would cover 71 %. The spectrum has n = 16 eigenvalues: estimates are nearly Gaussian.
    """
    rng, n, n_probes, n_seeds = np.random.default_rng(0), 16, 8, 200
    values = rng.uniform(-1, 1, n)
    A, _ = with_spectrum(values, rng)
    x, h = 0.2, 0.3
    smooth = np.exp(-0.5 * ((x - values) / h) ** 2).mean() / (np.sqrt(2 * np.pi) * h)
    errors = np.empty((n_seeds, 4, 2))
    for seed in range(n_seeds):
        d = spectral_density(A, n_probes=n_probes, n_steps=n, rng=seed)
        errors[seed] = [
            (d.mean() - values.mean(), d.moment_error(1)),
            (d.moment(2) - np.mean(values**2), d.moment_error(2)),
            (d.cdf(x) - np.mean(values <= x), d.cdf_error(x)),
            (d.pdf(x, h) - smooth, d.pdf_error(x, h)),
        ]
    actual, claimed = np.abs(errors[..., 0]), t.ppf(0.975, n_probes - 1) * errors[..., 1]
    lo, hi = binom.ppf([1e-4, 1 - 1e-4], n_seeds, 0.95)
    hits = (actual <= claimed).sum(axis=0)
    assert (hits >= lo).all()
    assert (hits <= hi).all()
    assert ((actual <= claimed / 2).sum(axis=0) < lo).all()


def test_one_probe_knows_no_error(rng):
    density = spectral_density(
        with_spectrum(rng.uniform(0, 1, 9), rng)[0], n_probes=1, n_steps=4, rng=0
    )
    assert np.isnan(density.moment_error(1))
    assert np.isnan(density.cdf_error(0.5))
    assert np.isnan(density.pdf_error([0.5, 0.6], 0.1)).all()


# --- densities, seeds, scale ------------------------------------------------------------------


def test_pdf_is_the_smoothed_spectrum(rng):
    """All steps, a diagonal matrix: exactly the Gaussians at its entries; mass 1."""
    values = rng.integers(0, 6, 40).astype(float)
    density, h = spectral_density(np.diag(values), n_probes=2, n_steps=10, rng=0), 0.4
    x = np.linspace(-4, 10, 800)
    gaussians = np.exp(-0.5 * ((x[:, None] - values) / h) ** 2) / (np.sqrt(2 * np.pi) * h)
    assert_allclose(density.pdf(x, h), gaussians.mean(axis=1), atol=EXACT)
    assert np.trapezoid(density.pdf(x, h), x) == pytest.approx(1, abs=1e-9)


def test_seeds(rng):
    A, _ = with_spectrum(rng.uniform(-1, 1, 20), rng)
    first, again = (spectral_density(A, n_probes=3, n_steps=5, rng=7) for _ in range(2))
    more = spectral_density(A, n_probes=5, n_steps=5, rng=np.random.default_rng(7))
    other = spectral_density(A, n_probes=3, n_steps=5, rng=8)
    for name in ("nodes", "weights", "residuals"):
        assert_array_equal(getattr(first, name), getattr(again, name))
        assert_array_equal(getattr(first, name), getattr(more, name)[:3])
    assert first.mean() != other.mean()


@pytest.mark.parametrize("c", [3.0, -0.7, 1e-140, 1e140])
def test_scale_covariance(c, rng):
    A, _ = with_spectrum(rng.uniform(-1, 1, 50), rng)
    x, h = np.linspace(-1.1, 1.1, 45), 0.1
    unit, scaled = (
        spectral_density(A, n_probes=3, n_steps=12, rng=1),
        spectral_density(c * A, n_probes=3, n_steps=12, rng=1),
    )
    mirrored = unit.cdf(x) if c > 0 else 1 - unit.cdf(x)
    assert_allclose(scaled.cdf(c * x), mirrored, atol=1e-10)
    assert_allclose(abs(c) * scaled.pdf(c * x, abs(c) * h), unit.pdf(x, h), atol=1e-10)
    assert scaled.moment(2) / c**2 == pytest.approx(unit.moment(2), rel=1e-10)
    assert_allclose(np.sort(c * np.array(unit.support())), scaled.support(), rtol=1e-10)


def test_shapes(rng):
    density = spectral_density(
        with_spectrum(rng.uniform(0, 1, 9), rng)[0], n_probes=2, n_steps=4, rng=0
    )
    for values in (density.cdf, density.cdf_error, lambda x: density.pdf(x, 0.1)):
        assert np.ndim(values(0.5)) == 0
        assert values(np.full((2, 3), 0.5)).shape == (2, 3)
        assert values([]).shape == (0,)
    assert density.cdf_bounds([0.1, np.nan])[0].shape == (2,)
    assert np.isnan(density.cdf(np.nan))
    assert np.isnan(density.cdf_bounds(np.nan)).all()
    assert repr(density).startswith("SpectralDensity(2 probes, nodes in [")


# --- kinds of H -------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_layer_hessian(loss, rng):
    """Every kind of H gives the same rules; moments agree with the exact ones.

    Standard errors are exact up to the diagonal that is left out: ``2‖H^k‖²/n²`` a probe bounds
    the variance of ``vᵀ H^k v``. Five of them, 20 probes.
    """
    net = Network.random([12, 9, 5], rng)
    H = layer_hessian(net, rng.standard_normal((70, 12)), 0, loss)
    dense, n = H.to_dense(), H.shape[0]
    density = spectral_density(H, n_probes=20, n_steps=30, rng=0)
    for kind in (dense, dense.tolist(), sp.csr_array(dense), aslinearoperator(dense)):
        other = spectral_density(kind, n_probes=20, n_steps=30, rng=0)
        assert_allclose(np.stack(other.nodes), np.stack(density.nodes), atol=1e-9)
    moments = {1: H.trace() / n, 2: H.frobenius_norm() ** 2 / n}
    for k, exact in moments.items():
        error = np.sqrt(2 * np.sum(np.linalg.matrix_power(dense, k) ** 2) / 20) / n
        assert abs(density.moment(k) - exact) <= 5 * error
        assert density.moment_error(k) < 2 * error
        assert error < 0.1 * exact  # the test has teeth


def test_products_in_single_precision(rng):
    """Noise of 1e-7 in the products leaves the basis orthogonal and moves moments by no more."""
    A, _ = with_spectrum(np.append(rng.uniform(-1, 1, 60), 30.0), rng)
    single = aslinearoperator(A.astype(np.float32))
    rough, fine = (
        spectral_density(single, n_probes=2, n_steps=25, rng=0),
        spectral_density(A, n_probes=2, n_steps=25, rng=0),
    )
    for k in (1, 2, 3):
        assert rough.moment(k) == pytest.approx(fine.moment(k), rel=1e-5)
    complete = spectral_density(single, n_probes=2, n_steps=61, rng=0)
    assert not np.any(complete.residuals)  # all n steps leave nothing open, whatever the noise


def test_memory_is_one_basis():
    n, n_steps = 200_000, 12
    values = np.linspace(0, 1, n)
    operator = LinearOperator((n, n), matvec=lambda v: values * v.ravel(), dtype=np.float64)
    tracemalloc.start()
    spectral_density(operator, n_probes=3, n_steps=n_steps, rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n * (n_steps + 6)


def test_memory_of_probes_side_by_side(monkeypatch):
    """Two bases at most, however many threads there are; one where two would be too much."""
    n, n_steps = 100_000, 12
    matrix = sp.diags_array(np.linspace(0, 1, n)).tocsr()
    for bases, at_once in ((2 * n * n_steps, 2), (n * n_steps, 1)):
        monkeypatch.setattr("rmt_hessian.spectra.slq.BASES", bases)
        tracemalloc.start()
        spectral_density(matrix, n_probes=5, n_steps=n_steps, rng=0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * n * at_once * (n_steps + 8)


# --- probes side by side, and progress ---------------------------------------------------------


def test_probes_side_by_side_are_those_of_one_thread(rng):
    H = layer_hessian(Network.random([20, 15], rng), rng.standard_normal((50, 20)), 0, "ce")
    together = spectral_density(H, n_probes=7, n_steps=20, rng=0)
    with one_thread():
        alone = spectral_density(H, n_probes=7, n_steps=20, rng=0)
    operator = spectral_density(H.to_operator(), n_probes=7, n_steps=20, rng=0)
    for other in (alone, operator):
        for ours, theirs in zip(together.nodes, other.nodes, strict=True):
            assert_allclose(ours, theirs, atol=1e-10 * np.abs(theirs).max())


@pytest.mark.parametrize("form", [np.diag, lambda d: aslinearoperator(np.diag(d))])
def test_progress(form):
    """Every product counts, and those that an invariant space makes needless at once."""
    told = []
    spectral_density(
        form(np.arange(30.0)), n_probes=4, n_steps=10, rng=0, progress=lambda *c: told.append(c)
    )
    assert told == [(done, 40) for done in range(1, 41)]
    told.clear()
    spectral_density(
        form(np.arange(30.0) % 2), n_probes=4, n_steps=10, rng=0, progress=lambda *c: told.append(c)
    )
    assert told == sorted(told)
    assert len(told) == 12  # two products a probe, and eight
    assert told[-1] == (40, 40)


@pytest.mark.parametrize("form", [np.diag, lambda d: aslinearoperator(np.diag(d))])
def test_what_progress_raises_ends_the_work(form):
    told = []

    def progress(done, total):
        told.append(done)
        if done >= 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spectral_density(form(np.arange(500.0)), n_probes=50, n_steps=200, rng=0, progress=progress)
    assert told == list(range(1, 26))


def lopsided(n):
    return np.diag(np.ones(n - 1), 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spectral_density(np.ones((2, 3))), r"H must be square, got shape \(2, 3\)"),
        (lambda: spectral_density(np.ones(3)), r"must have 2 axes, got shape \(3,\)"),
        (lambda: spectral_density("abc"), "array of real numbers"),
        (lambda: spectral_density(np.ones((0, 0))), "must not be empty"),
        (lambda: spectral_density(sp.eye_array(3, 4).tocsr()), r"got shape \(3, 4\)"),
        (lambda: spectral_density(np.diag([1.0, np.nan])), "must be finite, got 1 NaN"),
        (lambda: spectral_density(np.eye(2) * 1j), "array of real numbers"),
        (lambda: spectral_density(np.eye(3), n_probes=0), "n_probes must be at least 1, got 0"),
        (lambda: spectral_density(np.eye(3), n_steps=0), "n_steps must be at least 1, got 0"),
        (lambda: spectral_density(np.eye(3), n_steps=2.5), "n_steps must be an integer"),
        (lambda: spectral_density(lopsided(5)), "H must be symmetric"),
        (
            lambda: spectral_density(sp.csr_array(lopsided(50)), n_probes=1, n_steps=2),
            "H must be symmetric",
        ),
        (
            lambda: spectral_density(LinearOperator((3, 3), lambda v: v * np.inf, dtype=float)),
            "H @ v must be finite",
        ),
        (lambda: spectral_density(sp.csr_array(np.eye(3)) * 1j), "H must be real, got dtype"),
        (lambda: spectral_density(np.eye(3), progress=1), "progress must be callable as .*, got 1"),
        (lambda: DENSITY.pdf(0.0, 0.0), "bandwidth must be positive and finite, got 0"),
        (lambda: DENSITY.moment(-1), "k must be at least 0, got -1"),
        (lambda: DENSITY.moment_error(1.5), "k must be an integer"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


DENSITY = SpectralDensity((np.zeros(1),), (np.ones(1),), (np.zeros(1),))
