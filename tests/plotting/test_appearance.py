"""The style travels with the package, and does not stay where it was not asked for."""

import subprocess
import sys
from functools import partial

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from rmt_hessian.plotting import (
    COLOURS,
    plot_overlap,
    plot_ratio,
    plot_scree,
    plot_spectrum,
    style,
)


def test_the_style_is_on_within_the_block_alone():
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["font.family"] == ["STIXGeneral", "DejaVu Serif"]
        assert mpl.rcParams["pdf.fonttype"] == 42
        colours = [entry["color"] for entry in mpl.rcParams["axes.prop_cycle"]]
        assert colours == list(COLOURS.values())
        with style():
            pass
        assert mpl.rcParams["font.size"] == 8
    assert dict(mpl.rcParams) == before


def test_the_style_has_a_name_of_its_own():
    with plt.style.context("rmt_hessian.plotting.paper"):
        assert mpl.rcParams["savefig.dpi"] == 200


@pytest.mark.parametrize(
    "draw",
    [
        partial(plot_spectrum, [1.0, 2.0]),
        partial(plot_scree, [1.0, 2.0]),
        partial(plot_overlap, [0.5, 1.0]),
        partial(plot_ratio, [2, 4], [1.0, 0.5]),
    ],
)
def test_axes_that_are_given_get_no_legend(draw, ax):
    """Panels of one figure may share one; a figure of its own has it."""
    assert draw(ax=ax).get_legend() is None
    assert draw().get_legend() is not None


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, rmt_hessian; print('matplotlib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
