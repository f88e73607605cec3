"""The sweep of trained eigenspaces in small: its figures, and its printed tables."""

import importlib
import io
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import same_color

from paper_figs import style
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.trained_eigenspaces import (
    ERRORS,
    MATCHED,
    NETWORK,
    OUTPUT,
    OVERLAPS,
    VECTORS,
    trained_eigenspaces_sections,
)
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store

SWEEP = Path(__file__).parents[1] / "sweeps" / "eigenspaces_trained.toml"
SMALLER = {
    "[64, 8, 10]": "[64, 3, 10]",
    "[64, 32, 10]": "[64, 10, 10]",
    "[64, 32, 32, 10]": "[64, 10, 11, 10]",
    "[30, 32, 10]": "[30, 10, 10]",
    "[784, 32, 10]": "[784, 10, 10]",
    "[784, 32, 32, 10]": "[784, 10, 11, 10]",
    "n_samples = 1200": "n_samples = 60",
    "n_samples = 1000": "n_samples = 60",
    "batch_size = 100": "batch_size = 30",
    "steps = 2000": "steps = 4",
    "steps = 200": "steps = 4",
    "n_top = 40": "n_top = 12",
    "seeds = 5": "seeds = 2",
    "seeds = 3": "seeds = 1",
}
FIGURES = load_config(SWEEP).figures
DIGITS = {"inputs": "digits", "optimiser": "lbfgs", "widths": "64-10-11-10"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained_eigenspaces")
    text = SWEEP.read_text()
    for old, new in SMALLER.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "small.toml").write_text(text)
    result = run_sweep(folder / "small.toml", folder / "results")
    assert result.failed == []
    assert len(result.table) == len(load_config(folder / "small.toml").points())
    return Store(folder / "results")


def drawn(name, store):
    return importlib.import_module(f"paper_figs.fig_{name}").draw(store)


def rows(store, **parameters):
    table = style.rows_of(store, "trained_eigenspaces")
    for name, value in parameters.items():
        table = table[table[name] == value]
    assert len(table)
    return table


def means(store, name, **parameters):
    """An array of the two ends, mean over seeds."""
    keys = rows(store, **DIGITS | parameters)["key"]
    return np.mean([store.arrays(key)[name] for key in keys], axis=0)


@pytest.mark.parametrize("name", FIGURES)
def test_a_rerun_gives_the_same_bytes(name, store):
    written = []
    for _ in range(2):
        figure, file = drawn(name, store), io.BytesIO()
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
        plt.close(figure)
        written.append(file.getvalue())
    assert written[0] == written[1]


@pytest.mark.parametrize("name", FIGURES)
def test_every_case_is_drawn(name, store):
    """Eight networks; with and without a layer that a figure has nothing to say of."""
    figure = drawn(name, store)
    words = "\n".join(
        [text.get_text() for ax in figure.axes for text in ax.texts]
        + [ax.get_ylabel() for ax in figure.axes]
        + [label.get_text() for ax in figure.axes for label in ax.get_yticklabels()]
    ).replace("\n", " ")
    for title in (
        "digits, L-BFGS 64–10–10", "digits, L-BFGS 64–10–11–10", "digits, Adam 64–10–10",
        "digits, Adam 64–10–11–10", "mixture, L-BFGS 30–10–10",
        "MNIST, L-BFGS 784–10–10", "MNIST, L-BFGS 784–10–11–10",
    ):  # fmt: skip
        assert title in words
    assert ("digits, L-BFGS 64–3–10" in words) == (name != "trained_output")  # C > 3 units
    plt.close(figure)


def panel(figure, training, layer, random, n_columns=6):
    return np.reshape(figure.axes[: 8 * n_columns], (8, n_columns))[training, 2 * layer + random]


def line(ax, colour, style):
    (found,) = [
        line
        for line in ax.lines
        if same_color(line.get_color(), COLOURS[colour])
        and line.get_linestyle() == style
        and len(line.get_xdata()) > 2
    ]
    return found.get_ydata()


