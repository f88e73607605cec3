"""The parts of the benchmarks that need no other package: NumPy forms, oracles, workers, pages."""

import os
from pathlib import Path
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

from benchmarks import processes
from benchmarks.hessians import cases as hessian_cases
from benchmarks.hessians import closed_form, figure, many_classes, predictions
from benchmarks.hessians import measure as hessians
from benchmarks.hessians import tables as hessian_tables
from benchmarks.hessians.cases import Case, draw, operations
from benchmarks.hessians.workers import serve as hessian_serve
from benchmarks.hessians.workers.serve import Sample, by_rows, difference
from benchmarks.laws import cases as law_cases
from benchmarks.laws import measure as laws
from benchmarks.laws import oracle, tables
from benchmarks.laws.cases import cases, density_points, distribution_points
from rmt_hessian import Ensemble, theory
from tests import oracles
from tests.tolerances import EXACT, ITERATIVE

TO_THE_LAST_DIGITS = mpmath.mpf(10) ** (5 - oracle.DIGITS)
GAMMA = 2.0
WEIGHTS = np.array([-0.75, 0.5, 1.25])
LAW = WEIGHTS.tolist(), [0.25, 0.5, 0.25], GAMMA  # exact in binary
PATIENCE = 900.0  # seconds, on however busy a machine; an answer that has not come never does


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
    case = law_cases.Case("signed", "compound", WEIGHTS, GAMMA)
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
    answers = [laws.ask(ours, case, points, PATIENCE) for _ in range(2)]
    rows = [(case, ours, laws.medians(answers))]
    laws.add_errors(rows)
    failure = {"failure": "ValueError: positive weights\nonly (/a/place.py)"}
    return [*rows, (case, other, failure), (case, other, failure)]


def test_the_worker_answers_with_times_and_values(rows):
    case, _, answer = rows[0]
    assert "failure" not in answer
    found = answer["verbs"]["pdf"]
    expected = case.law.pdf(density_points(case.law)[0])
    np.testing.assert_array_equal(found["values"], expected)  # the same bits in any process
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
    monkeypatch.setattr(processes, "interpreter", lambda package: tmp_path / "python")
    points = dict.fromkeys(("pdf", "cdf"), np.array([1.0]))
    answer = laws.ask(laws.CONTENDERS[-1], cases(atoms=(2,))[0], points)
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


