r"""A Marchenko–Pastur law fitted to a spectrum, its outliers left out.

The two parameters follow from two moments of the bulk. For real Gaussian features of covariance σ²
but for k spikes, ``N = p/γ`` samples and ``q = p - k``, in units of σ²,

    ``E Σ x = q + Σ c₁``,   ``E Σ x² = q + γ (q + q²)/p + Σ c₂``,

the sums over the bulk, null eigenvalues included. An outlier at z, of the spike θ with
``z = θ (1 + γ/(θ - 1))``, pushes the bulk: as the traces are those of the whole matrix, it takes

    ``c₁ = θ - z``,   ``c₂ = θ² + 2γθ - z²``,

of order 1, not of the size of z. By the central limit theorem for linear statistics (Bai and
Silverstein 2004: ``Var Σx = 2γ``, ``Cov(Σx, Σx²) = 4γ(1+γ)``, ``Var Σx² = 8γ(1+γ)² + 4γ²``)

    ``sd σ̂² = σ² √(2γ)/p``,   ``sd γ̂ = 2γ/p``,   uncorrelated.

Outliers are what lies beyond the ends by more than the 0.999 quantile of the Tracy–Widom law, in
the scaling of Johnstone (2001) and Ma (2012), the lower end in log x. The start are quartiles.

References
----------
``docs/laws.md`` §10: *A fitted law*; Bai and Silverstein (2004); Johnstone (2001); Ma (2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from rmt_hessian._checks.arguments import positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._rounding import rounding
from rmt_hessian._types import BoolArray, FloatArray
from rmt_hessian.theory.laws.marchenko_pastur import MarchenkoPastur

FEWEST = 10  # eigenvalues
TRACY_WIDOM = 3.2724  # 0.999 quantile for real matrices
QUARTILES = np.array([0.25, 0.5, 0.75])
NARROWEST = 1e-6  # γ of a start
STEPS = 200
SETTLED = 1e-13  # relative change of the parameters


@dataclass(frozen=True)
class MarchenkoPasturFit:
    """What `fit_marchenko_pastur` returns.

    Attributes
    ----------
    law : MarchenkoPastur
        With the fitted ``scale`` and ``aspect_ratio``.
    outliers : numpy.ndarray, shape (k,)
        Eigenvalues that were left out, ascending.
    n_zero : int
        Null eigenvalues, within rounding.
    scale_error, aspect_ratio_error : float
        Standard errors, if the bulk is that of white Gaussian features; 0 for a ratio that was
        given or follows from the null eigenvalues.

    References
    ----------
    ``docs/laws.md`` §10.
    """

    law: MarchenkoPastur
    outliers: FloatArray
    n_zero: int
    scale_error: float
    aspect_ratio_error: float


def fit_marchenko_pastur(
    eigenvalues: ArrayLike, *, aspect_ratio: float | None = None
) -> MarchenkoPasturFit:
    """Scale and ratio of the Marchenko–Pastur law of a spectrum, outliers left out.

    Parameters
    ----------
    eigenvalues : array_like, shape (p,)
        In any order, null ones included, none negative.
    aspect_ratio : float, optional
        ``γ = p/N`` where it is known: then the scale alone is fitted. Where it is not, null
        eigenvalues say it, γ = p/rank; without any it is fitted, up to 1.

    Returns
    -------
    MarchenkoPasturFit

    Raises
    ------
    ValueError
        If there are fewer than 10 eigenvalues that are not null, one is negative or not finite, or
        they are too close to each other for a ratio.
    RuntimeError
        If the fit does not settle.

    Notes
    -----
    It always fits; `ks_test` of what is left says whether the law is right. Null eigenvalues that
    come from null features, not from few samples, need the ratio; so does float32 near γ = 1, where
    the smallest eigenvalues are rounding.

    References
    ----------
    ``docs/laws.md`` §10; fluctuations: Bai and Silverstein (2004); edges: Johnstone (2001), Ma
    (2012).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = 2 * rng.standard_normal((1000, 300))
    >>> X[:, 0] *= 3  # a spike
    >>> fit = fit_marchenko_pastur(np.linalg.eigvalsh(X.T @ X / 1000))
    >>> round(fit.law.scale, 1), round(fit.law.aspect_ratio, 2), fit.outliers.size
    (4.0, 0.3, 1)
    """
    x = np.sort(finite_array(eigenvalues, "eigenvalues", ndim=1))
    smallest = rounding(eigenvalues)
    if x[0] < -smallest:
        raise ValueError(f"eigenvalues must not be negative, got {x[0]:g}")
    null = x <= smallest
    p, n_zero = x.size, int(null.sum())
    if p - n_zero < FEWEST:
        raise ValueError(
            f"eigenvalues must be at least {FEWEST} that are not null, got {p - n_zero}"
        )
    given = None if aspect_ratio is None else positive_real(aspect_ratio, "aspect_ratio")
    if given is None and n_zero > 0:
        given = p / (p - n_zero)
    scale, gamma = _start(x[~null], given)
    before: list[bytes] = []
    for _ in range(STEPS):
        out = _outside(x, scale, gamma)
        if gamma > 1:
            out &= ~null
        scale, gamma = _from_moments(x, out, scale, gamma, given)
        if out.tobytes() in before:  # as a rule the last one
            break
        before.append(out.tobytes())
    else:
        raise RuntimeError(f"the outliers did not settle in {STEPS} steps")
    error = 0.0 if given is not None else 2 * gamma / p
    law = MarchenkoPastur(gamma, scale)
    return MarchenkoPasturFit(law, x[out], n_zero, float(scale * np.sqrt(2 * gamma) / p), error)


def _start(x: FloatArray, given: float | None) -> tuple[float, float]:
    """Scale and ratio by the quartiles of the eigenvalues that are not null."""

    def quartiles(gamma: float) -> FloatArray:
        law = MarchenkoPastur(gamma)
        return np.asarray(law.ppf(law.atom_at_zero + (1.0 - law.atom_at_zero) * QUARTILES))

    def excess(log_gamma: float) -> float:
        low, _, high = quartiles(np.exp(log_gamma))
        return float(np.log(high / low)) - spread

    low, middle, high = np.quantile(x, QUARTILES)
    if given is not None:
        gamma = given
    else:
        spread = np.log(high / low)
        lo, hi = np.log(NARROWEST), 0.0
        if excess(lo) >= 0:
            gamma = NARROWEST
        elif excess(hi) <= 0:
            gamma = 1.0
        else:
            gamma = float(np.exp(brentq(excess, lo, hi, xtol=1e-6)))
    return float(middle / quartiles(gamma)[1]), gamma


def _outside(x: FloatArray, scale: float, gamma: float) -> BoolArray:
    """Which eigenvalues lie beyond the ends of the bulk by more than the largest of it would."""
    small, large = np.sort(np.sqrt(np.array([x.size, x.size / gamma]) - 0.5))
    unit = scale * gamma / x.size  # 1/N
    upper = (large + small) ** 2
    upper_width = (large + small) * (1 / small + 1 / large) ** (1 / 3)
    # of log x: it stays above 0 as the lower end becomes hard
    lower_width = (1 / small - 1 / large) ** (1 / 3) / max(large - small, np.finfo(float).tiny)
    with np.errstate(under="ignore"):
        lower = (large - small) ** 2 * np.exp(-TRACY_WIDOM * lower_width)
    return (x > unit * (upper + TRACY_WIDOM * upper_width)) | (x < unit * lower)


def _from_moments(
    x: FloatArray, out: BoolArray, scale: float, gamma: float, given: float | None
) -> tuple[float, float]:
    """Scale and ratio from the sums over the bulk, and what the outliers take of them."""
    p, q = x.size, x.size - int(out.sum())
    first, second = x[~out].sum(), (x[~out] ** 2).sum()
    above = x[out] > np.median(x)
    for _ in range(STEPS):
        z = x[out] / scale
        middle = z + 1.0 - gamma
        root = np.sqrt(np.maximum(middle**2 - 4 * z, 0.0))
        theta = np.where(above, middle + root, middle - root) / 2
        new_scale = first / (q + np.sum(theta - z))
        new_gamma = given
        if new_gamma is None:
            square = second / new_scale**2 - q - np.sum(theta**2 + 2 * gamma * theta - z**2)
            new_gamma = min(p * square / (q + q**2), 1.0)
            if new_gamma <= 0:
                raise ValueError(
                    "eigenvalues must differ by more than rounding for a ratio, "
                    f"got a relative spread of {np.std(x[~out]) / np.mean(x[~out]):.2g}"
                )
        change = max(abs(new_scale / scale - 1), abs(new_gamma / gamma - 1))
        scale, gamma = float(new_scale), float(new_gamma)
        if change <= SETTLED:
            return scale, gamma
    raise RuntimeError(f"the moments did not settle in {STEPS} steps, last change {change:.2g}")
