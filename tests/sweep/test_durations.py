"""Times learnt from points that were measured: medians, and a power law for other sizes."""

import itertools
import json

import numpy as np
import pytest

from rmt_hessian.sweep.durations import Durations
from rmt_hessian.sweep.points import Point


def setting(seed=0, measurement="block_norms", **parameters):
    return Point(measurement, parameters, seed, root_seed=1).setting


def test_nothing_is_known_of_what_was_never_measured():
    known = Durations()
    assert known.of(setting(n=2)) is None
    known.add(setting(n=2), 1.0)
    assert known.of(setting(n=2, measurement="output_rank")) is None
    assert known.total({setting(n=2): 1, setting(n=2, measurement="output_rank"): 1}) is None


def test_a_known_setting_takes_the_median_over_seeds():
    known = Durations()
    for seed, seconds in enumerate([3.0, 1.0, 50.0]):
        known.add(setting(seed, n=2), seconds)
    known.add(setting(n=4), 7.0)
    assert known.of(setting(seed=9, n=2)) == 3.0
    assert known.total({setting(n=2): 4, setting(n=4): 2, setting(n=8): 0}) == 4 * 3.0 + 2 * 7.0
    assert known.total({}) == 0


def law(n, m, case):
    """Seconds: a power law with a factor for each word."""
    return 1e-3 * n**1.5 * m**-0.5 * {"a": 1.0, "b": 8.0, "c": 0.5}[case]


@pytest.mark.parametrize("case", ["a", "b", "c"])
def test_a_power_law_is_recovered(case):
    """A factor 4 beyond the sizes measured, within 10 %: the ridge takes RIDGE/(S + RIDGE) of a
    slope, where S >= 8 is the sum of squares about the mean of any column of the 36 settings."""
    known = Durations()
    for n, m, word in itertools.product(2 ** np.arange(1, 9, 2), [4, 64, 1024], "abc"):
        known.add(setting(n=int(n), m=m, case=word, depth=3), law(n, m, word))
    for n, m in [(512, 64), (8, 4096), (512, 4096)]:
        expected = law(n, m, case)
        assert known.of(setting(n=n, m=m, case=case, depth=3)) == pytest.approx(expected, rel=0.1)


def test_seeds_do_not_weigh():
    """The law goes through medians of settings: many seeds of one do not pull it."""
    one, many = Durations(), Durations()
    for n in (2, 8, 32):
        one.add(setting(n=n), float(n))
        for seed in range(100 if n == 2 else 1):
            many.add(setting(seed, n=n), float(n))
    assert many.of(setting(n=128)) == one.of(setting(n=128))


def test_one_setting_alone_says_its_own_time_for_all():
    """Exponents stay 0 until sizes differ; a word or a name not met before has none."""
    known = Durations()
    known.add(setting(n=2, case="a"), 3.0)
    others = {"n": 64, "case": "b"}, {"n": 2, "case": "a", "depth": 7}, {"flag": True, "n": 0}
    for parameters in others:
        assert known.of(setting(**parameters)) == pytest.approx(3.0)


def test_what_is_learnt_later_counts():
    known = Durations()
    for n in (2, 8):
        known.add(setting(n=n), 1.0)
    flat = known.of(setting(n=512))
    assert flat == pytest.approx(1.0)
    known.add(setting(n=32), 100.0)
    assert known.of(setting(n=512)) > 10


def test_an_infinite_parameter_is_a_word():
    durations = Durations()
    for beta in (1.0, 2.0, float("inf")):
        durations.add(f"mine {json.dumps({'beta': beta})}", 0.3)
    assert durations.of(f"mine {json.dumps({'beta': 3.0})}") == pytest.approx(0.3)
    assert durations.of(f"mine {json.dumps({'beta': -1.0})}") == pytest.approx(0.3)
