"""Numba kernels of the generalised Marchenko–Pastur law, in real arithmetic.

Notation of `generalized_mp`: poles ``p_k = γ λ_k`` ascending, strengths ``c_k = γ w_k λ_k²``,
``z(a) = a + m₁ + Σ c_k/(a - p_k)`` at ``a = u + i v``. All lengths are of order one: the caller
has divided the weights by the largest of them.
"""

import numpy as np
from numba import njit

EPS = 2.220446049250313e-16
MAX_ITERATIONS = 200


@njit(cache=True)
def height_squared(u, p, c):
    """``v²`` with ``g(u, v²) = Σ c_k/((u - p_k)² + v²) = 1``; 0 where ``h(u) = g(u, 0) <= 1``.

    Newton on ``1/g - 1``, concave and increasing in v², from a start on its left: monotone.
    """
    w = 0.0
    for k in range(p.size):
        w = max(w, c[k] - (u - p[k]) ** 2)
    for _ in range(MAX_ITERATIONS):
        g, slope = 0.0, 0.0
        for k in range(p.size):
            d = (u - p[k]) ** 2 + w
            t = c[k] / d
            g += t
            slope += t / d
        step = (g - 1.0) * g / slope
        if step <= 2.0 * EPS * w:
            return w
        w += step
    raise RuntimeError("height_squared did not converge")


@njit(cache=True)
def abscissa(u, w, p, c):
    """``x = Re z(a)``, w = v², as ``z = a (1 + Σ b_k/(a - p_k))`` with ``b_k = c_k/p_k``.

    Equal to ``a + m₁ + Σ c_k/(a - p_k)``, without its cancellation near 0.
    """
    real, imaginary = 0.0, 0.0  # of Σ b_k/(a - p_k), the second over -v
    for k in range(p.size):
        d = u - p[k]
        t = c[k] / p[k] / (d * d + w)
        real += t * d
        imaginary += t
    return u * (1.0 + real) + w * imaginary


@njit(cache=True)
def _h_and_slope(u, p, c):
    """``h(u) = Σ c_k/(u - p_k)²`` and ``h'(u)``."""
    h, slope = 0.0, 0.0
    for k in range(p.size):
        r = 1.0 / (u - p[k])
        h += c[k] * r * r
        slope -= 2.0 * c[k] * r * r * r
    return h, slope


@njit(cache=True)
def _edge(lo, hi, p, c):
    """The root of ``h = 1`` between lo and hi, where ``h - 1`` changes sign.

    Newton on ``h^{-1/2} - 1``, nearly linear beside a pole, inside a bracket that every third
    step halves.
    """
    rising = _h_and_slope(lo, p, c)[0] < 1.0
    u = 0.5 * (lo + hi)
    for iteration in range(MAX_ITERATIONS):
        h, slope = _h_and_slope(u, p, c)
        if (h < 1.0) == rising:
            lo = u
        else:
            hi = u
        noise = 2.0 * EPS * (abs(u) + abs(h / slope))  # of u itself, and of h through its slope
        step = 2.0 * h * (1.0 - np.sqrt(h)) / slope  # -φ/φ' of φ = h^{-1/2} - 1
        if abs(step) <= noise or hi - lo <= noise:
            return u
        u += step
        if not lo < u < hi or iteration % 3 == 2:
            u = 0.5 * (lo + hi)
    raise RuntimeError("an edge of the support did not converge")


@njit(cache=True)
def _point_below_one(k, p, c):
    """A point of the gap (p_k, p_{k+1}) where the convex ``h < 1``, or NaN if there is none."""
    left, right = p[k], p[k + 1]
    a, b = c[k] ** (1.0 / 3.0), c[k + 1] ** (1.0 / 3.0)
    if (a + b) ** 3 >= (right - left) ** 2:  # these two poles alone keep h >= 1
        return np.nan
    lo, hi = left, right
    u = left + (right - left) * a / (a + b)  # the minimum for these two poles alone
    for _ in range(MAX_ITERATIONS):
        h, slope = _h_and_slope(u, p, c)
        if h < 1.0:
            return u
        if slope < 0.0:
            lo = u
        else:
            hi = u
        # a convex function lies above its tangent: can it still reach 1 inside the bracket?
        if h + slope * ((hi if slope < 0.0 else lo) - u) >= 1.0 or hi - lo <= 4.0 * EPS * abs(u):
            return np.nan
        curvature = 0.0
        for m in range(p.size):
            curvature += 6.0 * c[m] / (u - p[m]) ** 4
        u -= slope / curvature
        if not lo < u < hi:
            u = 0.5 * (lo + hi)
    return np.nan