@pytest.mark.parametrize("random", [False, True])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_overlaps_before_and_after(layer, random, store):
    figure = drawn("trained_overlaps", store)
    ax = panel(figure, 2, layer, random)  # the third network of the file
    assert ax.axison
    for name, colour, dashes, at in (
        ("overlaps", "grey", "-", 0),
        ("predicted_overlaps", "grey", ":", 0),
        ("overlaps", "blue", "-", 1),
        ("kronecker_overlaps", "vermilion", "-", 1),
        ("predicted_overlaps", "vermilion", ":", 1),
        ("gradient_overlaps", "orange", "--", 1),
        ("normalised_overlaps", "green", "-", 1),
    ):
        expected = means(store, f"{name}_{layer}", random_labels=random)[at]
        known = np.isfinite(expected)
        np.testing.assert_allclose(line(ax, colour, dashes), expected[known])
    found = rows(store, **DIGITS, random_labels=random)
    for end, colour in (("initial", "grey"), ("final", "vermilion")):
        (mark,) = [
            line
            for line in ax.lines
            if line.get_marker() == "^" and same_color(line.get_color(), COLOURS[colour])
        ]
        place = found[f"{end}_predicted_peak_{layer}"].mean()
        assert mark.get_xdata() == pytest.approx([place])
    assert ("random" if random else "true") in panel(figure, 0, layer, random).get_title()
    assert not panel(figure, 1, 2, random).axison  # it has two layers
    plt.close(figure)


def test_correspondence_is_the_mean_over_seeds_that_have_a_value(store):
    figure = drawn("correspondence", store)
    (image,) = panel(figure, 2, 1, 1).images
    keys = rows(store, **DIGITS, random_labels=True)["key"]
    matrices = np.array([store.arrays(key)["correspondence_1"][1] for key in keys])
    known = np.isfinite(matrices).any(axis=0)
    expected = np.nanmean(matrices[:, known], axis=0)
    np.testing.assert_allclose(np.asarray(image.get_array())[known], expected)
    plt.close(figure)


def test_output_hessians_and_their_numbers(store):
    figure = drawn("trained_output", store)
    ax = np.reshape(figure.axes, (7, 4))[1, 2]  # second hidden layer, true labels
    found = rows(store, **DIGITS, random_labels=False)
    (text,) = ax.texts
    gaps, overlaps = text.get_text().splitlines()
    before, after = (
        [f"{found[f'{end}_{name}_1'].mean():.2f}" for name in ("gap", "predicted_gap")]
        for end in ("initial", "final")
    )
    assert gaps == "{} ({}) → {} ({})".format(*before, *after)
    ends = [found[f"{end}_frame_overlap_1"].mean() for end in ("initial", "final")]
    assert overlaps == "{:.2f} → {:.2f}".format(*ends)
    plt.close(figure)


def test_charts_of_dots_have_a_line_a_layer(store):
    figure = drawn("trained_errors", store)
    before, after, normalised = figure.axes
    lines = [label.get_text() for label in before.get_yticklabels()]
    assert len(lines) == 2 + 2 + 3 + 2 + 3 + 2 + 2 + 3  # layers of eight networks
    y = lines.index("digits, L-BFGS 64–10–11–10, layer 1")
    for ax, end, name in (
        (before, "initial", "error"),
        (after, "final", "error"),
        (normalised, "final", "normalised_error"),
    ):
        for random, shift in ((False, -0.17), (True, 0.17)):
            mean = rows(store, **DIGITS, random_labels=random)[f"{end}_{name}_1"].mean()
            dots = [
                dot.get_xdata()
                for dot in ax.lines
                if dot.get_marker() == "o" and dot.get_ydata() == pytest.approx([y + shift])
            ]
            assert any(dot == pytest.approx([mean]) for dot in dots)
    plt.close(figure)


def test_the_whole_network(store):
    figure = drawn("trained_network", store)
    ax = np.reshape(figure.axes, (8, 4))[2, 1]
    expected = means(store, "network_cross_layer_in_gauss_newton_overlaps", random_labels=False)[1]
    np.testing.assert_allclose(line(ax, "vermilion", "-"), expected[np.isfinite(expected)])
    plt.close(figure)


def test_printed_tables(store):
    table = store.table()
    found = dict(trained_eigenspaces_sections(table))
    assert list(found) == [OVERLAPS, MATCHED, VECTORS, ERRORS, OUTPUT, NETWORK]
    overlaps, matched, _, errors, output, network = found.values()
    assert len(network) == 16
    assert len(overlaps) == len(errors) == 2 * 19
    row = rows(store, **DIGITS, random_labels=True)
    told = errors[(errors["widths"] == "64-10-11-10") & errors["random_labels"]]
    told = told[(told["optimiser"] == "lbfgs") & (told["layer"] == 1)]
    ends = [row[f"{end}_error_1"].mean() for end in ("initial", "final")]
    assert told["error"].item() == " → ".join(f"{x:.3g}" for x in ends)
    assert set(told["predicted"]) == {"–"}  # three layers are not covered
    assert set(output["layer"]) == {0, 1}
    assert not (output["widths"] == "64-3-10").any()
    assert set(matched["layer"]) <= {0, 1, 2}
    assert not list(trained_eigenspaces_sections(table.assign(measurement="block_norms")))
