"""Numba kernels of the generalised Marchenko–Pastur law, in real arithmetic.

Notation of `generalized_mp`: poles ``p_k = γ λ_k`` ascending, residues ``b_k = w_k λ_k``,
``z(a) = a (1 + Σ b_k/(a - p_k))`` at ``a = u + i v``. With ``c_k = b_k p_k`` this equals
``a + Σ b_k + Σ c_k/(a - p_k)``, without its cancellation near 0. All lengths are of order one: the
caller has divided the weights by the largest of them.

A continuous law of weights is a density on `panels` (``ends``, ``shares``): its Gauss nodes
are the atoms, and the panels next to a are integrated as they are (`_near_panels`). Discrete laws
have none.

Each part uses the one before: sums over atoms and panels; the height ``v(u)``; edges; places, their
inverses, and integrals of s. The sums of the separable law use the panels too: one file, since
numba keeps a compiled function when one that it calls changes in another.

No floating-point rule is relaxed: whether a function was compiled here, inlined or loaded from the
cache changes no bit. Sums over atoms have a fixed order made for SIMD (`_sums`).

References
----------
``docs/laws.md`` §2.2, §2.3 and §2.4.
"""

import numpy as np

from rmt_hessian._jit import jit

EPS = 2.220446049250313e-16
MAX_ITERATIONS = 200
LANES = 16  # partial sums of a sum over atoms: four registers of four numbers
NODES = 8  # Gauss nodes of a panel
NEAR = 3.0  # half widths from its middle within which a panel is near: Gauss errs by 1e-13 beyond
TINY = 1e-100  # keeps the end of a panel finite
SMALLEST = 1e-100  # height of a tail that counts as 0

# rows of the partial sums of `_atom_sums` and of `_fraction_sums`
REAL, IMAGINARY, G, SQUARES, MOMENTS = range(5)
SQUARE_REAL, SQUARE_IMAGINARY = 2, 3

compiled = jit(error_model="numpy")

# --- sums over atoms and panels -----------------------------------------------------------------


@compiled
def _atom_sums(u, w, p, b):
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
            lanes[REAL, l] += t * d
            lanes[IMAGINARY, l] += t
            t *= poles[l]
            lanes[G, l] += t
            t *= r
            lanes[SQUARES, l] += t
            lanes[MOMENTS, l] += t * d
    real, imaginary, g, squares, moments = 0.0, 0.0, 0.0, 0.0, 0.0
    for l in range(min(LANES, p.size)):
        real += lanes[REAL, l]
        imaginary += lanes[IMAGINARY, l]
        g += lanes[G, l]
        squares += lanes[SQUARES, l]
        moments += lanes[MOMENTS, l]
    return real, imaginary, g, squares, moments


@compiled
def _panel_transform(u, v, lo, hi, shares):
    """``B = ∫ p ω(p)/(a - p) dp`` over one panel, B' and B''; ``ω = b/p``.

    ω is a sum of Legendre polynomials. ``∫ P_n(t)/(s - t) dt = 2 Q_n(s)`` over [-1, 1], by the
    recursions of the Legendre functions of the second kind, forwards: a is near.
    ``B = a ∫ ω/(a - p) - ∫ ω`` has the right small imaginary part also next to p = 0.
    """
    half, middle = 0.5 * (hi - lo), 0.5 * (lo + hi)
    x, y = (u - middle) / half, v / half
    right, left = (x - 1.0) ** 2 + y * y + TINY**2, (x + 1.0) ** 2 + y * y + TINY**2
    angle = np.arctan2(-2.0 * y, (x - 1.0) * (x + 1.0) + y * y)
    s = complex(x, y)
    square = complex(1.0 - x, -y) * complex(1.0 + x, y) + TINY  # 1 - s²
    q, d, e = complex(0.25 * np.log(left / right), 0.5 * angle), 1.0 / square, 2.0 * s / square**2
    q_next, d_next, e_next = s * q - 1.0, q + s * d, 2.0 * d + s * e
    value, slope, curvature = 0j, 0j, 0j
    for n in range(NODES):
        value += shares[n] * q
        slope += shares[n] * d
        curvature += shares[n] * e
        m = 2.0 * n + 3.0
        q, q_next = q_next, (m * s * q_next - (n + 1.0) * q) / (n + 2.0)
        d, d_next = d_next, d + m * q
        e, e_next = e_next, e + m * d
    value, slope, curvature = 2.0 * value, 2.0 * slope / half, 2.0 * curvature / half**2
    a, total = complex(u, v), 2.0 * half * shares[0]
    return a * value - total, value + a * slope, 2.0 * slope + a * curvature


