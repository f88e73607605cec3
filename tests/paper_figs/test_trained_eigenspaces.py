"""The sweep of trained eigenspaces in small: its figures, and its printed tables."""

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import same_color

from paper_figs import style
from rmt_hessian.plotting import COLOURS
from rmt_hessian.report.extent import extent
from rmt_hessian.report.trained_eigenspaces import (
    ERRORS,
    MATCHED,
    NETWORK,
    OF_NETWORK,
    OUTPUT,
    OVERLAPS,
    PEAKS,
    TABLES,
    VECTORS,
    trained_eigenspaces_sections,
)
from rmt_hessian.sweep.config import load_config
from tests.paper_figs import shown
from tests.sections import require_legible

SWEEP = Path(__file__).parents[2] / "sweeps" / "eigenspaces_trained.toml"
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
ENDS = ("initial", "final")
SPELT = {  # headings that are not the names of their columns
    "predicted": "predicted_error",
    "random pairs": "independent_error",
    "Gaussian": "gaussian_error",
    "unseen": "fresh_accuracy",
    "across layers": "network_cross_layer_in_gauss_newton_overlap",
    "layer-wise": "network_layer_wise_in_gauss_newton_overlap",
    "peak of gradients": "gradient_peak",
}
DIGITS = {"inputs": "digits", "optimiser": "lbfgs", "widths": "64-10-11-10"}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped(SWEEP.stem, SMALLER)


def rows(store, **parameters):
    return shown.rows(store, "trained_eigenspaces", **parameters)


def means(store, name, **parameters):
    """An array of the two ends, mean over seeds."""
    keys = rows(store, **DIGITS | parameters)["key"]
    return np.mean([store.arrays(key)[name] for key in keys], axis=0)