def test_a_worker_is_told_its_threads_and_no_blas_kernel(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    told = processes.environment(threads=2)
    assert not told.keys() & {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
    assert {told[name] for name in processes.THREAD_VARIABLES} == {"2"}


def test_the_work_of_the_workers_is_not_that_of_others(monkeypatch):
    """All busy time, of user, nice, system, interrupts, less that of this process and workers."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [ticks * seconds for seconds in (500, 30, 20, 99_999, 88_888, 4, 6)]
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"cpu {' '.join(map(str, fields))} 0 0")
    monkeypatch.setattr(os, "times", lambda: (40.0, 2.0, 100.0, 8.0, 77_777.0))
    assert processes.other_work() == pytest.approx(560 - 150)


def test_a_system_that_does_not_tell_of_other_work(monkeypatch):
    def no_file(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", no_file)
    assert processes.other_work() is None


# --- Hessians -----------------------------------------------------------------------------------

LIMITS = hessians.Limits(seconds=PATIENCE, sample_seconds=PATIENCE)
TINY = Case("dense", "assembly", (4, 3, 5), 12)
FAKE_WORKER = """
import time
import numpy as np
from benchmarks.hessians import closed_form
from benchmarks.hessians.workers.serve import serve

def load(options):
    def prepare(problem):
        H = closed_form.network_hessian(problem.X, problem.y, *problem.weights)
        if options["way"] == "wrong":
            H[1, 2] += 1e-6 * abs(H).max()
        if options["way"] == "raises":
            raise ValueError("no such network")
        if options["way"] == "hangs":
            time.sleep(1e6)
        return H.copy
    return "fake 1.0", prepare

serve(load)
"""


def arrays_of(case):
    arrays = draw(case)
    return arrays["X"], arrays["y"], [arrays[f"W{l}"] for l in range(len(case.shapes))]


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


def test_the_closed_form_of_the_linear_model_is_the_oracle():
    X, _, (V,) = arrays_of(Case("dense", "assembly", (4, 3), 12))
    expected = oracles.layer_hessian(SimpleNamespace(weights=[V]), X, 0, "ce")
    assert relative(closed_form.linear_hessian(X, V), expected) < EXACT
    P = closed_form.softmax(X @ V.T)
    assert relative(closed_form.softmax_layer_by_products(X, P), expected) < EXACT
    assert relative(closed_form.linear_hessian(X, 1.01 * V), expected) > 1e-3


def test_the_closed_form_of_the_network_is_the_derivative_of_the_loss():
    X, y, weights = arrays_of(TINY)
    H = closed_form.network_hessian(X, y, *weights)
    targets = np.eye(5)[y]
    net = SimpleNamespace(weights=weights)
    expected = oracles.hessian_by_differences(net, X, targets, "ce")
    assert relative(H, expected) < ITERATIVE
    # without the residual, the only place of the labels, it is another matrix
    assert relative(closed_form.network_hessian(X, (y + 1) % 5, *weights), expected) > 1e-2


@pytest.mark.parametrize("chunk", [2, 4096])
def test_norms_and_products_for_many_classes_are_those_of_the_matrix(monkeypatch, chunk):
    monkeypatch.setattr(many_classes, "CHUNK", chunk)
    X, _, (V,) = arrays_of(Case("classes", "norms", (3, 5), 8))
    V = 3.0 * V  # the largest logit changes from one chunk to the next
    H = closed_form.linear_hessian(X, V)
    squares = np.square(H.reshape(5, 3, 5, 3)).sum(axis=(1, 3))
    diagonal = np.trace(squares) / 5
    off_diagonal = (squares.sum() - np.trace(squares)) / 20
    for norms in (many_classes.norms_at_once(X, V), many_classes.norms_in_chunks(X, V)):
        np.testing.assert_allclose(norms, [diagonal, off_diagonal], rtol=EXACT)
    v = np.arange(15.0)
    found = many_classes.product(X, closed_form.softmax(X @ V.T), v)
    assert relative(found, H @ v) < EXACT


def test_operations_are_counted_sample_by_sample():
    X, _, weights = arrays_of(TINY)
    (d, m, C), total = TINY.widths, 0.0
    for x in X:
        active = np.flatnonzero(weights[0] @ x > 0)
        for i in active:
            total += 2 * d * C * active.size  # cross, with every active feature
            total += (d**2 + C**2) * (active >= i).sum()  # hidden and output, each pair once
    assert 0 < total < TINY.n_samples * ((d**2 + C**2) * m * (m + 1) / 2 + 2 * d * C * m**2)
    assert operations(TINY, X, weights) == total
    linear = Case("dense", "assembly", (4, 3), 12)
    assert operations(linear, X, []) == 12 * 4**2 * 3**2 / 2


def test_rows_are_sampled_only_beyond_the_budget():
    A = np.arange(400.0).reshape(20, 20)
    A = A + A.T
    calls = []

    def compute():
        return lambda indices: calls.append(len(indices)) or A[indices]

    whole = by_rows(compute, 20, 3, budget=PATIENCE)
    np.testing.assert_array_equal(whole, A)
    assert sum(calls) == 20
    some = by_rows(compute, 20, 3, budget=0.0)
    assert 0 < some.rows.size < 20
    np.testing.assert_array_equal(some.values, A[some.rows])
    assert some.seconds["wall"] > 0
    case = Case("dense", "assembly", (5, 4), 1)
    assert difference(some, case, A) == 0.0
    wrong = Sample(some.rows, some.values + 1.0, some.seconds)
    assert difference(wrong, case, A) == 1.0 / A.max()


def test_extrapolated_time_is_the_preparation_once_and_a_time_for_each_row(monkeypatch):
    """By a clock on which the preparation takes 3 s of wall time and a row 0.5 s, CPU double."""
    clock = SimpleNamespace(now=0.0)

    def timed(call):
        start = clock.now
        result = call()
        wall = clock.now - start
        return result, {"wall": wall, "cpu": 2 * wall}

    def spend(seconds):
        clock.now += seconds

    def compute():
        spend(3.0)
        return lambda indices: spend(0.5 * len(indices)) or np.zeros((len(indices), 40))

    monkeypatch.setattr(hessian_serve, "timed", timed)
    some = by_rows(compute, 40, 2, budget=5.0)
    assert 2 < some.rows.size < 40
    assert some.seconds == pytest.approx({"wall": 3.0 + 40 * 0.5, "cpu": 2 * (3.0 + 40 * 0.5)})


def test_a_large_matrix_is_compared_on_some_rows(monkeypatch):
    case = Case("dense", "assembly", (5, 4), 1)
    np.testing.assert_array_equal(case.reference_rows(), np.arange(20))
    monkeypatch.setattr(hessian_cases, "REFERENCE_ENTRIES", 100)
    rows = case.reference_rows()
    np.testing.assert_array_equal(rows, np.arange(0, 20, 4))
    A = np.eye(20)
    assert difference(A, case, A[rows]) == 0.0
    assert difference(A * 2, case, A[rows]) == 1.0


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The package, NumPy, and contenders that disagree, raise and are not installed."""
    folder = tmp_path_factory.mktemp("workers")
    (folder / "fake_worker.py").write_text(FAKE_WORKER, encoding="utf-8")
    fakes = [
        hessians.Contender(way, way, package, "fake_worker", {"way": way})
        for way, package in (
            ("right", "rmt-hessian"),
            ("wrong", "rmt-hessian"),
            ("raises", "rmt-hessian"),
            ("absent", "no-such-package"),
        )
    ]
    slow = hessians.Contender("hangs", "hangs", "rmt-hessian", "fake_worker", {"way": "hangs"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        patch.setattr(hessians, "gemm_rate", lambda: 1e9)
        contenders = [*hessians.CONTENDERS[:2], *fakes]
        rows = hessians.measure([TINY], contenders, LIMITS, log=lambda line: None)
        late = hessians.ask(slow, TINY, folder, hessians.Limits(seconds=1.0))
        large = hessians.ask(slow, TINY, folder, hessians.Limits(seconds=PATIENCE, bytes=2e6))
    return [*rows, (TINY, slow, late), (TINY, slow, large)]


def test_only_what_agrees_has_a_time(measured):
    answers = {contender.key: answer for _, contender, answer in measured[:-2]}
    for key in ("ours", "numpy", "right"):
        assert "failure" not in answers[key], answers[key]
        assert answers[key]["difference"] < EXACT
        assert answers[key]["seconds"]["wall"] > 0
        assert answers[key]["growth"] <= answers[key]["peak"]
    for key in ("wrong", "raises", "absent"):
        assert "seconds" not in answers[key]
    assert answers["wrong"]["failure"] == "disagrees: 1.0e-06 of the largest entry"
    assert answers["raises"]["failure"] == "ValueError: no such network"
    assert "not installed" in answers["absent"]["failure"]
    assert [answer["failure"] for _, _, answer in measured[-2:]] == [
        "no answer within 1 s",
        "out of memory: more than 0.002 GB",
    ]


def test_without_a_reference_nobody_is_timed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "interpreter", lambda package: tmp_path / "python")
    monkeypatch.setattr(hessians, "gemm_rate", lambda: 1e9)
    rows = hessians.measure([TINY], hessians.CONTENDERS[:2], LIMITS, log=lambda line: None)
    assert "not installed" in rows[0][2]["failure"]
    assert "no result to compare with" in rows[1][2]["failure"]
    large = Case("classes", "assembly", (512, 512), 2048)
    answer = hessians.ask(hessians.OURS, large, tmp_path, LIMITS)
    assert answer["failure"] == "not started: the result alone takes 550 GB"


def test_the_page_and_the_figure_show_everyone(measured, tmp_path):
    norms = Case("classes", "norms", (16, 8), 32)
    values = theory.block_norms(Ensemble([16, 8], 0, "ce", n_samples=32), n_draws=1024)
    answer = measured[0][2] | {"values": [values.diagonal, values.off_diagonal]}
    sampled = measured[1][2] | {"sampled_rows": 7}
    rows = [*measured, (TINY, measured[1][1], sampled), (norms, hessians.OURS, answer)]
    constants = predictions.constants(rows)
    for key, value in constants["measured"].items():
        assert value == pytest.approx(constants["expected"][key], rel=EXACT)
    page = hessian_tables.report(rows, "a machine", 2, LIMITS, constants)
    blocks = [b.splitlines() for b in page.split("\n\n") if b.startswith("|")]
    assert len(blocks) == 4  # the dense case, its share, the norms, the constants
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
    for label in ("wrong", "raises", "absent", "hangs"):
        assert f"| {label} | fails[^" in page
    assert "(7 rows[^" in page
    assert "[^1]: disagrees: 1.0e-06 of the largest entry\n" in page
    count, wall = answer["operations"], answer["seconds"]["wall"]
    assert hessian_tables.shares(rows)[1][-1] == f"{100 * count / wall / 1e9:.0f} %"
    figure.draw(rows, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
