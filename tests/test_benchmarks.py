"""The parts of the benchmarks that need no other package: oracle, worker, tables."""

import mpmath
import numpy as np
import pytest

from benchmarks import laws, oracle, tables
from benchmarks.cases import Case, cases, density_points, distribution_points
from tests.tolerances import EXACT

TO_THE_LAST_DIGITS = mpmath.mpf(10) ** (5 - oracle.DIGITS)
GAMMA = 2.0
WEIGHTS = np.array([-0.75, 0.5, 1.25])
LAW = WEIGHTS.tolist(), [0.25, 0.5, 0.25], GAMMA  # exact in binary


def distance(a, b):
    return abs(a - b)


def test_both_oracles_of_the_density_agree(monkeypatch):
    points = (-1.25, 0.75, 3.0)
    by_roots = [oracle.density(x, *LAW) for x in points]
    monkeypatch.setattr(oracle, "ROOTS_UP_TO", 0)
    by_newton = [oracle.density(x, *LAW) for x in points]
    assert min(by_roots) > 0
    assert max(map(distance, by_roots, by_newton)) < TO_THE_LAST_DIGITS
    # another aspect ratio is another law
    assert distance(oracle.density(0.75, *LAW[:2], 1.9), by_newton[1]) > 1e-3


def test_the_oracle_is_marchenko_pastur_for_one_atom():
    gamma, x = mpmath.mpf("0.25"), mpmath.mpf("1.5")
    with mpmath.workdps(oracle.DIGITS):
        closed = mpmath.sqrt((mpmath.mpf("2.25") - x) * (x - gamma)) / (2 * mpmath.pi * gamma * x)
        assert distance(oracle.density(1.5, [1.0], [1.0], 0.25), closed) < TO_THE_LAST_DIGITS


def test_the_oracle_of_the_distribution_is_the_integral_of_the_density():
    x, y = 0.75, 1.5  # inside one interval
    integral = mpmath.quad(lambda t: oracle.density(t, *LAW), [x, y], maxdegree=4)
    step = oracle.distribution(y, *LAW) - oracle.distribution(x, *LAW)
    # quad works in the 15 digits of the default context
    assert distance(step, integral) < 1e-13
    # below everything, in the gap left of the atom at 0, right of it, above everything
    low = oracle.distribution(-1e-3, *LAW)
    for point, value in ((-50.0, 0), (1e-3, low + mpmath.mpf(1) / 2), (50.0, 1)):
        assert distance(oracle.distribution(point, *LAW), value) < TO_THE_LAST_DIGITS


def test_points_lie_where_they_should():
    case = Case("signed", "compound", WEIGHTS, GAMMA)
    x, width = density_points(case.law, 100)
    assert x.size == width.size == 100
    assert (case.law.pdf(x) > 0).all()
    counts = [((lo < x) & (x < hi)).sum() for lo, hi in case.law.components()]
    masses = case.law.component_masses()
    np.testing.assert_allclose(counts, 100 * masses / masses.sum(), atol=1.0)  # rounding
    lo, hi = case.law.support()
    y = distribution_points(case.law, 100)
    assert lo < y.min() < y.max() < hi


@pytest.fixture(scope="module")
def rows():
    """The generalised law on one case, with its errors, and two contenders that fail."""
    case = next(c for c in cases(atoms=(2,)) if c.name == "signed")
    points = {"pdf": density_points(case.law)[0], "cdf": distribution_points(case.law)}
    ours, other = laws.CONTENDERS[0], laws.CONTENDERS[-1]
    answers = [laws.ask(ours, case, points) for _ in range(2)]
    rows = [(case, ours, laws.medians(answers))]
    laws.add_errors(rows)
    failure = {"failure": "ValueError: positive weights\nonly (/a/place.py)"}
    return [*rows, (case, other, failure), (case, other, failure)]


def test_the_worker_answers_with_times_and_values(rows):
    case, _, answer = rows[0]
    assert "failure" not in answer
    found = answer["verbs"]["pdf"]
    # to rounding: another process may have compiled the sums over atoms in another order
    expected = case.law.pdf(density_points(case.law)[0])
    np.testing.assert_allclose(found["values"], expected, rtol=EXACT)
    for phase in ("first", "warm", "built"):
        assert 0 < found[phase]["wall"] < 60
    for verb in ("pdf", "cdf"):
        # 1e-13: some hundred times eps, as the density is of order one over the width
        assert len(answer["verbs"][verb]["errors"]) == 20
        assert max(answer["verbs"][verb]["errors"]) < 1e-13


def test_a_wrong_value_shows_as_an_error(rows):
    case, contender, answer = rows[0]
    values = list(answer["verbs"]["cdf"]["values"])
    values[laws.CHECKED.start] += 1e-9
    wrong = [(case, contender, {"verbs": {"cdf": {"values": values}}})]
    laws.add_errors(wrong)
    errors = wrong[0][2]["verbs"]["cdf"]["errors"]
    assert max(errors) == errors[0] == pytest.approx(1e-9, rel=1e-5)


def test_the_page_has_whole_tables_and_one_note_for_one_failure(rows):
    page = tables.report(rows, "a machine", rounds=2)
    blocks = [b.splitlines() for b in page.split("\n\n") if b.startswith("|")]
    assert len(blocks) == 4
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
    assert page.count("scikit-rmt, each way | fails[^1]") == 2  # one row in two tables
    assert page.count("[^1]: ValueError: positive weights only\n") == 1
    assert "[^2]" not in page


def test_a_package_that_is_not_there_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(laws, "interpreter", lambda package: tmp_path / "python")
    answer = laws.ask(laws.CONTENDERS[-1], cases(atoms=(2,))[0], {})
    assert "not installed" in answer["failure"]


def test_required_times_take_the_slowest_law_of_one_interval():
    contender = laws.CONTENDERS[0]

    def row(case, wall):
        found = {"warm": {"wall": wall, "cpu": wall / 2}}
        return case, contender, {"verbs": {"pdf": found}}

    plain, _, _, positive, *_, two_intervals = cases(atoms=(2,))
    assert len(two_intervals.law.components()) == 2
    found = [row(plain, 1e-4), row(positive, 6e-4), row(two_intervals, 1.0)]
    assert tables.requirements(found)[1:] == [(64, "0.5", "0.6", "no", "0.3", "yes")]
