"""A law lies over its histogram, and what a panel leaves out is said in it."""

import numpy as np
import pytest
from scipy import stats

import rmt_hessian as rh
from rmt_hessian.compare import density_curve
from rmt_hessian.plotting import COLOURS, plot_spectrum
from rmt_hessian.plotting.spectrum import STYLES
from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur

LAW = MarchenkoPastur(0.5)
Q = (np.arange(500) + 0.5) / 500


def notes(ax):
    (note,) = ax.texts
    return note.get_text().split("\n")


def histogram(ax):
    heights, edges, _ = ax.patches[0].get_data()
    return heights, edges


def labels(ax):
    return [line.get_label() for line in ax.lines]


@pytest.fixture(scope="module")
def H():
    return rh.draw(rh.Ensemble([30, 3], layer=0, loss="ce", n_samples=200), rng=0)


def test_the_histogram_encloses_the_mass_of_the_continuous_part(ax):
    law = GeneralizedMarchenkoPastur([1.0], [1.0], 2.0)  # atom ½ at 0
    spectrum = np.concatenate([np.zeros(4000), law.ppf(0.5 + (np.arange(4000) + 0.5) / 8000)])
    plot_spectrum(spectrum, {"law": density_curve(law)}, ax=ax, coverage=1.0)
    heights, edges = histogram(ax)
    assert heights @ np.diff(edges) == pytest.approx(0.5)
    middle = (edges[1:] + edges[:-1]) / 2
    inner = slice(2, -2)  # bins at the ends average a square root
    np.testing.assert_allclose(heights[inner], law.pdf(middle)[inner], rtol=0.1)
    assert labels(ax) == ["law"]


def test_the_panel_says_what_it_leaves_out(ax):
    """100 of 400 at 0, two far out; the lines given stand above."""
    spectrum = np.concatenate([np.zeros(100), np.linspace(1, 2, 298), [50.0, -60.0]])
    plot_spectrum(spectrum, ax=ax, notes=["KS 0.1"])
    assert notes(ax) == ["KS 0.1", "25.0 % at 0", "2 of 400 outside:", "-60", "50"]
    heights, edges = histogram(ax)
    assert heights @ np.diff(edges) == pytest.approx(298 / 400)


def test_one_outlier_is_told_by_its_place(ax):
    plot_spectrum(np.append(LAW.ppf(Q), 1234.5), ax=ax)
    assert notes(ax) == ["1 of 501 outside:", "1.23e+03"]


def test_both_tails_that_are_cut_are_told(ax):
    """Not as one range, in which the axis would lie; the bars hold the share and a margin."""
    plot_spectrum(np.linspace(1, 2, 1001), ax=ax, coverage=0.5)
    edges = histogram(ax)[1]
    assert edges[-1] - edges[0] == pytest.approx(0.55, abs=0.01)
    assert notes(ax) == ["450 of 1001 outside:", "1 … 1.22", "1.78 … 2"]


@pytest.mark.parametrize("log", [False, True])
def test_what_cannot_be_seen_is_named(log):
    """Laws and spectra outside the axis, or so flat that they lie on it; the others are not."""
    hidden = {"far": MarchenkoPastur(0.5, scale=1e4), "flat": stats.uniform(-1e5, 2e8)}
    laws = {**hidden, "seen": LAW, "points": density_curve(LAW) * [[1.0], [1e-4]]}
    others = {"zeros": np.zeros(9), "half": LAW.ppf(Q) / 2, "away": -100 - LAW.ppf(Q)}
    ax = plot_spectrum(LAW.ppf(Q), laws, others=others, log=log)
    assert notes(ax) == ["not in sight:", "zeros", "away", "far", "flat", "points"]
    ax = plot_spectrum(LAW.ppf(Q), hidden["far"], log=log)
    assert notes(ax) == ["not in sight:", "law"]
    ax = plot_spectrum(LAW.ppf(Q), [LAW, rh.theory.conditional_law([0.0], 3)], log=log)
    assert notes(ax) == ["not in sight:", "law 2"]


def test_a_law_of_two_points_around_the_axis_is_seen(ax):
    plot_spectrum(LAW.ppf(Q), {"flat": np.array([[-9.0, 9.0], [0.3, 0.3]])}, ax=ax)
    assert notes(ax) == [""]


