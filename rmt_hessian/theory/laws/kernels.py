"""Numba kernels of the generalised Marchenko–Pastur law, in real arithmetic.

Notation of `generalized_mp`: poles ``p_k = γ λ_k`` ascending, residues ``b_k = w_k λ_k``,
``z(a) = a (1 + Σ b_k/(a - p_k))`` at ``a = u + i v``. With ``c_k = b_k p_k`` this equals
``a + Σ b_k + Σ c_k/(a - p_k)``, without its cancellation near 0. All lengths are of order one: the
caller has divided the weights by the largest of them.

No floating-point rule is relaxed: whether a function was compiled here, inlined or loaded from the
cache changes no bit. Sums over atoms have a fixed order made for SIMD (`_sums`).
"""

import numpy as np

from rmt_hessian._jit import jit

EPS = 2.220446049250313e-16
MAX_ITERATIONS = 200
LANES = 16  # partial sums of a sum over atoms: four registers of four numbers

compiled = jit(error_model="numpy")


@compiled
def _sums(u, w, p, b):
    """``Σ b r d``, ``Σ b r``, ``Σ c r``, ``Σ c r²``, ``Σ c r² d``; d = u - p, r = 1/(d² + w).

    With w = v² the first two give ``Σ b/(a - p)``, the third is g, the others are of its
    derivatives. Atom k is added to partial sum k mod LANES, in order: independent sums, so SIMD.
    """
    lanes = np.zeros((5, LANES))
    for start in range(0, p.size, LANES):
        poles, residues = p[start : start + LANES], b[start : start + LANES]
        for l in range(poles.size):
            d = u - poles[l]
            r = 1.0 / (d * d + w)
            t = residues[l] * r
            lanes[0, l] += t * d
            lanes[1, l] += t
            t *= poles[l]
            lanes[2, l] += t
            t *= r
            lanes[3, l] += t
            lanes[4, l] += t * d
    real, imaginary, g, squares, moments = 0.0, 0.0, 0.0, 0.0, 0.0
    for l in range(min(LANES, p.size)):
        real += lanes[0, l]
        imaginary += lanes[1, l]
        g += lanes[2, l]
        squares += lanes[3, l]
        moments += lanes[4, l]
    return real, imaginary, g, squares, moments


@compiled
def height_squared(u, p, b):
    """``v²`` with ``g(u, v²) = Σ c_k/((u - p_k)² + v²) = 1``; 0 where ``h(u) = g(u, 0) <= 1``.

    Newton on ``1/g - 1``, concave and increasing in v², from a start on its left: monotone.
    """
    w = 0.0
    for k in range(p.size):
        w = max(w, b[k] * p[k] - (u - p[k]) ** 2)
    for _ in range(MAX_ITERATIONS):
        _, _, g, slope, _ = _sums(u, w, p, b)
        step = (g - 1.0) * g / slope
        if step <= 2.0 * EPS * w:
            return w
        w += step
    raise RuntimeError("height_squared did not converge")


@compiled
def abscissa(u, w, p, b):
    """``x = Re z(a)``, w = v²."""
    real, imaginary, _, _, _ = _sums(u, w, p, b)  # of Σ b_k/(a - p_k), the second over -v
    return u * (1.0 + real) + w * imaginary


@compiled
def _h_and_slope(u, p, b):
    """``h(u) = Σ c_k/(u - p_k)² = 1 - z'(u)`` and ``h'(u)``."""
    _, _, h, _, cubes = _sums(u, 0.0, p, b)
    return h, -2.0 * cubes


@compiled
def _edge(lo, hi, p, b):
    """The root of ``h = 1`` between lo and hi, where ``h - 1`` changes sign.

    Newton on ``h^{-1/2} - 1``, nearly linear beside a pole, inside a bracket that every third
    step halves.
    """
    rising = _h_and_slope(lo, p, b)[0] < 1.0
    u = 0.5 * (lo + hi)
    for iteration in range(MAX_ITERATIONS):
        h, slope = _h_and_slope(u, p, b)
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


