"""Measurements by name: those of this package, and any function ``package.module:function``."""

import importlib
import os
import sys

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

    Modules are looked for where Python does, then in the folder where the command runs. Raises
    LookupError, with a message of one line, if there is none.
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
