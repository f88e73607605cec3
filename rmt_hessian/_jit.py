"""How kernels are compiled: what all of them ask of numba, in one place."""

import multiprocessing
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from numba import njit


def jit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator, `numba.njit` with these options; the compiled code is kept on disk.

    numba keeps it in ``NUMBA_CACHE_DIR``, beside the source or in the home, in the first of them
    that can be written. Where none can, every process compiles for itself and a warning says so:
    once, and not again in the processes that this one starts.
    """

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no folder
            if multiprocessing.parent_process() is None:
                _warn()
            return njit(**options)(function)

    return compiled


@cache
def _warn() -> None:
    warnings.warn_explicit(
        "no folder for compiled code can be written, so that every process compiles anew (some "
        "seconds); set NUMBA_CACHE_DIR to one that can",
        RuntimeWarning,
        filename="rmt_hessian",  # no line of the source below it
        lineno=0,
    )
