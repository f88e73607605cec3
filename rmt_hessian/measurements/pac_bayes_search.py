"""How far the search for a posterior has come after so many steps, from two starts."""

import numpy as np

from rmt_hessian.measurements.bounds_run import BoundsRun
from rmt_hessian.measurements.pac_bayes import FAMILIES
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import measurement

SEARCHED = ("standard", "kronecker", "recomputed", "exact")
STARTS = ("curvature", "weights")


@measurement(version=1)
def pac_bayes_search(rng, *, run: BoundsRun, n_doublings: Count = 4):
    """Bounds of one network after ``steps``, twice as many, …, each a search of its own.

    Of each family and start: ``bound`` and ``kl`` of the longest search, and all ``bounds``.
    """
    initial, trained, seen, _ = run.train(rng)
    steps = run.steps * 2 ** np.arange(n_doublings + 1)
    result = {"all_steps": steps}
    for name in SEARCHED:
        for start in STARTS:
            options = FAMILIES[name] | {"start": start}
            found = [run.bound(initial, trained, seen, rng, steps=int(n), **options) for n in steps]
            result |= {
                f"{name}_{start}_bound": found[-1].bound,
                f"{name}_{start}_kl": found[-1].kl,
                f"{name}_{start}_bounds": np.array([each.bound for each in found]),
            }
    return result