@compiled
def _panel_potential(u, v, j, panels):
    """``∫ ω(p) dp``, ``∫ ω(p) Log(a - p) dp`` and ``∫ p ω(p)/(a - p) dp`` over panel j.

    ``∫ P_n(t) log(s - t) dt = 2 (Q_{n+1} - Q_{n-1})/(2n + 1)`` for n >= 1, by parts.
    """
    ends, shares = panels
    lo, hi = ends[j, 0], ends[j, 1]
    half = 0.5 * (hi - lo)
    s = complex((u - 0.5 * (lo + hi)) / half, v / half)
    right = 0.5 * np.log((s.real - 1.0) ** 2 + s.imag**2 + TINY**2)
    left = 0.5 * np.log((s.real + 1.0) ** 2 + s.imag**2 + TINY**2)
    right, left = (
        complex(right, np.arctan2(s.imag, s.real - 1.0)),
        complex(left, np.arctan2(s.imag, s.real + 1.0)),
    )
    logarithm = shares[j, 0] * ((s + 1.0) * left - (s - 1.0) * right - 2.0 + 2.0 * np.log(half))
    q = 0.5 * (left - right)
    q_next, transform = s * q - 1.0, shares[j, 0] * q
    for n in range(1, NODES):
        q_after = ((2.0 * n + 1.0) * s * q_next - n * q) / (n + 1.0)
        logarithm += shares[j, n] * 2.0 * (q_after - q) / (2.0 * n + 1.0)
        transform += shares[j, n] * q_next
        q, q_next = q_next, q_after
    total = 2.0 * half * shares[j, 0]
    return total, half * logarithm, 2.0 * complex(u, v) * transform - total


@compiled
def _is_near(u, v, lo, hi):
    """Whether a is so near to the panel that its Gauss rule does not hold."""
    reach = NEAR * 0.5 * (hi - lo)
    return abs(u - 0.5 * (lo + hi)) < reach and v < reach


@compiled
def _near_panels(u, v, ends):
    """The first of the panels near to a, and the one after the last; smaller ones between are not.

    No panel is near at (0, 0).
    """
    first, after = ends.shape[0], 0
    for j in range(ends.shape[0]):
        if _is_near(u, v, ends[j, 0], ends[j, 1]):
            first, after = min(first, j), j + 1
    return min(first, after), after


@compiled
def _sums(u, w, p, b, panels):
    """The sums of `_atom_sums`, of atoms or of a density on panels; without those that w multiplies
    where w = 0.

    Of the panels next to a: ``∫ c/(a - p) = a ∫ b/(a - p) - ∫ b``, and g, … are parts of it.
    """
    ends, shares = panels
    if ends.shape[0] == 0:
        return _atom_sums(u, w, p, b)
    v = np.sqrt(w)
    first, after = _near_panels(u, v, ends)
    if after == 0:
        return _atom_sums(u, w, p, b)
    i = NODES * first
    real, imaginary, g, squares, moments = _atom_sums(u, w, p[:i], b[:i])
    a, B, B_slope, B_curvature = complex(u, v), 0j, 0j, 0j
    for k in range(first, after + 1):
        if k < after and _is_near(u, v, ends[k, 0], ends[k, 1]):
            value, slope, curvature = _panel_transform(u, v, ends[k, 0], ends[k, 1], shares[k])
            B += value
            B_slope += slope
            B_curvature += curvature
        else:  # a far panel between near ones, or all after the last near one: sums over nodes
            i, j = NODES * k, (NODES * (k + 1) if k < after else p.size)
            sums = _atom_sums(u, w, p[i:j], b[i:j])
            real += sums[REAL]
            imaginary += sums[IMAGINARY]
            g += sums[G]
            squares += sums[SQUARES]
            moments += sums[MOMENTS]
    # g, squares and moments of the near panels: of a B, its slope and, at v = 0, its curvature
    C_slope = B + a * B_slope  # of C = ∫ c/(a - p)
    if v > 0.0:
        own_g = -(a * B).imag / v
        imaginary -= B.imag / v
        squares += 0.5 * (own_g + C_slope.real) / w
        moments += 0.5 * C_slope.imag / v
    else:
        own_g = -C_slope.real
        moments += B_slope.real + 0.5 * (a * B_curvature).real
    return real + B.real, imaginary, g + own_g, squares, moments


