r"""Moments of the separable law, exact, from power series in ``u = 1/z``.

With ``ε = -δ``, ``m_j = E λ^j`` and ``n_j = ∫ a^j dν`` the equations become

    ``ε = φ Σ_{j>=0} n_{j+1} κ^j u^{j+1}``,   ``κ = Σ_{j>=0} m_{j+1} ε^j``,

and ``-s = Σ E[X^k] u^{k+1} = Σ_j n_j κ^j u^{j+1}``: ``E X^k`` is the coefficient of ``u^k`` in
``Σ_j n_j (κ u)^j``. A coefficient of κ needs lower ones of ε only, and the reverse: each sweep
makes one more of each exact.

References
----------
``docs/laws.md`` §6.
"""

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.separable_equation import SeparableEquation


def compose(coefficients: list[float], series: FloatArray) -> FloatArray:
    """``Σ_j coefficients[j] series^j`` for a series without constant term, by Horner's rule."""
    total = np.zeros(series.size)
    for c in coefficients[::-1]:
        total = np.convolve(total, series)[: series.size]
        total[0] += c
    return total


def moment(k: int, equation: SeparableEquation) -> float:
    """``E[X^k]``, k >= 0, of the law of a `SeparableEquation`, in its units."""
    lam, w, a, p = equation.lam, equation.w, equation.a, equation.p
    m = [float(w @ lam**j) for j in range(1, k + 2)]
    n = [1.0] + [float(p @ a**j) for j in range(1, k + 2)]
    kappa_u = np.zeros(k + 1)  # κ u
    for _ in range(k):
        epsilon = np.zeros(k + 1)
        epsilon[1:] = equation.phi * compose(n[1:], kappa_u)[:-1]
        kappa_u = np.zeros(k + 1)
        kappa_u[1:] = compose(m, epsilon)[:-1]
    return float(compose(n, kappa_u)[k])
