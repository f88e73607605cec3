"""The style travels with the package, and does not stay where it was not asked for."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt

from rmt_hessian.plotting import COLOURS, style


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


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, rmt_hessian; print('matplotlib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
