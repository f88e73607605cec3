"""Constants of the squared block norms for CE as C → ∞.

The softmax normaliser concentrates, ``S ≈ C E e^f``, so classes become independent: given two
samples with logits of covariance ``c = E f f'``, ``C² E[p p'] → e^c``. What is left is the moment
generating function of the Gram matrix of the features of the last layer.

Linear (``f·f'`` of covariance ``σ² x·x'/d``): moments of ``e^{r x·x'}`` at ``r = κ σ²/d``, with
``E e^{r x·x'} = (1 - r²)^{-d/2}`` and ``E e^{t‖x‖²} = (1 - 2t)^{-d/2}``; κ = 1 on the diagonal and
2 off it.

One hidden layer: units are independent given ``q = ‖x‖‖x'‖/d`` and ``cos(x, x') = ρ = sin θ``,
and with ``g, g'`` standard Gaussians of correlation ρ,

    ``J(z) = E[e^{z g g'} 1[g > 0] 1[g' > 0]] = (¼ + asin(w)/2π)/√D``,  ``w = ρ + z(1 - ρ²)``,
    ``D = (1 - z(1 + ρ))(1 + z(1 - ρ))``,  ``1 - w² = (1 - ρ²) D``,
    ``φ(z) = E[e^{z relu(g) relu(g')}] = ¾ - asin(ρ)/2π + J(z)``.

With variances ``σ_w²/d`` and ``σ_v²/m``, ``τ = σ_w² σ_v²`` and z at ``κ τ q/m``:

- output, diagonal (κ = 1) and off it (κ = 2): ``σ_w⁴ q² ∂²φ^m/∂z²``;
- hidden, off the diagonal (κ = 1): ``(x·x')² (σ_v²/m)² (J + zJ')² φ^{m-2}``; on it
  ``(σ_v²/m)² (x·x')² P(g > 0, g' > 0)``.

References
----------
``docs/norms.md`` *Many classes*.
"""

from typing import Any

import numpy as np

from rmt_hessian._types import AnySize, FloatArray, Function, Rule
from rmt_hessian.theory.norms.gram_pairs import (
    SAME,
    SETTLED,
    angle_rule,
    pair_shares,
    settled_mean,
    tilted_angle_rule,
)
from rmt_hessian.theory.norms.mse_norms import hidden_class_norms
from rmt_hessian.theory.relu.arc_cosine import both_active_at


def orthant_function(z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``J``, ``J'`` and ``J''`` at z, ``ρ = sin θ``; needs ``z (1 + ρ) < 1``."""
    rho, root = np.sin(theta), np.cos(theta)
    w = rho + z * root**2
    D = (1 - z * (1 + rho)) * (1 + z * (1 - rho))
    slope = -2 * (rho + z * root**2) / D  # D'/D
    bend = -2 * root**2 / D  # D''/D
    angle = both_active_at(w, root * np.sqrt(D))
    rate = root / (2 * np.pi * np.sqrt(D))  # its derivative
    first = rate - angle * slope / 2
    second = -rate * slope * 1.5 + angle * (0.75 * slope**2 - bend / 2)
    # all positive; near ρ = -1 they vanish below rounding
    return tuple(np.maximum(t, 1e-200) / np.sqrt(D) for t in (angle, first, second))


def _log_output(m: int) -> Function:
    """``log ∂²φ^m/∂z²``."""

    def log_f(z: FloatArray, theta: FloatArray) -> FloatArray:
        J, J1, J2 = orthant_function(z, theta)
        phi = 0.75 - theta / (2 * np.pi) + J
        return (m - 2) * np.log(phi) + np.log(m * phi * J2 + m * (m - 1.0) * J1**2)

    return log_f


def _log_hidden(m: int) -> Function:
    """``log (J + zJ')² φ^{m-2}``."""

    def log_f(z: FloatArray, theta: FloatArray) -> FloatArray:
        J, J1, _ = orthant_function(z, theta)
        phi = 0.75 - theta / (2 * np.pi) + J
        return (m - 2) * np.log(phi) + 2 * np.log(J + z * J1)

    return log_f


def hidden_ce_limit(
    diagonal: bool,
    d: AnySize,
    N: AnySize,
    m: int,
    gain: float,
    aspect_ratio: float | None = None,
) -> tuple[float, float]:
    """``E‖H_ii‖²`` or ``C E‖H_ij‖²``, and its error; over d if an aspect ratio is given."""
    if diagonal:  # λ_ii as in MSE, C = 1
        return hidden_class_norms(d, N, m, gain, aspect_ratio)[0], 0.0
    scale = (gain / m) ** 2
    value, error = _over_samples(
        _log_hidden(m),
        gain**2 / m,
        d,
        tilted_angle_rule(d),
        pair_shares(d, N, aspect_ratio),
        ("hidden CE", 2 * gain**2, m),
    )
    return scale * value, scale * error


def output_ce_limit(
    diagonal: bool,
    d: AnySize,
    N: AnySize,
    m: int,
    gain: float,
    aspect_ratio: float | None = None,
) -> tuple[float, float]:
    """``C² E‖H_ii‖²`` or ``C⁴ E‖H_ij‖²``, and its error; never over d."""
    kappa, place = (1, "on") if diagonal else (2, "off")
    value, error = _over_samples(
        _log_output(m),
        kappa * gain**2 / m,
        d,
        angle_rule(d),
        pair_shares(d, N, hidden_features=True),
        (f"output CE, {place} the diagonal,", 2 * kappa * gain**2, m),
    )
    return gain**2 * value, gain**2 * error


def _over_samples(
    log_f: Function,
    rate: float,
    d: AnySize,
    rule: Rule,
    weights: tuple[float, float],
    limits: tuple[str, float, int],
) -> tuple[float, float]:
    """Both terms of a norm: two samples, and one with itself."""
    name, smallest, m = limits
    if m <= smallest:
        raise ValueError(f"the constant of {name} exists for m > {smallest:g}, got {m}")
    pair, pair_error = settled_mean(log_f, rate, d, rule, same=False)
    same, same_error = settled_mean(log_f, rate, d, SAME, same=True)
    value = weights[0] * pair + weights[1] * same
    error = weights[0] * pair_error + weights[1] * same_error
    if not (np.isfinite(value) and error <= SETTLED * value):
        raise ValueError(
            f"{name} has no constant at this size: d or m must be larger, got {d} and {m}"
        )
    return value, error


def linear_ce_limit(
    diagonal: bool,
    d: AnySize,
    N: AnySize,
    m: Any,
    gain: float,
    aspect_ratio: float | None = None,
) -> tuple[float, float]:
    """``C² E‖H_ii‖²`` or ``C⁴ E‖H_ij‖²``, closed; over d if an aspect ratio is given."""
    kappa = 1 if diagonal else 2
    if aspect_ratio is not None:
        return 1.0 + aspect_ratio * float(np.exp(kappa * gain)), 0.0
    if d <= 4 * gain:
        raise ValueError(f"the constant of linear CE exists for d > {4 * gain:g}, got {d}")
    return linear_moment(kappa * gain, d, N), 0.0


def linear_moment(kappa: float, d: AnySize, N: AnySize) -> float:
    """``Ψ(κ) = (1 - 1/N) u''(κ/d) + (1/N) q''(κ/d)``, the moments of the module's second lines."""
    r = t = kappa / d
    u = d * (1 - r**2) ** (-d / 2 - 1) + d * (d + 2) * r**2 * (1 - r**2) ** (-d / 2 - 2)
    q = d * (d + 2) * (1 - 2 * t) ** (-d / 2 - 2)
    return (1 - 1 / N) * u + q / N
