"""The sweep files that come with the package: ``sweeps/`` of a clone, installed beside this."""

import tomllib
from pathlib import Path

from rmt_hessian.sweep.grid import ConfigError

FOLDER = Path(__file__).with_name("files")


def shipped_sweeps():
    """``{name: description}`` of all of them, in the order of their names."""
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["description"]
        for path in sorted(FOLDER.glob("*.toml"))
    }


def shipped_file(name):
    """The text of one of them.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    path = FOLDER / f"{name}.toml"
    if path.parent != FOLDER or not path.is_file():
        raise ConfigError(f"NAME must be one of {', '.join(shipped_sweeps())}, got {name!r}")
    return path.read_text(encoding="utf-8")
