"""A sweep file: a union of grids. Its points, or one line that says what is wrong with it."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from rmt_hessian.sweep.grid import ConfigError, Grid, LogRange, Strict
from rmt_hessian.sweep.overrides import with_overrides
from rmt_hessian.sweep.parameters import SIZES, WIDTHS
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.quick import quickly
from rmt_hessian.sweep.shipped import shipped_sweeps

KINDS = {float: "number", str: "text", bool: "truth value"}


class SweepConfig(Strict):
    """A whole sweep file. ``figures`` names the scripts in ``paper_figs/`` that draw its table.

    One that is ``slow`` is left out where all are run; by its name it runs like any other. Its
    ``extras``, of this package, have to be installed where it runs.
    """

    description: str = ""
    figures: list[str] = Field(default_factory=list)
    slow: bool = False
    extras: list[str] = Field(default_factory=list)
    root_seed: Annotated[int, Field(ge=0, lt=2**63)]
    grid: Annotated[list[Grid], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_kind_a_column(self):
        """A parameter is a number, a text or a truth value in all grids: a column of the table."""
        kinds = {}
        for grid in self.grid:
            given = grid.values()
            if any(isinstance(widths, list) for widths in given.get(WIDTHS, [])):
                given = {name: [1] for name in SIZES} | given  # their columns
            for name, values in given.items():
                for value in values:
                    kind = {int: float, list: str}.get(type(value), type(value))
                    if kinds.setdefault(name, kind) is not kind:
                        known = KINDS[kinds[name]]
                        raise ValueError(f"{name} = {value!r}: elsewhere it is a {known}")
        return self

    def points(self):
        """All points, each once, in the order of the file."""
        unique = {}
        for grid in self.grid:
            for parameters in grid.parameters():
                for seed in range(grid.seeds):
                    point = Point(grid.measurement, parameters, seed, self.root_seed)
                    unique.setdefault(point.key, point)
        return list(unique.values())


def _read(path):
    """The text of a sweep file: UTF-8, with or without a byte-order mark."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}{_hint(path)}") from None
    except UnicodeDecodeError as error:
        byte, line = error.object[error.start], error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: must be UTF-8, got byte 0x{byte:02x} in line {line}") from None
    if "\0" in text:
        raise ConfigError(f"{path}: must be UTF-8, got a null byte, as in UTF-16")
    return text


def _hint(path):
    """Where to have a file that comes with the package, if that is what was meant."""
    name = Path(path).stem
    if Path(path).exists() or name not in shipped_sweeps():
        return ""
    return f"; rmt-hessian sweeps {name} > {name}.toml writes the one that comes with the package"


def parse(text, path):
    """Validate the text of a sweep file; ``path`` is for messages. Raises `ConfigError`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    try:
        return SweepConfig.model_validate(content)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        raise ConfigError(f"{path}: {_one_line(errors[0])}") from None  # a typo comes first


def load_config(path):
    """Read and validate a sweep file. Raises `ConfigError` if it cannot be used."""
    return parse(_read(path), path)


def load_points(path, overrides=(), *, quick=False):
    """The points of a sweep file by key, and its text.

    With its small sizes if ``quick``, see `quickly`; then with other values: see `with_overrides`.

    Raises `ConfigError` if the sweep file or an override cannot be used, or there are no small
    sizes.
    """
    text = _read(path)
    config = parse(text, path)  # what is wrong with the file is said first
    if quick:
        text = quickly(text, path)
        config = parse(text, path)
    if overrides:
        text = with_overrides(text, overrides)
        config = parse(text, path)
    return {point.key: point for point in config.points()}, text


def _one_line(error):
    """Where, what was wanted, and for simple values what came."""
    place = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        level = {1: SweepConfig, 3: Grid}.get(len(error["loc"]), LogRange)
        message = f"unknown key; allowed: {', '.join(level.model_fields)}"
    elif isinstance(error["input"], str | int | float):
        message += f", got {error['input']!r}"
    return " ".join(f"{place}: {message}".split())
