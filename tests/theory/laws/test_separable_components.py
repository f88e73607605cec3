"""Components of separable laws: cases that once failed, exact masses, hidden gaps, the cost."""

import numpy as np
import pytest

from rmt_hessian.theory.laws import kernels, separable_components
from rmt_hessian.theory.laws.separable import SeparableLaw
from tests.theory.laws.test_separable import first_moments, integrals
from tests.tolerances import EXACT


def equal(n):
    return np.full(n, 1 / n)


def softmax(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def whole(law, case):
    """Mass, mean and second moment by quadrature against 1 and the closed forms; quantiles."""
    found, by_component = integrals(law)
    np.testing.assert_allclose(by_component, law.component_masses(), rtol=0, atol=1e-9)
    assert found[0] + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    scale = max(np.abs(law.support()))
    mean, second, _ = first_moments(*map(np.asarray, case[:4]), case[4])
    assert found[1] == pytest.approx(mean, abs=1e-9 * scale)
    assert found[2] == pytest.approx(second, abs=1e-9 * scale**2)
    q = np.linspace(0.003, 0.997, 40)
    x = law.ppf(q)
    assert np.abs((law.cdf(x) - q)[x != 0]).max() < 1e-11


def test_head_of_five_classes():
    """Block (0, 1) of a linear CE head: 480 weights, population {1, 3, 9}, ratio 1.5."""
    rng = np.random.default_rng(0)
    h = rng.standard_normal((480, 720)) * np.sqrt(np.repeat([1, 3, 9], 240))
    W = rng.standard_normal((5, 720)) / np.sqrt(720)
    p = softmax(h @ W.T)
    case = -p[:, 0] * p[:, 1], equal(480), [1, 3, 9], equal(3), 1.5
    law = SeparableLaw(*case)
    whole(law, case)
    assert law.atom_at_zero == pytest.approx(1 / 3, abs=EXACT)


def test_spectra_of_real_features():
    """Condition 3e5, weights from 4e-2 down to 1e-12, as measured on features of images."""
    a = 10.0 ** -np.linspace(0, np.log10(3e5), 300)
    lam = np.concatenate([4e-2 * 10.0 ** -np.linspace(0, 10.6, 250), [4e-2, 1e-12]])
    for sign in (1, -1):
        case = sign * lam, equal(252), a, equal(300), 300 / 252
        whole(SeparableLaw(*case), case)


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_features_of_deep_networks(depth):
    """250 weights of a CE head and 420 eigenvalues of its features' second moment: the deeper, the
    nearer to rank one."""
    rng = np.random.default_rng(depth)
    X = rng.standard_normal((2000, 400))
    for _ in range(depth):
        W = rng.standard_normal((X.shape[1], 420)) * np.sqrt(2 / X.shape[1])
        X = np.maximum(X @ W, 0)
    a = np.maximum(np.linalg.eigvalsh(X.T @ X / 2000), 0)
    p = softmax(2 * X[:250] @ rng.standard_normal((420, 10)) / np.sqrt(420))
    for lam in (p[:, 0] * (1 - p[:, 0]), -p[:, 0] * p[:, 1]):
        case = lam, equal(250), a, equal(420), 420 / 250
        whole(SeparableLaw(*case), case)


@pytest.mark.parametrize("phi", [16 / 1797, 0.3, 5.0])
def test_weights_over_twenty_five_decades(phi):
    """1797 weights from 1e-27 to 1e-2 on 16 atoms; those below 1e-16 of the largest count as 0."""
    rng = np.random.default_rng(1)
    lam = -(10 ** rng.uniform(-27, -2, 1797))
    a = 10 ** rng.uniform(-3, 0, 16)
    case = lam, equal(1797), a, equal(16), phi
    law = SeparableLaw(*case)
    whole(law, case)
    rank = np.mean(np.abs(lam) > 1e-16 * np.abs(lam).max())
    assert law.atom_at_zero == pytest.approx(max(0, 1 - rank / phi), abs=EXACT)


def test_needles():
    """φ = 50: a component of mass w_k/φ for every λ, 1e-4 of its place wide and less."""
    lam = 10.0 ** -np.linspace(0, 12, 120) * (-1) ** np.arange(120)
    w = equal(120) / 1e6
    w[-1] += 1 - w.sum()  # nearly all weights are the smallest
    law = SeparableLaw(lam, w, [1.0, 2.0], [0.5, 0.5], 50.0)
    ends, masses = np.array(law.components()), law.component_masses()
    order = np.argsort(lam)
    np.testing.assert_allclose(masses, w[order] / 50, rtol=1e-6)
    assert masses.sum() + law.atom_at_zero == pytest.approx(1, abs=1e-12)
    small = masses < 1e-3
    assert (np.abs(ends[small, 1] - ends[small, 0]) < 3e-4 * np.abs(ends[small]).max(axis=1)).all()
    _, by_component = integrals(law)
    np.testing.assert_allclose(by_component, masses, atol=1e-12)
    q = np.cumsum(masses)[:50] - masses[:50] / 2
    np.testing.assert_allclose(law.ppf(q), ends[:50].mean(axis=1), rtol=3e-4)


def test_a_hard_edge_left_by_weights_of_hardly_any_mass():
    """All but 2e-14 of the weights are one; φ is 1e-13 below the hard edge."""
    lam = [4.60685712e-04, 1.26899543e-13, 1.26966091e-13]
    w = [1.0 - 1.643132e-14, 1.0725101e-14, 5.7062e-15]
    case = lam, w, [2.34952695e-07, 2.34979887e-07], [0.0678824, 0.9321176], 0.9999999999999
    whole(SeparableLaw(*case), case)


def test_needles_narrower_than_rounding():
    """Weights of probability 1e-16 and φ = 1e4: components of mass 1e-20, 1e-10 wide."""
    rng = np.random.default_rng(2)
    lam = 10.0 ** -rng.uniform(0, 8, 60)
    w = np.where(np.arange(60) < 50, 1.1e-16 * 10 ** rng.uniform(0, 1, 60), 0.1)
    case = lam, w / w.sum(), [1.0, 0.3], [0.5, 0.5], 1e4
    law = SeparableLaw(*case)
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=EXACT)
    x = np.concatenate([np.mean(law.components(), axis=1), np.ravel(law.components())])
    assert (law.pdf(x) >= 0).all()
    assert (np.diff(law.cdf(np.sort(x))) >= -1e-14).all()


