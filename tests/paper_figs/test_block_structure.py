"""What a user sees: labels, the law over the histogram, and the same bytes from a rerun."""

import numpy as np
import pytest

from paper_figs import style
from tests.paper_figs.shown import lines, panel, panels, require_told, rows

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
def store(results_of):
    return results_of(SWEEP)


@pytest.mark.parametrize("name", FIGURES)
def test_every_panel_is_labelled_and_a_rerun_writes_the_same_files(name, store, draw, tmp_path):
    figure = draw(name, store)
    require_told(figure)
    assert all(ax.get_title() for ax in panels(figure))
    assert any(ax.get_xlabel() for ax in panels(figure))
    assert len(figure.legends) <= 1
    assert not any(ax.get_legend() for ax in panels(figure))
    assert FIGURES[name] in figure.get_label()
    style.save(figure, name, tmp_path / "a")
    style.save(draw(name, store), name, tmp_path / "b")
    for kind in ("pdf", "png"):
        first, second = ((tmp_path / f / f"{name}.{kind}").read_bytes() for f in "ab")
        assert first == second
        assert len(first) > 5000


def arrays_at(store, measurement, **parameters):
    """Of the first seed of a point."""
    return store.arrays(rows(store, measurement, seed=0, **parameters)["key"].iloc[0])


@pytest.mark.parametrize(("block", "symbol"), [("diagonal", "H_{00}"), ("off_diagonal", "H_{01}")])
def test_laws_lie_over_the_spectrum_of_their_own_block(block, symbol, store, draw):
    figure = draw("block_spectra", store)
    arrays = arrays_at(store, "block_spectra", case="linear-ce", n_classes=4)
    drawn = lines(panel(figure, "linear, CE", symbol, "C=4"))
    for kind in ("conditional", "population"):
        np.testing.assert_array_equal(drawn[f"{kind} law"], arrays[f"{block}_{kind}_curve"])


def test_ratios_beside_prediction_and_limit(store, draw):
    figure = draw("norm_ratio", store)
    table = rows(store, "block_norms")
    for case, title in (("linear-ce", "linear, CE"), ("hidden-ce", "hidden, CE")):
        of_case = table[table["case"] == case]
        means = of_case.groupby("n_classes").mean(numeric_only=True)
        drawn = lines(panel(figure, title))
        ratio = means["off_diagonal_norm2"] / means["diagonal_norm2"]  # of means, as predicted
        np.testing.assert_allclose(drawn["measured"], [means.index, ratio])
        np.testing.assert_allclose(drawn["predicted"], [means.index, means["predicted_ratio"]])
        assert (r"limit $C\to\infty$" in drawn) == (case == "linear-ce")


def test_scree_marks_C_minus_one(store, draw):
    figure = draw("output_scree", store)
    for C in (2, 3, 4, 5):
        arrays = arrays_at(store, "output_rank", n_classes=C)
        ax = panel(figure, f"$C={C}$")
        drawn = lines(ax)
        assert ax.get_xticks()[0] == 1
        assert drawn["$C-1$"][0].tolist() == [C - 0.5] * 2  # between C-1 and C
        np.testing.assert_array_equal(drawn["measured"][1], arrays["eigenvalues"])
        np.testing.assert_array_equal(drawn["predicted"][1], arrays["predicted_eigenvalues"])
        np.testing.assert_array_equal(drawn["of gradients"][1], arrays["gradient_eigenvalues"])


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


def test_heat_maps_of_entries_and_blocks_on_one_scale(store, draw):
    figure = draw("hessian_heatmap", store)
    rows = np.reshape(panels(figure), (3, 4))
    cases = [("gaussian", "mse", 4), ("gaussian", "ce", 4), ("digits", "ce", 2)]
    norms = set()
    for (*_, entries, blocks), (inputs, loss, C) in zip(rows, cases, strict=True):
        point = {"inputs": inputs, "loss": loss, "n_classes": C}
        arrays = arrays_at(store, "hessian_image", **point)
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
        between = {i - 0.5 for i in range(1, m + C)}
        assert lines_at(blocks) == {0.5: {m - 0.5}, 0.2: between - {m - 0.5}}
    assert norms == {(1e-4, 1.0)}


@pytest.mark.parametrize(
    ("widths", "ends"),
    [
        ("[[4, 2], [4, 3]]", {2: [], 3: []}),
        ("[[4, 3, 5, 2], [4, 5, 3, 3]]", {2: [12, 27], 3: [20, 35]}),
    ],
)
def test_heat_map_of_networks_of_other_depths(widths, ends, results_of, draw):
    picture = f"fixed = {{ n_samples = 20 }}\naxes = {{ widths = {widths} }}\n"
    store = results_of(
        'root_seed = 1\n[[grid]]\nmeasurement = "hessian_image"\nseeds = 1\n' + picture
    )
    figure = draw("hessian_heatmap", store)
    for C, at in ends.items():
        ax = panel(figure, f"CE, $C={C}$: entries")
        assert lines_at(ax).get(0.5, set()) == {end - 0.5 for end in at}
