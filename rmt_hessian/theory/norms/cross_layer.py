"""Expected norms of the blocks between the two layers of a one-hidden-layer network.

With ``h = relu(Wx)``, ``D = diag(1[Wx > 0])``, ``v^i`` column i of V, output curvature A and
residual ``r = ∂ℓ/∂f``, the block between hidden unit i and class c is

    ``H_{w_i, v_c} = (1/N) Σ_n [ (A_n v^i)_c D_i x hᵀ + r_{n,c} D_i x e_iᵀ ]``,  shape (d, m).

As within a layer, two samples decide its norm: ``E‖H_{w_i, v_c}‖_F² = (1 - 1/N) E[(x·x') T]
+ (1/N) E[‖x‖² T]``, with ``U = A v^i D_i`` and

    ``T = U_c U'_c h·h' + U_c r'_c h_i D'_i + U'_c r_c h'_i D_i + r_c r'_c D_i D'_i``.

Labels are uniform over classes, targets one-hot: r has the mean ``p - 1/C`` (MSE: ``f - 1/C``),
and a sample with itself adds the variance of its label, ``(1/C)(1 - 1/C)``: with CE this is what
stays as C grows.

References
----------
``docs/norms.md`` *Between layers*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from scipy.special import gammaln

from rmt_hessian._checks.arguments import index_below, positive_integer
from rmt_hessian._random import random_generator
from rmt_hessian._types import BoolArray, FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import one_hidden_layer
from rmt_hessian.theory.norms.class_power import ClassPower
from rmt_hessian.theory.norms.expected import BATCH, block_norms
from rmt_hessian.theory.norms.gram_pairs import angle_rule
from rmt_hessian.theory.norms.kinds import formulas_of, sizes_of
from rmt_hessian.theory.relu.arc_cosine import both_active, relu_products
from rmt_hessian.theory.weights.softmax_kernels import softmax

Tangents: TypeAlias = tuple[FloatArray, FloatArray, BoolArray, FloatArray]


@dataclass(frozen=True)
class CrossLayerNorm:
    """``E‖H_{w_i, v_c}‖_F²`` of a block of shape (d, m), unit i of the hidden layer and class c.

    Attributes
    ----------
    squared_norm : float
    error : float
        Its standard error; 0 where the formula is closed.

    References
    ----------
    ``docs/norms.md`` *Between layers*.
    """

    squared_norm: float
    error: float = 0.0


def cross_layer_norm(
    ens: Ensemble,
    first: int = 0,
    second: int = 1,
    *,
    n_draws: int | None = None,
    rng: RandomState = 0,
) -> CrossLayerNorm:
    """Expected squared norm of a cross-layer block at initialisation, exact in C, m, d and N.

    MSE, with ``ρ = sin θ`` the cosine of two random vectors of R^d, ``P = ¼ + θ/2π``,
    ``φ₁ = E[relu(g) relu(g')]`` and g the gain of ``init`` (1 or 2):

    ``(1 - 1/N) [ 2g²/m · d E[ρ φ₁ (2 + (m - 1) P)] + 1/(2πC²) ]
    + (1/N) [ g² (d + 2)(m + 3)/(2m) + d/(2C) ]``.

    CE is an average over drawn pairs of samples, but for the exact ``(d/2N)(1/C - 1/C²)`` of the
    labels.

    Parameters
    ----------
    ens : Ensemble
        Of three widths, no weights given; at least two classes and two hidden units. Labels are
        uniform. Its own layer does not matter.
    first, second : int
        The two layers, in any order.
    n_draws : int, optional
        Pairs of samples drawn for CE; by default as many as a few seconds allow, at least 64.
    rng : None, int, SeedSequence or Generator
        The default is a fixed seed: the same call gives the same number.

    Returns
    -------
    CrossLayerNorm

    Raises
    ------
    ValueError
        If the ensemble is another, or the layers are one.
    IndexError
        If there is no such layer.

    References
    ----------
    ``docs/norms.md`` *Between layers*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> norm = cross_layer_norm(Ensemble([50, 8, 10], layer=0, loss="mse", n_samples=100))
    >>> round(norm.squared_norm, 4)
    0.6617
    """
    hidden, _ = _layers(ens, first, second)
    (d, N, m, gain), C = sizes_of(hidden), ens.n_classes
    if ens.loss == "mse":
        labels = (1.0 - 1.0 / N) / (2 * np.pi * C**2) + d / (2.0 * N * C)
        return CrossLayerNorm(_mse_many_classes(d, N, m, gain) + labels)
    if n_draws is None:
        n_draws = max(64, 2**24 // (C * m + 512))
    n_draws = positive_integer(n_draws, "n_draws", minimum=2)
    rng = random_generator(rng)
    batch = max(1, min(n_draws, BATCH // (C * m)))
    totals = np.empty(n_draws)
    for start in range(0, n_draws, batch):
        stop = min(start + batch, n_draws)
        sizes = (stop - start, C, d, m, gain, rng)
        totals[start:stop] = (1.0 - 1.0 / N) * _ce_pair(*sizes) + _ce_same(*sizes) / N
    exact = d / (2.0 * N) * (1.0 / C - 1.0 / C**2)
    return CrossLayerNorm(
        float(exact + totals.mean()), float(totals.std(ddof=1) / np.sqrt(n_draws))
    )


def cross_layer_ratio(
    ens: Ensemble,
    first: int = 0,
    second: int = 1,
    *,
    n_draws: int | None = None,
    rng: RandomState = 0,
) -> tuple[float, float]:
    """``E‖H_{w_i, v_c}‖² / √(E‖H_{w_i, w_i}‖² E‖H_{v_c, v_c}‖²)`` and its standard error.

    Arguments and errors as in `cross_layer_norm`.

    Returns
    -------
    (float, float)

    References
    ----------
    ``docs/norms.md`` *Between layers*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ratio, _ = cross_layer_ratio(Ensemble([50, 8, 10], layer=0, loss="mse", n_samples=100))
    >>> round(ratio, 4)
    0.049
    """
    draws: dict[str, Any] = {"n_draws": n_draws, "rng": random_generator(rng)}
    cross = cross_layer_norm(ens, first, second, **draws)
    hidden_layer, output_layer = _layers(ens, first, second)
    hidden, output = block_norms(hidden_layer, **draws), block_norms(output_layer, **draws)
    ratio = cross.squared_norm / np.sqrt(hidden.diagonal * output.diagonal)
    relative = np.array(
        [
            cross.error / cross.squared_norm,
            hidden.diagonal_error / hidden.diagonal / 2,
            output.diagonal_error / output.diagonal / 2,
        ]
    )
    return float(ratio), float(ratio * np.linalg.norm(relative))


def cross_layer_limit(ens: Ensemble, first: int = 0, second: int = 1) -> ClassPower:
    """Constant and exponent of ``E‖H_{w_i, v_c}‖_F² ~ constant · C^{-exponent}`` as C → ∞.

    CE: ``(d/2N)/C``, whatever m and the initialisation; what is left out is O(1/C²), and of order
    ``1/(γC)`` of it. MSE: the formula of `cross_layer_norm` at C = ∞, exponent 0. Arguments and
    errors as there; ``widths[-1]`` does not matter.

    Returns
    -------
    ClassPower

    References
    ----------
    ``docs/norms.md`` *Between layers*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([50, 8, 10], layer=0, loss="ce", n_samples=100)
    >>> constant, exponent = cross_layer_limit(ens)
    >>> constant, exponent
    (0.25, 1)
    """
    hidden, _ = _layers(ens, first, second, many_classes=True)
    d, N, m, gain = sizes_of(hidden)
    if ens.loss == "ce":
        return ClassPower(d / (2.0 * N), 1)
    return ClassPower(_mse_many_classes(d, N, m, gain), 0)


def cross_layer_ratio_limit(ens: Ensemble, first: int = 0, second: int = 1) -> ClassPower:
    """Constant and exponent of the ratio of `cross_layer_ratio` as C → ∞.

    CE: exponent 0, the cross-layer blocks do not vanish against the diagonal ones; the constant is
    of order ``γ/√d``. MSE: exponent 1, a constant of order ``1/√d``. Arguments as in
    `cross_layer_limit`.

    Returns
    -------
    ClassPower

    Raises
    ------
    ValueError
        As `cross_layer_norm`, and if the constant of the diagonal output block does not exist: see
        `block_norm_limits`.

    References
    ----------
    ``docs/norms.md`` *Between layers*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([200, 8, 10], layer=0, loss="ce", n_samples=400)
    >>> constant, exponent = cross_layer_ratio_limit(ens)
    >>> round(constant, 4), exponent
    (0.0806, 0)
    """
    constant, exponent = cross_layer_limit(ens, first, second)
    layers = _layers(ens, first, second, many_classes=True)
    constants, exponents = zip(*map(_diagonal_limit, layers), strict=True)
    constant /= float(np.sqrt(np.prod(constants)))
    return ClassPower(constant, exponent - sum(exponents) // 2)


def _diagonal_limit(ens: Ensemble) -> tuple[float, int]:
    """Constant and exponent of ``E‖H_ii‖²``, whatever is off the diagonal."""
    formulas, sizes = formulas_of(ens, many_classes=True), sizes_of(ens)
    if ens.loss == "mse":
        return formulas.mse_class_norms(*sizes)[0], formulas.mse_exponents[0]
    return formulas.ce_limit(True, *sizes)[0], formulas.ce_exponents[0]


def _layers(ens: Ensemble, first: int, second: int, many_classes: bool = False) -> list[Ensemble]:
    """The ensembles of the hidden and of the output layer."""
    formulas_of(one_hidden_layer(ens), many_classes=many_classes)  # refuses what is not covered
    pair = sorted(
        index_below(layer, 2, name) for layer, name in ((first, "first"), (second, "second"))
    )
    if pair[0] == pair[1]:
        raise ValueError(f"first and second must be two layers, got {first} twice")
    return [replace(ens, layer=layer) for layer in pair]


def _mse_many_classes(d: int, N: int, m: int, gain: float) -> float:
    """MSE without the terms of the labels: over V, ``E[v_ci f'_c] = (g/m) h'_i`` and so on."""
    theta, probabilities = angle_rule(d)
    overlap, _ = relu_products(theta)
    units = 2.0 + (m - 1.0) * both_active(theta)
    pair = 2.0 / m * d * (probabilities @ (np.sin(theta) * overlap * units))
    same = (d + 2.0) * (m + 3.0) / (2.0 * m)
    return float(gain**2 * ((1.0 - 1.0 / N) * pair + same / N))


def _ce_pair(n: int, C: int, d: int, m: int, gain: float, rng: np.random.Generator) -> FloatArray:
    """``E[(x·x') T]`` of two samples, n draws.

    ``|x·x'|`` is absorbed: ``‖x‖², ‖x'‖² ~ χ²_{d+1}``, ``cos² ~ Beta(1, (d-1)/2)``, and
    ``E|x·x'| = (2/√π) Γ((d+1)/2)/Γ(d/2)``. Its two signs share all else: T differs little.
    """
    a, b = rng.chisquare(d + 1, (2, n, 1)) * (gain / d)
    radial, rest = rng.standard_exponential((n, 1)), rng.standard_gamma((d - 1) / 2, (n, 1))
    cosine = np.sqrt(radial / (radial + rest))
    s, t = rng.standard_normal((2, n, m))
    V = rng.standard_normal((n, C, m)) * np.sqrt(gain / m)
    sample = _tangents(V, np.sqrt(a) * s)
    swing, drift = cosine * s, np.sqrt(1.0 - cosine**2) * t
    plus = _ce_product(sample, _tangents(V, np.sqrt(b) * (drift + swing)))
    minus = _ce_product(sample, _tangents(V, np.sqrt(b) * (drift - swing)))
    factor = 2 / np.sqrt(np.pi) * np.exp(gammaln((d + 1) / 2) - gammaln(d / 2))
    return factor * (plus - minus) / 2


def _ce_same(n: int, C: int, d: int, m: int, gain: float, rng: np.random.Generator) -> FloatArray:
    """``E[‖x‖² T]`` without the variance of the labels, ``‖x‖² ~ χ²_{d+2}``; n draws."""
    a = rng.chisquare(d + 2, (n, 1)) * (gain / d)
    V = rng.standard_normal((n, C, m)) * np.sqrt(gain / m)
    sample = _tangents(V, np.sqrt(a) * rng.standard_normal((n, m)))
    return d * _ce_product(sample, sample)


def _tangents(V: FloatArray, g: FloatArray) -> Tangents:
    """p, h, the mask and ``U_ci = (A v^i)_c D_i = p_c (v_ci - Σ_b p_b v_bi) D_i``, (n, C, m)."""
    h, mask = np.maximum(g, 0.0), g > 0
    p = softmax(np.einsum("ncm,nm->nc", V, h))
    U = V - np.einsum("ncm,nc->nm", V, p)[:, None, :]
    U *= p[:, :, None] * mask[:, None, :]
    return p, h, mask, U


def _ce_product(first: Tangents, other: Tangents) -> FloatArray:
    """Mean of T over classes and units with the mean residuals ``p - 1/C``.

    ``Σ_c U_ci = 0`` takes ``1/C`` out of the middle terms; in the last, both p sum to 1.
    """
    (p, h, mask, U), (p_other, h_other, mask_other, U_other) = first, other
    both = mask & mask_other
    value = np.einsum("ncm,ncm->n", U, U_other) * np.einsum("nm,nm->n", h, h_other)
    value += np.einsum("ncm,nc,nm->n", U, p_other, h * both)
    value += np.einsum("ncm,nc,nm->n", U_other, p, h_other * both)
    value += (np.einsum("nc,nc->n", p, p_other) - 1.0 / p.shape[1]) * both.sum(axis=1)
    return value / (p.shape[1] * h.shape[1])
