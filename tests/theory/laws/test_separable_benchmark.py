"""The timing of separable laws: a worker answers, a failure keeps its row."""

from benchmarks.laws import separable


def test_a_small_case_is_measured_and_printed():
    rows = separable.measure([(True, 0.5)], n_atoms=5)
    ((signed, phi, answer),) = rows
    assert (signed, phi) == (True, 0.5)
    assert answer["intervals"] >= 1
    assert all(seconds["wall"] > 0 for seconds in answer["seconds"].values())
    rows.append((False, 1.0, {"failure": "RuntimeError: no"}))
    lines = [line for line in separable.section(rows).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    assert lines[-1].startswith("| positive | 1.0 | RuntimeError: no |")
