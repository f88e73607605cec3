"""The machine's own rate: the product of two square matrices by NumPy, in this process."""

import statistics

import numpy as np

from benchmarks.timing import serve, timed

SIZE, CALLS = 3000, 5


def rate(question):
    """Floating-point operations per second, the median of five products."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, SIZE, SIZE))
    A @ B
    seconds = statistics.median(timed(lambda: A @ B)[1]["wall"] for _ in range(CALLS))
    return {"rate": 2.0 * SIZE**3 / seconds}


if __name__ == "__main__":
    serve(rate)
