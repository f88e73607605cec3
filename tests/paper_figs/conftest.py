"""What tests of figures share: shipped sweeps in small, figures that are closed, their bytes."""

import importlib
import io
import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from rmt_hessian import cli
from rmt_hessian.report import report_of
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.run import run_sweep
from rmt_hessian.sweep.store import Store
from tests.paper_figs.shown import require_told
from tests.sections import require_legible

SWEEPS = Path(__file__).parents[2] / "sweeps"


@pytest.fixture(scope="session")
def results_of(tmp_path_factory):
    """``text -> store``: the results of a sweep file, none of whose points failed."""

    def run(text):
        folder = tmp_path_factory.mktemp("sweep")
        (folder / "small.toml").write_text(text)
        result = run_sweep(folder / "small.toml", folder / "results")
        assert result.failed == []
        assert len(result.table) == len(load_config(folder / "small.toml").points())
        return Store(folder / "results")

    return run


@pytest.fixture(scope="session")
def shipped(results_of):
    """``(name, smaller) -> store``: a shipped sweep with words of its file replaced."""

    def run(name, smaller):
        text = (SWEEPS / f"{name}.toml").read_text()
        for old, new in smaller.items():
            assert old in text, f"{name}: {old}"
            text = text.replace(old, new)
        return results_of(text)

    return run


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture
def draw():
    """``(name, store) -> figure``."""
    return lambda name, store: importlib.import_module(f"paper_figs.fig_{name}").draw(store)


@pytest.fixture
def draw_twice(draw):
    """``(name, store) -> figure``, which has the same bytes a second time, and a caption."""

    def twice(name, store):
        figure, again = (draw(name, store) for _ in range(2))
        written = _bytes_of(figure)
        assert written == _bytes_of(again)
        assert len(written) > 5000
        require_told(figure)
        return figure

    return twice


@pytest.fixture
def sections_printed(capsys, monkeypatch):
    """``store -> {title: rows}`` of its report, which ``rmt-hessian report`` prints as it is."""

    def read(store):
        monkeypatch.setattr(sys, "argv", ["rmt-hessian", "report", str(store.folder)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code in (0, None)
        printed = capsys.readouterr()
        assert not printed.err
        assert printed.out == report_of(store.table()) + "\n"
        return require_legible(store.table())

    return read


def _bytes_of(figure):
    file = io.BytesIO()
    figure.savefig(file, format="pdf", metadata={"CreationDate": None})
    return file.getvalue()
