"""Hypothesis profiles, threads, a small sweep file, and the files of a page of the documents.

No deadline: the first call of a kernel compiles it. ``HYPOTHESIS_PROFILE=thorough`` runs 2000
examples of each property.
"""

import os
import sys

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 (loads its BLAS, to be limited below)
import threadpoolctl
from hypothesis import HealthCheck, settings

from tests.documents.pages import blocks, write_files
from tests.small import SMALL, quick_predictions

# commands, which need packages of their own
collect_ignore = ["report_in_browser.py", "site_in_browser.py"]

settings.register_profile(
    "default",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
usual = "ci" if os.environ.get("CI") else "default"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))

# BLAS threads that wait for each other on a busy machine slow small products down many times
threadpoolctl.threadpool_limits(limits=1)


@pytest.fixture
def rng():
    return np.random.default_rng(20250502)


@pytest.fixture
def sweep(tmp_path):
    """Path of a small sweep file; its predictions cost few draws."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    with quick_predictions():
        yield path


@pytest.fixture
def written(page, tmp_path, monkeypatch):
    """The blocks of a page, in a folder where its files lie; Python finds them there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    found = blocks(page.read_text(encoding="utf-8"))
    modules = write_files(found, tmp_path)
    yield found
    for name in modules:
        sys.modules.pop(name, None)
