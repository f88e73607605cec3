"""The shipped sweep of very many classes in small: its figure."""

import numpy as np
import pytest

from paper_figs import style
from rmt_hessian.report.ratio import ratio_of_means
from tests.paper_figs.shown import lines, rows
from tests.small import quick_predictions

LIMIT = r"limit $C\to\infty$"
SMALLER = {  # what to replace in the shipped file; its grids stay as they are
    "d = 128, m = 32": "d = 16, m = 12",
    "n_samples = 512": "n_samples = 24",
    "stop = 131072, num = 9": "stop = 8, num = 3",
    "seeds = 5": "seeds = 2",
    "seeds = 8": "seeds = 3",
}


@pytest.fixture(scope="module")
def store(shipped):
    with quick_predictions():
        return shipped("large_classes", SMALLER)


def test_every_panel_has_lines_and_a_rerun_gives_the_same_bytes(store, draw_twice):
    figure = draw_twice("large_classes", store)
    assert all(ax.get_title() and ax.lines for ax in figure.axes)
    assert len(figure.legends) == 1


def test_ratios_times_the_power_of_the_limit(draw, store):
    figure = draw("large_classes", store)
    C = np.array([2.0, 4.0, 8.0])
    panels = np.reshape(figure.axes, (2, 4))
    exponents = {"linear-ce": 2, "output-ce": 2, "hidden-ce": 1, "hidden-mse": 1}
    for (above, below), (case, exponent) in zip(panels.T, exponents.items(), strict=True):
        points = rows(store, "block_norms", case=case).groupby("n_classes")
        norms = points[["off_diagonal_norm2", "diagonal_norm2"]].mean()
        measured = norms["off_diagonal_norm2"] / norms["diagonal_norm2"]
        predicted, limit = (points[name].first() for name in ("predicted_ratio", "limit_ratio"))
        for ax, scale in ((above, 1.0), (below, C**exponent)):
            shown, known = lines(ax), {"measured": measured, "predicted": predicted}
            assert (LIMIT in shown) == limit.notna().any()
            for label, values in (known | ({LIMIT: limit} if LIMIT in shown else {})).items():
                np.testing.assert_allclose(shown[label], [C, scale * values])
            (bars,) = ax.collections
            ends = np.array(bars.get_segments())[:, :, 1]
            errors = np.array([ratio_of_means(group)[1] for _, group in points])
            heights = np.ptp(ends, axis=1) / 2
            np.testing.assert_allclose(heights, scale * errors, atol=1e-12)
        if LIMIT in shown:  # the exponent is that of the limit
            np.testing.assert_allclose(shown[LIMIT][1], shown[LIMIT][1, 0])
        assert above.get_xscale() == above.get_yscale() == below.get_xscale() == "log"
        seeds = rows(store, "block_norms", case=case)["seed"].nunique()
        assert f"{seeds} seeds ({style.CASE_TITLES[case]})" in figure.get_label()
    assert "d = 16, N = 24, m = 12" in figure.get_label()
