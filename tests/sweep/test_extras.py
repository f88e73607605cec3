"""Sweep files that need packages besides: one line that says what to install."""

from importlib import metadata

import pytest

from rmt_hessian.sweep import extras
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.extras import missing_packages, require_extras
from rmt_hessian.sweep.grid import ConfigError
from rmt_hessian.sweep.run import run_sweep

REQUIRES = [
    "numpy>=2",
    'there>=1; extra == "heads"',
    'not-there; extra == "heads"',
    'of-another; extra == "torch"',
    'old-only; python_version < "3" and extra == "heads"',
]


@pytest.fixture
def package(monkeypatch):
    """As if the package asked for these, and one of them were installed."""

    def version(name):
        if name != "there":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    class Metadata:
        def get_all(self, name):
            assert name == "Provides-Extra"
            return ["heads", "torch"]

    monkeypatch.setattr(extras.metadata, "requires", lambda name: REQUIRES)
    monkeypatch.setattr(extras.metadata, "metadata", lambda name: Metadata())
    monkeypatch.setattr(extras.metadata, "version", version)


def test_what_an_extra_asks_for_on_this_python_is_looked_for(package):
    assert missing_packages("heads") == ["not-there"]
    assert missing_packages("torch") == ["of-another"]
    assert missing_packages("unheard-of") == ["unheard-of"]
    require_extras([], "a.toml")


def test_a_run_says_in_one_line_what_to_install(package, sweep, tmp_path):
    sweep.write_text('extras = ["heads"]\n' + sweep.read_text())
    assert load_config(sweep).extras == ["heads"]
    with pytest.raises(ConfigError) as raised:
        run_sweep(sweep, tmp_path / "results")
    wanted = "small.toml: needs not-there: pip install 'rmt_hessian[heads]'"
    assert str(raised.value).endswith(wanted)
    assert "\n" not in str(raised.value)