# --- the height ---------------------------------------------------------------------------------


@compiled
def _height_in_panels(u, p, b, panels):
    """The v of `height_squared` where the weights have a density.

    Newton on ``v (1 - g)``, which ``g = α/v + β``, the form of g inside a thin tail, solves at
    once; inside a bracket that every third step halves, in its logarithm.
    """
    ends = panels[0]
    inside = False
    for j in range(ends.shape[0]):
        inside = inside or ends[j, 0] <= u <= ends[j, 1]
    if not inside and _sums(u, 0.0, p, b, panels)[2] <= 1.0:
        return 0.0
    lo, hi = 0.0, np.sqrt(np.sum(b * p))
    v = hi
    for iteration in range(MAX_ITERATIONS):
        _, _, g, squares, _ = _sums(u, v * v, p, b, panels)
        if g > 1.0:
            lo = v
        else:
            hi = v
        excess = 2.0 * v * v * squares  # g - Re Σ c/(a - p)²
        new = v * excess / (1.0 - g + excess)
        if abs(new - v) <= 4.0 * EPS * v or hi - lo <= 4.0 * EPS * hi:
            return v
        if hi < SMALLEST:
            return 0.0
        if not lo < new < hi or iteration % 3 == 2:
            new = np.sqrt(lo * hi) if lo > 0.0 else 1e-6 * hi
        v = new
    raise RuntimeError("a height did not converge")


@compiled
def height_squared(u, p, b, panels):
    """``v²`` with ``g(u, v²) = Σ c_k/((u - p_k)² + v²) = 1``; 0 where ``h(u) = g(u, 0) <= 1``.

    Newton on ``1/g - 1``, concave and increasing in v², from a start on its left: monotone.
    """
    if panels[0].shape[0] > 0:
        return _height_in_panels(u, p, b, panels) ** 2
    w = 0.0
    for k in range(p.size):
        w = max(w, b[k] * p[k] - (u - p[k]) ** 2)
    for _ in range(MAX_ITERATIONS):
        _, _, g, slope, _ = _sums(u, w, p, b, panels)
        step = (g - 1.0) * g / slope
        if step <= 2.0 * EPS * w:
            return w
        w += step
    raise RuntimeError("height_squared did not converge")


@compiled
def abscissa(u, w, p, b, panels):
    """``x = Re z(a)``, w = v²."""
    real, imaginary, _, _, _ = _sums(u, w, p, b, panels)  # of Σ b_k/(a - p_k), the second over -v
    return u * (1.0 + real) + w * imaginary


# --- edges --------------------------------------------------------------------------------------


@compiled
def _h_and_slope(u, p, b, panels):
    """``h(u) = Σ c_k/(u - p_k)² = 1 - z'(u)`` and ``h'(u)``."""
    _, _, h, _, cubes = _sums(u, 0.0, p, b, panels)
    return h, -2.0 * cubes