@compiled
def _point_below_one(k, p, b):
    """A point of the gap (p_k, p_{k+1}) where the convex ``h < 1``, or NaN if there is none."""
    left, right = p[k], p[k + 1]
    s, t = (b[k] * p[k]) ** (1.0 / 3.0), (b[k + 1] * p[k + 1]) ** (1.0 / 3.0)
    if (s + t) ** 3 >= (right - left) ** 2:  # these two poles alone keep h >= 1
        return np.nan
    lo, hi = left, right
    u = left + (right - left) * s / (s + t)  # the minimum for these two poles alone
    for _ in range(MAX_ITERATIONS):
        if not lo < u < hi:
            u = 0.5 * (lo + hi)
        _, _, h, fourths, cubes = _sums(u, 0.0, p, b)
        if h < 1.0:
            return u
        slope = -2.0 * cubes
        if slope < 0.0:
            lo = u
        else:
            hi = u
        # a convex function lies above its tangent: can it still reach 1 inside the bracket?
        if h + slope * ((hi if slope < 0.0 else lo) - u) >= 1.0 or hi - lo <= 4.0 * EPS * abs(u):
            return np.nan
        u -= slope / (6.0 * fourths)  # h'' = 6 Σ c_k/(u - p_k)⁴
    return np.nan


@compiled
def component_edges(p, b):
    """Ends ``(u_a, u_b)`` of the continuous components in the parameter u, shape (n, 2)."""
    last = p.size - 1
    reach = np.sqrt(np.sum(b * p))
    ends = np.empty((p.size, 2))
    ends[0, 0] = _edge(p[0] - 1.01 * reach, p[0] - 0.99 * np.sqrt(b[0] * p[0]), p, b)
    n = 0
    for k in range(last):
        inside = _point_below_one(k, p, b)
        if not np.isnan(inside):
            # h >= c_k/(u - p_k)² puts each root at least √c from its pole
            left = p[k] + 0.99 * np.sqrt(b[k] * p[k])
            right = p[k + 1] - 0.99 * np.sqrt(b[k + 1] * p[k + 1])
            ends[n, 1] = _edge(left, inside, p, b) if left < inside else inside
            n += 1
            ends[n, 0] = _edge(inside, right, p, b) if inside < right else inside
    ends[n, 1] = _edge(p[last] + 0.99 * np.sqrt(b[last] * p[last]), p[last] + 1.01 * reach, p, b)
    return ends[: n + 1].copy()


@compiled
def tabulate(u_a, u_b, n_nodes, p, b):
    """Nodes (u, v, x) of one component at ``u = u_a + (u_b - u_a) sin²θ``, θ uniform.

    x and u are smooth even functions of θ about each end, v is odd.
    """
    u, v, x = np.empty(n_nodes), np.empty(n_nodes), np.empty(n_nodes)
    for j in range(n_nodes):
        t = np.sin(0.5 * np.pi * j / (n_nodes - 1)) ** 2
        u[j] = u_a + (u_b - u_a) * t if 2 * j < n_nodes else u_b - (u_b - u_a) * (1.0 - t)
        w = 0.0 if j == 0 or j == n_nodes - 1 else height_squared(u[j], p, b)
        v[j] = np.sqrt(w)
        x[j] = abscissa(u[j], w, p, b)
        if j > 0:
            x[j] = max(x[j], x[j - 1])  # increasing in exact arithmetic
    return u, v, x


@compiled
def _newton(x, y, u, v, lo, hi, p, b):
    """Complex Newton on ``z(a) = x + i y``; returns (u, v, converged) with u in [lo, hi].

    The singularities of the inverse of z lie no nearer to a than a fraction of v, so that a step
    of relative size t leaves an error of order t²: at 1e-8 no further step is needed.
    """
    previous = np.inf
    for _ in range(30):
        w = v * v
        real, imaginary, g, squares, moments = _sums(u, w, p, b)
        dr, di = 1.0 - g + 2.0 * w * squares, 2.0 * v * moments  # z'(a)
        rr = x - u * (1.0 + real) - w * imaginary
        ri = y - v * (1.0 - g)
        norm = dr * dr + di * di
        if norm == 0.0:
            return u, v, False
        du, dv = (rr * dr + ri * di) / norm, (ri * dr - rr * di) / norm
        step = np.hypot(du, dv)
        if step <= 1e-8 * v or (step <= 1e-6 * v and step >= 0.5 * previous):
            u, v = u + du, v + dv
            slack = 1e-12 * (np.hypot(u, v) + hi - lo)
            return u, v, v >= 0.0 and lo - slack <= u <= hi + slack
        u, v = u + du, (v + dv if v + dv > 0.0 else 0.1 * v)
        previous = step
    return u, v, False


@compiled
def _bisect(x, lo, hi, p, b):
    """The point (u, v) with ``x(u) = x`` by bisection: always right, slower."""
    for _ in range(MAX_ITERATIONS):
        u = 0.5 * (lo + hi)
        w = height_squared(u, p, b)
        if abscissa(u, w, p, b) < x:
            lo = u
        else:
            hi = u
        if hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
            break
    u = 0.5 * (lo + hi)
    return u, np.sqrt(height_squared(u, p, b))


