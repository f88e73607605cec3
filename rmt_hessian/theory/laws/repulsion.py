r"""How far eigenvalues repel: the variance of the number of them below a point.

Given its weights, the matrix ``(1/N) Σ λ_n z_n z_nᵀ`` has linear statistics that are Gaussian in
the limit, with ``Cov(log det(H - z), log det(H - z')) = -2 log(1 - K(z, z'))`` for real features;
with δ and κ of `separable`

    ``1 - K(z, z') = (z - z')/(a - a')`` for white features, ``a = -1/s`` (Bai, Silverstein),
    ``K = φ ∫ a²/((aκ - z)(aκ' - z')) dν · E[λ²/((1 + λδ)(1 + λδ'))]`` in general.

The number of eigenvalues below x is ``-Im log det/π``. Seen on the scale η its variance is
``(1/π²) log|(1 - K(z, z))/(1 - K(z, z̄))|``, ``z = x + iη``, where ``1 - K(z, z̄) ≈ η/v(x)``,

    ``v = Im a``, in general ``Im δ/(φ ∫ a/|aκ - x|² dν)``,

so with η of the order of the distance ``1/(pπρ)`` of neighbours it is, but for a constant,

    ``(log p + r(x))/π²``,   ``r = log(π ρ v |1 - K(x, x)|)``.

Far below 0, r says that x lies in a component of few eigenvalues, or of a density that varies fast:
there they are almost in their places.

References
----------
Bai and Silverstein (2004); rigidity: Claeys, Fahs, Lambert and Webb (2021); ``docs/laws.md`` §10.
"""

from functools import lru_cache

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.laws.separable_solver import solve
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

POINTS = 128  # over which r is averaged
STEP = 1e-4  # of the difference quotient of s, over the distance of neighbouring points


@lru_cache(maxsize=32)  # one law, many spectra
def mean_repulsion(law: SpectralLaw) -> float:
    """Mean of ``r(x)`` over the continuous part; NaN for laws of which no K is known here.

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> round(mean_repulsion(MarchenkoPastur(1e-4)), 2)  # a semicircle
    0.12
    """
    if isinstance(law, WithNullSpace):
        return float(np.log1p(-law.mass)) + mean_repulsion(law.law)
    if not isinstance(law, GeneralizedMarchenkoPastur | SeparableLaw) or not law.components():
        return np.nan
    q = (1.0 - law.atom_at_zero) * (np.arange(POINTS) + 0.5) / POINTS
    below = law.cdf(0.0) - law.atom_at_zero
    x = law.ppf(np.where(q <= below, q, q + law.atom_at_zero))
    x = np.unique(x[x != 0])
    if x.size < 2:
        return np.nan
    with np.errstate(divide="ignore", invalid="ignore"):  # components no wider than rounding
        r = _of_separable(law, x) if isinstance(law, SeparableLaw) else _of_white(law, x)
    r = r[np.isfinite(r)]
    return float(r.mean()) if r.size else np.nan


def _of_white(law: GeneralizedMarchenkoPastur, x: FloatArray) -> FloatArray:
    """``exp r = (Im s)²/|s'|``: as ``v = Im s/|s|²``, ``z'(a) = |s|²/|s'|`` and ``π ρ = Im s``."""
    near = np.diff(x)
    h = STEP * np.minimum(np.append(near, np.inf), np.append(np.inf, near))
    slope = (law.stieltjes(x + h) - law.stieltjes(x - h)) / (2 * h)
    return np.log(law.stieltjes(x).imag ** 2 / np.abs(slope))


def _of_separable(law: SeparableLaw, x: FloatArray) -> FloatArray:
    equation, z = law._equation, x / law._unit
    delta = solve(equation, z + 0j)
    kappa = equation.kappa(delta)[0]
    contraction = equation.defect(delta, z + 0j).contraction  # 1 - K(x, x)
    terms = np.abs(kappa[:, None] * equation.a - z[:, None]) ** 2
    in_z = equation.phi * np.sum(equation.p * equation.a / terms, axis=1)
    rho = equation.density(delta, z)
    return np.log(np.pi * rho * delta.imag / in_z * np.abs(contraction))