@pytest.mark.parametrize("log", [False, True])
def test_without_bars_other_spectra_are_not_in_sight(log, ax):
    plot_spectrum(np.zeros(3), ax=ax, others={"ones": np.ones(3)}, log=log)
    assert notes(ax) == ["100.0 % at 0", "not in sight:", "ones"]


@pytest.mark.parametrize(
    ("log", "places", "shown", "told"),
    [
        (True, [-1.0, 0.0, 4.0], [4.0], ["2 predicted outside:", "-1 … 0"]),
        (True, [-1.0], None, ["1 predicted outside:", "-1"]),
        (False, [1e6, 4.0, -50.0], [4.0], ["2 predicted outside:", "-50", "1e+06"]),
    ],
)
def test_outliers_that_the_axis_does_not_have_are_told(log, places, shown, told):
    ax = plot_spectrum(LAW.ppf(Q), ax=None, log=log, outliers=places)
    drawn = [line.get_xdata().tolist() for line in ax.lines]
    assert drawn == ([shown] if shown else [])
    assert notes(ax) == told


@pytest.mark.parametrize("log", [False, True])
def test_the_legend_stays_clear_of_the_note(log):
    laws = {f"a law with a long name {n}": MarchenkoPastur(0.5, scale=10.0**n) for n in range(5)}
    ax = plot_spectrum(LAW.ppf(Q), laws, log=log, notes=["a line"] * 4)
    ax.figure.canvas.draw()
    (note,), legend = ax.texts, ax.get_legend()
    assert not note.get_window_extent().overlaps(legend.get_window_extent())


@pytest.mark.parametrize("values", [[3.0] * 7, np.linspace(1, 4, 50), np.linspace(1, 1.01, 50)])
def test_ticks_of_less_than_a_decade(values, overprinted):
    assert not overprinted(plot_spectrum(values, log=True).xaxis)


def test_outliers_near_the_bulk_are_shown(ax):
    """With all their mass; those that are predicted are marked where they are."""
    spectrum = np.append(LAW.ppf(Q), [4.0, 5.0])
    plot_spectrum(spectrum, LAW, ax=ax, outliers=[4.1, 6.0])
    heights, edges = histogram(ax)
    assert edges[-1] == 5.0
    assert heights @ np.diff(edges) == pytest.approx(1.0)
    assert notes(ax) == [""]
    assert ax.lines[-1].get_xdata().tolist() == [4.1, 6.0]
    assert ax.lines[-1].get_label() == "predicted outlier"
    assert ax.get_xlim()[1] > 6


def test_predicted_outliers_below_the_bulk_are_shown_too(ax):
    """The bulk is 2.83 wide: -5 is nearer than three times that, -10 is not."""
    plot_spectrum(LAW.ppf(Q), ax=ax, outliers=[-5.0, -10.0])
    assert ax.lines[-1].get_xdata().tolist() == [-5.0]
    assert -10 < ax.get_xlim()[0] < -5
    assert notes(ax) == ["1 predicted outside:", "-10"]


def test_predictions_of_outliers_are_taken_as_they_come(ax):
    ens = rh.Ensemble([400, 3], layer=0, loss="ce", n_samples=16000)
    given = ens.given(rh.Network.random(ens.widths, 0))
    found = rh.theory.block_outliers(given, 0, 0)
    law = rh.theory.block_law(given, 0, 0)
    plot_spectrum(law.ppf(Q), law, ax=ax, outliers=found)
    assert ax.lines[-1].get_xdata().tolist() == [o.place for o in found]


def test_the_axis_holds_the_tops_of_the_laws(ax):
    """Above the histogram, but not what diverges: that is cut, and marked where."""
    narrow = GeneralizedMarchenkoPastur([1.0], [1.0], 0.9)  # steep, its top finite
    diverging = GeneralizedMarchenkoPastur([1.0], [1.0], 1.0)  # as 1/√x at 0
    for law, cut in ((narrow, False), (diverging, True)):
        ax.clear()
        plot_spectrum(law.ppf(Q), law, ax=ax, coverage=1.0)
        (line,), heights = ax.lines, histogram(ax)[0]
        top = line.get_ydata().max()
        assert top > 1.5 * heights.max()
        assert (ax.get_ylim()[1] < top) == cut
        assert ax.get_ylim()[1] > heights.max()
        assert len(ax.collections) == cut
        if cut:
            ((x, y),) = ax.collections[0].get_offsets()
            assert (x, y) == (line.get_xdata()[line.get_ydata().argmax()], 1)


