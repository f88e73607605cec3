"""Time one separable law of wide spectra, in this process: see `benchmarks.laws.separable`."""

import resource

from benchmarks import timing
from benchmarks.timing import timed


def answer(question):
    """Seconds of construction, pdf and cdf; number of intervals; memory."""
    import numpy as np

    from rmt_hessian import theory

    n, rng = question["atoms"], np.random.default_rng(0)
    lam, a = 10.0 ** rng.uniform(-12, 0, n), 10.0 ** rng.uniform(-8, 0, n)
    if question["signed"]:
        lam *= rng.choice([-1, 1], n)
    share = np.full(n, 1 / n)
    small = theory.SeparableLaw([1.0], [1.0], [1.0], [1.0], 0.5)  # loads the compiled code
    small.pdf([1.0]), small.cdf([1.0])
    law, construction = timed(
        lambda: theory.SeparableLaw(lam, share, a, share, question["aspect_ratio"])
    )
    x = np.linspace(*law.support(), question["points"])
    _, pdf = timed(lambda: law.pdf(x))
    _, cdf = timed(lambda: law.cdf(x))
    return {
        "seconds": {"construction": construction, "pdf": pdf, "cdf": cdf},
        "intervals": len(law.components()),
        "bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    timing.serve(answer)
