"""The grids of the dynamic force in small: what its figures and printed tables show."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from paper_figs import style
from rmt_hessian.measurements import dynamic_force
from rmt_hessian.report.training import BETWEEN, CONDITION, LAYERS, with_scatter
from tests.sections import require_legible

SWEEP = Path(__file__).parents[2] / "sweeps" / "training.toml"
SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "seeds = 5": "seeds = 2",
    "\nd = 20": "\nd = 5",
    "m = 32": "m = 6",
    "m = 8": "m = 4",
    "C = 10": "C = 4",
    "C = [2, 4, 16, 64]": "C = [3]",
    "C = [4, 16, 64]": "C = [3]",
    "[20, 8, 8, 8, 10]": "[5, 3, 3, 3, 4]",
    "[64, 16, 10]": "[64, 3, 10]",
    "n_samples = 300": "n_samples = 20",
    "n_samples = 150": "n_samples = 12",
    "n_samples = 500": "n_samples = 20",
    "steps = 2000": "steps = 30",
    "steps = 1000": "steps = 20",
    "n_checkpoints = 8": "n_checkpoints = 4",
}
TITLES = ["clusters, CE", "clusters, MSE", "mixture, CE", "random labels, CE", "digits, CE"]
SHOWN = dict(zip(TITLES, [("clusters", "ce"), ("clusters", "mse"), ("mixture", "ce"),
                          ("gaussian", "ce"), ("digits", "ce")], strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def store(results_of):
    head, *grids = SWEEP.read_text(encoding="utf-8").split("[[grid]]")
    text = "[[grid]]".join([head, *(g for g in grids if '"dynamic_force"' in g)])
    for old, new in SMALLER.items():
        assert old in text, old
        text = text.replace(old, new)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dynamic_force, "LONGEST", 20)
        return results_of(text)


def arrays_of(store, title):
    """Of the seeds of one hidden layer and the most classes up to 10, as the figures show them."""
    inputs, loss = SHOWN[title]
    table = style.rows_of(store, "dynamic_force")
    table = table[(table["widths"].str.count("-") == 2) & table["weight_decay"].isna()]
    table = table[(table["inputs"] == inputs) & (table["loss"] == loss)]
    table = table[table["n_samples"] == table["n_samples"].max()]
    table = table[table["n_classes"] == table["n_classes"].max()]
    assert len(table) == 2
    return [store.arrays(key) for key in table["key"]]


@pytest.mark.parametrize("name", ["dynamic_force", "stripes"])
def test_axes_are_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    figure = draw_twice(name, store)
    rows = {ax.get_gridspec().nrows for ax in figure.axes}
    axes = np.reshape(figure.axes, (rows.pop(), 5))
    assert all(ax.get_ylabel() for ax in axes[:, 0])
    assert all(ax.get_xlabel() for ax in axes[-1])
    assert all(ax.lines for ax in figure.axes)
    found = [ax.get_title().splitlines()[0] for ax in axes[0]]
    assert found == TITLES
    assert all("$N=" in ax.get_title() for ax in axes[0])
    assert "nan" not in " ".join(ax.get_title() for ax in axes[0])


def test_shares_are_medians_over_seeds_between_the_smallest_and_the_largest(store, draw):
    axes = np.reshape(draw("dynamic_force", store).axes, (3, 5))
    columns = [("share", 0), ("share", -1), ("share_by_layer", None)]
    prefixes = ["", "population_", "fresh_", "fresh_population_"]
    for column, title in zip(axes.T, TITLES, strict=True):
        arrays = arrays_of(store, title)
        for ax, (name, index) in zip(column, columns, strict=True):
            for line, band, prefix in zip(ax.lines, ax.collections, prefixes, strict=True):
                values = np.stack([a[f"{prefix}{name}"] for a in arrays])
                values = values if index is None else values[:, :, index]
                np.testing.assert_array_equal(line.get_xdata(), arrays[0]["checkpoints"] + 1)
                np.testing.assert_allclose(line.get_ydata(), np.median(values, axis=0))
                heights = band.get_paths()[0].vertices[:, 1]
                if np.isfinite(values).all():  # estimates from few samples may be none
                    assert heights.max() == pytest.approx(values.max())
                    assert ax.get_ylim()[0] <= values.min()  # they may be negative
    said = [[text.get_text() for text in ax.texts] for ax in axes[1]]
    assert said == [["0 at any weights"] if "MSE" in title else [] for title in TITLES]
    zero = [line.get_ydata() for line in axes[1, TITLES.index("clusters, MSE")].lines]
    np.testing.assert_allclose(zero, 0, atol=1e-12)


def test_norms_against_the_gap_a_line_a_seed(store, draw):
    axes = np.reshape(draw("stripes", store).axes, (2, 5))
    for (above, below), title in zip(axes.T, TITLES, strict=True):
        arrays = arrays_of(store, title)
        for ax, kind in ((above, "norm"), (below, "relative")):
            lines = iter(ax.lines)
            for part in ("cross", "residual", "curvature"):
                for a in arrays:
                    line = next(lines)
                    kept = a["gaps"] > 1e-6 * a["gaps"][0]
                    np.testing.assert_array_equal(line.get_xdata(), a["gaps"][kept])
                    np.testing.assert_array_equal(line.get_ydata(), a[f"all_{part}_{kind}"][kept])
        assert next(lines).get_ydata() == [1, 1]  # of the relative norm without stripes
        assert above.xaxis_inverted()


def test_the_report_prints_the_tables(store):
    found = require_legible(store.table())
    # grids: two losses and inputs; the mixture; wide; decay; digits; linear; four layers
    one, linear, deep = 4 + 2 + 2 + 1 + 2, 2, 4
    assert {title: len(rows) for title, rows in found.items()} == {
        LAYERS: 2 * one + linear + 4 * deep,
        BETWEEN: one + deep,
        CONDITION: one + linear + deep,
    }
    assert found[BETWEEN]["residual"].str.contains(" → ").all()


@pytest.mark.parametrize("name", ["dynamic_force", "stripes"])
def test_captions_say_how_many_trainings_are_drawn(store, draw, name):
    figure = draw(name, store)
    table = style.rows_of(store, "dynamic_force")
    assert f"Drawn are {2 * len(TITLES)} of {len(table)} trainings" in figure.get_label()
    assert "2 seeds" in figure.get_label()
    assert figure.get_suptitle() == ""


def test_exponents_are_those_of_the_points_drawn(store, draw):
    above, _ = np.reshape(draw("stripes", store).axes, (2, 5))
    for ax, title in zip(above, TITLES, strict=True):
        kept = [
            np.where(a["gaps"] > 1e-6 * a["gaps"][0], a["gaps"], 0) for a in arrays_of(store, title)
        ]
        for text, part in zip(ax.texts, ("cross", "residual", "curvature"), strict=True):
            norms = [a[f"all_{part}_norm"] for a in arrays_of(store, title)]
            slopes = pd.Series(
                [dynamic_force.exponent(x, y) for x, y in zip(kept, norms, strict=True)]
            )
            assert text.get_text().replace("\N{MINUS SIGN}", "-") == with_scatter(slopes)
            assert text.get_color() in {line.get_color() for line in ax.lines}
