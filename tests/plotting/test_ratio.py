import numpy as np
import pandas as pd
import pytest

import rmt_hessian as rh
from rmt_hessian.plotting import plot_ratio
from rmt_hessian.theory.norms.zipf import zipf_norm_limits

C = [2, 4, 8]


def drawn(ax):
    return {line.get_label(): line.get_xydata().T for line in ax.lines}


def test_dots_are_means_and_the_band_holds_ninety_per_cent_of_seeds(ax):
    ratios = np.linspace(1, 2, 101) * [[4.0], [2.0], [1.0]]
    plot_ratio(C, ratios, [6, 3, 1.5], ax=ax)
    shown = drawn(ax)
    np.testing.assert_allclose(shown["measured"], [C, [6, 3, 1.5]])
    np.testing.assert_allclose(shown["predicted"], shown["measured"])
    heights = ax.collections[0].get_paths()[0].vertices
    at_two = heights[heights[:, 0] == 2, 1]
    assert [at_two.min(), at_two.max()] == pytest.approx([4.2, 7.8])
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_dots_are_no_medians(ax):
    plot_ratio(C, [[1, 1, 4], [0.5, 0.5, 2], [0.25, 0.25, 1]], ax=ax)
    assert drawn(ax)["measured"][1].tolist() == [2, 1, 0.5]


def test_dots_may_be_given(ax):
    plot_ratio(C, np.ones((3, 2)), measured=[3, 2, 1], ax=ax)
    assert drawn(ax)["measured"][1].tolist() == [3, 2, 1]
    assert list(drawn(ax)) == ["measured"]


def test_standard_errors_are_bars(ax):
    plot_ratio(C, [3, 2, 1], errors=[0.5, 0.25, np.nan], ax=ax)
    bars = ax.collections[0].get_segments()
    assert [np.ptp(bar[:, 1]) for bar in bars[:2]] == [1, 0.5]


def test_columns_of_a_table(ax):
    table = pd.DataFrame({"C": C, "seen": [3, 2, 1], "known": [2.5, 2.0, 1.5]})
    plot_ratio(table["C"], table["seen"], table["known"], limit=table["known"], ax=ax)
    np.testing.assert_array_equal(drawn(ax)["predicted"], [C, [2.5, 2.0, 1.5]])
    assert len(ax.lines) == 3


def test_one_draw_has_no_band(ax):
    plot_ratio(C, [3, 2, 1], ax=ax)
    assert not ax.collections


def test_a_limit_that_is_not_known_is_not_drawn(ax):
    plot_ratio([2, 4], np.ones((2, 3)), [1, 1], limit=[np.nan] * 2, ax=ax)
    assert list(drawn(ax)) == ["measured", "predicted"]


def test_predictions_as_the_library_returns_them(ax):
    cases = [rh.Ensemble([6, n], layer=0, loss="ce", n_samples=12) for n in C]
    norms, limits = map(rh.theory.block_norms, cases), rh.theory.block_norm_limits(cases[0])
    plot_ratio(C, [1, 1, 1], list(norms), limit=limits, ax=ax)
    expected = [rh.theory.block_norms(case).ratio for case in cases]
    np.testing.assert_allclose(drawn(ax)["predicted"][1], expected)
    constant, exponent = limits.ratio
    dashed = drawn(ax)[r"limit $C\to\infty$"]
    np.testing.assert_allclose(dashed[1], constant * np.array(C, float) ** -exponent)


def test_draws_as_the_library_returns_them(ax):
    """One Hessian for each number of classes, or some."""
    cases = [rh.Ensemble([6, n], layer=0, loss="ce", n_samples=12) for n in C]
    norms = [[rh.draw(case, seed).mean_squared_block_norms() for seed in (0, 1)] for case in cases]
    ratios = [[norm.off_diagonal / norm.diagonal for norm in row] for row in norms]
    plot_ratio(C, norms, ax=ax)
    np.testing.assert_allclose(drawn(ax)["measured"][1], np.mean(ratios, axis=1))
    plot_ratio(C, [row[0] for row in norms], ax=ax)
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [row[0] for row in ratios])


def test_limits_of_any_kind_are_powers(ax):
    ens = rh.Ensemble([60, 2], layer=0, loss="ce", n_samples=240)
    zipf = zipf_norm_limits(ens, 0.5, units=(0, 1))
    for limit in (zipf, zipf.ratio, rh.theory.block_norm_limits(ens).ratio):
        plot_ratio(C, [1, 1, 1], limit=limit, ax=ax)
        expected = [getattr(limit, "ratio", limit).at(n) for n in C]
        np.testing.assert_allclose(ax.lines[-1].get_ydata(), expected)


def test_ratios_of_zero_are_counted_in_the_panel():
    """A logarithmic axis has no place for them: of MSE in a linear model there is nothing else."""
    cases = [rh.Ensemble([6, n], layer=0, loss="mse", n_samples=12) for n in C]
    drawn_norms = [rh.draw(case, 0).mean_squared_block_norms() for case in cases]
    ax = plot_ratio(C, drawn_norms, list(map(rh.theory.block_norms, cases)))
    ax.figure.canvas.draw()
    (note,) = ax.texts
    assert note.get_text() == "R = 0 at 3 of 3 C\npredicted = 0 at 3 of 3 C"
    ax = plot_ratio(C, [0, 0.1, 0.2], errors=[0.1, 0.1, 0.1])
    assert ax.texts[0].get_text() == "R = 0 at 1 of 3 C"
    np.testing.assert_array_equal(drawn(ax)["measured"][1], [np.nan, 0.1, 0.2])


@pytest.mark.parametrize(("n_classes", "ratios"), [([2], [0.1]), (C, [0.3] * 3), (C, [1, 2, 4])])
def test_ticks_of_less_than_a_decade(n_classes, ratios, overprinted):
    ax = plot_ratio(n_classes, ratios, ratios)
    assert not overprinted(ax.xaxis)
    assert not overprinted(ax.yaxis)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((C, [1, 2]), r"ratios must have the shape \(3,\) or \(3, seeds\)"),
        ((C, [1, 2, 3], [1, 2]), "predicted must have a value for each of n_classes"),
        ((C, [1, 2, 3], "theory"), "predicted must be"),
        (([1, np.nan], [1, 2]), "n_classes must be finite"),
        (([], []), "n_classes"),
        ((C, [1, -0.5, 1]), "ratios must not be negative, got -0.5"),
        ((C, [1, 1, 1], [1, 1, -2]), "predicted must not be negative, got -2"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_ratio(*arguments)


def test_errors_are_those_of_the_dots():
    with pytest.raises(ValueError, match="errors must have a value for each of n_classes"):
        plot_ratio(C, [1, 2, 3], errors=[1, 2])
