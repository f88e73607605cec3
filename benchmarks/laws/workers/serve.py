"""What every worker of the laws does: time its package on one case, in this process.

A worker runs in the environment of its package and needs nothing but the standard library, NumPy
and that package.
"""

import math
import statistics

from benchmarks import timing
from benchmarks.timing import timed

SAMPLES = 7
SAMPLE_SECONDS = 0.02  # a sample lasts at least this long: calls are repeated
SLOW_SECONDS = 2.0  # a first call that takes longer is the only one


def measure(call):
    """Median wall and CPU seconds of one call, and its last result; the first call is a warm-up."""
    call()
    _, once = timed(call)
    calls = max(1, math.ceil(SAMPLE_SECONDS / max(once["wall"], 1e-7)))
    samples = []
    for _ in range(SAMPLES):
        result, seconds = timed(call, calls)
        samples.append(seconds)
    return result, {key: statistics.median(s[key] for s in samples) for key in ("wall", "cpu")}


def serve(load):
    """Answer the case on standard input.

    ``load(options)`` imports the package and returns its version, ``build(case)`` (a law from
    weights, probabilities, aspect ratio) and the verbs ``{"pdf": f(law, x), …}``. The case holds
    the points of each verb in ``points``.
    """
    timing.serve(lambda case: _answer(case, load))


def _answer(case, load):
    import numpy as np

    (version, build, verbs), loading = timed(lambda: load(case["options"]))
    case |= {key: np.array(case[key]) for key in ("weights", "probabilities")}
    answer = {"version": f"{version} (numpy {np.__version__})", "import": loading, "verbs": {}}
    for verb, points in case["points"].items():
        x, evaluate = np.array(points), verbs[verb]
        law = build(case)
        values, first = timed(lambda x=x, f=evaluate: f(build(case), x))
        warm = built = first
        if first["wall"] < SLOW_SECONDS:
            values, warm = measure(lambda law=law, x=x, f=evaluate: f(law, x))
            _, built = measure(lambda x=x, f=evaluate: f(build(case), x))
        values = np.asarray(values, dtype=float).tolist()
        answer["verbs"][verb] = {"first": first, "warm": warm, "built": built, "values": values}
    return answer
