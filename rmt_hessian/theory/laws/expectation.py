r"""Expectations under a law, by quadrature in probability.

The continuous part on an interval of mass m that begins at probability q₀ is

    ``∫ f dμ = m ∫_0^1 f(Q(q₀ + m φ(t))) φ'(t) dt``,   ``φ(t) = t³ (10 - 15 t + 6 t²)``,

Q the quantile function. Mass cannot be missed, however narrow the intervals and however many
decades apart. Where the density ends in a square root, ``q - q₀ ~ (x - x₀)^{3/2}``, x is a smooth
function of t; so it is at a hard edge ``|x|^{-1/2}``. Panels in t are halved until the rule on the
halves says what it said on the whole.

References
----------
``docs/laws.md`` §9.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, real_number
from rmt_hessian._types import FloatArray, Function, HasComponents, IntArray

TOLERANCE = 1e-11  # of one panel's error, over E|f|
ROUGH = 1e-6  # what may stay open, over E|f|: beside a hard edge Q is known to no more than 1e-8
MOST_PANELS = 256  # at one time, and four for each interval
MOST_IN_ALL = 64  # for each interval
MOST_HALVINGS = 50
NARROWEST = 1e-6  # rounding of a point over the width of its component, for an entropy
NODES, SHARES = np.polynomial.legendre.leggauss(16)
NODES, SHARES = (1.0 + NODES) / 2, SHARES / 2


@dataclass(frozen=True)
class Piece:
    """An interval ``[lo, hi]`` inside one component; probabilities ``[start, start + mass]``."""

    lo: float
    hi: float
    start: float
    mass: float

    def rounding(self) -> float:
        """The rounding of a point over the width."""
        return np.finfo(float).eps * max(abs(self.lo), abs(self.hi)) / (self.hi - self.lo)


def pieces(law: HasComponents, lb: float, ub: float) -> list[Piece]:
    """What the continuous part has in ``[lb, ub]``; a component is cut at an atom inside it."""
    found, below = [], 0.0  # mass of the components so far
    for (a, b), mass in zip(law.components(), law.component_masses(), strict=True):
        start = below + (law.atom_at_zero if a >= 0 else 0.0)
        below += mass
        end = start + mass
        cuts = [(a, start, b, end)]
        if a < 0 < b and law.atom_at_zero > 0:
            upto = float(law.cdf(0.0))
            end += law.atom_at_zero
            cuts = [(a, start, 0.0, upto - law.atom_at_zero), (0.0, upto, b, end)]
        for lo, q_lo, hi, q_hi in cuts:
            q_lo = float(law.cdf(lb)) if lo < lb < hi else q_lo
            q_hi = float(law.cdf(ub)) if lo < ub < hi else q_hi
            lo, hi = max(lo, lb), min(hi, ub)
            if lo < hi and q_lo < q_hi:
                found.append(Piece(lo, hi, q_lo, q_hi - q_lo))
    return found


def integral(law: HasComponents, f: Function, parts: list[Piece]) -> Any:
    """``∫ f dμ`` over the parts; f takes an array of points.

    To a relative 1e-9 of ``∫ |f| dμ``, but for what the rounding of the points moves f. A value
    that is not finite is the result as NumPy adds it up.

    Raises
    ------
    RuntimeError
        If halving the panels does not settle it.
    """
    if not parts:
        return 0.0
    lo, hi, start, mass = np.array([(p.lo, p.hi, p.start, p.mass) for p in parts]).T
    first, last = np.nextafter(lo, np.inf), np.nextafter(hi, -np.inf)  # f may end at the ends
    noise = 8 * np.array([p.rounding() for p in parts])

    def panels(k: IntArray, a: FloatArray, b: FloatArray) -> tuple[Any, Any]:
        """``∫ f`` and ``∫ |f|`` over the panels ``[a, b]`` of parts k."""
        t = a[:, None] + (b - a)[:, None] * NODES
        k = k[:, None]
        weights = mass[k] * (b - a)[:, None] * SHARES * 30 * (t * (1 - t)) ** 2
        q = start[k] + mass[k] * t**3 * (10 - 15 * t + 6 * t**2)
        x = law.ppf(np.clip(q, np.nextafter(0, 1), np.nextafter(1, 0)))
        values = f(np.clip(x, first[k], last[k]).ravel()).reshape(t.shape)
        return (weights * values).sum(1), (weights * np.abs(values)).sum(1)

    k = np.arange(len(parts))
    a, b = np.zeros(len(parts)), np.ones(len(parts))
    with np.errstate(over="ignore", invalid="ignore"):
        whole, _ = panels(k, a, b)
        total, size, count = 0.0, 0.0, 0
        for _ in range(MOST_HALVINGS):
            count += k.size
            # every panel in halves: those that say what the whole did are settled
            middle = (a + b) / 2
            left, left_size = panels(k, a, middle)
            right, right_size = panels(k, middle, b)
            here = left_size + right_size
            error = np.abs(left + right - whole)
            scale = size + here.sum()
            # a NaN, of values that are not finite, is settled
            rough = error > TOLERANCE * scale + noise[k] * here
            total = total + (left + right)[~rough].sum()
            size = size + here[~rough].sum()
            # the halves of the others are the panels of the next round
            whole = np.append(left[rough], right[rough])
            many = rough.sum() > MOST_PANELS + 4 * len(parts) or count > MOST_IN_ALL * len(parts)
            if many or not rough.any():
                break
            k = np.tile(k[rough], 2)
            a, b = np.append(a[rough], middle[rough]), np.append(middle[rough], b[rough])
    still_open = error[rough].sum()
    if still_open > ROUGH * scale:
        raise RuntimeError(
            f"an expectation did not converge: {still_open:.2g} is open of {scale:.2g}"
        )
    return total + whole.sum()


def expectation(
    law: HasComponents, func: Function | None, lb: float | None, ub: float | None, conditional: bool
) -> float | complex:
    """`SpectralLaw.expect`."""
    if func is not None and not callable(func):
        raise ValueError(f"func must be a function of a number, got {describe(func)}")
    lb, ub = _bound(lb, "lb", -np.inf), _bound(ub, "ub", np.inf)
    if lb > ub:
        raise ValueError(f"lb must be at most ub, got {lb:g} and {ub:g}")
    parts = pieces(law, lb, ub)
    atom = law.atom_at_zero if lb <= 0 <= ub else 0.0
    total = integral(law, lambda x: _values(func, x), parts)
    if atom > 0:
        total = total + atom * _values(func, np.zeros(1))[0]
    if conditional:
        mass = sum(part.mass for part in parts) + atom
        if mass == 0:
            raise ValueError(f"lb and ub must have mass between them, got {lb:g} and {ub:g}")
        total = total / mass
    return complex(total) if np.iscomplexobj(total) else float(total)


def entropy(law: Any) -> float:
    """`SpectralLaw.entropy`."""
    parts = pieces(law, -np.inf, np.inf)
    mass = sum(part.mass for part in parts)
    if mass == 0:
        return 0.0
    blurred = sum(part.mass * part.rounding() for part in parts) / mass
    if blurred > NARROWEST:
        raise RuntimeError(f"components are too narrow, a rounding is {blurred:.2g} of them")

    def surprise(x: FloatArray) -> FloatArray:
        rho = law.pdf(x)
        return -np.log(np.where(rho > 0, rho, 1.0))

    return float(integral(law, surprise, parts))


def _bound(value: Any, name: str, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, float | np.floating) and np.isinf(value):
        return float(value)
    return real_number(value, name)


def _values(func: Function | None, x: FloatArray) -> np.ndarray:
    """``func`` at each number of x, as scipy calls it: it need not take arrays."""
    if func is None:
        return x
    found = [func(t) for t in x]
    try:
        values = np.array(found)
    except ValueError:  # of different lengths
        values = np.empty((0, 0))
    if values.shape != x.shape or values.dtype.kind not in "biufc":
        raise ValueError(f"func must return a number, got {describe(found[0])} at {x[0]:g}")
    return values.astype(complex if values.dtype.kind == "c" else float)