@njit(cache=True)
def component_edges(p, c):
    """Ends ``(u_a, u_b)`` of the continuous components in the parameter u, shape (n, 2)."""
    last = p.size - 1
    reach = np.sqrt(c.sum())
    ends = np.empty((p.size, 2))
    ends[0, 0] = _edge(p[0] - 1.01 * reach, p[0] - 0.99 * np.sqrt(c[0]), p, c)
    n = 0
    for k in range(last):
        inside = _point_below_one(k, p, c)
        if not np.isnan(inside):
            # h >= c_k/(u - p_k)² puts each root at least √c from its pole
            left, right = p[k] + 0.99 * np.sqrt(c[k]), p[k + 1] - 0.99 * np.sqrt(c[k + 1])
            ends[n, 1] = _edge(left, inside, p, c) if left < inside else inside
            n += 1
            ends[n, 0] = _edge(inside, right, p, c) if inside < right else inside
    ends[n, 1] = _edge(p[last] + 0.99 * np.sqrt(c[last]), p[last] + 1.01 * reach, p, c)
    return ends[: n + 1].copy()


@njit(cache=True)
def tabulate(u_a, u_b, n_nodes, p, c):
    """Nodes (u, v, x) of one component, denser near its ends, where v has a square root."""
    u, v, x = np.empty(n_nodes), np.empty(n_nodes), np.empty(n_nodes)
    for j in range(n_nodes):
        t = np.sin(0.5 * np.pi * j / (n_nodes - 1)) ** 2
        u[j] = u_a + (u_b - u_a) * t if 2 * j < n_nodes else u_b - (u_b - u_a) * (1.0 - t)
        w = 0.0 if j == 0 or j == n_nodes - 1 else height_squared(u[j], p, c)
        v[j] = np.sqrt(w)
        x[j] = abscissa(u[j], w, p, c)
        if j > 0:
            x[j] = max(x[j], x[j - 1])  # increasing in exact arithmetic
    return u, v, x


@njit(cache=True)
def _newton(x, u, v, lo, hi, p, c):
    """Complex Newton on ``z(a) = x``; returns (u, v, converged) with u in [lo, hi]."""
    previous = np.inf
    for _ in range(30):
        real, imaginary, g, dr, di = 0.0, 0.0, 0.0, 1.0, 0.0
        for k in range(p.size):
            d = u - p[k]
            r = 1.0 / (d * d + v * v)
            t = c[k] * r
            real += t * d / p[k]
            imaginary += t / p[k]
            g += t
            dr -= t * r * (d * d - v * v)
            di += t * r * 2.0 * d * v
        rr, ri = x - u * (1.0 + real) - v * v * imaginary, -v * (1.0 - g)
        norm = dr * dr + di * di
        if norm == 0.0:
            return u, v, False
        du, dv = (rr * dr + ri * di) / norm, (ri * dr - rr * di) / norm
        step = np.hypot(du, dv)
        size = np.hypot(u, v)
        if step <= 1e-13 * v or (step <= 1e-9 * v and step >= 0.5 * previous):
            u, v = u + du, v + dv
            slack = 1e-12 * (size + hi - lo)
            return u, v, v >= 0.0 and lo - slack <= u <= hi + slack
        u, v = u + du, (v + dv if v + dv > 0.0 else 0.1 * v)
        previous = step
    return u, v, False


@njit(cache=True)
def _bisect(x, lo, hi, p, c):
    """The point (u, v) with ``x(u) = x`` by bisection: always right, slower."""
    for _ in range(MAX_ITERATIONS):
        u = 0.5 * (lo + hi)
        w = height_squared(u, p, c)
        if abscissa(u, w, p, c) < x:
            lo = u
        else:
            hi = u
        if hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
            break
    u = 0.5 * (lo + hi)
    return u, np.sqrt(height_squared(u, p, c))


