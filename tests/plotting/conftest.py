import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


@pytest.fixture(autouse=True)
def _closed():
    """Functions without ``ax`` make figures."""
    yield
    plt.close("all")
