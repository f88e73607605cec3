"""PyTorch: options ``{"way": "rows" | "func" | "curvlinops", "budget": seconds}``.

"rows": double backward, one row at a time; "func": ``torch.func.hessian``; "curvlinops": its exact
``HessianLinearOperator`` times the identity, as many columns at a time as keep an intermediate
array of the network at 256 MB.
"""

from importlib.metadata import version

from benchmarks.hessians.workers.serve import by_rows, serve

INTERMEDIATE_ENTRIES = 2**25


def load(options):
    """Import the package; see `serve`."""
    import torch

    torch.set_default_dtype(torch.float64)
    ways = {"rows": _rows, "func": _func, "curvlinops": _curvlinops}
    budget = options["budget"]

    def prepare(problem):
        X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
        weights = [torch.from_numpy(W) for W in problem.weights]
        return ways[options["way"]](torch, X, y, weights, budget)

    name = "curvlinops-for-pytorch" if options["way"] == "curvlinops" else "torch"
    return f"{name} {version(name)}", prepare


def _loss(torch, X, y, shapes):
    """The mean cross-entropy as a function of all weights in one vector."""
    sizes = [rows * columns for rows, columns in shapes]

    def loss(w):
        z = X
        for layer, (part, shape) in enumerate(zip(w.split(sizes), shapes, strict=True)):
            z = (torch.relu(z) if layer else z) @ part.view(shape).T
        return torch.nn.functional.cross_entropy(z, y)

    return loss


def _flat(torch, X, y, weights):
    loss = _loss(torch, X, y, [tuple(W.shape) for W in weights])
    return loss, torch.cat([W.ravel() for W in weights])


def _rows(torch, X, y, weights, budget):
    loss, w = _flat(torch, X, y, weights)
    w.requires_grad_()

    def compute():
        (gradient,) = torch.autograd.grad(loss(w), w, create_graph=True)

        def rows(indices):
            (row,) = torch.autograd.grad(gradient[int(indices[0])], w, retain_graph=True)
            return row.numpy()[None]

        return rows

    return lambda: by_rows(compute, w.numel(), 1, budget)


def _func(torch, X, y, weights, budget):
    loss, w = _flat(torch, X, y, weights)
    return lambda: torch.func.hessian(loss)(w).numpy()


def _curvlinops(torch, X, y, weights, budget):
    from curvlinops import HessianLinearOperator

    layers = []
    for W in weights:
        linear = torch.nn.Linear(W.shape[1], W.shape[0], bias=False)
        linear.weight.data = W
        layers += [torch.nn.ReLU(), linear] if layers else [linear]
    net = torch.nn.Sequential(*layers)
    n_parameters = sum(W.numel() for W in weights)
    widest = max(max(W.shape) for W in weights)
    block = max(1, min(n_parameters, INTERMEDIATE_ENTRIES // (X.shape[0] * widest)))

    def compute():
        operator = HessianLinearOperator(
            net,
            torch.nn.CrossEntropyLoss(),
            list(net.parameters()),
            [(X, y)],
            check_deterministic=False,
        )

        def rows(indices):
            columns = torch.zeros(n_parameters, len(indices))
            columns[torch.from_numpy(indices), torch.arange(len(indices))] = 1.0
            return (operator @ columns).detach().numpy().T

        return rows

    return lambda: by_rows(compute, n_parameters, block, budget)


if __name__ == "__main__":
    serve(load)
