"""The fixed point of `equations`: damped steps to its neighbourhood, then Anderson's method.

`scipy.optimize.anderson` searches along lines, and needs up to ten times as many evaluations here.

References
----------
``docs/trained.md`` §3.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.trained.equations import Equations

TOLERANCE = 1e-8  # of logarithms and of logits
MOST_STEPS = 400
DAMPING = 0.5
NEAR = 0.5  # a difference from which steps are accelerated
WORSE = 4.0  # times the least difference so far: the memory is of no use there
MEMORY = 6
CUTOFF = 1e-10  # of directions in the memory that are one


def solve(equations: Equations) -> tuple[FloatArray, float]:
    """The fixed point x, ``image(x) = x``, and what is left, the largest entry of the difference.

    Anderson's step from the last iterates, with differences Δx and Δf of ``f = image(x) - x``, is
    ``f - (Δx + Δf) c``, c the least-squares solution of ``Δf c = f``.

    Raises
    ------
    RuntimeError
        If it is not reached.
    """
    x, least = equations.start(), np.inf
    iterates: list[FloatArray] = []
    differences: list[FloatArray] = []
    for _ in range(MOST_STEPS):
        difference = equations.image(x) - x
        left = float(np.abs(difference).max())
        if left <= TOLERANCE:
            return x, left
        if not np.isfinite(left):
            break
        if left > min(NEAR, WORSE * least):
            iterates, differences = [], []
        least = min(least, left)
        iterates, differences = (
            [*iterates, x][-MEMORY:],
            [*differences, difference][-MEMORY:],
        )
        if left > NEAR or len(iterates) == 1:
            x = x + DAMPING * difference
            continue
        of_x, of_f = (np.diff(np.stack(rows, axis=1)) for rows in (iterates, differences))
        c = np.linalg.lstsq(of_f, difference, rcond=CUTOFF)[0]
        x = x + difference - (of_x + of_f) @ c
    raise RuntimeError(
        f"the fixed point is not reached, residual {left:.2g}: a larger ridge is easier, "
        f"got {equations.ridge:g}"
    )
