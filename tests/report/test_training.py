"""The printed tables of the Hessian along a training, by hand."""

import numpy as np
import pandas as pd
import pytest

from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.dynamic_force import dynamic_force
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.report.training import (
    BETWEEN,
    CONDITION,
    LAYERS,
    OF_BETWEEN,
    training_sections,
)
from rmt_hessian.sweep.parameters import columns
from tests.sections import tables

CASE = {"measurement": "dynamic_force", "loss": "ce", "inputs": "gaussian", "widths": "5-4-3"}
RUN = {"widths": [5, 4, 3], "loss": "ce", "n_samples": 14, "inputs": "gaussian"}
RUN |= {"optimiser": "adam", "learning_rate": 0.02, "steps": 20, "n_checkpoints": 3}


def measured():
    """One point of a training, and its row of a table."""
    found = dynamic_force(np.random.default_rng(0), run=TrainingRun(**RUN))
    scalars = {name: value for name, value in found.items() if np.ndim(value) == 0}
    return pd.DataFrame([{"measurement": "dynamic_force", "seed": 0} | columns(RUN) | scalars])


def test_sections():
    sections = tables(training_sections(measured()))
    assert list(sections) == [LAYERS, BETWEEN, CONDITION]
    assert sections[LAYERS]["layer"].tolist() == [0, 1]


def test_the_share_of_the_residual_is_as_the_title_says():
    """``‖R‖²/(‖R‖² + ‖G‖²)``, which is not ``‖R‖²`` in the square of the norm of ``R + G``."""
    assert OF_BETWEEN["residual"] == "share of the residual, ‖R‖²/(‖R‖² + ‖G‖²)"
    done = TrainingRun(**RUN).train(np.random.default_rng(0))
    shares, of_square = [], []
    for net in (done.path.networks[0], done.path.network):
        block, G = (
            network_hessian(net, done.X, done.y, "ce", part=part).block(0, 1)
            for part in ("full", "gauss-newton")
        )
        R, G, both = (np.sum(part**2) for part in (block - G, G, block))
        shares.append(R / (R + G))
        of_square.append(R / both)
    printed = tables(training_sections(measured()))[BETWEEN]["residual"].item()
    assert printed == " → ".join(f"{share:.3g}" for share in shares)
    assert printed != " → ".join(f"{share:.3g}" for share in of_square)


def test_condition_numbers_in_their_columns():
    """Geometric means over seeds of each, initial → final."""
    means = {"condition": (100, 1000), "by unit": (20, 30), "by layer": (4, 5)}
    rows = []
    for factor in (0.5, 1.0, 2.0):
        row = CASE | {"n_samples": 14}
        for name, values in means.items():
            key = name if name == "condition" else f"condition_{name.replace(' ', '_')}"
            row |= {f"initial_{key}": values[0] * factor, f"final_{key}": values[1] * factor}
        row |= {f"{when}_{name}_{layer}": 0.5 for when in ("initial", "final") for layer in (0, 1)
                for name in ("ratio", "share", "population_share", "fresh_share",
                             "fresh_population_share")}  # fmt: skip
        rows.append(row | {"final_cross_norm": np.nan})  # of no pair of layers
    sections = tables(training_sections(pd.DataFrame(rows)))
    assert list(sections) == [LAYERS, CONDITION]
    (found,) = sections[CONDITION].to_dict("records")
    expected = {name: f"{first:.3g} → {last:.3g}" for name, (first, last) in means.items()}
    assert found == {name: CASE[name] for name in ("loss", "inputs", "widths")} | expected


@pytest.mark.parametrize("name", ["condition", "cross_norm"])
def test_what_is_unknown_has_no_section(name):
    table = measured()
    table[f"final_{name}"] = np.nan
    kept = [BETWEEN] if name == "condition" else [CONDITION]
    assert list(tables(training_sections(table))) == [LAYERS, *kept]
    assert not list(training_sections(pd.DataFrame([{"measurement": "block_norms"}])))
