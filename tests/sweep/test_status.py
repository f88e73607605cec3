"""Points done, failed and missing, for each value of each axis."""

from rmt_hessian.sweep.config import load_points
from rmt_hessian.sweep.status import OUTCOMES, by_axis, outcomes
from rmt_hessian.sweep.store import Store

SWEEP = """
root_seed = 1
[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { layer = 0, n_samples = 8 }
axes = { C = [2, 3] }
together = { widths = [[6, "C"], [6, 4, "C"]], loss = ["ce", "mse"] }
[[grid]]
measurement = "population_rank"
seeds = 1
fixed = { widths = [6, 4, 2], relative_error = 0.1 }
axes = { layer = [0, 1] }
"""


def test_counts_for_each_value_of_each_axis(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    points, _ = load_points(path)
    store = Store(tmp_path / "out")
    with store.writing():
        for point in points.values():
            if point.parameters.get("loss") == "ce":
                store.write_point(point, {"ratio": 0.0}, {}, "1")
            elif point.parameters["widths"][-1] == 3 and point.seed == 1:
                store.write_failure(point, "no")
    outcome = outcomes(points, store.state(points))
    assert list(outcome) == list(points)
    counts = {kind: list(outcome.values()).count(kind) for kind in OUTCOMES}
    assert counts == {"done": 4, "failed": 1, "missing": 5}
    table = by_axis(points, outcome)
    assert list(table.columns) == ["measurement", "axis", "value", *OUTCOMES]
    assert [tuple(row) for row in table.itertuples(index=False)] == [
        ("block_norms", "", "", 4, 1, 3),
        ("block_norms", "widths", "6-2", 2, 0, 0),
        ("block_norms", "widths", "6-3", 2, 0, 0),
        ("block_norms", "widths", "6-4-2", 0, 0, 2),
        ("block_norms", "widths", "6-4-3", 0, 1, 1),
        ("block_norms", "loss", "ce", 4, 0, 0),
        ("block_norms", "loss", "mse", 0, 1, 3),
        ("block_norms", "n_classes", 2, 2, 0, 2),
        ("block_norms", "n_classes", 3, 2, 1, 1),
        ("block_norms", "seed", 0, 2, 0, 2),
        ("block_norms", "seed", 1, 2, 1, 1),
        ("population_rank", "", "", 0, 0, 2),
        ("population_rank", "layer", 0, 0, 0, 1),
        ("population_rank", "layer", 1, 0, 0, 1),
    ]


def test_a_damaged_point_that_failed_before_is_not_done(sweep, tmp_path):
    points, _ = load_points(sweep)
    first = next(iter(points.values()))
    store = Store(tmp_path / "out")
    with store.writing():
        store.write_point(first, {}, {}, "1")
    (store.points / f"{first.key}.parquet").write_bytes(b"")
    outcome = outcomes(points, store.state(points))
    assert outcome[first.key] == "missing"
    store.write_failure(first, "no")
    assert outcomes(points, store.state(points))[first.key] == "failed"
