"""Plain NumPy in closed form: options ``{"norms": "at once" | "in chunks"}`` for that task."""

import numpy as np

from benchmarks.hessians import closed_form, many_classes
from benchmarks.hessians.workers.serve import serve


def load(options):
    """See `serve`."""
    norms = {"at once": many_classes.norms_at_once, "in chunks": many_classes.norms_in_chunks}

    def prepare(problem):
        X, y, weights, v = problem.X, problem.y, problem.weights, problem.v
        if problem.task == "norms":
            return lambda: norms[options["norms"]](X, *weights)
        if problem.task == "product":
            P = closed_form.softmax(X @ weights[0].T)
            return lambda: many_classes.product(X, P, v)
        if len(weights) == 1:
            return lambda: closed_form.linear_hessian(X, *weights)
        return lambda: closed_form.network_hessian(X, y, *weights)

    return f"numpy {np.__version__}", prepare


if __name__ == "__main__":
    serve(load)
