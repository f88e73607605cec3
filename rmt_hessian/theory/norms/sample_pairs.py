"""``λ^{ii} λ'^{ii}`` and ``λ^{ij} λ'^{ij}`` of CE, for drawn pairs of samples and random weights.

Over random weights the pre-activations of a layer are independent over its units, pairs
``(w·z, w·z')`` of Gaussians with the 2×2 Gram matrix of ``(z, z')`` over their dimension, times the
gain of the initialisation. So a pair of samples travels through the network as its Gram matrix.

When z = x, the factors ``(x·x')²`` and ``‖x‖⁴`` are absorbed exactly by tilting the law of the
Gram matrix: ``‖x‖² ~ χ²_{d+2}`` twice, ``cos² ~ Beta(3/2, (d-1)/2)``, times d; and
``‖x‖² ~ χ²_{d+4}``, times d(d+2).

Biases of the last layer are added to the logits. Its classes then differ, and the products of one
pair of them are asked for: a rare class has weights of a relative variance ``e^{4 gain}`` and more,
so that its logits f, f' are drawn many times for each draw of the others, half of them from the law
tilted by ``e^{f + f'}``, as whose multiple λ λ' varies little (`offset_products`).

References
----------
``docs/norms.md`` *Two samples decide*.
"""

from typing import Any, TypeAlias

import numpy as np
from scipy.special import expit

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.norms.hidden_pairs import mean_products, planes
from rmt_hessian.theory.weights.softmax_kernels import softmax, softmax_pair_sums

INNER = 32  # draws of the logits of two classes for one of the others
Gram: TypeAlias = tuple[FloatArray, ...]  # squares over their dimension, cosine
Pair: TypeAlias = tuple[int, int] | None