@compiled
def arc(x, lo, hi):
    """``φ`` with ``x = lo + (hi - lo) sin²φ``: u and v are smooth functions of it."""
    return np.arctan2(np.sqrt(max(x - lo, 0.0)), np.sqrt(max(hi - x, 0.0)))


@compiled
def _interpolate(phi, j, nodes, u, v):
    """Parameters u and v at φ in cell j, from the cubics through four neighbouring nodes."""
    first = min(max(j - 1, 0), nodes.size - 4)
    at_u, at_v = 0.0, 0.0
    for k in range(first, first + 4):
        weight = 1.0
        for m in range(first, first + 4):
            if m != k:
                weight *= (phi - nodes[m]) / (nodes[k] - nodes[m])
        at_u += weight * u[k]
        at_v += weight * v[k]
    return at_u, at_v


@compiled
def locate(x, table_u, table_v, table_x, p, b):
    """The points (u, v) of one component with ``z(u + i v) = x``, for each x inside it."""
    us, vs, phi = np.empty(x.size), np.empty(x.size), np.empty(table_x.size)
    last = table_x.size - 1
    for j in range(last + 1):
        phi[j] = arc(table_x[j], table_x[0], table_x[last])
    for n in range(x.size):
        at = arc(x[n], table_x[0], table_x[last])
        j = min(max(np.searchsorted(table_x, x[n], side="right") - 1, 0), last - 1)
        lo, hi = table_u[j], table_u[j + 1]
        u, v = _interpolate(at, j, phi, table_u, table_v)
        if not (lo <= u <= hi and v > 0.0):  # nodes too close, or too coarse for a cubic
            u, v = 0.5 * (lo + hi), 0.5 * (table_v[j] + table_v[j + 1])
        u, v, converged = _newton(x[n], 0.0, u, v, lo, hi, p, b)
        if not converged:
            u, v = _bisect(x[n], lo, hi, p, b)
        us[n], vs[n] = u, v
    return us, vs


@compiled
def distribution(u, v, p, b):
    """CDF at ``a = u + i v``: ``F = 1 + Im Φ/π``, with

    ``Φ = -Log a + Σ (w_k/γ) [Log a - Log(a - p_k)] - Σ w_k λ_k/(a - p_k)`` and
    ``w_k/γ = b_k/p_k``.
    """
    F = np.empty(u.size)
    for n in range(u.size):
        size = u[n] * u[n] + v[n] * v[n]
        phase = -np.arctan2(v[n], u[n])
        for k in range(p.size):
            d = u[n] - p[k]
            # Arg a - Arg(a - p_k) = Arg(a conj(a - p_k)): no difference of nearly equal angles
            phase += b[k] / p[k] * np.arctan2(-p[k] * v[n], size - p[k] * u[n])
            phase += b[k] * v[n] / (d * d + v[n] * v[n])
        F[n] = 1.0 + phase / np.pi
    return F


@compiled
def quantile(q, table_u, table_F, p, b):
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
            u_one[0], v_one[0] = u, np.sqrt(height_squared(u, p, b))
            f = distribution(u_one, v_one, p, b)[0] - q[n]
            if f < 0.0:
                lo, f_lo = u, f
            else:
                hi, f_hi = u, f
            if abs(f) <= 2.0 * EPS or hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
                break
        x[n] = abscissa(u, v_one[0] ** 2, p, b)
    return x


@compiled
def locate_outside(x, lo, hi, p, b):
    """The real u in (lo, hi) with ``z(u) = x``: outside the support z increases, z' = 1 - h."""
    us = np.empty(x.size)
    reach, mean = np.sqrt(np.sum(b * p)), np.sum(b)  # |x - u - m₁| <= √(Σ c) √h, by Cauchy–Schwarz
    for n in range(x.size):
        left, right = max(lo, x[n] - mean - reach), min(hi, x[n] - mean + reach)
        u = 0.5 * (left + right)
        for _ in range(MAX_ITERATIONS):
            gap = x[n] - abscissa(u, 0.0, p, b)
            if gap > 0.0:
                left = u
            else:
                right = u
            step = gap / (1.0 - _h_and_slope(u, p, b)[0])
            u += step
            if not left < u < right:
                u = 0.5 * (left + right)
            elif abs(step) <= 2.0 * EPS * abs(u):
                break
            if right - left <= 2.0 * EPS * max(abs(left), abs(right)):
                break
        us[n] = u
    return us


