import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.plotting import plot_scree


def drawn(ax):
    return {line.get_label(): line.get_xydata().T for line in ax.lines}


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_any_order_is_drawn_from_the_largest(order, ax):
    values = np.geomspace(1e-3, 1, 60)[order]
    plot_scree(values, ax=ax, mark=4, predicted=2 * values, n_shown=10)
    shown = drawn(ax)
    np.testing.assert_allclose(shown["measured"], [np.arange(1, 11), np.sort(values)[:-11:-1]])
    np.testing.assert_allclose(shown["predicted"][1], 2 * shown["measured"][1])
    assert shown["first 4 eigenvalues"][0].tolist() == [4.5, 4.5]
    assert ax.get_yscale() == "log"
    assert ax.get_xticks().tolist() == [1, 2, 4, 6, 8, 10]


def test_negative_ones_are_told_apart(ax):
    plot_scree([3.0, -2.0, 1.0], ax=ax)
    shown = drawn(ax)
    assert shown["measured"][1].tolist() == [3, 2, 1]
    assert shown["negative"].tolist() == [[2], [2]]


def test_what_is_rounding_is_not_seen(ax):
    plot_scree([1.0, -1e-17, 0.5, 0.0], ax=ax)
    np.testing.assert_array_equal(drawn(ax)["measured"][1], [1, 0.5, np.nan, np.nan])
    assert "negative" not in drawn(ax)
    assert [text.get_text() for text in ax.texts] == ["2 of 4 at 0"]


def test_zeros_alone_are_told():
    ax = plot_scree(np.zeros(5))
    ax.figure.canvas.draw()
    assert ax.texts[0].get_text() == "5 of 5 at 0"


def test_the_mark_is_always_shown():
    """And what comes behind it, so that a gap is seen."""
    values = np.geomspace(1e-3, 1, 300)
    assert drawn(plot_scree(values, mark=100))["measured"].shape == (2, 101)
    assert drawn(plot_scree(values, mark=20))["measured"].shape == (2, 40)


def test_a_mark_behind_the_last_eigenvalue_is_shown(ax):
    plot_scree([1.0, 0.1], ax=ax, mark=5)
    assert drawn(ax)["first 5 eigenvalues"][0].tolist() == [5.5, 5.5]
    assert 5.5 < ax.get_xlim()[1] < 6


@pytest.mark.parametrize("values", [[2.0], [0.3] * 9, [1.0, 0.7, 0.5], [1.0, 0.999]])
def test_ticks_of_less_than_a_decade(values, overprinted):
    assert not overprinted(plot_scree(values).yaxis)


def test_a_line_has_the_name_it_is_given():
    ax = plot_scree([1.0, 0.1], label="Hessian", mark=1, mark_label="$C-1$")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Hessian", "$C-1$"]


def test_other_spectra_have_markers_of_their_own(ax):
    matrix = np.diag([0.5, 2.0, -1.0])
    plot_scree([3.0, 1.0], ax=ax, others={"matrix": matrix, "short": [1.0]}, n_shown=2)
    np.testing.assert_allclose(drawn(ax)["matrix"], [[1, 2], [2, 1]])
    np.testing.assert_allclose(drawn(ax)["short"], [[1], [1]])
    assert len({line.get_marker() for line in ax.lines}) == 3


def test_an_output_hessian_as_it_is(ax):
    H = rh.draw(rh.Ensemble([20, 9, 3], layer=0, loss="ce", n_samples=50), rng=0)
    plot_scree(H.output_hessian(), ax=ax, mark=2)
    expected = rh.eigenvalues(H.output_hessian())
    shown = drawn(ax)["measured"][1]
    known = np.isfinite(shown)
    np.testing.assert_allclose(shown[known], np.sort(np.abs(expected))[::-1][known])
    assert known.sum() >= 8


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"mark": 0}, "mark must be at least 1"),
        ({"n_shown": 0}, "n_shown must be at least 1"),
        ({"predicted": [np.nan]}, "predicted must be finite"),
        ({"others": [1.0]}, "others must be"),
        ({"others": {"a": [np.nan]}}, r"others\['a'\] must be finite"),
    ],
)
def test_wrong_options_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        plot_scree([1.0, 2.0], **keywords)


def test_an_eigenvalue_that_is_none_is_refused():
    with pytest.raises(ValueError, match="eigenvalues must be finite"):
        plot_scree([1.0, np.inf])


def test_what_is_compared_is_not_cut_off(ax):
    plot_scree([2.0, 1.0], ax=ax, predicted=[2.0, 1.0, 0.5, 0.2, 0.1], others={"a": np.ones(7)})
    assert ax.get_xlim()[1] > 7
