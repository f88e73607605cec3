"""What of trained softmax regression lies off the diagonal against the number of classes.

Classes alone keep the C²R of random weights up to a factor below 2; groups of a fixed size make it
grow. Both are predicted, to 15 % of single draws at d = 100.
"""

from functools import cache

import numpy as np
import pytest

from rmt_hessian.measurements.trained_laws import SoftmaxRun
from rmt_hessian.measurements.trained_shares import trained_shares

KINDS = {
    "alone": {"separation": 3.0},
    "fours": {"separation": 6.0, "correlation": 0.75},
    "pairs": {"separation": 6.0, "correlation": 1.0},
}
SIZES = {"fours": 4, "pairs": 2}


@cache
def measured(kind, C):
    groups = {"n_groups": C // SIZES[kind]} if kind in SIZES else {}
    run = SoftmaxRun(
        n_inputs=100, n_classes=C, n_samples=2000, ridge=0.001, **KINDS[kind], **groups
    )
    return trained_shares(np.random.default_rng(5), run=run)


@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_new_samples_are_predicted(kind):
    for C in (8, 32):
        found = measured(kind, C)
        name = "fresh_population_c2_ratio"
        assert found[name] == pytest.approx(found[f"predicted_{name}"], rel=0.15)


def test_without_groups_training_does_not_raise_the_power():
    for C in (8, 32):
        found = measured("alone", C)
        ratio = found["fresh_population_c2_ratio"] / found["random_population_c2_ratio"]
        assert 0.9 < ratio < 2


@pytest.mark.parametrize("kind", SIZES)
def test_groups_of_a_fixed_size_do(kind):
    few, many = (measured(kind, C)["fresh_population_c2_ratio"] for C in (8, 32))
    assert many > 2 * few
