"""Measurements by name: those of this package, and any function ``package.module:function``."""

import importlib
import inspect
import os
import sys

REGISTERED = {}


def measurement(version):
    """Register a function under its own name; raise ``version`` when its numbers change.

    A function of yours need not be registered: a sweep file names it as
    ``package.module:function``, and its attribute ``version``, if it has one, counts likewise.
    """

    def register(function):
        function.version = version
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


def parameters_of(function):
    """Its parameters by name, without the random generator that comes first.

    Raises
    ------
    TypeError
        If it does not take a generator first, then parameters by name.
    """
    try:
        first, *others = inspect.signature(function).parameters.values()
    except ValueError:  # no parameter, or none that Python tells
        first, others = None, []
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    if not first or first.kind not in by_place or any(p.kind not in by_name for p in others):
        raise TypeError("must take a random generator first, then parameters by name")
    return {parameter.name: parameter for parameter in others}
