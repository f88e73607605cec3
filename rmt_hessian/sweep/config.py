"""A sweep file: a union of grids, each a measurement over the product of its axes."""

import itertools
import tomllib
from collections import Counter
from inspect import Parameter
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

from rmt_hessian.measurements.ensembles import (
    SIZES,
    WIDTHS,
    check_widths,
    names_in,
    with_sizes,
)
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import (
    check,
    find,
    parameters_of,
    stream_of,
    version_of,
)
from rmt_hessian.sweep.points import RESERVED, Point, is_data


class ConfigError(ValueError):
    """A sweep file that cannot be used; the message is one line and names the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


LARGEST = 2**53  # whole numbers up to here are exact


class LogRange(_Strict):
    """``num`` values from ``start`` to ``stop``, equally spaced in the logarithm.

    Whole numbers where both ends are; else to six digits, so that they are the same everywhere.
    """

    start: Annotated[int | float, Field(gt=0, le=LARGEST)]
    stop: Annotated[int | float, Field(gt=0, le=LARGEST)]
    num: Annotated[int, Field(ge=1, le=10**6)]

    def values(self):
        """The numbers, ascending, each once."""
        spaced = np.geomspace(self.start, self.stop, self.num)
        if isinstance(self.start, int) and isinstance(self.stop, int):
            return np.unique(np.rint(spaced).astype(int)).tolist()
        return sorted({float(f"{value:.6g}") for value in spaced})


def _axis_values(axis):
    """The values of an axis, given as a list or as a `LogRange`."""
    if isinstance(axis, dict):
        axis = LogRange.model_validate(axis).values()
    if not isinstance(axis, list) or not axis:
        raise ValueError("must be a list of values or a range { start, stop, num }")
    return axis


Scalar = bool | int | float | str
SCALARS = (bool, int, float, str)
KINDS = {float: "number", str: "text", bool: "truth value"}
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
        try:
            parameters = parameters_of(find(name))
        except LookupError as error:
            raise ValueError(error) from None
        except TypeError as error:
            raise ValueError(f"{name} {error}") from None
        for what, of in (("version", version_of), ("stream", stream_of)):
            if not isinstance(value := of(find(name)), int | str):
                raise ValueError(f"the {what} of {name} must be a whole number or a text: {value}")
        if taken := sorted(set(RESERVED) & set(parameters)):
            raise ValueError(f"{name} must not have a parameter {taken[0]!r}: the name is taken")
        return name

    @model_validator(mode="after")
    def _parameters_fit(self):
        """Every parameter of the measurement, once, with values that its annotation allows."""
        own = parameters_of(find(self.measurement))
        sets = (self.fixed, self.axes, self.together)
        for name, count in Counter(itertools.chain(*sets)).items():
            if count > 1:
                raise ValueError(f"{name!r} may stand in one of fixed, axes and together only")
        if len({len(values) for values in self.together.values()}) > 1:
            raise ValueError("the lists of together must have one length")
        given = self.values()
        listed = WIDTHS in own and own[WIDTHS].annotation not in SCALARS
        if listed:
            if WIDTHS not in given:
                raise ValueError(f"{self.measurement} needs {WIDTHS!r}, fixed or as an axis")
            for widths in given[WIDTHS]:
                check_widths(widths)
        sizes = set().union(*map(names_in, given.get(WIDTHS, [])))
        if missing := sorted(sizes - set(given)):
            raise ValueError(f"widths names {missing[0]!r}, which is no parameter of the grid")
        for name, values in given.items():
            if name not in own and name not in sizes:
                names = ", ".join(own)
                if WIDTHS in own:
                    names += ", and what widths names"
                raise ValueError(f"{name!r} means nothing to {self.measurement}; allowed: {names}")
            if name != WIDTHS or not listed:
                annotation = own[name].annotation if name in own else Count
                for value in values:
                    _check_value(name, value, annotation)
        for name, parameter in own.items():
            if name not in given and parameter.default is parameter.empty:
                raise ValueError(f"{self.measurement} needs {name!r}, fixed or as an axis")
        for name, values in self.axes.items():
            if twice := _repeated(values):
                raise ValueError(f"{name} must hold each value once, got {twice[0]!r} twice")
        if twice := _repeated(zip(*self.together.values(), strict=True)):
            raise ValueError(f"together must hold each combination once, got {twice[0]!r} twice")
        seen = set()
        for values in self.parameters():
            if listed and (widths := tuple(values[WIDTHS])) not in seen:
                seen.add(widths)
                _check_annotation(WIDTHS, [*widths], own[WIDTHS].annotation)
            try:
                check(find(self.measurement), values)
            except (ValueError, IndexError) as error:
                raise ValueError(error) from None
        return self

    def values(self):
        """``{name: values}`` of all parameters."""
        return {name: [value] for name, value in self.fixed.items()} | self.axes | self.together

    def parameters(self):
        """Yield the parameters of each point, the last axis fastest, ``together`` slowest."""
        own = parameters_of(find(self.measurement))
        rows = zip(*self.together.values(), strict=True) if self.together else [()]
        for row, *values in itertools.product(rows, *self.axes.values()):
            moving = dict(zip(self.together, row, strict=True))
            point = dict(self.fixed) | moving | dict(zip(self.axes, values, strict=True))
            yield with_sizes(point, own)


def _repeated(values):
    """What stands there more than once, NaN too."""
    counts = Counter(map(_hashable, values))
    return [value for value, count in counts.items() if count > 1]


def _hashable(value):
    """Equal for equal values, NaN included; lists become tuples."""
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return value if value == value else repr(value)


def _check_value(name, value, annotation):
    """Raise ValueError unless it is a scalar that the measurement's annotation allows."""
    _check_annotation(name, value, annotation)
    if not isinstance(value, Scalar):
        raise ValueError(f"{name} = {value!r}: must be a number, a text, true or false")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{name} = {value!r}: must be at most 2^53, to be exact in every table")
    if is_data(value) and not Path(value).is_file():
        raise ValueError(f"{name} = {value!r}: no such file, seen from {Path.cwd()}")


def _check_annotation(name, value, annotation):
    annotation = Any if annotation is Parameter.empty else annotation
    try:
        TypeAdapter(annotation).validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(f"{name} = {value!r}: {error.errors()[0]['msg']}") from None
    except Exception as error:  # an annotation may be any text, and any object
        reason = str(error).partition("\n")[0]
        raise ValueError(f"the annotation of {name} cannot be checked: {reason}") from None


class SweepConfig(_Strict):
    """A whole sweep file. ``figures`` names the scripts in ``paper_figs/`` that draw its table."""

    description: str = ""
    figures: list[str] = []
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


def read_text(path):
    """The text of a sweep file.

    Raises
    ------
    ConfigError
        If it cannot be read, or is not UTF-8, with or without a byte-order mark.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        byte, line = error.object[error.start], error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: must be UTF-8, got byte 0x{byte:02x} in line {line}") from None
    if "\0" in text:
        raise ConfigError(f"{path}: must be UTF-8, got a null byte, as in UTF-16")
    return text


def parse(text, path):
    """Validate the text of a sweep file; ``path`` is for messages.

    Raises
    ------
    ConfigError
        If it is not TOML, or holds an unknown key or a wrong value.
    """
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
    return parse(read_text(path), path)


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
