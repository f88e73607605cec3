"""The parts of the benchmark of sweeps: the points, the clocks of a run, the page."""

import numpy as np
import pytest

from benchmarks import processes
from benchmarks.sweeps import measure, tables, worker
from benchmarks.sweeps.measure import BARE, HERE, ONE, TWO, TWO_BARE, Run, agree
from benchmarks.sweeps.points import block_eigenvalues
from rmt_hessian import Network, gaussian_inputs
from tests import oracles
from tests.tolerances import EXACT

TINY = ["seeds=4", "size=3", "repeats=1"]


def run(n_points, n_processes, *, computing=1.0, between=0.0, first=0.0, start_up=2.0, after=0.5):
    """A run by a made-up clock; the first point of each process takes ``first`` longer."""
    rows = []
    for process in range(n_processes):
        now = 100.0 + start_up
        for n in range(n_points // n_processes):
            ended = now + computing + (first if n == 0 else 0.0)
            row = {"seed": n * n_processes + process, "total": 0.25, "process": process}
            row |= {"peak_bytes": 3e8 + ended, "cpu": 0.5 * ended, "started": now, "ended": ended}
            rows.append(row)
            now = ended + between
    ended = max(row["ended"] for row in rows) + after
    return Run(rows[::-1], 100.0, ended, cpu=7.0, peak_bytes=2e8)


def test_a_point_is_the_eigenvalues_of_its_blocks():
    size, rng = 3, np.random.default_rng(5)
    expected = 0.0
    for _ in range(2):
        net = Network.random([size, 8], rng)
        H = oracles.layer_hessian(net, gaussian_inputs(2 * size, size, rng), 0, "ce")
        for j in (0, 1):
            expected += np.linalg.eigvalsh(H[:size, j * size : (j + 1) * size])[-1]
    found = block_eigenvalues(np.random.default_rng(5), size=size, repeats=2)
    np.testing.assert_allclose(found["total"], expected, rtol=EXACT)
    assert tuple(sorted(found)) == tuple(sorted(worker.COLUMNS))
    assert found["started"] < found["ended"]


def test_a_run_is_taken_apart():
    found = run(8, 2, computing=0.75, between=0.25, first=3.0)
    # exact in binary: all times are multiples of 1/4
    assert found.start_up == 2.0
    assert found.span == 3.0 + 4 * 0.75 + 3 * 0.25
    assert found.total == 2.0 + found.span + 0.5
    assert found.pace == 8 / found.total
    assert (found.computing, found.between) == (0.75, 0.25)
    assert found.rate == 2 * 1.0  # two processes, a point a second each
    assert found.point_cpu == 0.5
    assert found.worker_peak_bytes == 3e8 + 100.0 + 2.0 + found.span


def test_a_slower_process_counts_with_its_own_rate():
    one, other = run(4, 1), run(4, 1, computing=4.0)
    rows = one.rows + [row | {"process": 1} for row in other.rows]
    both = Run(rows, 100.0, 130.0, cpu=0.0, peak_bytes=0.0)
    assert both.rate == 1.0 + 0.25


@pytest.fixture
def runs():
    one = {HERE: [run(8, 1, between=0.0625)], ONE: [run(8, 1, between=0.03125)]}
    return {BARE: [run(8, 1)], **one, TWO_BARE: [run(8, 2)], TWO: [run(8, 2, between=0.25)]}


def test_what_is_required_is_judged(runs):
    header, here, one, two = tables.requirements(runs)
    assert header[-1] == "met"
    # 7 times 1/16 in 8 s are 5.5 %, half of it 2.7 %; two workers: 2/1.25 over 1/1.0625
    assert here[2:] == ("5.5% (5.5% … 5.5%)", "no")
    assert one[2:] == ("2.7% (2.7% … 2.7%)", "yes")
    assert two[2:] == ("1.70 (1.70 … 1.70)", "no")
    # the machine gives 2, of which a run with a quarter more time a point has 80 %
    assert tables.gains(runs)[2][1::2] == ("1.60 (1.60 … 1.60)", "80.0% (80.0% … 80.0%)")
    assert tables.steady(runs)[-1][-1] == "25.0% (25.0% … 25.0%)"


def test_another_bit_is_noticed(runs):
    assert agree(runs)
    changed = runs[TWO][0].rows[3]
    changed["total"] = np.nextafter(changed["total"], 1.0)
    assert not agree(runs)


def test_the_page_has_whole_tables(runs):
    both = {"wall": 1.0, "cpu": 0.5}
    resumed = {"find": both, "peak_bytes": 3e8}
    page = tables.report(runs, runs, {"write": both}, resumed, "a machine", points=9, rounds=1)
    blocks = [b.splitlines() for b in page.split("\n\n") if b.startswith("|")]
    assert len(blocks) == 9
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
    assert "## 8 points of 1.00 s" in page
    assert "| write | 1e+03 | 500 |" in page
    assert "the same bits: yes." in page


@pytest.fixture
def at_the_root(monkeypatch):
    monkeypatch.chdir(processes.ROOT)


@pytest.mark.usefixtures("at_the_root")
def test_a_sweep_has_the_points_of_the_bare_loops(tmp_path):
    halves = [row for i in (0, 1) for row in worker.bare(TINY, i, 2)["rows"]]
    swept = worker.sweep(TINY, tmp_path / "a", workers=1, cluster=False)["rows"]
    one, other = (Run(rows, 0.0, 1.0, 0.0, 0.0) for rows in (halves, swept))
    assert [seed for seed, _ in one.results] == [0, 1, 2, 3]
    assert agree({"one": [one], "other": [other]})


@pytest.mark.usefixtures("at_the_root")
def test_a_folder_of_done_points_is_resumed(tmp_path):
    assert worker.prepare(TINY, tmp_path / "a") == {"points": 4}
    found = worker.resume(TINY, tmp_path / "a")
    assert set(found) == {"expand the sweep file", "find", "collect"}
    assert all(seconds["wall"] > 0 for seconds in found.values())
    next((tmp_path / "a" / "points").iterdir()).unlink()
    with pytest.raises(RuntimeError, match="4 points, 3 rows"):
        worker.resume(TINY, tmp_path / "a")


@pytest.mark.usefixtures("at_the_root")
def test_steps_of_a_point_have_both_clocks(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "SAMPLES", 2)
    found = worker.steps(tmp_path / "a")
    assert all(set(value) == {"wall", "cpu"} for value in found.values())
    assert all(value["wall"] > 0 for value in found.values())


def test_repeats_are_those_that_take_so_long(monkeypatch):
    monkeypatch.setattr(worker, "block_eigenvalues", lambda rng, *, size, repeats: None)
    taken = iter([1.0, 0.0625, 0.125, 0.25])  # the first, of one repeat, is enough
    monkeypatch.setattr(worker, "timed", lambda call: (call(), {"wall": next(taken)}))
    assert worker.calibrate(3, 2.0) == {"repeats": 2}
    assert worker.calibrate(3, 4.0) == {"repeats": 64}  # four times 1/4 s


def test_ways_differ_in_processes_and_folders(tmp_path):
    jobs = {way: measure.questions(way, TINY, tmp_path) for way in measure.LONG.ways}
    assert [len(jobs[way]) for way in (BARE, TWO_BARE, TWO)] == [1, 2, 1]
    covered = [job["first"] + job["step"] * k for job in jobs[TWO_BARE] for k in (0, 1)]
    assert sorted(covered) == [0, 1, 2, 3]
    assert len({jobs[way][0]["folder"] for way in (HERE, ONE, TWO)}) == 3


def test_a_failure_ends_the_sitting():
    with pytest.raises(RuntimeError, match="KeyError"):
        measure.ask("no such job")
