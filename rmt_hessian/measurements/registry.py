"""Measurements by name: those of this package, and any function ``package.module:function``."""

import importlib
import inspect
import os
import sys

from rmt_hessian.measurements.ensembles import arguments, written_parameters

REGISTERED = {}


def measurement(version, stream=None):
    """Register a function under its own name; raise ``version`` when its numbers change.

    Points of a new version draw anew, unless ``stream`` names the version whose draws they keep:
    then what changed is what was made of them. A function of yours need not be registered: a sweep
    file names it as ``package.module:function``, and its attributes ``version`` and ``stream``, if
    it has them, count likewise.
    """

    def register(function):
        function.version = version
        if stream is not None:
            function.stream = stream
        REGISTERED[function.__name__] = function
        return function

    return register


def find(name):
    """The measurement of a name.

    Modules are looked for where Python does, then in the folder where the command runs.

    Raises
    ------
    LookupError
        If there is none; the message is one line.
    """
    if name in REGISTERED:
        return REGISTERED[name]
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        known = ", ".join(REGISTERED)
        raise LookupError(f"must be one of {known}, or package.module:function")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), function, None)
    except (Exception, SystemExit) as error:  # a module of yours may raise anything
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise LookupError(f"cannot import {module}: {reason}") from error
    if not callable(found):
        raise LookupError(f"{module} has no function {function!r}")
    return found


def version_of(function):
    """Which results belong to it: part of the key of every point."""
    return getattr(function, "version", 1)


def stream_of(function):
    """The version whose random numbers it draws: its own, or an earlier one."""
    return getattr(function, "stream", version_of(function))


def parameters_of(function):
    """What a file may set, by name: see `written_parameters`.

    Raises
    ------
    TypeError
        If it does not take a generator first, then parameters by name.
    """
    return written_parameters(_signature(function))


def call(function, rng, values):
    """Run a measurement at the parameters of a point."""
    return function(rng, **arguments(_signature(function), values))


def check(function, values):
    """Raise ValueError or IndexError if the parameters of a point make no sense together."""
    arguments(_signature(function), values)


def _signature(function):
    """Its parameters by name, without the random generator that comes first.

    Raises
    ------
    TypeError
        If it does not take a generator first, then parameters by name.
    """
    try:
        first, *others = _evaluated(function).parameters.values()
    except ValueError:  # no parameter, or none that Python tells
        first, others = None, []
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if not first or first.kind not in by_place or any(p.kind not in by_name for p in others):
        raise TypeError("must take a random generator first, then parameters by name")
    return {parameter.name: parameter for parameter in others}


def _evaluated(function):
    """Its signature; annotations that are text, as after ``from __future__``, are evaluated."""
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # an annotation may be any text: what it lacks is said where it is checked
        return inspect.signature(function)