def test_what_is_high_outside_the_axis_does_not_count(ax):
    """Neither for the height of the axis nor as what can be seen."""
    x = [0.0, 3.0, 99.0, 100.0, 101.0]
    laws = {"low": np.array([x, [0.2, 0.2, 0.0, 0.9, 0.0]]), "off": np.array([x, [0, 0, 0, 9, 0]])}
    plot_spectrum(LAW.ppf(Q), laws, ax=ax)
    assert notes(ax) == ["not in sight:", "off"]
    assert not ax.collections  # nothing is cut
    alone = plot_spectrum(LAW.ppf(Q))
    assert ax.get_ylim() == alone.get_ylim()


@pytest.mark.parametrize(("sign", "x", "side"), [(1, 0.97, "right"), (-1, 0.03, "left")])
def test_the_note_is_in_the_corner_further_from_the_highest_bar(sign, x, side, ax):
    """The law is highest near 0."""
    plot_spectrum(sign * LAW.ppf(Q), ax=ax, notes=["a line"])
    (note,) = ax.texts
    assert (*note.get_position(), note.get_horizontalalignment()) == (x, 0.95, side)


def test_other_spectra_are_outlines_over_the_same_bins(ax):
    spectrum, other = LAW.ppf(Q), np.append(LAW.ppf(Q) / 2, np.zeros(500))
    plot_spectrum(spectrum, ax=ax, bins=10, others={"half": other})
    (heights, edges, _), (outline, same, _) = (patch.get_data() for patch in ax.patches)
    np.testing.assert_array_equal(edges, same)
    counts, _ = np.histogram(LAW.ppf(Q) / 2, edges)
    np.testing.assert_allclose(outline, counts / 1000 / np.diff(edges))
    assert ax.get_ylim()[1] > max(*heights, *outline)
    assert ax.get_legend_handles_labels()[1] == ["eigenvalues", "half"]


def test_a_spectrum_of_zeros_has_no_bars(ax):
    plot_spectrum(np.zeros(5), rh.theory.conditional_law([0.0], 3), ax=ax)
    assert not ax.patches
    assert not ax.lines
    assert notes(ax) == ["100.0 % at 0, law 100.0 %"]


def test_the_null_space_of_the_law_stands_beside(ax):
    law = GeneralizedMarchenkoPastur([1.0], [1.0], 2.0)
    plot_spectrum(law.rvs(1000, rng=0), law, ax=ax)
    (told,) = notes(ax)
    assert told.endswith("% at 0, law 50.0 %")


@pytest.mark.parametrize("other", [density_curve(LAW), GeneralizedMarchenkoPastur([1], [1], 3)])
def test_of_several_laws_no_null_space_is_told(other, ax):
    """It would not be clear whose it is."""
    law = GeneralizedMarchenkoPastur([1.0], [1.0], 2.0)
    plot_spectrum(LAW.ppf(Q), {"law": law, "other": other}, ax=ax)
    assert notes(ax) == [""]


def test_any_number_of_laws_each_in_its_own_look(ax):
    laws = [MarchenkoPastur(gamma) for gamma in np.linspace(0.1, 0.9, 8)]
    plot_spectrum(LAW.ppf(Q), laws, ax=ax)
    assert labels(ax) == [f"law {n}" for n in range(1, 9)]
    looks = {(line.get_linestyle(), line.get_color()) for line in ax.lines}
    assert len(looks) == len(STYLES)
    assert {line.get_color() for line in ax.lines} == set(COLOURS.values())


@pytest.mark.parametrize("law", [LAW, [LAW], {"law": LAW}, density_curve(LAW), (LAW,)])
def test_one_law_in_any_form(law, ax):
    plot_spectrum(LAW.ppf(Q), law, ax=ax)
    assert labels(ax) == ["law"]
    np.testing.assert_array_equal(ax.lines[0].get_xydata().T, density_curve(LAW))


def test_a_law_of_scipy(ax):
    law = stats.norm(2.0, 3.0)
    plot_spectrum(law.ppf(Q), law, ax=ax)
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(y, law.pdf(x), atol=1e-4)


def test_a_layer_Hessian_is_its_spectrum(H, ax):
    plot_spectrum(H, ax=ax, coverage=1.0)
    heights, edges = histogram(ax)
    other = plot_spectrum(rh.eigenvalues(H), coverage=1.0)
    np.testing.assert_array_equal(heights, histogram(other)[0])
    np.testing.assert_array_equal(edges, histogram(other)[1])
    assert notes(ax) == ["33.3 % at 0"]


