r"""Moments of the free convolution of weights and a spectrum, exact, from series in ``u = 1/z``.

With ``ε = -δ``, ``y = 1/w``, ``m_j = E λ^j`` and ``n_j = E e^j`` its equations (`free_convolution`)
become

    ``κ = Σ_{j>=0} m_{j+1} ε^j``,  ``V = 1 + κε``,
    ``y = uκ/V``,  ``ε = φ (u/V) Σ_{j>=1} n_j y^{j-1}``,

and ``-z s = 1 + Σ_{j>=1} n_j y^j``: ``E X^k`` is the coefficient of ``u^k``. Each sweep makes one
more coefficient exact.

References
----------
``docs/laws.md`` §8.
"""

import numpy as np

from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.convolution_equation import ConvolutionEquation
from rmt_hessian.theory.laws.separable_moments import compose


def moment(k: int, equation: ConvolutionEquation) -> float:
    """``E[X^k]``, k >= 0, of the law of a `ConvolutionEquation`, in its units."""
    lam, w, e, p = equation.lam, equation.w, equation.a, equation.p
    m = [float(w @ lam**j) for j in range(1, k + 2)]
    n = [float(p @ e**j) for j in range(1, k + 2)]
    epsilon = np.zeros(k + 1)
    y = np.zeros(k + 1)
    for _ in range(k + 1):
        kappa = compose(m, epsilon)
        inverse = compose([(-1.0) ** j for j in range(k + 1)], _product(kappa, epsilon))  # 1/V
        y = _shifted(_product(kappa, inverse))
        epsilon = equation.phi * _shifted(_product(inverse, compose(n, y)))
    return float(compose([1.0, *n], y)[k])


def _product(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.convolve(first, second)[: first.size]


def _shifted(series: FloatArray) -> FloatArray:
    """U times it."""
    return np.append(0.0, series[:-1])
