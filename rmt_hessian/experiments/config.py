"""A sweep file: a union of grids, each a measurement over the product of its axes."""

import hashlib
import inspect
import itertools
import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from rmt_hessian.experiments.measurements import MEASUREMENTS, VERSION


class ConfigError(ValueError):
    """A sweep file that cannot be used; the message is one line and names the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LogRange(_Strict):
    """``num`` integers from ``start`` to ``stop``, equally spaced in the logarithm."""

    start: Annotated[int, Field(ge=1)]
    stop: Annotated[int, Field(ge=1)]
    num: Annotated[int, Field(ge=1)]

    def values(self):
        """The integers, rounded, each once."""
        spaced = np.rint(np.geomspace(self.start, self.stop, self.num))
        return np.unique(spaced.astype(int)).tolist()


def _axis_values(axis):
    """The values of an axis, given as a list or as a `LogRange`."""
    if isinstance(axis, dict):
        axis = LogRange.model_validate(axis).values()
    if not isinstance(axis, list) or not axis:
        raise ValueError("must be a list of values or a range { start, stop, num }")
    return axis


Axis = Annotated[list[Any], BeforeValidator(_axis_values)]


class Grid(_Strict):
    """One measurement over the product of ``axes`` and ``seeds``, the rest ``fixed``.

    Parameters in ``together`` change together, like one axis: lists of one length.
    """

    measurement: str
    seeds: Annotated[int, Field(ge=1)]
    fixed: dict[str, Any] = {}
    axes: dict[str, Axis] = {}
    together: dict[str, Axis] = {}

    @field_validator("measurement")
    @classmethod
    def _known(cls, name):
        if name not in MEASUREMENTS:
            raise ValueError(f"must be one of {', '.join(MEASUREMENTS)}")
        return name

    @model_validator(mode="after")
    def _parameters_fit(self):
        """Every parameter of the measurement, once, with values that its annotation allows."""
        parameters = inspect.signature(MEASUREMENTS[self.measurement]).parameters
        allowed = {name: p.annotation for name, p in parameters.items() if name != "rng"}
        sets = (self.fixed, self.axes, self.together)
        for name, count in Counter(itertools.chain(*sets)).items():
            if count > 1:
                raise ValueError(f"{name!r} may stand in one of fixed, axes and together only")
        if len({len(values) for values in self.together.values()}) > 1:
            raise ValueError("the lists of together must have one length")
        given = {name: [value] for name, value in self.fixed.items()} | self.axes | self.together
        for name, values in given.items():
            if name not in allowed:
                names = ", ".join(allowed)
                raise ValueError(f"{name!r} means nothing to {self.measurement}; allowed: {names}")
            for value in values:
                try:
                    TypeAdapter(allowed[name]).validate_python(value)
                except ValidationError as error:
                    message = error.errors()[0]["msg"]
                    raise ValueError(f"{name} = {value!r}: {message}") from None
                if is_data(value) and not Path(value).is_file():
                    raise ValueError(f"{name} = {value!r}: no such file, seen from {Path.cwd()}")
        for name in allowed:
            if name not in given:
                raise ValueError(f"{self.measurement} needs {name!r}, fixed or as an axis")
        return self

    def parameters(self):
        """Yield the parameters of each point, the last axis fastest, ``together`` slowest."""
        rows = zip(*self.together.values(), strict=True) if self.together else [()]
        for row, *values in itertools.product(rows, *self.axes.values()):
            moving = dict(zip(self.together, row, strict=True))
            yield dict(self.fixed) | moving | dict(zip(self.axes, values, strict=True))


class SweepConfig(_Strict):
    """A whole sweep file."""

    description: str = ""
    root_seed: Annotated[int, Field(ge=0)]
    grid: Annotated[list[Grid], Field(min_length=1)]

    def points(self):
        """All points, each once, in the order of the file."""
        unique = {}
        for grid in self.grid:
            for parameters in grid.parameters():
                for seed in range(grid.seeds):
                    point = Point(grid.measurement, parameters, seed, self.root_seed)
                    unique.setdefault(point.key, point)
        return list(unique.values())


@dataclass(frozen=True)
class Point:
    """One row of the table: a measurement at given parameters and seed."""

    measurement: str
    parameters: dict
    seed: int
    root_seed: int

    @property
    def _digest(self):
        content = [self.measurement, VERSION[self.measurement], self.parameters, self.seed]
        content += [
            _digest_of(path) for path in map(str, self.parameters.values()) if is_data(path)
        ]
        return hashlib.sha256(json.dumps([*content, self.root_seed], sort_keys=True).encode())

    @property
    def key(self):
        """Hash of the content: names the files of the point."""
        return self._digest.hexdigest()[:20]

    def rng(self):
        """The point's own generator: no other point, and no order of points, can shift it."""
        words = np.frombuffer(self._digest.digest()[:16], dtype=">u4").tolist()
        return np.random.default_rng(np.random.SeedSequence(self.root_seed, spawn_key=words))

    def measure(self):
        """Run the measurement."""
        return MEASUREMENTS[self.measurement](self.rng(), **self.parameters)

    def __str__(self):
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.measurement}({parameters}) seed {self.seed}"


def is_data(value):
    """Whether a parameter names a file of data, as `numpy.save` writes them."""
    return isinstance(value, str) and value.endswith(".npy")


def _digest_of(path):
    """Hash of a file's content: another file of the same name makes other points."""
    return _digest_as_of(path, Path(path).stat().st_mtime_ns)


@cache
def _digest_as_of(path, _changed):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def load_config(path):
    """Read and validate a sweep file.

    Raises
    ------
    ConfigError
        If the file is missing, is not TOML, or holds an unknown key or a wrong value.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    try:
        return SweepConfig.model_validate(content)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        raise ConfigError(f"{path}: {_one_line(errors[0])}") from None  # a typo comes first


def _one_line(error):
    """Where, what was wanted, and for simple values what came."""
    place = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        level = {1: SweepConfig, 3: Grid}.get(len(error["loc"]), LogRange)
        message = f"unknown key; allowed: {', '.join(level.model_fields)}"
    elif isinstance(error["input"], str | int | float):
        message += f", got {error['input']!r}"
    return f"{place}: {message}"