def test_what_the_library_returns_is_drawn(H):
    laws = {"block": rh.law_of_block(H, 0, 1), "null": rh.theory.WithNullSpace(LAW, 0.5)}
    ax = plot_spectrum(rh.eigenvalues(H.block(0, 1)), laws)
    assert labels(ax) == ["block", "null"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "eigenvalues", "block", "null"
    ]  # fmt: skip


def test_a_spectral_density_has_the_bars_of_its_spectrum(H, ax):
    """All steps are taken, so that its CDF is that of the eigenvalues but for the probes."""
    density = rh.spectral_density(H, n_probes=60, n_steps=90, rng=0)
    plot_spectrum(density, ax=ax, bins=8)
    heights, edges = histogram(ax)
    values = rh.eigenvalues(H)
    values = values[values > 1e-10]
    counts, _ = np.histogram(values, edges)
    at_edges = np.clip(density.cdf_error(edges), 1e-3, None)
    allowed = 4 * np.hypot(at_edges[1:], at_edges[:-1])
    assert (np.abs(heights * np.diff(edges) - counts / 90) < allowed).all()
    (told,) = notes(ax)
    assert float(told.split(" %")[0]) == pytest.approx(100 / 3, abs=3)


def test_of_few_steps_the_bars_are_differences_of_the_distribution(ax):
    """Not a histogram of the few nodes, between which bars would be empty."""
    A = np.diag(np.linspace(1, 2, 300))
    density = rh.spectral_density(A, n_probes=20, n_steps=8, rng=0)
    plot_spectrum(density, ax=ax, bins=25)
    heights, edges = histogram(ax)
    inner = slice(1, -1)
    masses = np.diff(density.cdf(edges))
    np.testing.assert_allclose((heights * np.diff(edges))[inner], masses[inner], rtol=1e-9)
    assert (heights[inner] > 0.2).all()  # of the uniform density 1
    assert notes(ax) == [""]


def test_a_spectral_density_of_both_signs_leaves_the_null_space_out(ax):
    """Ten eigenvalues on each side, twenty of 0: the bar across 0 is empty."""
    side = np.linspace(1, 2, 10)
    A = np.diag(np.concatenate([-side, np.zeros(20), side]))
    plot_spectrum(rh.spectral_density(A, n_probes=100, n_steps=40, rng=0), ax=ax, bins=5)
    heights, edges = histogram(ax)
    masses, at_zero = heights * np.diff(edges), float(notes(ax)[0].split(" %")[0]) / 100
    assert at_zero == pytest.approx(0.5, abs=0.05)
    assert edges[2] < 0 < edges[3]
    assert masses[2] == pytest.approx(0, abs=1e-9)
    assert masses.sum() == pytest.approx(1 - at_zero, abs=1e-3)


def test_single_precision_has_its_own_zero(ax):
    spectrum = np.concatenate([np.full(50, 3e-8), np.linspace(1, 2, 50)])
    plot_spectrum(spectrum.astype(np.float32), ax=ax)
    assert notes(ax) == ["50.0 % at 0"]
    plot_spectrum(spectrum, ax=(other := plot_spectrum([1.0])))
    assert "50.0" not in other.texts[-1].get_text()


def test_decades_have_shares_of_their_own(ax):
    """Of eigenvalues that are uniform in log λ every decade has as many; negative ones are told."""
    spectrum = np.concatenate([np.geomspace(1e-4, 1, 800), np.full(100, -1e-3), np.zeros(100)])
    law = stats.loguniform(1e-4, 1)
    plot_spectrum(spectrum, law, ax=ax, log=True, bins=8, outliers=[10.0])
    heights, edges = histogram(ax)
    np.testing.assert_allclose(edges, np.geomspace(1e-4, 1, 9))
    np.testing.assert_allclose(heights, 0.8 / 4)
    assert notes(ax) == ["10.0 % at 0", "10.0 % negative"]
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(y[(x > 2e-4) & (x < 0.5)], 1 / 4)
    assert ax.get_xscale() == "log"
    assert ax.get_xlim()[1] > 10
    assert ax.get_ylabel() == "density per decade"


