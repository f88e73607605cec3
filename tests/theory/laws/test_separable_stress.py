"""Separable laws of random spectra, however wide: ``make stress`` runs 500, ``make test`` a tenth.

Conditions of Σ to 1e8, weights over 12 decades, of one sign or both, φ from 0.01 to 50, few atoms
and many, zeros among them, hard edges.
"""

import os

import numpy as np
import pytest

from rmt_hessian.theory.laws.separable import SeparableLaw
from tests.theory.laws.test_separable import first_moments, integrals

CASES = 500 if os.environ.get("STRESS") else 50


def random_atoms(rng, decades):
    """Atoms over so many decades, and their probabilities: equal ones or uneven ones."""
    n = int(rng.choice([1, 2, 3, 5, 20, 100, 300]))
    width = rng.uniform(0, decades)
    style = rng.integers(3)
    if style == 0:  # spread evenly over the decades
        x = 10.0 ** -rng.uniform(0, width, n)
    elif style == 1:  # a power law, as of features
        x = (1.0 + np.arange(n)) ** -rng.uniform(0, width / np.log10(n + 1.0))
    else:  # few clusters
        x = 10.0 ** -rng.choice(rng.uniform(0, width, 3), n) * (1 + 1e-3 * rng.random(n))
    w = np.full(n, 1 / n) if rng.random() < 0.5 else rng.dirichlet(np.full(n, 0.5)) + 1e-12
    return x, w / w.sum()


def with_zeros(rng, x, w):
    """The same atoms, and one at 0 of a random probability, one time in five."""
    if rng.random() < 0.8:
        return x, w
    share = rng.uniform(0.1, 0.6)
    return np.append(x, 0.0), np.append((1 - share) * w, share)


def random_case(seed):
    """Arguments of a law."""
    rng = np.random.default_rng([2026, seed])
    lam, w = random_atoms(rng, 12)
    a, p = with_zeros(rng, *random_atoms(rng, 8))
    if rng.random() < 0.5:
        lam = lam * rng.choice([-1, 1], lam.size)
    lam, w = with_zeros(rng, lam, w)
    phi = 10.0 ** rng.uniform(-2, np.log10(50))
    if rng.random() < 0.15:  # at a hard edge, or near one
        phi = w[lam != 0].sum() / p[a != 0].sum()
        phi *= 1 + rng.choice([0, 1e-9, 1e-6, 1e-3, 1e-2]) * rng.choice([-1, 1])
    return lam * 10.0 ** rng.uniform(-6, 3), w, a * 10.0 ** rng.uniform(-3, 3), p, phi


@pytest.mark.parametrize("seed", range(CASES))
def test_random_spectra(seed):
    lam, w, a, p, phi = case = random_case(seed)
    law = SeparableLaw(*case)
    ends = np.array(law.components())
    masses = law.component_masses()
    scale = np.abs(ends).max()
    # components ascend, and their masses are those of the distribution function
    assert (ends[:, 0] < ends[:, 1]).all()
    assert (ends[1:, 0] >= ends[:-1, 1]).all()
    assert masses.min() > 0
    assert masses.sum() + law.atom_at_zero == pytest.approx(1, abs=1e-12)
    lowest = np.nextafter(law.support()[0], -np.inf)
    assert law.cdf(lowest) == 0
    assert law.cdf(law.support()[1]) == 1
    assert all((side.stop - side.start >= 5).all() for side in law._sides)  # nodes of the cubics
    # the distribution function is the integral of the density
    x = np.unique(np.concatenate([ends[:, 0], ends @ [0.7, 0.3], ends @ [0.1, 0.9]]))
    cdf = law.cdf(x)
    assert (np.diff(cdf) >= -1e-14).all()
    assert law.pdf(x).min() >= 0
    found, by_component = integrals(law)
    np.testing.assert_allclose(by_component, masses, rtol=0, atol=1e-9)
    # mass, mean and second moment by quadrature, against 1 and closed forms
    assert found[0] + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    mean, second, third = first_moments(lam, w, a, p, phi)
    assert found[1] == pytest.approx(mean, abs=1e-9 * scale)
    assert found[2] == pytest.approx(second, abs=1e-9 * scale**2)
    for k, exact in enumerate((1.0, mean, second, third)):
        assert law.moment(k) == pytest.approx(exact, rel=1e-10, abs=1e-12 * scale**k)
    # quantiles are points where the distribution function takes that value, up to an ulp of x
    q = np.random.default_rng(seed).random(8)
    x = law.ppf(q)
    slack = 1e-11 + 4 * law.pdf(x) * np.spacing(np.abs(x))
    excess = law.cdf(x) - q
    assert (excess >= -slack).all(), excess
    assert ((excess <= slack) | (x == 0)).all(), excess
