"""A sweep file: a union of grids, each a measurement over the product of its axes."""

import hashlib
import inspect
import itertools
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rmt_hessian.experiments.measurements import MEASUREMENTS, VERSION

Scalar = str | int | float


class ConfigError(ValueError):
    """A sweep file that cannot be used; the message is one line and names the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogRange(_Strict):
    """``num`` integers from ``start`` to ``stop``, equally spaced in the logarithm."""

    start: Annotated[int, Field(ge=1)]
    stop: Annotated[int, Field(ge=1)]
    num: Annotated[int, Field(ge=1)]

    def values(self):
        """The integers, rounded, each once."""
        spaced = np.rint(np.geomspace(self.start, self.stop, self.num))
        return np.unique(spaced.astype(int)).tolist()


class Grid(_Strict):
    """One measurement over the product of ``axes`` and ``seeds``, the rest ``fixed``."""

    measurement: str
    seeds: Annotated[int, Field(ge=1)]
    fixed: dict[str, Scalar] = {}
    axes: dict[str, LogRange | list[Scalar]]

    @field_validator("measurement")
    @classmethod
    def _known(cls, name):
        if name not in MEASUREMENTS:
            raise ValueError(f"must be one of {', '.join(MEASUREMENTS)}, got {name!r}")
        return name

    @model_validator(mode="after")
    def _parameters_fit(self):
        twice = set(self.fixed) & set(self.axes)
        if twice:
            raise ValueError(f"{min(twice)!r} is both fixed and an axis")
        allowed = set(inspect.signature(MEASUREMENTS[self.measurement]).parameters) - {"rng"}
        given = set(self.fixed) | set(self.axes)
        for name in sorted(given - allowed):
            names = ", ".join(sorted(allowed))
            raise ValueError(f"{name!r} means nothing to {self.measurement}; allowed: {names}")
        for name in sorted(allowed - given):
            raise ValueError(f"{self.measurement} needs {name!r}, fixed or as an axis")
        return self

    def parameters(self):
        """Yield the parameters of each point, the last axis fastest."""
        values = [a.values() if isinstance(a, LogRange) else a for a in self.axes.values()]
        for combination in itertools.product(*values):
            yield dict(self.fixed) | dict(zip(self.axes, combination, strict=True))


class SweepConfig(_Strict):
    """A whole sweep file."""

    name: str
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
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key"
        raise ConfigError(f"{path}: {place}: {message}") from None