@compiled
def _edge(lo, hi, p, b, panels):
    """The root of ``h = 1`` between lo and hi, where ``h - 1`` changes sign.

    Newton on ``h^{-1/2} - 1``, nearly linear beside a pole, inside a bracket that every third
    step halves.
    """
    rising = _h_and_slope(lo, p, b, panels)[0] < 1.0
    u = 0.5 * (lo + hi)
    for iteration in range(MAX_ITERATIONS):
        h, slope = _h_and_slope(u, p, b, panels)
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
def _point_below_one(k, p, b, panels):
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
        _, _, h, fourths, cubes = _sums(u, 0.0, p, b, panels)
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
def _point_below_one_between(left, right, p, b, panels):
    """A point between two groups of panels where the convex ``h < 1``, or NaN if there is none."""
    lo, hi = left, right
    for _ in range(MAX_ITERATIONS):
        u = 0.5 * (lo + hi)
        h, slope = _h_and_slope(u, p, b, panels)
        if h < 1.0:
            return u
        if slope < 0.0:
            lo = u
        else:
            hi = u
        # a convex function lies above its tangent: can it still reach 1 inside the bracket?
        if h + slope * ((hi if slope < 0.0 else lo) - u) >= 1.0 or hi - lo <= 4.0 * EPS * abs(u):
            return np.nan
    return np.nan


@compiled
def _edge_beside(end, length, inside, p, b, panels):
    """The edge between a point with h < 1 and the end of a panel: that end, if h < 1 up to it.

    h is looked at ever nearer to the end, since a density that vanishes there does so only up to
    rounding, and rounding counts when divided by the distance.
    """
    outside, distance = inside, abs(inside - end)
    while distance > 8.0 * EPS * (abs(end) + length):
        distance = min(0.25 * distance, length)
        beside = end + (distance if inside > end else -distance)
        if _h_and_slope(beside, p, b, panels)[0] >= 1.0:
            return _edge(min(outside, beside), max(outside, beside), p, b, panels)
        outside = beside
    return end


@compiled
def _component_edges_of_panels(p, b, panels):
    """As `component_edges`, of a density: it has no gap inside it, but may have edges beyond it.

    At p = 0, where c vanishes, ``h = P(λ≠0)/γ``: below 1 two components meet there, at the atom.
    """
    ends = panels[0]
    last, lengths = ends.shape[0] - 1, ends[:, 1] - ends[:, 0]
    reach = 1.01 * np.sqrt(np.sum(b * p))
    found = np.empty((last + 1, 2))
    found[0, 0] = _edge_beside(ends[0, 0], lengths[0], ends[0, 0] - reach, p, b, panels)
    n = 0
    for j in range(last):
        if ends[j, 1] == 0.0 == ends[j + 1, 0]:
            if _h_and_slope(0.0, p, b, panels)[0] < 1.0:
                found[n, 1] = 0.0
                n += 1
                found[n, 0] = 0.0
        elif ends[j, 1] < ends[j + 1, 0]:
            inside = _point_below_one_between(ends[j, 1], ends[j + 1, 0], p, b, panels)
            if not np.isnan(inside):
                found[n, 1] = _edge_beside(ends[j, 1], lengths[j], inside, p, b, panels)
                n += 1
                found[n, 0] = _edge_beside(ends[j + 1, 0], lengths[j + 1], inside, p, b, panels)
    found[n, 1] = _edge_beside(ends[last, 1], lengths[last], ends[last, 1] + reach, p, b, panels)
    return found[: n + 1].copy()


@compiled
def component_edges(p, b, panels):
    """Ends ``(u_a, u_b)`` of the continuous components in the parameter u, shape (n, 2)."""
    if panels[0].shape[0] > 0:
        return _component_edges_of_panels(p, b, panels)
    last = p.size - 1
    reach = np.sqrt(np.sum(b * p))
    ends = np.empty((p.size, 2))
    ends[0, 0] = _edge(p[0] - 1.01 * reach, p[0] - 0.99 * np.sqrt(b[0] * p[0]), p, b, panels)
    n = 0
    for k in range(last):
        inside = _point_below_one(k, p, b, panels)
        if not np.isnan(inside):
            # h >= c_k/(u - p_k)² puts each root at least √c from its pole
            left = p[k] + 0.99 * np.sqrt(b[k] * p[k])
            right = p[k + 1] - 0.99 * np.sqrt(b[k + 1] * p[k + 1])
            ends[n, 1] = _edge(left, inside, p, b, panels) if left < inside else inside
            n += 1
            ends[n, 0] = _edge(inside, right, p, b, panels) if inside < right else inside
    ends[n, 1] = _edge(
        p[last] + 0.99 * np.sqrt(b[last] * p[last]), p[last] + 1.01 * reach, p, b, panels
    )
    return ends[: n + 1].copy()


