"""A law with an added null space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    SpectralLaw,
    WithNullSpace,
)
from tests.strategies import aspect_ratios, weight_laws
from tests.tolerances import EXACT


@given(weight_laws(), aspect_ratios, st.floats(0.0, 0.9), st.integers(0, 10**6))
def test_null_space(law, gamma, mass, seed):
    base = GeneralizedMarchenkoPastur(*law, gamma)
    law = WithNullSpace(base, mass)
    q = np.random.default_rng(seed).random(30)
    x = law.ppf(q)
    slack = 4 * np.spacing(np.abs(x)) * law.pdf(x) + 1e-9
    assert (np.abs(law.cdf(x) - q) <= slack)[x != 0].all()
    below = law.cdf(0.0) - law.atom_at_zero
    assert ((below - 1e-9 <= q) & (q <= law.cdf(0.0) + 1e-9))[x == 0].all()
    assert law.component_masses().sum() + law.atom_at_zero == pytest.approx(1, abs=1e-9)
    assert law.moment(0) == pytest.approx(1, abs=EXACT)
    assert law.mean() == pytest.approx((1 - mass) * base.mean(), rel=1e-12, abs=1e-300)
    z = 1.0 + 2.0j
    potential = (1 - mass) * base.log_potential(z) + mass * np.log(abs(z))
    assert law.log_potential(z) == pytest.approx(potential, rel=1e-12, abs=1e-12)
    assert law.stieltjes(z) == pytest.approx((1 - mass) * base.stieltjes(z) - mass / z, rel=1e-12)
    assert isinstance(law, SpectralLaw)


def test_null_space_at_zero():
    law = WithNullSpace(MarchenkoPastur(0.5), 0.25)
    assert law.stieltjes(0.0) == np.inf
    without = WithNullSpace(MarchenkoPastur(0.5), 0.0)
    assert without.stieltjes(0.0) == MarchenkoPastur(0.5).stieltjes(0.0) == pytest.approx(2.0)
    assert law.support() == (0.0, MarchenkoPastur(0.5).support()[1])
    with pytest.raises(ValueError, match="mass must lie in"):
        WithNullSpace(MarchenkoPastur(0.5), 1.0)
