"""Findings: when a prediction holds, which point is told, and how numbers are written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rmt_hessian.paper import agrees, at_least, at_most, between, constant, near
from rmt_hessian.paper.finding import LEVEL, number

C = pd.Index([2.0, 8.0, 64.0], name="n_classes")


def test_a_true_prediction_is_refused_as_often_as_the_level_says(rng):
    """Of 20,000 triples of means of five normal draws: each of the two tests, and `agrees` on those
    just inside and just outside of their bounds. The draws scatter by a hundredth about 1, so that
    logarithms are normal too."""
    draws = 1 + 0.01 * rng.standard_normal((20_000, 3, 5))
    means, errors = draws.mean(axis=2), draws.std(axis=2, ddof=1) / np.sqrt(5)
    logs = np.log(means)
    of_points = np.abs((means - 1) / errors).max(axis=1) / stats.t.isf(LEVEL / 12, 4)
    in_common = np.abs(logs.mean(axis=1)) / (logs.std(axis=1, ddof=1) / np.sqrt(3))
    in_common /= stats.t.isf(LEVEL / 4, 2)
    refused = np.maximum(of_points, in_common) > 1
    assert abs(refused.sum() - 20_000 * LEVEL) <= 3.5 * np.sqrt(20_000 * LEVEL)
    for which in (of_points, in_common):
        near_one = np.argsort(np.abs(np.log(which)))[:40]
        assert len(set(which[near_one] > 1)) == 2
        for i in near_one:
            measured, error = pd.Series(means[i], C), pd.Series(errors[i], C)
            assert agrees("R", measured, 1.0, error=error, seeds=5).holds == (not refused[i])


def test_a_factor_in_common_is_refused_however_few_the_seeds():
    """Two seeds allow hundreds of standard errors: nine points, 20 % off, do not escape."""
    measured = pd.Series(1.2 * np.linspace(0.98, 1.02, 9), np.arange(9))
    found = agrees("R", measured, 1.0, error=0.1, seeds=2)
    assert found.holds is False
    assert found.wanted.endswith("standard errors; all points: a factor 1.200")
    assert agrees("R", measured / 1.2, 1.0, error=0.1, seeds=2).holds
    with pytest.raises(ValueError, match="R must have at least 2 seeds, has 1"):
        agrees("R", measured, 1.0, error=0.1, seeds=1)


def test_the_point_farthest_out_is_told():
    measured = pd.Series([1.0, 1.1, 1.0], C)
    found = agrees("R", measured, 1.0, error=0.01, seeds=20)
    assert found.holds is False
    assert found.what == "R, worst of 3 (C = 8)"
    told = "predicted 1.000, 10 of at most 4.67 standard errors; all points: a factor 1.032"
    assert str(found) == f"R, worst of 3 (C = 8) is 1.100 ± 0.010 ({told})"


def test_predictions_are_written_like_what_they_stand_beside():
    assert agrees("R", 1.11e-4, 1.2e-4, error=5e-7, seeds=5).wanted.startswith(
        "predicted 1.2000×10⁻⁴"
    )
    assert near("R", 1.0, 2.0, within=0.365148).wanted == "predicted 2, to 36.5 %"
    assert near("R", 3, 3, within=0).wanted == "predicted 3, exactly"
    assert near("R", pd.Series([0.0, 1.0], [1, 2]), pd.Series([0.0, 1.0], [1, 2]), within=0).holds
    labels = pd.Series([1.0, 2.0], pd.Index([True, False], name="random_labels"))
    assert at_most("R", labels, 1).what == "R, worst of 2 (no random labels)"


def test_the_error_of_a_prediction_counts():
    assert not agrees("R", 1.1, 1.0, error=0.01, seeds=20).holds
    assert agrees("R", 1.1, 1.0, error=0.01, predicted_error=0.1, seeds=20).holds


def test_of_exact_numbers_rounding_is_all_that_may_differ():
    assert agrees("R", 1.0 + 1e-13, 1.0, error=0.0, seeds=5).holds
    assert not agrees("R", 1.0 + 1e-9, 1.0, error=0.0, seeds=5).holds
    assert agrees("R", 0.0, 0.0, error=0.0, seeds=5).holds


def test_shares_and_bounds():
    measured = pd.Series([1.0, 1.1], pd.MultiIndex.from_tuples([("a", 2), ("b", 3)]))
    assert near("x", measured, 1.0, within=0.11).holds
    assert not near("x", measured, 1.0, within=0.095).holds  # a share of 1, not of 1.1
    assert near("x", measured - 0.2, 1.0, within=0.205).holds
    found = near("x", measured, 1.0, within=0.09)
    assert (found.holds, found.what) == (False, "x, worst of 2 (b, 3)")
    assert at_most("x", measured, 1.1).holds
    assert not at_most("x", measured, 1.05).holds
    assert at_least("x", measured, pd.Series([0.9, 1.1], measured.index)).holds
    assert not at_least("x", measured, 1.05).holds
    assert [between("x", v, 1, 2).holds for v in (0.9, 1, 2, 2.1)] == [False, True, True, False]
    assert constant("x", 3).holds is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_no_evidence(value):
    with pytest.raises(ValueError, match=r"R must be finite, is not at \[8.0\]"):
        at_most("R", pd.Series([1.0, value, 1.0], C), 2.0)
    with pytest.raises(ValueError, match="at least one point"):
        at_most("R", pd.Series([], pd.Index([], name="n_classes"), dtype=float), 2.0)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.0, 0.0, "0"),
        (16, np.nan, "16"),
        (131072, 0, "131,072"),
        (-0.25, 0.0, "−0.25"),
        (1.23456e-7, 0.0, "1.23×10⁻⁷"),
        (0.4213, 0.012, "0.421 ± 0.012"),
        (1.11441e-4, 5.03e-7, "(1.1144 ± 0.0050)×10⁻⁴"),
        (0.0, 0.012, "0.000 ± 0.012"),
        (1963.2, 5.4, "1963.2 ± 5.4"),
        (1 / 15, 1e-17, "0.0667"),
        (float("nan"), 1.0, "nan"),
    ],
)
def test_numbers_are_written_to_the_digits_they_have(value, error, text):
    assert number(value, error) == text


@given(st.floats(-1e12, 1e12), st.floats(1e-12, 1e12))
def test_no_number_is_written_with_a_hyphen(value, error):
    assert "-" not in number(value, error)
    assert "-" not in number(value)
