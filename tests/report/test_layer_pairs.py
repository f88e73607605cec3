"""The printed tables of Hessians along a training, by hand."""

import pandas as pd
import pytest

from rmt_hessian.report.layer_pairs import OF_PAIRS, PAIRS, SHARES, layer_pair_sections
from tests.sections import require_legible

CASE = {"widths": "5-4-4-3", "n_samples": 30, "inputs": "gaussian"}


def rows(measurement, names, losses=("mse", "ce"), seeds=3):
    """Of each name: 10 times the time, plus the seed, plus 100 for MSE."""
    found = []
    for loss in losses:
        for seed in range(seeds):
            row = CASE | {"measurement": measurement, "loss": loss, "seed": seed}
            for at, time in enumerate(("initial", "middle", "final")):
                value = 10 * at + seed + 100 * (loss == "mse")
                row |= {f"{time}_{name}": value for name in names}
            found.append(row)
    return pd.DataFrame(found)


def test_three_rows_a_case_with_means_over_seeds():
    table = rows("trained_layer_pairs", ["loss", *OF_PAIRS])
    ((title, section),) = require_legible(table).items()
    assert title == PAIRS
    assert section["percent"].tolist() == [0, 50, 100] * 2
    assert section["loss"].tolist() == ["ce"] * 3 + ["mse"] * 3
    for name in ("mean_loss", *OF_PAIRS.values()):
        assert section[name].tolist() == [1, 11, 21, 101, 111, 121]


def test_shares_of_whole_hessians_and_no_more_than_there_is():
    names = ["loss", "norm", "share_by_unit", "population_share_by_layer", "residual_share"]
    table = rows("training_images", names, seeds=1)
    ((title, section),) = require_legible(table).items()
    assert title == SHARES
    assert section.columns.tolist()[-5:] == ["mean_loss", *names[1:]]
    assert section["population_share_by_layer"].tolist() == [0, 10, 20, 100, 110, 120]


@pytest.mark.parametrize("measurement", ["block_norms", "training"])
def test_other_measurements_have_no_section(measurement):
    assert list(layer_pair_sections(rows(measurement, ["loss"]))) == []
