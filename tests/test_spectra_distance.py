"""The distance of two spectra, whose values are known up to rounding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from rmt_hessian import ks_distance, ks_distance_of_spectra
from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur

# integers: values that are equal, or differ by at least 1/50 of the largest
spectra = st.lists(st.integers(-50, 50), min_size=1, max_size=30)
seeds = st.integers(0, 2**32 - 1)


def perturbed(values, rng, relative=1e-15):
    """What another machine makes of them: moved by rounding, in another order."""
    noise = rng.uniform(-relative, relative, len(values))
    return rng.permutation(np.array(values) + noise * np.abs(values).max())


@pytest.mark.filterwarnings("ignore:ks_2samp")  # of the p-value
@given(spectra, spectra)
def test_values_far_apart_or_equal_give_the_distance_of_scipy(first, second):
    expected = ks_2samp(first, second).statistic
    assert ks_distance_of_spectra(first, second) == pytest.approx(expected, abs=1e-15)


@given(spectra, spectra, seeds)
def test_rounding_changes_nothing(first, second, seed):
    rng = np.random.default_rng(seed)
    largest = max(np.abs(first).max(), np.abs(second).max(), 1)
    moved = [np.append(perturbed(x, rng), largest) for x in (first, second)]
    exact = ks_distance_of_spectra([*first, largest], [*second, largest])
    assert ks_distance_of_spectra(*moved) == exact


@given(spectra, spectra, st.floats(1e-200, 1e200))
def test_symmetric_and_of_no_scale_or_sign(first, second, scale):
    distance = ks_distance_of_spectra(first, second)
    assert ks_distance_of_spectra(second, first) == distance
    scaled = [scale * np.array(x) for x in (first, second)]
    assert ks_distance_of_spectra(*scaled) == distance
    negative = [-np.array(x) for x in (first, second)]
    assert ks_distance_of_spectra(*negative) == pytest.approx(distance, abs=1e-15)
    assert ks_distance_of_spectra(first, first) == 0


@given(st.integers(1, 4), st.integers(1, 6), seeds)
def test_a_spectrum_and_its_copies(copies, p, seed):
    """``I ⊗ S`` against S, each by its own solver: no distance."""
    rng = np.random.default_rng(seed)
    F = rng.standard_normal((p, p + 2))
    S = F @ F.T
    first, second = np.linalg.eigvalsh(np.kron(np.eye(copies), S)), np.linalg.eigvalsh(S)
    assert ks_distance_of_spectra(first, second) == 0


@pytest.mark.parametrize(("dtype", "distance"), [(np.float64, 0.5), (np.float32, 0.0)])
def test_rounding_is_that_of_the_precision_given(dtype, distance):
    """1e-6 apart: the same in float32, where rounding is 1.2e-7, if either came in it."""
    first = np.array([1.0, 2.0], dtype=dtype)
    assert ks_distance_of_spectra(first, [1.0 + 1e-6, 2.0]) == distance
    assert ks_distance_of_spectra([1.0 + 1e-6, 2.0], first) == distance


def test_values_that_crowd_are_not_one():
    """In float32, 4000 values lie closer than rounding, one after the other: the ends do not."""
    values = np.linspace(0, 1, 4000, dtype=np.float32)
    assert ks_distance_of_spectra(values, values**2) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("bad", [[], [np.nan], [[1.0]]])
def test_refuses(bad):
    with pytest.raises(ValueError, match="eigenvalues must"):
        ks_distance_of_spectra(bad, [1.0])
    with pytest.raises(ValueError, match="others must"):
        ks_distance_of_spectra([1.0], bad)


# --- a spectrum and a law: only at its atom could values that coincide jump -----------------------


@given(st.integers(0, 6), st.integers(1, 30), seeds, st.floats(0.1, 4.0))
def test_rounding_changes_the_distance_to_a_law_by_its_mass_only(n_null, n, seed, gamma):
    """The CDF of a law of density at most 1e4 moves by 1e-11 at most."""
    law = GeneralizedMarchenkoPastur([1.0, -0.5], [0.5, 0.5], gamma)
    rng = np.random.default_rng(seed)
    values = np.append(np.zeros(n_null), rng.choice(law.ppf(rng.random(n)), n))
    distance = ks_distance(values, law)
    assert ks_distance(perturbed(values, rng), law) == pytest.approx(distance, abs=1e-9)


def test_null_eigenvalues_of_float32_belong_to_the_atom():
    """They come out as ±1e-8, 1e-7 of the largest."""
    law = MarchenkoPastur(2.0)
    values = np.array([1e-7, -3e-7, *law.ppf([0.625, 0.875])], dtype=np.float32)
    assert ks_distance(values, law) == pytest.approx(0.125, abs=1e-6)
