r"""Two zero-mean Gaussians of correlation ``ρ = sin θ``: both positive, and products of their ReLU.

With g, g' standard,

    ``P(g > 0, g' > 0) = ¼ + θ/2π``   (Sheppard),
    ``E[relu(g) relu(g')] = (cos θ + (π/2 + θ) sin θ)/2π``,
    ``E[relu(g)² relu(g')²] = (3 sin θ cos θ + (π/2 + θ)(1 + 2 sin²θ))/2π``,

the arc-cosine kernels of orders 0, 1 and 2 (Cho and Saul 2009, whose angle is ``π/2 - θ``). Every
formula of this package that has one of them takes it from here.

References
----------
Sheppard (1899); Cho and Saul (2009).
"""

import numpy as np

from rmt_hessian._checks.weights import refuse_zero_rows
from rmt_hessian._types import Elementwise, FloatArray


def both_active(theta: Elementwise) -> Elementwise:
    """``P(g > 0, g' > 0)`` for ``ρ = sin θ``."""
    return 0.25 + theta / (2 * np.pi)


def both_active_at(rho: Elementwise, root: Elementwise) -> Elementwise:
    """The same for ρ and ``root = √(1-ρ²)``, accurate where either is tiny."""
    return np.arctan2(root, -rho) / (2 * np.pi)


def both_active_of(x: FloatArray, y: FloatArray) -> float:
    """The same for ``g = x·u``, ``g' = y·u``, u standard Gaussian.

    As ``atan2(‖x̂ + ŷ‖, ‖x̂ - ŷ‖)/π`` of the unit vectors, accurate for opposite ones too.
    """
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return np.arctan2(np.linalg.norm(x + y), np.linalg.norm(x - y)) / np.pi


def row_cosines(W: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Norms of the rows of W, (m,), and their cosines ρ, (m, m): ``w_i·x`` of x ~ N(0, I).

    Raises
    ------
    ValueError
        If a row is zero: a unit that is always 0 has no correlation.
    """
    norms = np.linalg.norm(W, axis=1)
    refuse_zero_rows(norms, "weights[0]")
    return norms, np.clip(W @ W.T / np.outer(norms, norms), -1.0, 1.0)


def relu_products(theta: Elementwise) -> tuple[Elementwise, Elementwise]:
    """``E[(relu(g) relu(g'))^k]``, k = 1 and 2, for ``ρ = sin θ``."""
    sine, cosine = np.sin(theta), np.cos(theta)
    angle = np.pi / 2 + theta
    second = (3 * sine * cosine + angle * (1 + 2 * sine**2)) / (2 * np.pi)
    return _order_one(sine, cosine, angle) / (2 * np.pi), second


def arc_cosine(rho: Elementwise) -> Elementwise:
    """``2π E[relu(g) relu(g')] = √(1-ρ²) + (π - arccos ρ) ρ``: 1 at ρ = 0, π at ρ = 1."""
    return _order_one(rho, np.sqrt(1 - rho**2), np.pi - np.arccos(rho))


def _order_one(rho: Elementwise, root: Elementwise, angle: Elementwise) -> Elementwise:
    return root + angle * rho
