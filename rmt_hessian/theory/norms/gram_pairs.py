"""Two samples as the law of their Gram matrix: what the norm of a block depends on.

With weights ``λ = λ^{ij}(x)`` and features z,

    ``E‖H_ij‖_F² = (1 - 1/N) E[(z·z')² λ λ'] + (1/N) E[‖z‖⁴ λ²]``,

one term for two different samples, one for a sample with itself. Over random weights both depend
on ``q = ‖x‖‖x'‖/d`` and ``cos(x, x') = sin θ`` only; a sample with itself is ``θ = π/2``. For
inputs ``x ~ N(0, I_d)`` the factors ``(x·x')² = d² q² sin²θ`` and ``‖x‖⁴ = d² q²`` are absorbed in
these laws: ``‖x‖², ‖x'‖² ~ χ²_{d+2}`` and ``sin²θ`` tilts θ, the factor's mean being d;
``‖x‖² ~ χ²_{d+4}``, the mean being d(d+2).

``d = None`` stands for d → ∞, where ``q = 1`` and ``θ = 0``.

References
----------
``docs/norms.md`` *Two samples decide*.
"""

import numpy as np
from scipy.special import gammaln, k0e

from rmt_hessian._types import AnySize, FloatArray, Function, Rule

SAME = (np.array([np.pi / 2]), np.array([1.0]))  # the angle rule of a sample with itself
_INFINITE = (np.array([0.0]), np.array([1.0]))
_ORDER = 200
_STEP = 0.05  # of the trapezoidal rule in log q, over the width of its law
_BELOW, _ABOVE = 20.0, 40.0  # reach of that rule, in the same unit
_IMPROBABLE = 1e-25  # probability of a node of θ that is left out
SETTLED = 0.01  # largest relative error of a constant


def pair_shares(
    d: AnySize, N: AnySize, aspect_ratio: float | None = None, hidden_features: bool = False
) -> tuple[float, float]:
    """Weights of the two terms, their laws absorbing the squared features.

    Features x: ``(1 - 1/N) d`` and ``d(d+2)/N``; as d, N → ∞ and over d, 1 and γ. Features of a
    hidden layer, ``(h·h')² = q² …``: ``1 - 1/N`` and ``(1 + 2/d)/N``.
    """
    if aspect_ratio is not None:
        return 1.0, aspect_ratio
    if hidden_features:
        return 1.0 - 1.0 / N, (1.0 + (0.0 if d is None else 2.0 / d)) / N
    return (1.0 - 1.0 / N) * d, d * (d + 2.0) / N


def angle_rule(d: AnySize) -> Rule:
    """Nodes θ and probabilities, ``sin θ`` the cosine of two random vectors of R^d.

    Gauss–Legendre for the density ``cos^{d-2} θ``.
    """
    if d is None:
        return _INFINITE
    if d == 1:
        return np.array([-np.pi / 2, np.pi / 2]), np.array([0.5, 0.5])
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    theta = min(np.pi / 2, 14.0 / np.sqrt(d)) * nodes
    weights = weights * np.cos(theta) ** (d - 2)
    return theta, weights / weights.sum()


def tilted_angle_rule(d: AnySize) -> Rule:
    """`angle_rule` tilted by ``sin²θ``."""
    theta, probabilities = angle_rule(d)
    if d is None:
        return _INFINITE
    weights = probabilities * np.sin(theta) ** 2
    return theta, weights / weights.sum()


def settled_mean(
    log_f: Function,
    rate: float,
    d: AnySize,
    rule: Rule,
    same: bool,
) -> tuple[float, float]:
    """Mean of ``f(rate · q, θ)``, with f singular at ``y = rate q (1 + sin θ) = 1``, and its error.

    f is an expectation of an exponential over weights; it diverges where ``y >= 1``, which at
    finite d has an exponentially small probability. The mean over ``y < 1`` diverges as well: the
    density of f over log y falls from its bulk to a minimum and then rises without bound. The
    mean is cut at that minimum, and the error is the density there, as for an asymptotic series.

    Parameters
    ----------
    log_f : callable
        ``log f(z, θ)``.
    rate : float
    d : int or None
    rule : (numpy.ndarray, numpy.ndarray)
        Nodes and probabilities of θ.
    same : bool
        Whether q is the tilted law of a sample with itself, or of two.

    Returns
    -------
    (float, float)
        Infinite error: no such mean.
    """
    theta, probabilities = rule
    reach = 1.0 + np.sin(theta)
    if d is None:  # q = 1
        settled = rate * reach.max() < 1.0
        value = np.exp(log_f(rate, theta)) @ probabilities if settled else np.inf
        return float(value), 0.0 if settled else np.inf
    kept = (probabilities > _IMPROBABLE) & (reach > 0.0)
    theta, probabilities, reach = theta[kept], probabilities[kept], reach[kept]
    width = 1.0 / np.sqrt(d)
    step = _STEP * width
    log_y = _log_grid(rate * reach.min(), rate * reach.max(), width, step)
    if log_y.size < 3:
        return np.inf, np.inf
    # density of f over log y, the mean over θ of f times the density of log q at y = z (1 + sin θ)
    z = np.exp(log_y)[:, None] / reach
    log_density = _log_density(np.log(z / rate), d, same) + log_f(z, theta) + np.log(probabilities)
    log_density = np.logaddexp.reduce(log_density, axis=1)
    minimum = _last_minimum(log_density)
    if minimum is None:
        return np.inf, np.inf
    density = np.exp(log_density[: minimum + 1])
    return float(step * density.sum()), float(density[-1])


def _log_grid(smallest: float, largest: float, width: float, step: float) -> FloatArray:
    """The grid in log y, from well below ``y = smallest`` to well above the largest, or to 1."""
    low = np.log(smallest) - _BELOW * width
    high = min(np.log(largest) + _ABOVE * width, 0.0)
    return np.arange(low, high - step / 2, step)


def _last_minimum(values: FloatArray) -> int | None:
    """The place where the values cease to fall for the last time; None if they never fall."""
    falls = np.flatnonzero(np.diff(values) <= 0.0)
    return falls[-1] + 1 if falls.size else None


def _log_density(x: FloatArray, d: int, same: bool) -> FloatArray:
    """Log-density of ``x = log q``: ``q = χ²_{d+4}/d``, or ``q = √(χ²_{d+2} χ²_{d+2})/d``.

    The product P of two Gamma(k) variables has the density ``2 P^{k-1} K_0(2√P)/Γ(k)²``.
    """
    u = d * np.exp(x)
    if same:
        k = (d + 4) / 2
        return k * np.log(u / 2) - u / 2 - gammaln(k)
    k = (d + 2) / 2
    return np.log(4 * k0e(u)) - u + 2 * k * np.log(u / 2) - 2 * gammaln(k)