@pytest.mark.parametrize("name", FIGURES)
def test_every_case_is_drawn_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    """Eight networks; with and without a layer that a figure has nothing to say of."""
    figure = draw_twice(name, store)
    told = figure.get_label()  # its caption
    assert not figure.get_suptitle()
    for words_of in (
        "digits by L-BFGS, 4 steps, N = 60, 2 seeds", "digits by Adam, 4 steps, N = 60, 2 seeds",
        "mixture by L-BFGS, 4 steps, N = 60, 2 seeds", "MNIST by L-BFGS, 4 steps, N = 60, 1 seed.",
    ):  # fmt: skip
        assert words_of in told
    assert "nan" not in told.lower()
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
def test_overlaps_before_and_after(layer, random, store, draw):
    figure = draw("trained_overlaps", store)
    ax = panel(figure, 2, layer, random)  # the third network of the file
    assert ax.axison
    for name, colour, dashes, at in (
        ("overlaps", "grey", "-", 0),
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
    verticals = {
        line.get_linestyle(): line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2
    }
    assert verticals == {"--": 9, ":": (10, 11, 10)[layer]}
    weights = (64 * 10, 10 * 11, 11 * 10)[layer]
    (chance,) = [
        line.get_ydata()
        for line in ax.lines
        if line.get_color() == "black" and len(line.get_xdata()) == 12
    ]
    np.testing.assert_allclose(chance, np.arange(1, 13) / weights)
    assert ("random" if random else "true") in panel(figure, 0, layer, random).get_title()
    assert not panel(figure, 1, 2, random).axison  # it has two layers


def test_correspondence_is_the_mean_over_seeds_that_have_a_value(store, draw):
    figure = draw("correspondence", store)
    (image,) = panel(figure, 2, 1, 1).images
    keys = rows(store, **DIGITS, random_labels=True)["key"]
    matrices = np.array([store.arrays(key)["correspondence_1"][1] for key in keys])
    known = np.isfinite(matrices).any(axis=0)
    expected = np.nanmean(matrices[:, known], axis=0)
    np.testing.assert_allclose(np.asarray(image.get_array())[known], expected)
    assert list(image.get_extent()) == [0.5, 12.5, 12.5, 0.5]  # the largest above


def test_output_hessians_and_their_numbers(store, draw):
    figure = draw("trained_output", store)
    ax = np.reshape(figure.axes, (7, 4))[1, 2]  # second hidden layer, true labels
    found = rows(store, **DIGITS, random_labels=False)
    curves = [store.arrays(key)["predicted_output_eigenvalues_1"][1] for key in found["key"]]
    curves = np.array([curve / curve[0] for curve in curves])
    curves = curves[:, (curves > 3e-3).all(axis=0)]  # smaller ones are left out
    expected = np.exp(np.mean(np.log(curves), axis=0))
    np.testing.assert_allclose(line(ax, "vermilion", "--"), expected)
    (text,) = ax.texts
    gaps, overlaps = text.get_text().splitlines()
    before, after = (
        [f"{found[f'{end}_{name}_1'].mean():.2f}" for name in ("gap", "predicted_gap")]
        for end in ("initial", "final")
    )
    assert gaps == "gap {} ({})→{} ({})".format(*before, *after)
    ends = [found[f"{end}_frame_overlap_1"].mean() for end in ("initial", "final")]
    assert overlaps == "overlap {:.2f}→{:.2f}".format(*ends)


CHARTS = {  # figure: panels of (column, end, marker, filled)
    "trained_errors": [
        [
            ("error", end, "o", True),
            ("nearest_error", end, ".", True),
            ("independent_error", end, "|", True),
            ("gaussian_error", end, "s", False),
        ]
        for end in ("initial", "final")
    ]
    + [[("normalised_error", "final", "o", True), ("normalised_error", "initial", "o", False)]],
    "trained_eigenvectors": [
        [(column, "initial", "o", False), (column, "final", "o", True)]
        for column in (
            "rank_one_share", "normalised_rank_one_share", "in_order", "along_leading",
            "gradient_in_hessian_overlap",
        )
    ],
    "autocorrelation": [
        [
            ("ratio", end, "o", True),
            ("predicted_ratio", end, "|", True),
            ("normalised_ratio", end, "o", False),
        ]
        for end in ("initial", "final")
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CHARTS)
def test_dots_are_means_and_bars_ranges(name, store, draw):
    figure = draw(name, store)
    y = [label.get_text() for label in figure.axes[0].get_yticklabels()].index(
        "digits, L-BFGS 64–10–11–10, layer 1"
    )
    for ax, columns in zip(figure.axes, CHARTS[name], strict=True):
        for random, place in ((False, y - 0.17), (True, y + 0.17)):
            here = [line for line in ax.lines if np.allclose(line.get_ydata(), place)]
            dots = {
                (line.get_marker(), line.get_markerfacecolor() != "white", line.get_xdata()[0])
                for line in here
                if len(line.get_xdata()) == 1
            }
            bars = {tuple(line.get_xdata()) for line in here if len(line.get_xdata()) == 2}
            for column, end, marker, filled in columns:
                values = rows(store, **DIGITS, random_labels=random)[f"{end}_{column}_1"].dropna()
                assert (marker, filled, values.mean()) in dots
                assert len(values) == 1 or (values.min(), values.max()) in bars
    if name == "trained_eigenvectors":
        along = rows(store, **DIGITS, random_labels=True)["final_predicted_along_leading_1"]
        assert along.mean() in [
            line.get_xdata()[0] for line in figure.axes[3].lines if line.get_marker() == "|"
        ]
    assert "before training" in figure.axes[0].get_title() or name == "trained_eigenvectors"


def test_charts_of_dots_have_a_line_a_layer(store, draw):
    figure = draw("trained_errors", store)
    before = figure.axes[0]
    lines = [label.get_text() for label in before.get_yticklabels()]
    assert len(lines) == 2 + 2 + 3 + 2 + 3 + 2 + 2 + 3  # layers of eight networks


def test_eigenvalues_of_layers_and_products(store, draw):
    figure = draw("trained_kronecker", store)
    ax = panel(figure, 2, 1, 1)
    found = rows(store, **DIGITS, random_labels=True)
    for name, colour, dashes, at in (
        ("eigenvalues", "grey", "-", 0),
        ("eigenvalues", "blue", "-", 1),
        ("kronecker_eigenvalues", "vermilion", "--", 1),
        ("gradient_eigenvalues", "orange", ":", 1),
    ):
        values = np.array([store.arrays(key)[f"{name}_1"][at] for key in found["key"]])
        values = values[:, (values > 1e-4 * values[:, :1]).all(axis=0)]
        expected = np.exp(np.mean(np.log(values), axis=0))
        np.testing.assert_allclose(line(ax, colour, dashes), expected)
    (text,) = ax.texts
    ends = [found[f"{end}_error_1"].mean() for end in ("initial", "final")]
    assert text.get_text() == "{:.2f} → {:.2f}".format(*ends)


@pytest.mark.parametrize("column", range(4))
def test_the_whole_network(column, store, draw):
    figure = draw("trained_network", store)
    random, at = column >= 2, column % 2
    axes = np.reshape(figure.axes, (8, 4))
    ax = axes[2, column]
    for name, colour in (
        ("gauss_newton_in_hessian", "orange"),
        ("cross_layer_in_gauss_newton", "vermilion"),
        ("layer_wise_in_gauss_newton", "green"),
    ):
        expected = means(store, f"network_{name}_overlaps", random_labels=random)[at]
        np.testing.assert_allclose(line(ax, colour, "-"), expected[np.isfinite(expected)])
    assert axes[0, column].get_title() == (
        f"{'random' if random else 'true'} labels, {('before training', 'after')[at]}"
    )
    tops = [
        np.array([store.arrays(key)[f"network_{name}_eigenvalues"][at][0] for key in keys])
        for keys in [rows(store, **DIGITS, random_labels=random)["key"]]
        for name in ("hessian", "gauss_newton", "cross_layer", "layer_wise")
    ]
    for text, part, colour in zip(
        ax.texts, tops[1:], ("orange", "vermilion", "green"), strict=True
    ):
        assert text.get_text() == f"{np.mean(part / tops[0]):.2f}"
        assert same_color(text.get_color(), COLOURS[colour])  # that of its line


ONE_NETWORK = """
root_seed = 1

[[grid]]
measurement = "trained_eigenspaces"
seeds = 1
[grid.fixed]
widths = [64, 3, 10]
loss = "ce"
inputs = "digits"
standardised = true
random_labels = true
n_samples = 60
optimiser = "lbfgs"
steps = 4
n_top = 12
"""


def test_one_network_with_random_labels_alone(results_of, draw):
    """Room for titles and legends; a legend; no hidden layer of C units: one line says so."""
    store = results_of(ONE_NETWORK)
    for name in FIGURES:
        if name == "trained_output":
            with pytest.raises(style.CannotDraw, match="there is no layer to draw: none is hidden"):
                draw(name, store)
            continue
        figure = draw(name, store)
        figure.savefig(io.BytesIO())  # a figure that is too small warns
        assert figure.legends or name == "correspondence"
        assert all(legend.get_texts() for legend in figure.legends)
        words = [ax.get_ylabel() for ax in figure.axes]
        for ax in figure.axes:
            words += [text.get_text() for text in [*ax.texts, *ax.get_yticklabels()]]
        assert any("digits (standardised), L-BFGS" in word for word in words)


def test_labels_of_different_trainings_are_not_drawn_as_one(results_of, draw):
    other = ONE_NETWORK.partition("[[grid]]")[2].replace("random_labels = true", "")
    store = results_of(ONE_NETWORK + "[[grid]]" + other.replace("steps = 4", "steps = 5"))
    with pytest.raises(style.DifferentPoints, match="steps = 4 and 5"):
        draw("trained_errors", store)


def test_printed_tables(store):
    table = store.table()
    found = require_legible(table)
    assert list(found) == [OVERLAPS, MATCHED, VECTORS, ERRORS, OUTPUT, NETWORK]
    overlaps, matched, _, errors, output, network = found.values()
    assert len(network) == 16
    assert len(overlaps) == len(errors) == 2 * 19
    row = rows(store, **DIGITS, random_labels=True)
    for heading, columns in TABLES.items():
        told = found[heading]
        told = told[(told["widths"] == "64-10-11-10") & told["random_labels"]]
        told = told[(told["optimiser"] == "lbfgs") & (told["layer"] == 1)]
        for name, column in columns.items():
            ends = [row[f"{end}_{column}_1"].mean() for end in ENDS if f"final_{column}_1" in row]
            if len(told) and ends and not np.isnan(ends).any():
                first, *_, last = 2 * told[name].item().split(" → ")
                if column in PEAKS:  # dimensions, of which there is no mean
                    seeds = [row[f"{end}_{column}_1"] for end in ENDS]
                    ends = [extent(dimensions, ".3g") for dimensions in seeds]
                else:
                    ends = [f"{value:.3g}" for value in ends]
                assert (first, last) == tuple(ends)
    assert SPELT.items() <= TABLES[OVERLAPS].items() | TABLES[ERRORS].items() | OF_NETWORK.items()
    told = errors[(errors["widths"] == "64-10-11-10") & errors["random_labels"]]
    told = told[(told["optimiser"] == "lbfgs") & (told["layer"] == 1)]
    ends = [row[f"{end}_error_1"].mean() for end in ENDS]
    assert told["error"].item() == " → ".join(f"{x:.3g}" for x in ends)
    assert set(told["predicted"]) == {"–"}  # three layers are not covered
    assert set(output["layer"]) == {0, 1}
    assert not (output["widths"] == "64-3-10").any()
    assert set(matched["layer"]) <= {0, 1, 2}
    assert not list(trained_eigenspaces_sections(table.assign(measurement="block_norms")))
