"""What users may call: `__all__` of the two packages, and what the maps in their docstrings add."""

import importlib
import re

import rmt_hessian as rh
from rmt_hessian import theory

LINE = re.compile(r"^\* ``([\w.]+)``: (.*(?:\n  .*)*)", re.MULTILINE)  # * ``submodule``: `name` …


def names_of(package, prefix):
    """``{prefix + name: object}``; a name of `__all__` in a line of the map is there for readers"""
    found = {f"{prefix}{name}": getattr(package, name) for name in package.__all__}
    for path, line in LINE.findall(package.__doc__):
        module = importlib.import_module(f"{package.__name__}.{path}")
        # in an order that does not hang on hashes: workers of pytest must collect the same
        for name in sorted(set(re.findall(r"`(\w+)`", line)) - set(package.__all__)):
            found[f"{prefix}{name}"] = getattr(module, name)
    return found


PUBLIC = {  # those of theory after "theory."
    name: value
    for name, value in (names_of(rh, "") | names_of(theory, "theory.")).items()
    if callable(value)
}