# --- places, their inverses, and integrals of s -------------------------------------------------


@compiled
def tabulate(u, p, b, panels):
    """Heights v and places x at ascending nodes u of one component, its ends included.

    x and u are smooth even functions of ``θ = arcsin √((u - u_a)/(u_b - u_a))`` about each end, v
    is odd.
    """
    v, x = np.zeros(u.size), np.empty(u.size)
    for j in range(u.size):
        w = 0.0 if j == 0 or j == u.size - 1 else height_squared(u[j], p, b, panels)
        v[j] = np.sqrt(w)
        x[j] = abscissa(u[j], w, p, b, panels)
        if j > 0:
            x[j] = max(x[j], x[j - 1])  # increasing in exact arithmetic
    return v, x


@compiled
def _newton(x, y, u, v, lo, hi, p, b, panels):
    """Complex Newton on ``z(a) = x + i y``; returns (u, v, converged) with u in [lo, hi].

    The singularities of the inverse of z lie no nearer to a than a fraction of v, so that a step
    of relative size t leaves an error of order t²: at 1e-8 no further step is needed.
    """
    previous = np.inf
    for _ in range(30):
        w = v * v
        real, imaginary, g, squares, moments = _sums(u, w, p, b, panels)
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
def _bisect(x, lo, hi, p, b, panels):
    """The point (u, v) with ``x(u) = x`` by bisection: always right, slower."""
    for _ in range(MAX_ITERATIONS):
        u = 0.5 * (lo + hi)
        w = height_squared(u, p, b, panels)
        if abscissa(u, w, p, b, panels) < x:
            lo = u
        else:
            hi = u
        if hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
            break
    u = 0.5 * (lo + hi)
    return u, np.sqrt(height_squared(u, p, b, panels))


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
def locate(x, table_u, table_v, table_x, p, b, panels):
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
        u, v, converged = _newton(x[n], 0.0, u, v, lo, hi, p, b, panels)
        if not converged:
            u, v = _bisect(x[n], lo, hi, p, b, panels)
        us[n], vs[n] = u, v
    return us, vs


