r"""Density and distribution function of the generalised Marchenko–Pastur law to 30 digits.

Notation and equations: ``rmt_hessian/theory/laws/generalized_mp.py``; no code of it is used here.
The point a with ``z(a) = a + m₁ + Σ c_k/(a - p_k) = x`` and ``Im a > 0``, or a real with
``h(a) < 1`` outside the support, is unique, because ``x(u)`` increases along that curve: a start in
floating point by bisection, then Newton in mpmath. For few atoms the density is taken from the
roots of the polynomial of s instead, without that argument.
"""

import mpmath
import numpy as np

from tests.oracles import stieltjes_root

DIGITS = 30
ROOTS_UP_TO = 8  # atoms; beyond, the roots of the polynomial lose too many digits


def density(x, weights, probabilities, gamma):
    """Density of the continuous part at the number x, an mpf."""
    with mpmath.workdps(DIGITS):
        if len(weights) <= ROOTS_UP_TO:
            return stieltjes_root(x, weights, probabilities, gamma, DIGITS).imag / mpmath.pi
        a = parameter(x, weights, probabilities, gamma)
        return a.imag / (mpmath.pi * abs(a) ** 2)


def distribution(x, weights, probabilities, gamma):
    """``P(X <= x)`` at the number x ≠ 0, an mpf: the closed form of the integral of ``Im s/π``."""
    with mpmath.workdps(DIGITS):
        gamma = mpmath.mpf(gamma)
        a = parameter(x, weights, probabilities, gamma)
        u, v = a.real, a.imag
        angle = mpmath.arg(a)
        phase = -angle
        for lam, w in zip(map(mpmath.mpf, weights), map(mpmath.mpf, probabilities), strict=True):
            if lam != 0:
                d = u - gamma * lam
                phase += w / gamma * (angle - mpmath.atan2(v, d)) + w * lam * v / (d * d + v * v)
        return 1 + phase / mpmath.pi


def parameter(x, weights, probabilities, gamma):
    """The point ``a = -1/s(x + i0)``, an mpc; residual of ``z(a) = x`` below ``10^-DIGITS``.

    Newton with the slope ``z'(a)`` in floating point: each step gains about twelve digits.
    """
    with mpmath.workdps(DIGITS + 10):
        x, gamma = mpmath.mpf(x), mpmath.mpf(gamma)
        pairs = zip(map(mpmath.mpf, weights), map(mpmath.mpf, probabilities), strict=True)
        atoms = [(lam, w) for lam, w in pairs if lam != 0]
        p = [gamma * lam for lam, _ in atoms]
        c = [gamma * w * lam**2 for lam, w in atoms]
        mean = mpmath.fsum(w * lam for lam, w in atoms)
        poles, strengths = np.array(p, dtype=float), np.array(c, dtype=float)
        a = mpmath.mpc(_start(float(x), poles, strengths, float(mean)))
        for _ in range(30):
            u, v = a.real, a.imag
            vv, first, g = v * v, mpmath.mpf(0), mpmath.mpf(0)
            for pole, strength in zip(p, c, strict=True):
                d = u - pole
                t = strength / (d * d + vv)
                first += t * d
                g += t
            residual = mpmath.mpc(u + mean + first - x, v * (1 - g))  # z(a) - x
            if abs(residual) <= mpmath.mpf(10) ** -DIGITS * abs(a):
                # g = 1 on the curve; a real point counts only outside the support
                if v > 0 or (v == 0 and g < 1):
                    return a
                break
            a -= residual / mpmath.mpc(1 - np.sum(strengths / (complex(a) - poles) ** 2))
    raise RuntimeError(f"no point of the upper half-plane found for x = {x}")


def _start(x, p, c, mean, steps=44):
    """The point a in floating point: bisection on u, and on v² inside it."""

    def height_squared(u):
        lo, hi = 0.0, c.sum()
        with np.errstate(divide="ignore"):
            if np.sum(c / (u - p) ** 2) <= 1:
                return 0.0
        for _ in range(steps):
            w = 0.5 * (lo + hi)
            lo, hi = (w, hi) if np.sum(c / ((u - p) ** 2 + w)) > 1 else (lo, w)
        return 0.5 * (lo + hi)

    reach = 1.01 * np.sqrt(c.sum())
    lo, hi = p.min() - reach, p.max() + reach
    for _ in range(steps):
        u = 0.5 * (lo + hi)
        w = height_squared(u)
        right = u + mean + np.sum(c * (u - p) / ((u - p) ** 2 + w)) > x
        lo, hi = (lo, u) if right else (u, hi)
    return complex(u, np.sqrt(w))
