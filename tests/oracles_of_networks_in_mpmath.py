"""The same loss and Hessian once more, in loops over numbers of 120 digits."""

import mpmath as mp
import numpy as np

DIGITS = 120
STEP = mp.mpf(10) ** -40  # forward differences err by this, and round by 10^(80 - 120)

SIGMA = {
    "relu": lambda a: max(a, mp.mpf(0)),
    "leaky_relu": lambda a: a if a > 0 else a / 100,
    "identity": lambda a: a,
    "tanh": mp.tanh,
    "erf": mp.erf,
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "softplus": lambda a: mp.log(1 + mp.exp(a)),
    "gelu": lambda a: a * mp.ncdf(a),
    "gelu_tanh": lambda a: a / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (a + _CUBIC * a**3))),
    "silu": lambda a: a / (1 + mp.exp(-a)),
    "sin": mp.sin,
}
_CUBIC = mp.mpf(0.044715)  # the float that everybody writes


def exactly(array):
    """A nested list of the very floats."""
    return mp.matrix(np.atleast_2d(array).tolist()).tolist()


def logits(problem, theta, x):
    z, theta = x, iter(theta)
    biases = problem.biases or [None] * len(problem.weights)
    for l, (W, b) in enumerate(zip(problem.weights, biases, strict=True)):
        a = []
        for _ in range(W.shape[0]):
            total = mp.mpf(0)
            for value in z:
                total += next(theta) * value
            a.append(total if b is None else total + next(theta))
        last = l + 1 == problem.n_layers
        z = a if last else [SIGMA[problem.activation_of(l)](value) for value in a]
    return z


def loss(problem, theta):
    """``Σ w_n ℓ_n / Σ w_n`` of one list of parameters."""
    numerator = denominator = mp.mpf(0)
    N, C = len(problem.X), problem.weights[-1].shape[0]
    for n, x in enumerate(exactly(problem.X)[:N]):
        y = problem.y[n]
        if problem.y.ndim == 1:
            if y == problem.ignore_index:
                continue
            y = [mp.mpf(int(c == y)) for c in range(C)]
        else:
            y = [mp.mpf(value) for value in y]
        w = mp.mpf(1) if problem.sample_weight is None else mp.mpf(problem.sample_weight[n])
        of_class = [mp.mpf(1)] * C
        if problem.class_weight is not None:
            of_class = [mp.mpf(value) for value in problem.class_weight]
        mass = w * sum(c * t for c, t in zip(of_class, y, strict=True))
        if problem.loss == "mse" and problem.class_weight is None:
            mass = w
        denominator += mass
        f = [value / mp.mpf(problem.temperature) for value in logits(problem, theta, x)]
        if problem.loss == "mse":
            numerator += mass * sum((a - t) ** 2 for a, t in zip(f, y, strict=True)) / 2
        else:
            log_sum = mp.log(sum(mp.exp(a) for a in f))
            for c, t, a in zip(of_class, y, f, strict=True):
                numerator += w * c * t * (log_sum - a)
    return numerator / denominator


def hessian(problem, places):
    """``∂²loss/∂θ∂θ`` with respect to some parameters, in float64."""
    with mp.workdps(DIGITS):
        start = []
        biases = problem.biases or [None] * len(problem.weights)
        for W, b in zip(problem.weights, biases, strict=True):
            for i, row in enumerate(W):
                start += [mp.mpf(value) for value in row]
                start += [] if b is None else [mp.mpf(b[i])]

        def at(*moved):
            theta = list(start)
            for place in moved:
                theta[place] += STEP
            return loss(problem, theta)

        centre, once = at(), {i: at(i) for i in places}
        H = np.zeros((len(places),) * 2)
        for r, i in enumerate(places):
            for s, j in enumerate(places[: r + 1]):
                H[r, s] = H[s, r] = (at(i, j) - once[i] - once[j] + centre) / STEP**2
        return H