@compiled
def distribution(u, v, p, b, panels):
    """CDF at ``a = u + i v``: ``F = 1 + Im Φ/π``, with

    ``Φ = -Log a + Σ (w_k/γ) [Log a - Log(a - p_k)] - Σ w_k λ_k/(a - p_k)`` and
    ``w_k/γ = b_k/p_k``.
    """
    F, ends = np.empty(u.size), panels[0]
    for n in range(u.size):
        size = u[n] * u[n] + v[n] * v[n]
        phase = -np.arctan2(v[n], u[n])
        for j in range(ends.shape[0]):
            if not _is_near(u[n], v[n], ends[j, 0], ends[j, 1]):
                continue
            share, logarithm, transform = _panel_potential(u[n], v[n], j, panels)
            phase += share * np.arctan2(v[n], u[n]) - logarithm.imag - transform.imag
        for k in range(p.size):
            if ends.size > 0 and _is_near(u[n], v[n], ends[k // NODES, 0], ends[k // NODES, 1]):
                continue
            d = u[n] - p[k]
            # Arg a - Arg(a - p_k) = Arg(a conj(a - p_k)): no difference of nearly equal angles
            phase += b[k] / p[k] * np.arctan2(-p[k] * v[n], size - p[k] * u[n])
            phase += b[k] * v[n] / (d * d + v[n] * v[n])
        F[n] = 1.0 + phase / np.pi
    return F


@compiled
def quantile(q, table_u, table_F, p, b, panels):
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
            u_one[0], v_one[0] = u, np.sqrt(height_squared(u, p, b, panels))
            f = distribution(u_one, v_one, p, b, panels)[0] - q[n]
            if f < 0.0:
                lo, f_lo = u, f
            else:
                hi, f_hi = u, f
            if abs(f) <= 2.0 * EPS or hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
                break
        x[n] = abscissa(u, v_one[0] ** 2, p, b, panels)
    return x


@compiled
def locate_outside(x, lo, hi, p, b, panels):
    """The real u in (lo, hi) with ``z(u) = x``: outside the support z increases, z' = 1 - h."""
    us = np.empty(x.size)
    reach, mean = np.sqrt(np.sum(b * p)), np.sum(b)  # |x - u - m₁| <= √(Σ c) √h, by Cauchy–Schwarz
    for n in range(x.size):
        left, right = max(lo, x[n] - mean - reach), min(hi, x[n] - mean + reach)
        u = 0.5 * (left + right)
        for _ in range(MAX_ITERATIONS):
            gap = x[n] - abscissa(u, 0.0, p, b, panels)
            if gap > 0.0:
                left = u
            else:
                right = u
            step = gap / (1.0 - _h_and_slope(u, p, b, panels)[0])
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
def _height_at(u, y, p, b, panels):
    """``v`` with ``Im z(u + i v) = v (1 - g(u, v²)) = y > 0``, by bisection: unique."""
    lo, hi = y, 0.5 * y + np.sqrt(0.25 * y * y + np.sum(b * p))
    for _ in range(MAX_ITERATIONS):
        v = 0.5 * (lo + hi)
        g = _sums(u, v * v, p, b, panels)[2]
        if v * (1.0 - g) < y:
            lo = v
        else:
            hi = v
        if hi - lo <= 2.0 * EPS * hi:
            break
    return 0.5 * (lo + hi)


@compiled
def locate_above(x, y, p, b, panels):
    """The points (u, v), v > 0, with ``z(u + i v) = x + i y``, y > 0.

    There is one: wherever ``Im z > 0`` and v > 0, ``g < 1``, and z is one-to-one there. Newton from
    ``a = z - m₁``, right far away; else the same from ever lower heights; else bisection.
    """
    us, vs = np.empty(x.size), np.empty(x.size)
    reach, mean = np.sqrt(np.sum(b * p)), np.sum(b)
    far = 1e3 * (1.0 + abs(mean) + reach)
    for n in range(x.size):
        u, v, converged = _newton(x[n], y[n], x[n] - mean, y[n], -np.inf, np.inf, p, b, panels)
        if not converged:
            height = max(y[n], 4.0 * reach)
            u, v, converged = x[n] - mean, height, True
            while converged:
                u, v, converged = _newton(x[n], height, u, v, -far, far, p, b, panels)
                if height == y[n]:
                    break
                height = max(y[n], 0.25 * height)
        if not converged:
            lo, hi = x[n] - mean - reach, x[n] - mean + reach
            for _ in range(MAX_ITERATIONS):
                u = 0.5 * (lo + hi)
                v = _height_at(u, y[n], p, b, panels)
                if abscissa(u, v * v, p, b, panels) < x[n]:
                    lo = u
                else:
                    hi = u
                if hi - lo <= 2.0 * EPS * max(abs(lo), abs(hi)):
                    break
        us[n], vs[n] = u, v
    return us, vs


@compiled
def log_potential(u, v, p, b, panels):
    """``∫ log|z - x| dμ(x) = -Re Φ(a)`` at ``z = z(u + i v)``, with the Φ of `distribution`."""
    U, ends = np.empty(u.size), panels[0]
    for n in range(u.size):
        size = np.hypot(u[n], v[n])
        total = np.log(size)
        for j in range(ends.shape[0]):
            if not _is_near(u[n], v[n], ends[j, 0], ends[j, 1]):
                continue
            share, logarithm, transform = _panel_potential(u[n], v[n], j, panels)
            total += logarithm.real - share * np.log(size) + transform.real
        for k in range(p.size):
            if ends.size > 0 and _is_near(u[n], v[n], ends[k // NODES, 0], ends[k // NODES, 1]):
                continue
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
def _fraction_sums(x, y, b, c, lanes):
    """Real and imaginary parts of ``Σ c_k/(b_k x + y)`` and ``Σ c_k b_k/(b_k x + y)²``.

    Lanes, (4, LANES), as in `_atom_sums`.
    """
    lanes[:] = 0.0
    for start in range(0, b.size, LANES):
        factors, shares = b[start : start + LANES], c[start : start + LANES]
        for l in range(factors.size):
            d, e = factors[l] * x.real + y.real, factors[l] * x.imag + y.imag
            r = 1.0 / (d * d + e * e)
            u, v = d * r, -e * r  # of 1/(d + i e)
            lanes[REAL, l] += shares[l] * u
            lanes[IMAGINARY, l] += shares[l] * v
            t = shares[l] * factors[l]
            lanes[SQUARE_REAL, l] += t * (u * u - v * v)
            lanes[SQUARE_IMAGINARY, l] += t * (u * v)  # half of it
    re, im, square_re, square_im = 0.0, 0.0, 0.0, 0.0
    for l in range(min(LANES, b.size)):
        re += lanes[REAL, l]
        im += lanes[IMAGINARY, l]
        square_re += lanes[SQUARE_REAL, l]
        square_im += lanes[SQUARE_IMAGINARY, l]
    return complex(re, im), complex(square_re, 2.0 * square_im)


@compiled
def fraction_sums(x, y, b, c):
    """``Σ c_k/(b_k x + y)`` and ``Σ c_k b_k/(b_k x + y)²`` at each (x, y), complex, shape (n,)."""
    first, second = np.empty(x.size, np.complex128), np.empty(x.size, np.complex128)
    lanes = np.empty((4, LANES))
    for n in range(x.size):
        first[n], second[n] = _fraction_sums(x[n], y[n], b, c, lanes)
    return first, second


@compiled
def curvature_sums(delta, lam, w, panels):
    """``κ = E[λ/(1 + λδ)]`` and ``-dκ/dδ`` at each δ, Im δ >= 0, of weights with a density.

    With ``a = -1/δ`` they are ``a ∫ λ/(a - λ)`` and ``a² ∫ λ²/(a - λ)²``, as in `_sums`.
    """
    ends, shares = panels
    first, second = np.empty(delta.size, np.complex128), np.empty(delta.size, np.complex128)
    lanes, one = np.empty((4, LANES)), complex(1.0, 0.0)
    c = w * lam
    for n in range(delta.size):
        start, value, slope = 0, 0j, 0j
        if delta[n] != 0.0:
            a = -1.0 / delta[n]
            for k in range(ends.shape[0]):
                if _is_near(a.real, a.imag, ends[k, 0], ends[k, 1]):
                    B, B_slope, _ = _panel_transform(
                        a.real, a.imag, ends[k, 0], ends[k, 1], shares[k]
                    )
                    value += a * B
                    slope -= a * a * (B + a * B_slope)
                    part = slice(start, NODES * k)
                    more = _fraction_sums(delta[n], one, lam[part], c[part], lanes)
                    value += more[0]
                    slope += more[1]
                    start = NODES * (k + 1)
        more = _fraction_sums(delta[n], one, lam[start:], c[start:], lanes)
        first[n], second[n] = value + more[0], slope + more[1]
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


@compiled
def density_angles(delta, lam, w, panels):
    """``E Arg(1 + λδ)`` at each δ, Im δ >= 0, of weights with a density; zeros have none."""
    ends, sums = panels[0], np.empty(delta.size)
    for n in range(delta.size):
        total, start = 0.0, 0
        if delta[n] != 0.0:
            a = -1.0 / delta[n]
            for k in range(ends.shape[0]):
                if _is_near(a.real, a.imag, ends[k, 0], ends[k, 1]):
                    share, logarithm, _ = _panel_potential(a.real, a.imag, k, panels)
                    total += logarithm.imag - share * np.arctan2(a.imag, a.real)
                    for l in range(start, NODES * k):
                        t = lam[l] * delta[n]
                        total += w[l] * np.arctan2(t.imag, 1.0 + t.real)
                    start = NODES * (k + 1)
        for l in range(start, lam.size):
            t = lam[l] * delta[n]
            total += w[l] * np.arctan2(t.imag, 1.0 + t.real)
        sums[n] = total
    return sums
