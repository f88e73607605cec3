"""Kernels as Python runs them: `interpreted` puts them in the place of the compiled ones.

A copy of each module of kernels is loaded without numba, and what the package calls anywhere is
replaced by it. So compiled and plain kernels can be compared in one process, at small sizes, and
their lines are seen by a measurement of coverage.
"""

import importlib.util
import sys
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest.mock import patch

KERNELS = (
    "rmt_hessian.hessian.kernels",
    "rmt_hessian.model.kernels",
    "rmt_hessian.theory.laws.kernels",
    "rmt_hessian.theory.laws.matrix_kernels",
    "rmt_hessian.theory.weights.softmax_kernels",
)


@contextmanager
def interpreted():
    """Within it no kernel is compiled."""
    plain = {}
    for name in KERNELS:
        plain.update(_plain_of(name))
    with ExitStack() as stack:
        for name, module in [*sys.modules.items()]:
            if name.split(".")[0] != "rmt_hessian":
                continue
            for attribute, value in [*vars(module).items()]:
                if id(value) in plain:
                    stack.enter_context(patch.object(module, attribute, plain[id(value)]))
        yield


@cache
def _plain_of(name):
    """``{id of a compiled kernel: the function}`` of a module."""
    compiled = importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"{name}_interpreted", compiled.__file__)
    module = importlib.util.module_from_spec(spec)
    with patch("rmt_hessian._jit.jit", lambda **options: lambda function: function):
        spec.loader.exec_module(module)
    kernels = {key: value for key, value in vars(compiled).items() if hasattr(value, "py_func")}
    return {id(value): getattr(module, key) for key, value in kernels.items()}
