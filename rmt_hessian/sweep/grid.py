"""A grid of a sweep file: a measurement over the product of its axes."""

import itertools
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

from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import find, stream_of, version_of
from rmt_hessian.sweep.parameters import (
    WIDTHS,
    arguments,
    check_widths,
    names_in,
    parameters_of,
    with_sizes,
)
from rmt_hessian.sweep.points import TAKEN, is_data

LARGEST = 2**53  # whole numbers up to here are exact
SCALARS = (bool, int, float, str)


class ConfigError(ValueError):
    """A sweep file that cannot be used; the message is one line and names the key."""


class Strict(BaseModel):
    """A table of the file, with its own keys and types and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LogRange(Strict):
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


Axis = Annotated[list[Any], BeforeValidator(_axis_values)]


class Grid(Strict):
    """One measurement over the product of ``axes`` and ``seeds``, the rest ``fixed``.

    Parameters in ``together`` change together, like one axis: lists of one length. ``quick`` holds
    other values for a small run, see `quickly`.
    """

    measurement: str
    seeds: Annotated[int, Field(ge=1)]
    fixed: dict[str, Any] = {}
    axes: dict[str, Axis] = {}
    together: dict[str, Axis] = {}
    quick: dict[str, Any] = {}

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
        if taken := sorted(set(TAKEN) & set(parameters)):
            refused = f"{name} must not have a parameter {taken[0]!r}: the name is taken by "
            raise ValueError(refused + TAKEN[taken[0]])
        return name

    @model_validator(mode="after")
    def _parameters_fit(self):
        """Every parameter of the measurement, once, with values that its annotation allows."""
        own, given = parameters_of(find(self.measurement)), self.values()
        for name, count in Counter([*self.fixed, *self.axes, *self.together]).items():
            if count > 1:
                raise ValueError(f"{name!r} may stand in one of fixed, axes and together only")
        if len({len(values) for values in self.together.values()}) > 1:
            raise ValueError("the lists of together must have one length")
        listed = WIDTHS in own and own[WIDTHS].annotation not in SCALARS
        lacking = [n for n, p in own.items() if n not in given and p.default is p.empty]
        needs = f"{self.measurement} needs {{!r}}, fixed or as an axis"
        if listed and WIDTHS in lacking:
            raise ValueError(needs.format(WIDTHS))
        for widths in given[WIDTHS] if listed else ():
            check_widths(widths)
        sizes = set().union(*map(names_in, given.get(WIDTHS, [])))
        if missing := sorted(sizes - set(given)):
            raise ValueError(f"widths names {missing[0]!r}, which is no parameter of the grid")
        for name, values in given.items():
            if name not in own and name not in sizes:
                names = ", ".join(own) + ", and what widths names" * (WIDTHS in own)
                raise ValueError(f"{name!r} means nothing to {self.measurement}; allowed: {names}")
            if name != WIDTHS or not listed:
                for value in values:
                    _check_value(name, value, own[name].annotation if name in own else Count)
        if lacking:
            raise ValueError(needs.format(lacking[0]))
        for name, values in self.axes.items():  # one of the two would be lost
            if twice := _repeated(values):
                raise ValueError(f"{name} must hold each value once, got {twice[0]!r} twice")
        if twice := _repeated(zip(*self.together.values(), strict=True)):
            raise ValueError(f"together must hold each combination once, got {twice[0]!r} twice")
        for values in self.parameters():
            if listed:
                _check_annotation(WIDTHS, values[WIDTHS], own[WIDTHS].annotation)
            try:
                arguments(find(self.measurement), values)
            except IndexError as error:
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
            yield with_sizes(self.fixed | moving | dict(zip(self.axes, values, strict=True)), own)


def _repeated(values):
    """What stands there more than once, NaN too."""
    return [value for value, count in Counter(map(_hashable, values)).items() if count > 1]


def _hashable(value):
    """Equal for equal values, NaN included; lists become tuples."""
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return value if value == value else repr(value)


def _check_value(name, value, annotation):
    """Raise ValueError unless it is a scalar that the measurement's annotation allows."""
    _check_annotation(name, value, annotation)
    if not isinstance(value, SCALARS):
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
