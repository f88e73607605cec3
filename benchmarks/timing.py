"""What every worker does: answer one question in this process; seconds on both clocks.

Standard library only: a worker runs in the environment of its package.
"""

import json
import sys
import time


def timed(call, calls=1):
    """Last result and seconds per call of so many calls in a row."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        result = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, {"wall": wall / calls, "cpu": cpu / calls}


def serve(answer):
    """Print ``answer(question)`` of the question on standard input, both JSON.

    An exception becomes the answer ``{"failure": …}``.
    """
    question = json.load(sys.stdin)
    try:
        found = answer(question)
    except Exception as error:  # a package that fails is a result
        found = {"failure": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(found))