@njit(cache=True)
def locate(x, table_u, table_v, table_x, p, c):
    """The points (u, v) of one component with ``z(u + i v) = x``, for each x inside it."""
    us, vs = np.empty(x.size), np.empty(x.size)
    for n in range(x.size):
        j = np.searchsorted(table_x, x[n], side="right") - 1
        j = min(max(j, 0), table_x.size - 2)
        width = table_x[j + 1] - table_x[j]
        t = (x[n] - table_x[j]) / width if width > 0.0 else 0.5
        t = min(max(t, 0.0), 1.0)
        lo, hi = table_u[j], table_u[j + 1]
        if j == 0:  # v grows like a square root from an edge
            v = np.sqrt(t) * table_v[1]
        elif j == table_x.size - 2:
            v = np.sqrt(1.0 - t) * table_v[j]
        else:
            v = (1.0 - t) * table_v[j] + t * table_v[j + 1]
        u, v, converged = _newton(x[n], lo + t * (hi - lo), v, lo, hi, p, c)
        if not converged:
            u, v = _bisect(x[n], lo, hi, p, c)
        us[n], vs[n] = u, v
    return us, vs


@njit(cache=True)
def distribution(u, v, p, c):
    """CDF at ``a = u + i v``: ``F = 1 + Im Φ/π``, with

    ``Φ = -Log a + Σ (w_k/γ) [Log a - Log(a - p_k)] - Σ w_k λ_k/(a - p_k)``,
    ``w_k/γ = c_k/p_k²`` and ``w_k λ_k = c_k/p_k``.
    """
    F = np.empty(u.size)
    for n in range(u.size):
        size = u[n] * u[n] + v[n] * v[n]
        phase = -np.arctan2(v[n], u[n])
        for k in range(p.size):
            d = u[n] - p[k]
            # Arg a - Arg(a - p_k) = Arg(a conj(a - p_k)): no difference of nearly equal angles
            phase += c[k] / p[k] ** 2 * np.arctan2(-p[k] * v[n], size - p[k] * u[n])
            phase += c[k] / p[k] * v[n] / (d * d + v[n] * v[n])
        F[n] = 1.0 + phase / np.pi
    return F


@njit(cache=True)
def quantile(q, table_u, table_F, p, c):
    """X with ``F(x) = q`` inside one component: bisection and secants on u in a table cell."""
    x, u_one, v_one = np.empty(q.size), np.empty(1), np.empty(1)
    for n in range(q.size):
        j = min(max(np.searchsorted(table_F, q[n]) - 1, 0), table_F.size - 2)
        lo, hi = table_u[j], table_u[j + 1]
        f_lo, f_hi = table_F[j] - q[n], table_F[j + 1] - q[n]
        for it in range(MAX_ITERATIONS):
            u = 0.5 * (lo + hi)
            if it % 3 != 2 and f_hi > f_lo:
                u = min(max(lo - f_lo * (hi - lo) / (f_hi - f_lo), lo), hi)
            u_one[0], v_one[0] = u, np.sqrt(height_squared(u, p, c))
            f = distribution(u_one, v_one, p, c)[0] - q[n]
            if f < 0.0:
                lo, f_lo = u, f
            else:
                hi, f_hi = u, f
            if abs(f) <= 2.0 * EPS or hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
                break
        x[n] = abscissa(u, v_one[0] ** 2, p, c)
    return x


@njit(cache=True)
def softmax(logits):
    """Row-wise softmax, the largest logit subtracted; the simulation has its own."""
    p = np.empty(logits.shape)
    for n in range(logits.shape[0]):
        largest = logits[n].max()
        total = 0.0
        for c in range(logits.shape[1]):
            p[n, c] = np.exp(logits[n, c] - largest)
            total += p[n, c]
        for c in range(logits.shape[1]):
            p[n, c] /= total
    return p


@njit(cache=True)
def softmax_pair_sums(f, f_other):
    """``Σ_i p_i(1-p_i) q_i(1-q_i)`` and ``Σ_{i≠j} p_i p_j q_i q_j`` of each row's softmax p, q.

    The second is ``2 Σ_i p_i q_i Σ_{j<i} p_j q_j``: no difference of nearly equal numbers.
    """
    p, q = softmax(f), softmax(f_other)
    diagonal, off_diagonal = np.zeros(f.shape[0]), np.zeros(f.shape[0])
    for n in range(f.shape[0]):
        before = 0.0
        for c in range(f.shape[1]):
            product = p[n, c] * q[n, c]
            diagonal[n] += product * (1.0 - p[n, c]) * (1.0 - q[n, c])
            off_diagonal[n] += 2.0 * product * before
            before += product
    return diagonal, off_diagonal
