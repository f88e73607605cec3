"""Laws at the ends of float64, and at the end of their support: weights of 1e±300, hard edges."""

import numpy as np
import pytest

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, WithNullSpace
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from tests.tolerances import EXACT

COSINES = np.cos(np.linspace(np.pi, 0, 129))


def shifted(scale):
    x, rho = 2 + COSINES, 2 / np.pi * np.sqrt(1 - COSINES**2)
    return TabulatedLaw([(scale * x, rho / scale)])


BASE = GeneralizedMarchenkoPastur([1.0, -0.3], [0.5, 0.5], 0.5)
SCALED = {
    "generalised": (BASE, lambda c: GeneralizedMarchenkoPastur([c, -0.3 * c], [0.5, 0.5], 0.5)),
    "classical": (MarchenkoPastur(0.5), lambda c: MarchenkoPastur(0.5, c)),
    "null space": (
        WithNullSpace(BASE, 0.25),
        lambda c: WithNullSpace(GeneralizedMarchenkoPastur([c, -0.3 * c], [0.5, 0.5], 0.5), 0.25),
    ),
    "tabulated": (shifted(1.0), shifted),
}


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize(("base", "make"), SCALED.values(), ids=SCALED.keys())
def test_extreme_scales(base, make, scale):
    """Warnings are errors here: moments leave float64 in silence."""
    law = make(scale)
    beyond = np.inf if scale > 1 else 0.0
    assert law.moment(2) == law.var() == law.expect(lambda x: x**2) == beyond
    assert law.moment(3) == beyond
    assert law.moment(60) == beyond
    assert law.moment(0) == law.moment(np.int64(0)) == pytest.approx(1, abs=EXACT)
    assert law.std() == pytest.approx(scale * base.std(), rel=1e-12)
    assert law.mean() == pytest.approx(scale * base.mean(), rel=1e-12, abs=1e-12 * scale)
    assert law.expect() == pytest.approx(scale * base.mean(), rel=1e-9, abs=1e-9 * scale)
    assert law.median() == pytest.approx(scale * base.median(), rel=1e-9, abs=1e-9 * scale)
    assert law.entropy() == pytest.approx(
        base.entropy() + (1 - base.atom_at_zero) * np.log(scale), rel=1e-9
    )
    x = base.ppf([0.2, 0.999])
    np.testing.assert_allclose(law.sf(scale * x), base.sf(x), rtol=1e-9)
    np.testing.assert_allclose(law.logpdf(scale * x), base.logpdf(x) - np.log(scale), rtol=1e-9)


def test_high_moments_do_not_overflow_on_the_way():
    """``E X^k → hi^k``, k-th root: within (k^{-3/2})^{1/k} of it."""
    law = MarchenkoPastur(100.0)
    assert law.moment(300) == np.inf
    law = MarchenkoPastur(100.0, scale=1 / 121)
    assert law.moment(300) ** (1 / 300) == pytest.approx(1, abs=0.06)
    assert law.moment(1) == pytest.approx(1 / 121, rel=EXACT)
    law = GeneralizedMarchenkoPastur([1.0, -1.0], [0.5, 0.5], 1e3)
    assert law.moment(201) == pytest.approx(0, abs=1e-9 * law.moment(200))


def test_the_variance_of_a_narrow_law():
    """``γ`` far below ε: moment(2) - mean² is rounding."""
    for law in (MarchenkoPastur(1e-20), WithNullSpace(MarchenkoPastur(1e-20), 0.0)):
        assert law.var() == pytest.approx(1e-20, rel=EXACT)
        assert law.std() == pytest.approx(1e-10, rel=EXACT)


# --- ends of the support ------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e200])
def test_a_law_of_one_sign_stays_on_its_side(sign, scale):
    """At a hard edge the end was -1.2e-32, as for γ one rounding below P(λ≠0) = 1."""
    rng = np.random.default_rng(0)
    for gamma in (1.0, np.nextafter(1, 0), np.nextafter(1, 2), 1 - 1e-12, 1 + 1e-9):
        for n in (1, 2, 5, 9):
            weights = sign * scale * np.append(1.0, rng.random(n - 1) + 0.01)
            law = GeneralizedMarchenkoPastur(weights, np.full(n, 1 / n), gamma)
            ends = sign * np.append(np.ravel(law.components()), law.support())
            assert ends.min() >= 0
            beyond = -sign * scale * 1e-20
            assert law.pdf(beyond) == 0
            assert law.cdf(beyond) == (0 if sign > 0 else 1)
            assert (sign * law.ppf([0.0, 1e-18, 1e-9, 0.5, 1 - 1e-9, 1.0]) >= 0).all()
            assert (sign * law.isf([0.0, 1e-18, 1e-9, 0.5]) >= 0).all()


def test_the_end_of_the_classical_law_beside_its_hard_edge():
    assert MarchenkoPastur(0.9999999999999999).support()[0] == 0
