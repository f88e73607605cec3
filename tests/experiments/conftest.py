"""Small sweep files for the tests of this folder."""

import pytest

from rmt_hessian import theory
from rmt_hessian.experiments.measurements import blocks
from tests.experiments.processes import resumed, written
from tests.experiments.small import SMALL


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Path of a small sweep file; its predictions cost few draws."""
    quick = theory.block_norms
    monkeypatch.setattr(theory, "block_norms", lambda ens: quick(ens, n_draws=50))
    blocks._predicted_norms.cache_clear()
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    yield path
    blocks._predicted_norms.cache_clear()


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """Path of a sweep file for processes that are killed."""
    return written(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="session")
def expected(path):
    """What that sweep leaves."""
    return resumed(path, path.parent / "whole")
