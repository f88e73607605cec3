"""The shipped sweep of Kronecker products in small: its figures and its printed tables."""

import numpy as np
import pytest

from paper_figs import style
from rmt_hessian.report.structure import LAYER, NETWORK
from tests.paper_figs.shown import arrays_of, lines, panel, require_labelled, rows

SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "d = 100": "d = 8",
    "m = 60": "m = 7",
    "C = 5": "C = 3",
    "start = 50, stop = 12800, num = 9": "start = 20, stop = 80, num = 3",
    "d = 40, m = 30, C = 10, n_samples = 2000": "d = 6, m = 5, C = 4, n_samples = 40",
    "n_top = 20": "n_top = 6",
    "seeds = 5": "seeds = 2",
    "seeds = 3": "seeds = 2",
}


@pytest.fixture(scope="module")
def store(shipped):
    return shipped("kronecker", SMALLER)


@pytest.mark.parametrize("name", ["kronecker_error", "kronecker_spectra", "network_kronecker"])
def test_every_panel_is_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    """The PDF holds all that is drawn; how a PNG is written is tested with the block structure."""
    require_labelled(draw_twice(name, store))


def test_the_report_prints_the_tables(store, sections_printed):
    found = sections_printed(store)
    assert {title: len(rows) for title, rows in found.items()} == {LAYER: 12, NETWORK: 2}


def test_errors_beside_prediction_plateau_and_nearest_product(draw, store):
    figure = draw("kronecker_error", store)
    for case in ("linear-ce", "hidden-ce", "hidden-mse", "output-ce"):
        by_size = rows(store, "kronecker_form", case=case).groupby("n_samples")
        means, ranges = by_size.mean(True), by_size["error"].agg(np.ptp)
        ax = panel(figure, style.CASE_TITLES[case])
        (measured,) = ax.containers
        dots, _, (bars,) = measured.lines
        shown = lines(ax) | {"dots": np.asarray(dots.get_xydata(), float).T}
        np.testing.assert_allclose(np.asarray(dots.get_xdata(), float), means["aspect_ratio"])
        for label, name in (
            ("dots", "error"),
            ("predicted", "predicted_error"),
            ("nearest Kronecker product", "nearest_error"),
            ("predicted plateau", "plateau"),  # of the networks of each point
        ):
            np.testing.assert_allclose(shown[label][1], means[name])
        # two seeds: the standard error is half their difference
        halves = [float(np.ptp(segment[:, 1])) / 2 for segment in bars.get_segments()]
        np.testing.assert_allclose(halves, ranges / 2)
        assert (shown["nearest Kronecker product"][1] <= shown["dots"][1]).all()
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    told = figure.get_label()
    assert "8–3 (linear CE), 8–8–3 (hidden CE), 8–8–3 (hidden MSE), 8–7–3 (output CE)" in told
    assert "means over 2 networks" in told
    assert "N = 20 … 80" in told


def test_spectra_of_layer_product_and_law(draw, store):
    figure = draw("kronecker_spectra", store)
    above, below = figure.axes[:3], figure.axes[3:]
    for N, ax, top in zip((20, 40, 80), above, below, strict=True):
        assert f"$N={N}$" in ax.get_title()
        points = rows(store, "kronecker_form", case="linear-ce", n_samples=N, seed=0)
        arrays = store.arrays(points["key"].iloc[0])
        (law,) = ax.lines
        np.testing.assert_array_equal(law.get_xydata().T, arrays["law_curve"])
        spectrum, product = arrays["eigenvalues"], arrays["kronecker_eigenvalues"]
        *dots, edge = top.lines
        for line, values in zip(dots, (spectrum, product), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values[:6])
            assert line.get_xdata()[0] == 1
        assert edge.get_ydata() == [arrays["law_curve"][0, -1]] * 2
        there = [values[values > 1e-10 * values[0]] for values in (spectrum, product)]
        lo, hi = arrays["law_curve"][0, [0, -1]]
        outside = (there[0] < lo).sum(), (there[0] > hi).sum()
        assert "{} below the law, {} above".format(*outside) in ax.get_title()
        # the layer is shown whole; the histogram of the product has the mass of what it shows
        histograms = [patch.get_data() for patch in ax.patches]
        inside = [values.size for values in there]
        edges = histograms[1][1]
        inside[1] = ((there[1] >= edges[0]) & (there[1] <= edges[-1])).sum()
        for (heights, edges, _), count in zip(histograms, inside, strict=True):
            assert heights @ np.diff(edges) == pytest.approx(count / spectrum.size)
        assert ax.get_ylim()[1] > max(heights.max() for heights, *_ in histograms)
        assert f"error {points['error'].iloc[0]:.3f}" in top.get_title()
    means = rows(store, "kronecker_form", case="linear-ce").groupby("n_samples").mean(True)
    told = [", ".join(f"{x:.3f}" for x in means[f"ks_{name}"]) for name in ("kronecker", "law")]
    assert "{} for K and {} for the law".format(*told) in figure.get_label()
    assert "3 of 3 sample sizes, the first of 2 seeds" in figure.get_label()


def test_whole_network_first_seed_and_mean_overlaps(draw, store):
    figure = draw("network_kronecker", store)
    names = {
        "Hessian": "hessian",
        "factors across layers": "cross_layer",
        "factors of each layer": "layer_wise",
        "Gauss–Newton part": "gauss_newton",
    }
    columns = np.reshape(figure.axes, (3, 2)).T
    for (above, *below), mean, title in zip(columns, (0, 1), ("centred", "mean 1"), strict=True):
        assert title in above.get_title()
        points = rows(store, "network_kronecker", input_mean=mean)
        shown = lines(above)
        for label, name in names.items():
            first = arrays_of(store, points, f"{name}_eigenvalues")[0]
            np.testing.assert_array_equal(shown[label][1], first)
        for ax, reference in zip(below, ("gauss_newton", "hessian"), strict=True):
            *overlaps, mark = ax.lines
            assert mark.get_xdata() == [3] * 2  # C - 1
            others = [name for name in names.values() if name not in ("hessian", reference)]
            for line, name in zip(overlaps, others, strict=True):
                stored = arrays_of(store, points, f"{name}_in_{reference}_overlaps")
                np.testing.assert_allclose(line.get_ydata(), np.nanmean(stored, axis=0))
    assert "networks 6–5–5–4 at" in figure.get_label()
    assert "the first of 2 seeds" in figure.get_label()