def test_decades_show_all_positive_eigenvalues_unless_told_otherwise():
    """Long tails are what the axis is for."""
    spectrum = np.append(np.geomspace(1e-9, 1e-3, 3), np.linspace(1, 2, 997))
    edges = histogram(plot_spectrum(spectrum, log=True))[1]
    assert (edges[0], edges[-1]) == (1e-9, 2)
    spectrum = np.concatenate([[1e-9, 1e-3], np.linspace(1, 2, 996), [1e3, 1e6]])
    edges = histogram(plot_spectrum(spectrum, log=True))[1]
    assert (edges[0], edges[-1]) == (1e-3, 1e6)  # 1e-9 is 0 beside 1e6
    edges = histogram(plot_spectrum(spectrum, log=True, coverage=0.9))[1]
    assert 1 <= edges[0] < edges[-1] < 2


def test_on_decades_outlines_are_shares_of_decades_too(ax):
    """An outline of one spectrum over its own bars is the same line."""
    spectrum = np.geomspace(1e-4, 1, 800)
    twice = {"again": spectrum, "half of it": np.append(spectrum, -spectrum)}
    plot_spectrum(spectrum, ax=ax, log=True, bins=8, others=twice)
    bars, again, half = (patch.get_data()[0] for patch in ax.patches)
    np.testing.assert_allclose(bars, 1 / 4)
    np.testing.assert_allclose(again, 1 / 4)
    np.testing.assert_allclose(half, 1 / 8)


def test_on_decades_a_curve_is_the_law_it_is_of(ax):
    plot_spectrum(LAW.ppf(Q), {"law": LAW, "curve": density_curve(LAW, 2000)}, ax=ax, log=True)
    (x, of_law), (points, of_curve) = (line.get_xydata().T for line in ax.lines)
    inner = (x > 0.2) & (x < 2.5)
    np.testing.assert_allclose(of_law[inner], np.interp(x, points, of_curve)[inner], rtol=2e-3)


@pytest.mark.parametrize("coverage", [None, 0.9, 1.0])
def test_equal_eigenvalues_have_a_bar(coverage, ax):
    plot_spectrum(np.full(7, 3.0), ax=ax, coverage=coverage)
    heights, edges = histogram(ax)
    assert heights @ np.diff(edges) == pytest.approx(1.0)
    assert edges[0] < 3 < edges[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, np.nan],), "eigenvalues must be finite"),
        (([1.0 + 1j],), "eigenvalues must be an array of real numbers"),
        (([],), "eigenvalues"),
        ((np.eye(3)[:2],), "square"),
        (([1.0], "law"), "laws must be a sequence of laws"),
        (([1.0], {"a": 3}), r"laws\['a'\] must be a law, or points \(2, n\), got 3"),
        (([1.0], {"a": "law"}), r"laws\['a'\] must be a law"),
        (([1.0], MarchenkoPastur), r"must be a law, got the class MarchenkoPastur: Mar.*\(…\)\?"),
        (([1.0], {"a": stats.gamma}), r"laws\['a'\] must be a law, got gamma of scipy.stats with"),
    ],
)
def test_what_is_no_spectrum_or_no_law_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_spectrum(*arguments)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"ax": 3}, "ax must be axes of matplotlib"),
        ({"bins": 0}, "bins must be at least 1"),
        ({"coverage": 1.5}, r"coverage must be in \(0, 1\]"),
        ({"log": "x"}, "log must be True or False"),
        ({"coverage": 0}, r"coverage must be in \(0, 1\]"),
        ({"outliers": [np.nan]}, "outliers must be finite"),
        ({"notes": 3}, "notes must be a sequence of lines"),
        ({"others": [1.0]}, "others must be"),
    ],
)
def test_wrong_options_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        plot_spectrum([1.0, 2.0], **keywords)


def test_lines_that_stood_there_before_are_no_laws(ax):
    ax.axvline(0.5)
    plot_spectrum(LAW.ppf(Q) * 100, ax=ax)
    assert not ax.collections  # no triangle of a line that is too high
    heights, _ = histogram(ax)
    assert ax.get_ylim()[1] == pytest.approx(1.25 * heights.max())


def test_eigenvalues_over_many_decades_are_not_taken_for_zeros(ax):
    plot_spectrum(np.geomspace(1e-12, 1, 1200), ax=ax, log=True)
    assert notes(ax) == [""]
    heights, edges = histogram(ax)
    assert heights @ np.diff(np.log10(edges)) == pytest.approx(1)