@compiled
def _height_at(u, y, p, b):
    """``v`` with ``Im z(u + i v) = v (1 - g(u, v²)) = y > 0``, by bisection: unique."""
    lo, hi = y, 0.5 * y + np.sqrt(0.25 * y * y + np.sum(b * p))
    for _ in range(MAX_ITERATIONS):
        v = 0.5 * (lo + hi)
        g = _sums(u, v * v, p, b)[2]
        if v * (1.0 - g) < y:
            lo = v
        else:
            hi = v
        if hi - lo <= 2.0 * EPS * hi:
            break
    return 0.5 * (lo + hi)


@compiled
def locate_above(x, y, p, b):
    """The points (u, v), v > 0, with ``z(u + i v) = x + i y``, y > 0.

    There is one: wherever ``Im z > 0`` and v > 0, ``g < 1``, and z is one-to-one there. Newton from
    ``a = z - m₁``, right far away; else the same from ever lower heights; else bisection.
    """
    us, vs = np.empty(x.size), np.empty(x.size)
    reach, mean = np.sqrt(np.sum(b * p)), np.sum(b)
    far = 1e3 * (1.0 + abs(mean) + reach)
    for n in range(x.size):
        u, v, converged = _newton(x[n], y[n], x[n] - mean, y[n], -np.inf, np.inf, p, b)
        if not converged:
            height = max(y[n], 4.0 * reach)
            u, v, converged = x[n] - mean, height, True
            while converged:
                u, v, converged = _newton(x[n], height, u, v, -far, far, p, b)
                if height == y[n]:
                    break
                height = max(y[n], 0.25 * height)
        if not converged:
            lo, hi = x[n] - mean - reach, x[n] - mean + reach
            for _ in range(MAX_ITERATIONS):
                u = 0.5 * (lo + hi)
                v = _height_at(u, y[n], p, b)
                if abscissa(u, v * v, p, b) < x[n]:
                    lo = u
                else:
                    hi = u
                if hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
                    break
        us[n], vs[n] = u, v
    return us, vs


@compiled
def log_potential(u, v, p, b):
    """``∫ log|z - x| dμ(x) = -Re Φ(a)`` at ``z = z(u + i v)``, with the Φ of `distribution`."""
    U = np.empty(u.size)
    for n in range(u.size):
        size = np.hypot(u[n], v[n])
        total = np.log(size)
        for k in range(p.size):
            d = u[n] - p[k]
            if size < abs(p[k]):
                share = np.log(np.hypot(d, v[n])) - np.log(size)
            else:  # without the difference of nearly equal logarithms
                r = p[k] / size
                share = 0.5 * np.log1p(r * (r - 2.0 * u[n] / size))
            total += b[k] / p[k] * share
            total += b[k] * d / (d * d + v[n] * v[n])
        U[n] = total
    return U


# --- sums of the separable law ------------------------------------------------------------------


@compiled
def fraction_sums(x, y, b, c):
    """``Σ c_k/(b_k x + y)`` and ``Σ c_k b_k/(b_k x + y)²`` at each (x, y), complex, shape (n,).

    Lanes as in `_sums`.
    """
    first, second = np.empty(x.size, np.complex128), np.empty(x.size, np.complex128)
    lanes = np.empty((4, LANES))
    for n in range(x.size):
        x_re, x_im, y_re, y_im = x[n].real, x[n].imag, y[n].real, y[n].imag
        lanes[:] = 0.0
        for start in range(0, b.size, LANES):
            factors, shares = b[start : start + LANES], c[start : start + LANES]
            for l in range(factors.size):
                d, e = factors[l] * x_re + y_re, factors[l] * x_im + y_im
                r = 1.0 / (d * d + e * e)
                u, v = d * r, -e * r  # of 1/(d + i e)
                lanes[0, l] += shares[l] * u
                lanes[1, l] += shares[l] * v
                t = shares[l] * factors[l]
                lanes[2, l] += t * (u * u - v * v)
                lanes[3, l] += t * (u * v)
        re, im, square_re, square_im = 0.0, 0.0, 0.0, 0.0
        for l in range(min(LANES, b.size)):
            re += lanes[0, l]
            im += lanes[1, l]
            square_re += lanes[2, l]
            square_im += lanes[3, l]
        first[n] = complex(re, im)
        second[n] = complex(square_re, 2.0 * square_im)
    return first, second


@compiled
def angle_sums(x, y, b, c):
    """``Σ c_k Arg(b_k x + y)`` at each (x, y), complex, shape (n,)."""
    sums = np.empty(x.size)
    for n in range(x.size):
        total = 0.0
        for k in range(b.size):
            total += c[k] * np.arctan2(b[k] * x[n].imag + y[n].imag, b[k] * x[n].real + y[n].real)
        sums[n] = total
    return sums