def test_one_atom_after_another_as_features_become_few():
    """φ → 0: the spectrum is that of ``E λ · Σ``, each a with its probability as its mass."""
    a, p = np.array([0.01, 0.3, 1.0]), np.array([0.2, 0.3, 0.5])
    for phi in (1e-3, 1e-6):
        law = SeparableLaw([1.0, -0.5], [0.6, 0.4], a, p, phi)
        np.testing.assert_allclose(law.component_masses(), p, atol=EXACT)
        np.testing.assert_allclose(np.mean(law.components(), axis=1), 0.4 * a, rtol=100 * phi)


def test_weights_of_both_signs_that_do_not_reach_below_0():
    """φ = 0.1: one weight in 1e6 is negative, and too small to pull a direction below 0."""
    law = SeparableLaw([1.0, -1.0], [1 - 1e-6, 1e-6], [1.0], [1.0], 0.1)
    assert law.support()[0] > 0.4
    assert law.cdf(0.0) == 0
    assert law.stieltjes(0.0).real == pytest.approx(law.stieltjes(1e-9j).real, rel=1e-6)


def test_a_gap_between_nodes_is_found_by_the_mass():
    """A grid too coarse to see a gap: δ in the middle of cells agrees, the mass of one does not."""
    lam = 10.0 ** np.linspace(-1, 0, 12)
    case = lam, equal(12), [1.0], [1.0], 40.0
    expected = SeparableLaw(*case).components()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separable_components, "CLOSE", 1e9)  # every cell will do
        patch.setattr(separable_components, "PER_DECADE", 1.0)
        found = SeparableLaw(*case).components()
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        patch.setattr(separable_components, "EXPLAINED", 1e9)
        assert len(SeparableLaw(*case).components()) < len(expected)


def test_ends_by_halving(monkeypatch):
    """Without Newton's method the way to an end is halved, until the root there is double."""
    case = [1.0, -0.3], [0.5, 0.5], [1.0, 3.0], [0.5, 0.5], 0.05
    expected = SeparableLaw(*case).components()
    monkeypatch.setattr(separable_components, "EDGE_STEPS", 0)
    np.testing.assert_allclose(SeparableLaw(*case).components(), expected, rtol=1e-10)


@pytest.mark.parametrize("phi", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("signed", [False, True])
def test_what_a_thousand_by_a_thousand_atoms_cost(phi, signed, monkeypatch):
    """Condition 1e8, weights over 12 decades: so many terms of sums, at about 1 ns each, for
    construction, and 500 densities and values of the CDF."""
    rng = np.random.default_rng(0)
    lam = 10 ** rng.uniform(-12, 0, 1000) * (rng.choice([-1, 1], 1000) if signed else 1)
    a = 10 ** rng.uniform(-8, 0, 1000)
    terms = {"fraction_sums": 0, "angle_sums": 0}

    def count(name):
        sums = getattr(kernels, name)

        def counted(x, y, b, c):
            terms[name] += x.size * b.size
            return sums(x, y, b, c)

        monkeypatch.setattr(kernels, name, counted)

    for name in terms:
        count(name)
    law = SeparableLaw(lam, equal(1000), a, equal(1000), phi)
    x = np.linspace(*law.support(), 500)
    law.pdf(x), law.cdf(x)
    assert terms["fraction_sums"] < 1e8
    assert terms["angle_sums"] < 1e7
