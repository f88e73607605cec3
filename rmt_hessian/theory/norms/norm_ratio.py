"""Expected squared block norms and their ratio ``R = E‖H_ij‖_F² / E‖H_ii‖_F²``, i ≠ j.

Two samples decide the norm of a block: with weights λ = λ^{ij}(x) and features z,

    ``E‖H_ij‖_F² = (1 - 1/N) E[(z·z')² λ λ'] + (1/N) E[‖z‖⁴ λ²]``.

Over random weights the pre-activations of a layer are independent over its units, pairs
``(w·z, w·z')`` of Gaussians with the 2×2 Gram matrix of ``(z, z')`` over their dimension, times the
gain of the initialisation (1 for LeCun, 2 for He).
So a pair of samples travels through the network as its Gram matrix, and the expectation is exact
at any d, N, m, C: what remains is an average over draws of a pair, with a standard error.

When z = x, the factors ``(x·x')²`` and ``‖x‖⁴`` are absorbed exactly by tilting the law of the
Gram matrix: ``‖x‖² ~ χ²_{d+2}`` twice, ``cos² ~ Beta(3/2, (d-1)/2)``, times d; and
``‖x‖² ~ χ²_{d+4}``, times d(d+2).

MSE needs no draws. As ``d, N → ∞`` with ``d/N = γ`` and few directions in the weights the norm
tends to ``d [(E λ)² + γ E λ²]``, with the law of λ at that C: `block_norm_from_weights`.
"""

from functools import partial

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._validation import one_of, positive_integer
from rmt_hessian.theory.init_scale import init_gain
from rmt_hessian.theory.norms.hidden_pairs import mean_products, planes
from rmt_hessian.theory.norms.mse_norms import mse_block_norms
from rmt_hessian.theory.norms.norm_limits import LOSSES, MODELS, ExpectedBlockNorms, hidden_width
from rmt_hessian.theory.weights.softmax_kernels import softmax, softmax_pair_sums

BATCH = 2**17  # numbers held at a time, or one draw: what fits in the cache


