"""A law is an object that has its parameters: no class, no family of laws."""

import numpy as np
import pytest
from scipy import stats

import rmt_hessian as rh
from rmt_hessian.compare import density_curve
from rmt_hessian.theory import MarchenkoPastur

X = np.linspace(0.1, 2, 20)


@pytest.mark.parametrize(
    "call",
    [
        lambda law: rh.ks_distance(X, law),
        lambda law: rh.ks_test(X, law),
        lambda law: rh.wasserstein_distance(X, law),
        lambda law: rh.plotting.plot_spectrum(X, law),
        density_curve,
    ],
)
@pytest.mark.parametrize("law", [MarchenkoPastur, stats.gamma], ids=["class", "scipy"])
def test_what_is_no_law_yet(call, law):
    """Refused in one line, which names it."""
    with pytest.raises(ValueError, match=r"must be .*law.*, got .*(class MarchenkoPastur|gamma)"):
        call(law)


def test_it_says_what_is_missing():
    with pytest.raises(ValueError, match=r"got the class MarchenkoPastur: MarchenkoPastur\(…\)\?"):
        rh.ks_distance(X, MarchenkoPastur)
    with pytest.raises(ValueError, match=r"got gamma .* without parameters: gamma\(a\)\?"):
        rh.ks_distance(X, stats.gamma)


def test_laws_of_scipy_that_have_all_parameters():
    frozen, standard = stats.gamma(2.0), stats.expon
    assert 0 < rh.ks_distance(X, frozen) < 1
    assert rh.ks_distance(X, standard) == rh.ks_distance(X, standard())