def _tilted_input_pair(n: int, d: int, same: bool, rng: np.random.Generator) -> tuple[Gram, float]:
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` under the tilted law, and the factor that the tilt absorbs."""
    if same:
        a = rng.chisquare(d + 4, n) / d
        return (a, a, np.ones(n)), d * (d + 2.0)
    a, b = rng.chisquare(d + 2, (2, n)) / d
    radial, rest = rng.standard_gamma(1.5, n), rng.standard_gamma((d - 1) / 2, n)
    cosine = np.sqrt(radial / (radial + rest)) * rng.choice(np.array([-1.0, 1.0]), n)
    return (a, b, cosine), float(d)


def _input_pair(n: int, d: int, same: bool, rng: np.random.Generator) -> Gram:
    """``(‖x‖²/d, ‖x'‖²/d, cos)`` of two independent standard Gaussian inputs, or of one twice."""
    if same:
        a = rng.chisquare(d, n) / d
        return a, a, np.ones(n)
    a, b = rng.chisquare(d, (2, n)) / d
    first, rest = rng.standard_normal(n), rng.chisquare(d - 1, n) if d > 1 else np.zeros(n)
    return a, b, first / np.sqrt(first**2 + rest)


def preactivations(
    gram: Gram,
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


def _last_layer_products(
    gram: Gram,
    C: int,
    gain: float,
    offsets: FloatArray | None,
    pair: Pair,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """``λ^{ii} λ'^{ii}`` and ``λ^{ij} λ'^{ij}`` of the last layer, means over i and i ≠ j; (n,)."""
    if offsets is not None and pair is not None:
        return offset_products(gram, offsets, pair, gain, rng)
    f, f_other = preactivations(gram, C, gain, rng)
    if offsets is not None:
        f, f_other = f + offsets, f_other + offsets
    diagonal, off_diagonal = softmax_pair_sums(f, f_other)
    return diagonal / C, off_diagonal / (C * (C - 1))


def offset_products(
    gram: Gram, offsets: FloatArray, pair: tuple[int, int], gain: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """``λ^{ii} λ'^{ii}`` and ``λ^{ij} λ'^{ij}`` of two classes, given the logits of others; (n,).

    Means over INNER draws of the logits of i and j: of half of them those that λ has as factors are
    tilted, and each counts over the density of the mixture.
    """
    square, square_other, cosine = gram
    rest = np.delete(offsets, pair)
    logits = preactivations(gram, rest.size, gain, rng)
    others = np.stack([_log_sum_exp(f + rest) for f in logits], axis=1)
    overlap = np.sqrt(square * square_other) * cosine
    shift = gain * np.stack([square + overlap, square_other + overlap], axis=1)  # of the means
    log_mean = shift.sum(axis=1) / 2  # log E e^{f + f'}
    repeated = tuple(np.repeat(t, INNER) for t in gram)
    products = []
    for tilted in (np.array([True, False]), np.array([True, True])):
        draws = preactivations(repeated, 2, gain, rng)
        f = np.stack(draws, axis=1).reshape(-1, INNER, 2, 2)  # draw, inner, sample, class
        f[:, ::2] += shift[:, None, :, None] * tilted
        log_ratio = (f.sum(axis=2) - log_mean[:, None, None])[:, :, tilted].sum(axis=2)
        f += offsets[list(pair)]
        largest = np.maximum(f.max(axis=3), others[:, None])
        p = np.exp(f - largest[..., None])
        left = np.exp(others[:, None] - largest)
        total = p.sum(axis=3) + left
        second = p[..., 1] if tilted.all() else p[..., 1] + left  # p_j, or 1 - p_i
        product = np.prod(p[..., 0] * second / total**2, axis=2)
        products.append((product * 2.0 * expit(-log_ratio)).mean(axis=1))  # over (1 + ratio)/2
    return products[0], products[1]


def _log_sum_exp(f: FloatArray) -> FloatArray:
    """``log Σ_c e^{f_c}`` of each row; -∞ of none."""
    if f.shape[1] == 0:
        return np.full(len(f), -np.inf)
    largest = f.max(axis=1)
    return largest + np.log(np.exp(f - largest[:, None]).sum(axis=1))


def linear_products(
    C: int,
    d: int,
    m: Any,
    gain: float,
    n: int,
    same: bool,
    rng: np.random.Generator,
    offsets: FloatArray | None = None,
    pair: Pair = None,
) -> list[FloatArray]:
    """Means over the blocks, (n,), of the products of weights times squared features.

    With offsets and a pair of classes those of its two blocks.
    """
    gram, factor = _tilted_input_pair(n, d, same, rng)
    return [factor * t for t in _last_layer_products(gram, C, gain, offsets, pair, rng)]


def output_products(
    C: int,
    d: int,
    m: int,
    gain: float,
    n: int,
    same: bool,
    rng: np.random.Generator,
    offsets: FloatArray | None = None,
    pair: Pair = None,
) -> list[FloatArray]:
    """As `linear_products`, of the output layer."""
    g, g_other = preactivations(_input_pair(n, d, same, rng), m, gain, rng)
    h, h_other = np.maximum(g, 0.0), np.maximum(g_other, 0.0)
    square, square_other = np.einsum("ni,ni->n", h, h), np.einsum("ni,ni->n", h_other, h_other)
    product = np.einsum("ni,ni->n", h, h_other)
    size = np.sqrt(square * square_other)
    cosine = np.clip(np.divide(product, size, out=np.zeros(n), where=size > 0), -1.0, 1.0)
    gram = square / m, square_other / m, cosine
    products = _last_layer_products(gram, C, gain, offsets, pair, rng)
    return [product**2 * t for t in products]


def hidden_products(
    C: int,
    d: int,
    m: int,
    gain: float,
    n: int,
    same: bool,
    rng: np.random.Generator,
    offsets: FloatArray | None = None,
    pair: Pair = None,
) -> tuple[FloatArray, FloatArray]:
    """As `linear_products`, of the hidden layer, whose units are all alike."""
    gram, factor = _tilted_input_pair(n, d, same, rng)
    g, g_other = preactivations(gram, m, gain, rng)
    features = np.maximum(np.stack([g, g_other], axis=2), 0.0)
    Q, coordinates = planes(features)
    S = np.sqrt(gain / m) * rng.standard_normal((n, 2, C))
    logits = coordinates.transpose(0, 2, 1) @ S
    if offsets is not None:
        logits += offsets
    p, p_other = softmax(logits[:, 0]), softmax(logits[:, 1])
    product = mean_products(Q, S, p, p_other, gain / m)
    active = np.all(features > 0, axis=2)
    product *= active[:, :, None] & active[:, None, :]
    diagonal = np.einsum("nii->n", product)
    off_diagonal = product.sum(axis=(1, 2)) - diagonal
    return factor * diagonal / m, factor * off_diagonal / (m * (m - 1))
