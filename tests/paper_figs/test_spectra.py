"""The shipped sweep of spectra over sizes in small: its figure."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from paper_figs import style
from tests.paper_figs.shown import lines, rows

SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "d = 400, m = 16": "d = 8, m = 5",
    "[2, 16, 128, 1024]": "[2, 5]",
    "[100, 200, 400, 800, 1600, 4000]": "[4, 8, 32]",
    "seeds = 4": "seeds = 2",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("spectra", SMALLER)


def test_every_panel_has_lines_and_a_rerun_gives_the_same_bytes(store, draw_twice):
    figure = draw_twice("law_distances", store)
    assert all(ax.get_title() and ax.lines for ax in figure.axes)
    assert len(figure.legends) == 1


def of_table(ax):
    """Lines but those of the legend alone."""
    return [line for line in ax.lines if line.get_color() != "0.4"]


def test_mean_distances_and_bands_against_the_aspect_ratio(draw, store):
    figure = draw("law_distances", store)
    cases = ("linear-ce", "linear-mse", "hidden-ce", "hidden-mse")
    conditional, population, _ = np.reshape(figure.axes, (3, 4))
    for case, above, middle in zip(cases, conditional, population, strict=True):
        assert above.get_title() == middle.get_title() == style.CASE_TITLES[case]
        # a block that is 0, as those of linear MSE off the diagonal, is left out
        shown = {
            "conditional": above.lines,
            "population": of_table(middle)[::2],
            "population_band": of_table(middle)[1::2],
        }
        for kind, of_kind in shown.items():
            for C, line in zip((2, 5), of_kind, strict=True):
                if (case, kind) == ("linear-mse", "population_band"):  # λ = 1: no fluctuation
                    assert line.get_xydata().size == 0
                    continue
                means = []
                for N in (32, 8, 4):
                    points = rows(store, "block_spectra", case=case, n_classes=C, n_samples=N)
                    values = points[
                        [f"{block}_ks_{kind}" for block in ("diagonal", "off_diagonal")]
                    ].to_numpy()
                    means.append(values[values > 1e-9].mean())
                np.testing.assert_allclose(line.get_xydata().T, [[0.25, 1.0, 2.0], means])
        for ax, kind in ((above, "conditional"), (middle, "population")):
            for C, bars in zip((2, 5), ax.collections, strict=True):
                points = rows(store, "block_spectra", case=case, n_classes=C)
                names = [f"{block}_ks_{kind}" for block in ("diagonal", "off_diagonal")]
                distances = points[names].to_numpy()
                ends = np.array(bars.get_segments())[:, :, 1]
                assert ends.max() == pytest.approx(np.nanmax(distances))
                assert ends.min() == pytest.approx(distances[distances > 1e-9].min())
    assert above.get_ylim()[0] == middle.get_ylim()[0] == 0
    assert "d = 8, m = 5" in figure.get_label()
    assert "2 seeds" in figure.get_label()
    # a colour is a number of classes, or a law, in all panels
    of_classes = {line.get_color() for ax in (*conditional, *population) for line in of_table(ax)}
    of_laws = {line.get_color() for ax in figure.axes[8:] for line in ax.lines}
    assert len(of_classes) == len(of_laws) == 2
    assert not {to_hex(colour) for colour in of_classes} & {to_hex(c) for c in of_laws}


def test_spectra_at_the_corners(draw, store):
    figure = draw("law_distances", store)
    corners = [(32, 2), (32, 5), (4, 2), (4, 5)]
    for (N, C), ax in zip(corners, figure.axes[8:], strict=True):
        assert rf"$\gamma={8 / N:g}$, $C={C}$" in ax.get_title()
        at = {"n_samples": N, "n_classes": C, "seed": 0}
        point = rows(store, "block_spectra", case="linear-ce", **at)
        arrays = store.arrays(point["key"].iloc[0])
        drawn = lines(ax)
        for kind in ("conditional", "population"):
            expected = arrays[f"diagonal_{kind}_curve"]
            np.testing.assert_array_equal(drawn[f"{kind} law"], expected)
        # d = 8 eigenvalues, N of them or fewer not 0
        (note,) = ax.texts
        assert note.get_text() == ("50.0 % at 0" if N < 8 else "")
        heights, edges, _ = ax.patches[0].get_data()
        assert heights @ np.diff(edges) == pytest.approx(0.5 if N < 8 else 1.0)
