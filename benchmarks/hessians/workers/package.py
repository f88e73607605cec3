"""The package itself."""

import numpy as np

from benchmarks.hessians.workers.serve import serve


def load(options):
    """Import the package; see `serve`."""
    import rmt_hessian as rh

    def prepare(problem):
        net, X, y, v = rh.Network(problem.weights), problem.X, problem.y, problem.v
        if problem.task == "norms":
            return lambda: np.array(rh.layer_hessian(net, X, 0, "ce").mean_squared_block_norms())
        if problem.task == "product":
            layer = rh.layer_hessian(net, X, 0, "ce")
            return lambda: layer @ v
        if net.n_layers == 1:
            return lambda: rh.layer_hessian(net, X, 0, "ce").to_dense()
        return lambda: rh.network_hessian(net, X, y, "ce").to_dense()

    return f"rmt_hessian {rh.__version__}", prepare


if __name__ == "__main__":
    serve(load)
