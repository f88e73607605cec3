"""Any network from first principles: its loss, and derivatives by differences, vectorised.

Nothing of the package is here. A problem is plain numbers (`tests.problems.Problem`). Parameters
are those of all layers, one after another, each layer's matrix ``[W_l | b_l]`` row by row;
`places` picks the weights, or all of a layer. First derivatives are complex steps,
``∂f = Im f(θ + iδe)/δ``, exact to rounding where f is analytic, which it is between kinks.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import scipy.special

# --- the loss -----------------------------------------------------------------------------------

SIGMA = {
    "relu": lambda a: a * (a.real > 0),
    "leaky_relu": lambda a: a * np.where(a.real > 0, 1.0, 0.01),
    "identity": lambda a: a,
    "tanh": np.tanh,
    "erf": scipy.special.erf,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "gelu": lambda a: a * (1 + scipy.special.erf(a / np.sqrt(2))) / 2,
    "gelu_tanh": lambda a: a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))),
    "silu": lambda a: a / (1 + np.exp(-a)),
    "sin": np.sin,
}
KINKS = ("relu", "leaky_relu")


def layer_matrices(problem):
    """``[W_l | b_l]``, or ``W_l`` where there is no bias."""
    biases = problem.biases or [None] * len(problem.weights)
    return [
        W if b is None else np.column_stack([W, b])
        for W, b in zip(problem.weights, biases, strict=True)
    ]


def parameters(problem):
    return np.concatenate([M.ravel() for M in layer_matrices(problem)])


def places(problem, layer=None, bias=True):
    """Indices of the parameters of a layer, or all; without biases if so asked."""
    start, found = 0, []
    for l, (M, W) in enumerate(zip(layer_matrices(problem), problem.weights, strict=True)):
        index = start + np.arange(M.size).reshape(M.shape)
        start += M.size
        if layer in (None, l):
            found.append(index.ravel() if bias else index[:, : W.shape[1]].ravel())
    return np.concatenate(found)


def bias_places(problem):
    """Indices of the biases of all layers."""
    return np.setdiff1d(places(problem), places(problem, bias=False))


def pre_activations(problem, theta):
    """``a_0 … a_L`` at parameters θ (S, P): a list of arrays (S, N, k_l); the last are logits."""
    z, start, found = problem.X[None], 0, []
    for l, (M, W) in enumerate(zip(layer_matrices(problem), problem.weights, strict=True)):
        block = theta[:, start : start + M.size].reshape(-1, *M.shape)
        start += M.size
        p = W.shape[1]
        a = z @ np.swapaxes(block[:, :, :p], 1, 2)
        if M.shape[1] > p:
            a = a + block[:, None, :, p]
        found.append(a)
        z = a if l + 1 == problem.n_layers else SIGMA[problem.activation_of(l)](a)
    return found


def target_rows(problem):
    """Targets (N, C): one-hot rows of labels, zeros where a label is ignored."""
    if problem.y.ndim == 2:
        return problem.y
    rows = np.zeros((len(problem.y), problem.weights[-1].shape[0]))
    for n, label in enumerate(problem.y):
        if label != problem.ignore_index:
            rows[n, label] = 1.0
    return rows


def masses(problem):
    """``w_n`` of each sample with its class weight, (N,): 0 where a label is ignored."""
    N, rows = len(problem.X), target_rows(problem)
    w = np.ones(N) if problem.sample_weight is None else problem.sample_weight
    if problem.class_weight is not None:
        w = w * (rows @ problem.class_weight)
    if problem.ignore_index is not None:
        w = w * (problem.y != problem.ignore_index)
    return w


def sample_losses(problem, logits):
    """``w_n ℓ_n``, (S, N), of logits (S, N, C); class weights multiply the terms of CE."""
    rows, f = target_rows(problem), logits / problem.temperature
    if problem.loss == "mse":
        return masses(problem) * np.sum((f - rows) ** 2, axis=2) / 2
    top = f.real.max(axis=2, keepdims=True)
    log_p = f - top - np.log(np.sum(np.exp(f - top), axis=2, keepdims=True))
    w = masses(replace(problem, class_weight=None))
    c = 1.0 if problem.class_weight is None else problem.class_weight
    return -w * np.sum(c * rows * log_p, axis=2)


def loss(problem, theta):
    """``Σ w_n ℓ_n / Σ w_n`` at parameters θ (S, P), shape (S,)."""
    logits = pre_activations(problem, theta)[-1]
    return sample_losses(problem, logits).sum(axis=1) / masses(problem).sum()


# --- derivatives --------------------------------------------------------------------------------

DELTA = 1e-30  # of the complex step: its square is nothing
STEP = 5e-3
EIGHTH_ORDER = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}  # f' = Σ_s c_s (f(sh) - f(-sh))/h
SIXTH_ORDER = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
AT_ONCE = 5_000  # evaluations of the network


def complex_step(f, theta):
    """``∂f/∂θ_i``, (S, P, …), of ``f`` (S, P) -> (S, …), at real θ (S, P)."""
    S, P = theta.shape
    moved = theta[:, None, :] + 1j * DELTA * np.eye(P)
    values = f(moved.reshape(S * P, P)).imag / DELTA
    return values.reshape(S, P, *values.shape[1:])


def stencil(P):
    """The displacements of θ: ``± s h e_i``, a list of (s, (P, P))."""
    return [(s, s * STEP * np.eye(P)) for s in (-4, -3, -2, -1, 1, 2, 3, 4)]


def keeps_signs(problem):
    """Whether no pre-activation of a sample changes sign within the stencil, (N,)."""
    N = len(problem.X)
    if not {problem.activation_of(l) for l in range(problem.n_layers - 1)} & set(KINKS):
        return np.ones(N, bool)
    theta = parameters(problem)
    centre = pre_activations(problem, theta[None])[:-1]
    kept = np.ones(N, bool)
    for _, moves in stencil(theta.size):
        for a, b in zip(pre_activations(problem, theta + moves)[:-1], centre, strict=True):
            kept &= ((a > 0) == (b > 0)).all(axis=(0, 2))
    return kept


def second_derivatives(f, theta):
    """``∂²f/∂θ∂θ``, (P, P, …), of ``f`` (S, P) -> (S, …) at θ (P,), and a bound of its errors.

    Differences of order 8, step h, of the complex-step gradient g. What they truncate,
    ``h⁸|g⁽⁹⁾|/630``, is below the error of order 6, ``h⁶|g⁽⁷⁾|/140``, which is what the two differ
    by; g is exact to some 20 eps of its terms, and the differences carry that times
    ``Σ_s 2|c_s|/h ≈ 2/h``.
    """
    P = theta.size
    eighth, sixth, largest = 0.0, 0.0, 1.0
    for s, moves in stencil(P):
        parts = np.array_split(theta + moves, -(-P * P // AT_ONCE))
        g = np.concatenate([complex_step(f, part) for part in parts])
        largest = max(largest, np.abs(g).max())
        eighth += np.sign(s) * EIGHTH_ORDER[abs(s)] * g / STEP
        sixth += np.sign(s) * SIXTH_ORDER.get(abs(s), 0.0) * g / STEP
    error = np.abs(eighth - sixth).max() + 20 * np.finfo(float).eps * largest * 2 / STEP
    turned = np.swapaxes(eighth, 0, 1)
    assert np.abs(eighth - turned).max() <= 2 * error
    return (eighth + turned) / 2, error


@cache
def hessian(problem):
    """``∂²loss/∂θ∂θ``, (P, P), and a bound of the error of an entry."""
    assert keeps_signs(problem).all()
    return second_derivatives(lambda theta: loss(problem, theta), parameters(problem))


def hessian_along(problem, directions):
    """``Dᵀ H D``, (m, m), of directions D (P, m), and a bound of its errors: at any size."""
    theta = parameters(problem)
    return second_derivatives(
        lambda t: loss(problem, theta + t @ directions.T), np.zeros(directions.shape[1])
    )


def with_biases(problem):
    """The same network with biases 0 where it has none."""
    biases = [
        np.zeros(M.shape[0]) if M.shape == W.shape else M[:, -1]
        for M, W in zip(layer_matrices(problem), problem.weights, strict=True)
    ]
    return replace(problem, biases=tuple(biases))


@cache
def output_hessians(problem):
    """``w_n ∂²ℓ_n/∂a∂a``, (N, K, K), of the pre-activations of all layers, and the error's bound.

    A bias is added to a pre-activation: these are derivatives with respect to biases.
    """
    problem = with_biases(problem)
    start, moving = parameters(problem), bias_places(problem)

    def losses(biases):
        theta = np.tile(start.astype(biases.dtype), (len(biases), 1))
        theta[:, moving] = biases
        return sample_losses(problem, pre_activations(problem, theta)[-1])

    M, error = second_derivatives(losses, start[moving])
    return np.moveaxis(M, 2, 0), error


def jacobians(problem):
    """``∂f_n/∂θ``, (N, C, P), exact to rounding."""
    J = complex_step(lambda t: pre_activations(problem, t)[-1], parameters(problem)[None])[0]
    return np.moveaxis(J, 0, 2)


def curvatures(problem):
    """``A_n = ∂²ℓ_n/∂f∂f``, (N, C, C), by the textbook."""
    T = problem.temperature
    f = pre_activations(problem, parameters(problem)[None])[-1][0] / T
    if problem.loss == "mse":
        return np.repeat(np.eye(f.shape[1])[None], len(f), axis=0) / T**2
    p = np.exp(f - f.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return np.array([np.diag(row) - np.outer(row, row) for row in p]) / T**2


def gauss_newton(problem):
    """``Σ w_n J_nᵀ A_n J_n / Σ w_n``, (P, P)."""
    w, J, A = masses(problem), jacobians(problem), curvatures(problem)
    return sum(c * j.T @ a @ j for c, j, a in zip(w, J, A, strict=True)) / w.sum()


def sample_gradients(problem):
    """``∂ℓ_n/∂θ``, (N, P); zero for a sample of weight 0."""
    w = masses(problem)

    def losses(theta):
        return sample_losses(problem, pre_activations(problem, theta)[-1])

    of_weighted = complex_step(losses, parameters(problem)[None])[0].T
    return np.divide(of_weighted, w[:, None], where=w[:, None] > 0, out=np.zeros_like(of_weighted))


def gradient_covariance(problem):
    """``Σ w_n (∂ℓ_n/∂θ)(∂ℓ_n/∂θ)ᵀ / Σ w_n``, (P, P)."""
    w, g = masses(problem), sample_gradients(problem)
    return (w * g.T) @ g / w.sum()


def features(problem, layer, bias):
    """``z_n`` of a layer, (N, p), the constant last if the layer has a bias that is asked for."""
    a = pre_activations(problem, parameters(problem)[None])
    z = problem.X if layer == 0 else SIGMA[problem.activation_of(layer - 1)](a[layer - 1])[0]
    if bias and problem.biases is not None and problem.biases[layer] is not None:
        return np.column_stack([z, np.ones(len(z))])
    return z
