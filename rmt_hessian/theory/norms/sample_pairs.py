"""``λ^{ii} λ'^{ii}`` and ``λ^{ij} λ'^{ij}`` of CE, for drawn pairs of samples and random weights.

Over random weights the pre-activations of a layer are independent over its units, pairs
``(w·z, w·z')`` of Gaussians with the 2×2 Gram matrix of ``(z, z')`` over their dimension, times the
gain of the initialisation. So a pair of samples travels through the network as its Gram matrix.

When z = x, the factors ``(x·x')²`` and ``‖x‖⁴`` are absorbed exactly by tilting the law of the
Gram matrix: ``‖x‖² ~ χ²_{d+2}`` twice, ``cos² ~ Beta(3/2, (d-1)/2)``, times d; and
``‖x‖² ~ χ²_{d+4}``, times d(d+2).
"""

from typing import Any

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.norms.hidden_pairs import mean_products, planes
from rmt_hessian.theory.weights.softmax_kernels import softmax, softmax_pair_sums


def _tilted_input_pair(
    n: int, d: int, same: bool, rng: np.random.Generator
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], float]:
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` under the tilted law, and the factor that the tilt absorbs."""
    if same:
        a = rng.chisquare(d + 4, n) / d
        return (a, a, np.ones(n)), d * (d + 2.0)
    a, b = rng.chisquare(d + 2, (2, n)) / d
    radial, rest = rng.standard_gamma(1.5, n), rng.standard_gamma((d - 1) / 2, n)
    cosine = np.sqrt(radial / (radial + rest)) * rng.choice(np.array([-1.0, 1.0]), n)
    return (a, b, cosine), float(d)


def _input_pair(
    n: int, d: int, same: bool, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` of two independent standard Gaussian inputs, or of one twice."""
    if same:
        a = rng.chisquare(d, n) / d
        return a, a, np.ones(n)
    a, b = rng.chisquare(d, (2, n)) / d
    first, rest = rng.standard_normal(n), rng.chisquare(d - 1, n) if d > 1 else np.zeros(n)
    return a, b, first / np.sqrt(first**2 + rest)


def preactivations(
    gram: tuple[FloatArray, FloatArray, FloatArray],
    width: int,
    gain: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """``(w·z, w·z')`` of ``width`` units, two arrays (n, width), given the Gram matrix."""
    square, square_other, cosine = gram
    cosine = cosine[:, None]
    s, t = rng.standard_normal((2, cosine.size, width))
    t *= np.sqrt(np.maximum(1.0 - cosine**2, 0.0))
    t += cosine * s
    return np.sqrt(gain * square)[:, None] * s, np.sqrt(gain * square_other)[:, None] * t


def _last_layer_products(f: FloatArray, f_other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means of ``λ^{ii} λ'^{ii}`` over i and of ``λ^{ij} λ'^{ij}`` over i ≠ j, last layer; (n,)."""
    C = f.shape[1]
    diagonal, off_diagonal = softmax_pair_sums(f, f_other)
    return diagonal / C, off_diagonal / (C * (C - 1))


def linear_products(
    C: int, d: int, m: Any, gain: float, n: int, same: bool, rng: np.random.Generator
) -> list[FloatArray]:
    """Means over the blocks, (n,), of the products of weights times squared features."""
    gram, factor = _tilted_input_pair(n, d, same, rng)
    return [factor * t for t in _last_layer_products(*preactivations(gram, C, gain, rng))]


def output_products(
    C: int, d: int, m: int, gain: float, n: int, same: bool, rng: np.random.Generator
) -> list[FloatArray]:
    """As `linear_products`, of the output layer."""
    g, g_other = preactivations(_input_pair(n, d, same, rng), m, gain, rng)
    h, h_other = np.maximum(g, 0.0), np.maximum(g_other, 0.0)
    square, square_other = np.einsum("ni,ni->n", h, h), np.einsum("ni,ni->n", h_other, h_other)
    product = np.einsum("ni,ni->n", h, h_other)
    size = np.sqrt(square * square_other)
    cosine = np.clip(np.divide(product, size, out=np.zeros(n), where=size > 0), -1.0, 1.0)
    logits = preactivations((square / m, square_other / m, cosine), C, gain, rng)
    return [product**2 * t for t in _last_layer_products(*logits)]


def hidden_products(
    C: int, d: int, m: int, gain: float, n: int, same: bool, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """As `linear_products`, of the hidden layer."""
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
