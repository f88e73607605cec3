"""A sweep for processes that are killed."""

import pytest

from tests.sweep.processes import resumed, written


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """Path of a sweep file for processes that are killed."""
    return written(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="session")
def expected(path):
    """What that sweep leaves."""
    return resumed(path, path.parent / "whole")
