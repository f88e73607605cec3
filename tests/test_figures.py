"""What a user sees: labels, the law over the histogram, and the same bytes from a rerun."""

import importlib

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from paper_figs import style
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store

SWEEP = """
root_seed = 1
[[grid]]
measurement = "block_norms"
seeds = 2
fixed = { n_samples = 8 }
axes = { C = [2, 3] }
[grid.together]
widths = [[6, "C"], [6, 4, "C"], [6, 4, "C"], [6, 4, "C"]]
layer = [0, 0, 0, 1]
loss = ["ce", "ce", "mse", "ce"]
[[grid]]
measurement = "block_spectra"
seeds = 1
fixed = { layer = 0, n_samples = 8 }
axes = { C = [2, 3, 4] }
together = { widths = [[6, "C"], [6, 4, "C"], [6, 4, "C"]], loss = ["ce", "ce", "mse"] }
[[grid]]
measurement = "output_rank"
seeds = 1
fixed = { widths = [6, 9, "C"], layer = 0, loss = "ce", n_samples = 20 }
axes = { C = [2, 3, 4, 5] }
[[grid]]
measurement = "hessian_image"
seeds = 1
fixed = { n_samples = 20, inputs = "gaussian" }
axes = { loss = ["mse", "ce"], widths = [[4, 3, 2], [4, 3, 4]] }
[[grid]]
measurement = "hessian_image"
seeds = 1
fixed = { widths = [64, 3, 2], n_samples = 20, inputs = "digits", loss = "ce", pixels = 50 }
"""
FIGURES = {  # sizes that it tells
    "block_spectra": "d = 6, N = 8, m = 4",
    "norm_ratio": "over 2 seeds",
    "hessian_heatmap": "4–3–2 (N = 20), 4–3–4 (N = 20), 64–3–2 (N = 20)",
    "output_scree": "d = 6, m = 9, N = 20",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    (folder / "small.toml").write_text(SWEEP)
    assert run_sweep(folder / "small.toml", folder / "results").failed == []
    return Store(folder / "results")


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_is_labelled_and_a_rerun_gives_the_same_bytes(name, store, tmp_path):
    draw = importlib.import_module(f"paper_figs.fig_{name}").draw
    figure = draw(store)
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    assert all(ax.get_title() for ax in panels)
    assert any(ax.get_xlabel() for ax in panels)
    assert len(figure.get_label()) > 100  # the caption
    assert not figure.get_suptitle()
    assert len(figure.legends) + sum(ax.get_legend() is not None for ax in panels) <= 1
    told = " ".join([figure.get_label(), *(ax.get_title() for ax in panels)])
    assert FIGURES[name] in told
    assert "nan" not in told.lower()
    assert "<NA>" not in told
    style.save(figure, name, tmp_path / "a")
    style.save(draw(store), name, tmp_path / "b")
    for kind in ("pdf", "png"):
        first, second = ((tmp_path / f / f"{name}.{kind}").read_bytes() for f in "ab")
        assert first == second
        assert len(first) > 5000


def point_of(store, measurement, **parameters):
    """The first seed of a point: its row and its arrays."""
    chosen = style.rows_of(store, measurement)
    chosen = chosen[chosen["seed"] == 0]
    for name, value in parameters.items():
        chosen = chosen[chosen[name] == value]
    row = chosen.iloc[0]
    return row, store.arrays(row["key"]) if row["n_arrays"] else None


def lines(ax):
    return {line.get_label(): line.get_xydata().T for line in ax.lines}


def panel(figure, *words):
    """The axes whose title holds all the words."""
    return next(ax for ax in figure.axes if all(word in ax.get_title() for word in words))


@pytest.mark.parametrize(("block", "symbol"), [("diagonal", "H_{00}"), ("off_diagonal", "H_{01}")])
def test_laws_lie_over_the_spectrum_of_their_own_block(block, symbol, store):
    figure = importlib.import_module("paper_figs.fig_block_spectra").draw(store)
    _, arrays = point_of(store, "block_spectra", case="linear-ce", n_classes=4)
    drawn = lines(panel(figure, "linear, CE", symbol, "C=4"))
    for kind in ("conditional", "population"):
        np.testing.assert_array_equal(drawn[f"{kind} law"], arrays[f"{block}_{kind}_curve"])
    plt.close(figure)


def test_ratios_beside_prediction_and_limit(store):
    figure = importlib.import_module("paper_figs.fig_norm_ratio").draw(store)
    table = style.rows_of(store, "block_norms")
    for case, title in (("linear-ce", "linear, CE"), ("hidden-ce", "hidden, CE")):
        of_case = table[table["case"] == case]
        means = of_case.groupby("n_classes").mean(numeric_only=True)
        drawn = lines(panel(figure, title))
        ratio = means["off_diagonal_norm2"] / means["diagonal_norm2"]  # of means, as predicted
        np.testing.assert_allclose(drawn["measured"], [means.index, ratio])
        np.testing.assert_allclose(drawn["predicted"], [means.index, means["predicted_ratio"]])
        assert (r"limit $C\to\infty$" in drawn) == (case == "linear-ce")
    plt.close(figure)


def test_scree_marks_C_minus_one(store):
    figure = importlib.import_module("paper_figs.fig_output_scree").draw(store)
    for C in (2, 3, 4, 5):
        _, arrays = point_of(store, "output_rank", n_classes=C)
        ax = panel(figure, f"$C={C}$")
        drawn = lines(ax)
        assert ax.get_xticks()[0] == 1
        assert drawn["$C-1$"][0].tolist() == [C - 0.5] * 2  # between C-1 and C
        np.testing.assert_array_equal(drawn["measured"][1], arrays["eigenvalues"])
        np.testing.assert_array_equal(drawn["predicted"][1], arrays["predicted_eigenvalues"])
        np.testing.assert_array_equal(drawn["of gradients"][1], arrays["gradient_eigenvalues"])
    plt.close(figure)


def at_pixels(picture, vmin):
    """What a heat map of a picture shows: over its largest pixel, from the lowest colour on."""
    return np.maximum(picture / picture.max(), vmin)


def lines_at(ax):
    """Where vertical lines stand, by their width."""
    found = {}
    for line in ax.lines:
        x = np.asarray(line.get_xdata(), float)
        if x[0] == x[1]:
            found.setdefault(line.get_linewidth(), set()).add(float(x[0]))
    return found


def test_heat_maps_of_entries_and_blocks_on_one_scale(store):
    figure = importlib.import_module("paper_figs.fig_hessian_heatmap").draw(store)
    rows = np.reshape([ax for ax in figure.axes if ax.get_label() != "<colorbar>"], (3, 4))
    cases = [("gaussian", "mse", 4), ("gaussian", "ce", 4), ("digits", "ce", 2)]
    norms = set()
    for (*_, entries, blocks), (inputs, loss, C) in zip(rows, cases, strict=True):
        point = {"inputs": inputs, "loss": loss, "n_classes": C}
        _, arrays = point_of(store, "hessian_image", **point)
        assert entries.get_title() == f"{loss.upper()}, $C={C}$: entries"
        assert blocks.get_title() == f"{loss.upper()}, $C={C}$: blocks"
        (mesh,), (image,) = entries.collections, blocks.collections
        np.testing.assert_allclose(mesh.get_array(), at_pixels(arrays["entries"], 1e-4))
        np.testing.assert_array_equal(
            mesh.get_coordinates()[0, :, 0], arrays["entries_edges"] - 0.5
        )
        np.testing.assert_allclose(image.get_array(), at_pixels(arrays["block_norms"], 1e-4))
        norms |= {(shown.norm.vmin, shown.norm.vmax) for shown in (mesh, image)}
        d, m = (4, 3) if inputs == "gaussian" else (64, 3)
        assert lines_at(entries)[0.5] == {d * m - 0.5}  # layers
        assert lines_at(entries)[0.2] >= {d * i - 0.5 for i in range(1, m)}  # wide units
        assert lines_at(blocks) == {
            0.5: {m - 0.5}, 0.2: {i - 0.5 for i in range(1, m + C)}
        }  # fmt: skip
    assert norms == {(1e-4, 1.0)}
    plt.close(figure)


@pytest.mark.parametrize(
    ("widths", "ends"),
    [
        ("[[4, 2], [4, 3]]", {2: [], 3: []}),
        ("[[4, 3, 5, 2], [4, 5, 3, 3]]", {2: [12, 27], 3: [20, 35]}),
    ],
)
def test_heat_map_of_networks_of_other_depths(widths, ends, tmp_path):
    picture = f"fixed = {{ n_samples = 20 }}\naxes = {{ widths = {widths} }}\n"
    (tmp_path / "deep.toml").write_text(
        'root_seed = 1\n[[grid]]\nmeasurement = "hessian_image"\nseeds = 1\n' + picture
    )
    assert run_sweep(tmp_path / "deep.toml", tmp_path / "results").failed == []
    figure = importlib.import_module("paper_figs.fig_hessian_heatmap").draw(
        Store(tmp_path / "results")
    )
    for C, at in ends.items():
        ax = panel(figure, f"CE, $C={C}$: entries")
        assert lines_at(ax).get(0.5, set()) == {end - 0.5 for end in at}
    plt.close(figure)
