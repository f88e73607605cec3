"""What every worker does: read one case, time its package in this process, write the answer.

A worker runs in the environment of its package and needs nothing but the standard library, NumPy
and that package. Case on standard input and answer on the last line of standard output are JSON.
"""

import json
import math
import statistics
import sys
import time

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


def timed(call, calls=1):
    """Last result and seconds per call of so many calls in a row."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        result = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, {"wall": wall / calls, "cpu": cpu / calls}


def serve(load):
    """Answer the case on standard input.

    ``load(options)`` imports the package and returns its version, ``build(case)`` (a law from
    weights, probabilities, aspect ratio) and the verbs ``{"pdf": f(law, x), …}``. The case holds
    the points of each verb in ``points``. An exception becomes the answer ``{"failure": …}``.
    """
    case = json.load(sys.stdin)
    try:
        answer = _answer(case, load)
    except Exception as error:  # a package that fails is a result
        answer = {"failure": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(answer))


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
