"""The shipped sweep of eigenspaces in small: its figures and its printed table."""

import numpy as np
import pytest

from rmt_hessian.report.structure import SPACES
from tests.paper_figs.shown import arrays_of, lines, require_labelled, rows

SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "d = 60": "d = 10",
    "m = [8, 60]": "m = [4, 5]",
    "m = 60": "m = 9",
    "m = 8": "m = 5",
    "C = 10": "C = 4",
    '[64, "m", 10]': '[64, "m", 4]',
    "C = [4, 20]": "C = [3, 6]",
    "n_samples = 1500": "n_samples = 60",
    "n_top = 24": "n_top = 9",
    "seeds = 10": "seeds = 2",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("eigenspaces", SMALLER)


@pytest.mark.parametrize("name", ["overlaps", "reshaped", "alignment"])
def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    """The PDF holds all that is drawn; how a PNG is written is tested with the block structure."""
    require_labelled(draw_twice(name, store))


def test_the_report_prints_the_tables(store, sections_printed):
    found = sections_printed(store)
    assert {title: len(rows) for title, rows in found.items()} == {SPACES: 8 + 4 + 4}


HIDDEN = {"case": "hidden-ce", "inputs": "gaussian"}
OUTPUT = {"case": "output-ce", "inputs": "gaussian", "n_classes": 4}
CASES = {  # title of a panel -> the points that it shows
    f"hidden, $C={C}$\n{given}": HIDDEN | {"n_classes": C, "input_mean": mean}
    for C in (3, 6)
    for mean, given in ((0, "centred inputs"), (1, "inputs of mean 1"))
} | {
    "output, $C=4$\ncentred inputs": OUTPUT | {"input_mean": 0},
    "output, $C=4$\ninputs of mean 1": OUTPUT | {"input_mean": 1},
    "hidden, $C=4$\ndigits": {"case": "hidden-ce", "inputs": "digits"},
    "output, $C=4$\ndigits": {"case": "output-ce", "inputs": "digits"},
}  # fmt: skip


def eigenspace_panels(figure, store):
    """Every case of the table: its axes and its points."""
    panels = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert len(panels) == 2 * len(CASES)
    assert "2 pairs of networks" in figure.get_label()
    assert "output layers of 10–9–4, 64–5–4" in figure.get_label()
    seen = []
    for title, parameters in CASES.items():
        for standardised, words in ((False, ""), (True, ", standardised")):
            points = rows(store, "eigenspaces", standardised=standardised, **parameters)
            seen.extend(points["key"])
            yield panels[title + words], points
    assert sorted(seen) == sorted(rows(store, "eigenspaces")["key"])


def test_overlaps_of_pairs_beside_prediction_and_random_spaces(draw, store):
    figure = draw("overlaps", store)
    for ax, points in eigenspace_panels(figure, store):
        shown = lines(ax)
        for label, name in (
            ("measured", "overlaps"),
            ("of gradients", "gradient_overlaps"),
            ("of the sample's factors", "kronecker_overlaps"),
            ("predicted", "predicted_overlaps"),
        ):
            stored = arrays_of(store, points, name).mean(axis=0)  # NaN where a seed has none
            assert (label in shown) == (label != "predicted" or np.isfinite(stored).any())
            if label in shown:
                np.testing.assert_allclose(shown[label][1], stored)
        share = points["random_overlap"].iloc[0]
        np.testing.assert_allclose(shown["random"][1], share * np.arange(1, 10) / 9)
        peaked = points["predicted_peak"].mean() >= 2 and not points["standardised"].any()
        assert ("predicted peak" in shown) == peaked
        assert ax.texts[0].get_text().endswith(f"{points['leading_share'].mean():.2f}")
        assert list(ax.get_xticks()) == [1, 5]


def test_shares_of_reshaped_eigenvectors_are_means_over_seeds(draw, store):
    figure = draw("reshaped", store)
    for ax, points in eigenspace_panels(figure, store):
        values = arrays_of(store, points, "singular_values")[:, :, 0] ** 2
        aligned = arrays_of(store, points, "feature_alignment")
        for line, stored in zip(ax.lines, (values, aligned), strict=False):
            known = np.isfinite(stored).any(axis=0)
            np.testing.assert_array_equal(line.get_xdata(), np.flatnonzero(known) + 1)
            np.testing.assert_allclose(line.get_ydata(), np.nanmean(stored[:, known], axis=0))
        first = points.iloc[0]
        hidden = first["case"] == "hidden-ce"
        k = first["n_hidden" if hidden else "n_classes"]
        p = first["n_inputs" if hidden else "n_hidden"]
        random = (np.sqrt(k) + np.sqrt(p)) ** 2 / (k * p)
        assert ax.lines[2].get_ydata() == pytest.approx([random] * 2)


def test_heat_maps_of_alignment_are_means_on_one_scale(draw, store):
    figure = draw("alignment", store)
    for ax, points in eigenspace_panels(figure, store):
        (image,) = ax.images
        stored = arrays_of(store, points, "alignment")
        known = np.isfinite(stored).any(axis=0)
        expected = np.nanmean(stored[:, known], axis=0)
        np.testing.assert_allclose(np.asarray(image.get_array())[known], expected)
        assert image.get_clim() == (0, 1)
        n, k = stored.shape[1:]
        assert list(image.get_extent()) == [0.5, k + 0.5, n + 0.5, 0.5]  # the largest on top