def expected_block_norms(
    *,
    model,
    loss,
    n_classes,
    n_inputs,
    n_samples,
    n_hidden=None,
    init="lecun",
    n_draws=None,
    rng=0,
):
    """Expected squared block norms at initialisation, exact in d, N, m and C.

    Parameters
    ----------
    model : {"linear", "hidden", "output"}
        The linear model, the hidden layer or the output layer of a one-hidden-layer network.
    loss : {"ce", "mse"}
    n_classes, n_inputs, n_samples : int
        C (at least 2), d, N. Inputs are standard Gaussian.
    n_hidden : int
        m, for "hidden" and "output" (at least 2).
    init : {"lecun", "he"}
        Entries of every weight matrix have variance 1/in or 2/in.
    n_draws : int, optional
        Pairs of samples drawn; by default as many as a few seconds allow, at least 1024.
    rng : None, int, SeedSequence or Generator
        The default is a fixed seed: the same call gives the same number.

    Returns
    -------
    ExpectedBlockNorms

    Raises
    ------
    ValueError
        If a count is missing or too small, the model, loss or initialisation is unknown, or
        ``n_hidden`` is given to the linear model.

    Notes
    -----
    For the output layer with CE the average has heavy tails at small m: below m = 5 or so the
    standard errors are too small (for m = 4, C = 300 and 1024 draws, 15 % of the averages lay
    beyond three of them).
    """
    one_of(model, MODELS, "model")
    one_of(loss, LOSSES, "loss")
    C = positive_integer(n_classes, "n_classes", minimum=2)
    d = positive_integer(n_inputs, "n_inputs")
    N = positive_integer(n_samples, "n_samples")
    m, gain = hidden_width(model, n_hidden), init_gain(init)
    if loss == "mse":
        return ExpectedBlockNorms(*mse_block_norms(model, C, d, N, m, gain))
    draw = partial(_PAIR_PRODUCTS[model], C, d, m, gain)
    cost = _cost_per_draw(model, C, m)
    if n_draws is None:
        n_draws = max(1024, 2**26 // cost)
    n_draws = positive_integer(n_draws, "n_draws", minimum=2)
    rng = random_generator(rng)
    size = max(2 * C, m * m) if model == "hidden" else max(C, m or 0)
    batch = max(1, min(n_draws, BATCH // size))
    totals = np.zeros((2, n_draws))
    for start in range(0, n_draws, batch):
        stop = min(start + batch, n_draws)
        for same, share in ((False, 1.0 - 1.0 / N), (True, 1.0 / N)):
            totals[:, start:stop] += share * np.stack(draw(stop - start, same, rng))
    return _average(totals)


def block_norm_ratio(
    *,
    model,
    loss,
    n_classes,
    n_inputs,
    n_samples,
    n_hidden=None,
    init="lecun",
    n_draws=None,
    rng=0,
):
    """``R = E‖H_ij‖_F² / E‖H_ii‖_F²`` at that C; arguments as in `expected_block_norms`.

    Examples
    --------
    >>> block_norm_ratio(model="linear", loss="mse", n_classes=3, n_inputs=5, n_samples=9)
    0.0
    """
    return expected_block_norms(
        model=model,
        loss=loss,
        n_classes=n_classes,
        n_inputs=n_inputs,
        n_samples=n_samples,
        n_hidden=n_hidden,
        init=init,
        n_draws=n_draws,
        rng=rng,
    ).ratio


def _average(totals):
    """Means over draws, standard errors, and the error of the ratio by the delta method."""
    diagonal, off_diagonal = totals.mean(axis=1)
    covariance = np.cov(totals) / totals.shape[1]
    gradient = np.array([-off_diagonal / diagonal, 1.0]) / diagonal
    return ExpectedBlockNorms(
        float(diagonal),
        float(off_diagonal),
        *(float(e) for e in np.sqrt(covariance.diagonal())),
        float(np.sqrt(max(gradient @ covariance @ gradient, 0.0))),
    )


# --- a pair of samples, layer by layer ------------------------------------------------------


def _tilted_input_pair(n, d, same, rng):
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` under the tilted law, and the factor that the tilt absorbs."""
    if same:
        a = rng.chisquare(d + 4, n) / d
        return (a, a, np.ones(n)), d * (d + 2.0)
    a, b = rng.chisquare(d + 2, (2, n)) / d
    radial, rest = rng.standard_gamma(1.5, n), rng.standard_gamma((d - 1) / 2, n)
    cosine = np.sqrt(radial / (radial + rest)) * rng.choice([-1.0, 1.0], n)
    return (a, b, cosine), float(d)


def _input_pair(n, d, same, rng):
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` of two independent standard Gaussian inputs, or of one twice."""
    if same:
        a = rng.chisquare(d, n) / d
        return a, a, np.ones(n)
    a, b = rng.chisquare(d, (2, n)) / d
    first, rest = rng.standard_normal(n), rng.chisquare(d - 1, n) if d > 1 else np.zeros(n)
    return a, b, first / np.sqrt(first**2 + rest)


def preactivations(gram, width, gain, rng):
    """``(w·z, w·z')`` of ``width`` units, two arrays (n, width), given the Gram matrix."""
    a, b, cosine = (t[:, None] for t in gram)
    a, b = gain * a, gain * b
    s, t = rng.standard_normal((2, a.size, width))
    t *= np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    t += cosine * s
    return np.sqrt(a) * s, np.sqrt(b) * t


def _last_layer_products(f, f_other):
    """Means of ``λ^{ii} λ'^{ii}`` over i and of ``λ^{ij} λ'^{ij}`` over i ≠ j, last layer; (n,)."""
    C = f.shape[1]
    diagonal, off_diagonal = softmax_pair_sums(f, f_other)
    return diagonal / C, off_diagonal / (C * (C - 1))


def _linear_products(C, d, m, gain, n, same, rng):
    gram, factor = _tilted_input_pair(n, d, same, rng)
    return [factor * t for t in _last_layer_products(*preactivations(gram, C, gain, rng))]


def _output_products(C, d, m, gain, n, same, rng):
    g, g_other = preactivations(_input_pair(n, d, same, rng), m, gain, rng)
    h, k = np.maximum(g, 0.0), np.maximum(g_other, 0.0)
    hh, kk, hk = (np.einsum("ni,ni->n", s, t) for s, t in ((h, h), (k, k), (h, k)))
    size = np.sqrt(hh * kk)
    cosine = np.clip(np.divide(hk, size, out=np.zeros(n), where=size > 0), -1.0, 1.0)
    logits = preactivations((hh / m, kk / m, cosine), C, gain, rng)
    return [hk**2 * t for t in _last_layer_products(*logits)]


def _hidden_products(C, d, m, gain, n, same, rng):
    gram, factor = _tilted_input_pair(n, d, same, rng)
    g, g_other = preactivations(gram, m, gain, rng)
    features = np.maximum(np.stack([g, g_other], axis=2), 0.0)
    Q, coordinates = planes(features)
    S = np.sqrt(gain / m) * rng.standard_normal((n, 2, C))
    logits = coordinates.transpose(0, 2, 1) @ S
    p, p_other = softmax(logits[:, 0]), softmax(logits[:, 1])
    product = mean_products(Q, S, p, p_other, gain / m)
    active = np.all(features > 0, axis=2)
    product *= active[:, :, None] & active[:, None, :]
    diagonal = np.einsum("nii->n", product)
    off_diagonal = product.sum(axis=(1, 2)) - diagonal
    return factor * diagonal / m, factor * off_diagonal / (m * (m - 1))


_PAIR_PRODUCTS = {
    "linear": _linear_products,
    "hidden": _hidden_products,
    "output": _output_products,
}


def _cost_per_draw(model, C, m):
    """Rough cost of one draw, set so that the default number takes a few seconds at any C."""
    if model == "hidden":
        return 1024 + 32 * C + 16 * m * m
    return 512 + 16 * (C + (m or 0))
