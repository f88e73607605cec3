r"""Components of the separable law, and a table of δ inside them.

**Gaps first.** δ is real in a gap between components, ``dT/dδ < 1``, and two numbers of atoms
(`SeparableEquation.index`) tell which gap it is and the mass below it, exactly. Components are what
lies between the gaps that were found, so their masses are exact and sum to 1 whatever is found.

**Ends.** In a gap x increases with δ, ``dx/dδ = (1 - dT/dδ)/(dT/dx)``, up to its ends, where
``dT/dδ = 1``. Newton's method on ``T = δ``, ``dT/dδ = 1`` in (δ, log|x|) starts from a point of the
gap. A solution is an end of that gap if it has its index, and the left or the right one by the sign
of ``d²T/dδ²``. Where Newton's method does not find it, the point is moved half the way to what is
known to lie beyond, and it starts again.

**Inside.** Components are cut into cells until δ in the middle of each is, nearly, the cubic through
the nodes around it; what turns out to be a gap cuts a component in two. The coordinate is θ,
``log r = log lo + log(hi/lo) sin²θ`` with r = |x|, in which δ is smooth at the ends: one side of the
origin at a time, over any number of decades.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian.theory.laws.separable_equation import RESIDUAL, SeparableEquation

PER_DECADE = 8  # points of the first grid
DEPTH = 1e-30  # where the grid ends, over the smallest λ a: no mass is left below
CLOSE = 0.1  # hyperbolic distance of δ from the cubic, where a cell is fine enough
FINEST = 1e-5  # cell in θ that is not cut
EDGE_STEPS = 12
QUANTILE_STEPS = 100
EPS = np.finfo(float).eps
ULPS = 1e-15  # relative width of a bracket that is an end


def angle(r, lo, hi):
    """θ of r in [lo, hi], accurate at both ends."""
    return np.arctan2(
        np.sqrt(np.log1p(np.maximum(r - lo, 0.0) / lo)),
        np.sqrt(np.log1p(np.maximum(hi - r, 0.0) / r)),
    )


def point(theta, lo, hi):
    """The r in [lo, hi] of θ."""
    length = np.log1p((hi - lo) / lo)
    low, high = length * np.sin(theta) ** 2, length * np.cos(theta) ** 2
    return np.where(low < high, lo + lo * np.expm1(low), hi + hi * np.expm1(-high))


def cubic(t, nodes, values):
    """The cubic through four points, shape (n, 4) each, at t, shape (n,)."""
    total = np.zeros(t.shape, values.dtype)
    for k in range(4):
        others = [m for m in range(4) if m != k]
        weight = (t[:, None] - nodes[:, others]) / (nodes[:, [k]] - nodes[:, others])
        total += weight.prod(axis=1) * values[:, k]
    return total


@dataclass(frozen=True)
class Side:
    """Components on one side of the origin, in r = |x|, and nodes in them.

    Attributes
    ----------
    equation : SeparableEquation
    sign : int
        Of x.
    r, delta : numpy.ndarray, shape (n,)
        Nodes, ascending, component by component, its ends included; δ there.
    start, stop : numpy.ndarray, shape (m,)
        Components are ``r[start:stop]``.
    F_near, F_far : numpy.ndarray, shape (m,)
        ``P(X <= x)`` at the end next to the origin, and at the other.
    """

    equation: SeparableEquation
    sign: int
    r: np.ndarray
    delta: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    F_near: np.ndarray
    F_far: np.ndarray

    @cached_property
    def lo(self):
        """Their ends next to the origin."""
        return self.r[self.start]

    @cached_property
    def hi(self):
        """Their ends away from it."""
        return self.r[self.stop - 1]

    @cached_property
    def theta(self):
        """θ of the nodes."""
        owner = np.repeat(np.arange(self.start.size), self.stop - self.start)
        return angle(self.r, self.lo[owner], self.hi[owner])

    @cached_property
    def reaches_0(self):
        """Whether the first component goes on to the origin: its first node is no end."""
        return bool(self.r.size and self.delta[0].imag > 0)

    def owner(self, r):
        """The component that holds r in its interior, -1 if none does."""
        k = np.searchsorted(self.lo, r, side="left") - 1
        if self.reaches_0:
            k = np.where((r > 0) & (r <= self.lo[0]), 0, k)
        return np.where((k >= 0) & (r < np.append(self.hi, 0.0)[k]), k, -1)

    def guess(self, r, owner):
        """δ at points inside their components: the cubic through four nodes, on to 0 a power."""
        node = np.searchsorted(self.r, r) - 2
        node = np.clip(node, self.start[owner], self.stop[owner] - 4)[:, None] + np.arange(4)
        theta = angle(r, self.lo[owner], self.hi[owner])
        guess = cubic(theta, self.theta[node], self.delta[node])
        if self.reaches_0:
            below = r < self.r[0]
            power = np.log(np.abs(self.delta[1] / self.delta[0])) / np.log(self.r[1] / self.r[0])
            guess[below] = self.delta[0] * (r[below] / self.r[0]) ** power
        return guess

    def distribution(self, r, delta, owner):
        """``P(X <= x)`` at points inside their components, from δ there."""
        F, near, far = np.empty(r.shape), self.F_near[owner], self.F_far[owner]
        inside = delta.imag > 0
        F[inside] = self.equation.distribution(delta[inside], self.sign * r[inside])
        # by rounding outside: at one of the ends
        closer = r - self.lo[owner] < self.hi[owner] - r
        F[~inside] = np.where(closer, near, far)[~inside]
        return np.clip(F, np.minimum(near, far), np.maximum(near, far))

    @cached_property
    def rise(self):
        """``sign · P(X <= x)`` at the nodes, ascending."""
        owner = np.repeat(np.arange(self.start.size), self.stop - self.start)
        F = self.distribution(self.r, self.delta, owner)
        F[self.start], F[self.stop - 1] = self.F_near, self.F_far
        return np.maximum.accumulate(self.sign * F)

    def quantile(self, q, owner):
        """The r with ``P(X <= x) = q`` in their components: Newton in θ, inside a bracket."""
        lo, hi = self.lo[owner], self.hi[owner]
        cell = np.searchsorted(self.rise, self.sign * q) - 1
        cell = np.clip(cell, self.start[owner], self.stop[owner] - 2)
        left, right = self.theta[cell], self.theta[cell + 1]
        rise = self.rise[cell + 1] - self.rise[cell]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip((self.sign * q - self.rise[cell]) / rise, 0.0, 1.0)
        theta = left + np.where(rise > 0, share, 0.5) * (right - left)
        active = np.arange(q.size)
        for step in range(QUANTILE_STEPS):
            k, at = owner[active], theta[active]
            r = point(at, lo[active], hi[active])
            delta = self.equation.solve(self.sign * r + 0j, self.guess(r, k))
            missing = self.sign * (q[active] - self.distribution(r, delta, k))
            left[active] = np.where(missing > 0, at, left[active])
            right[active] = np.where(missing > 0, right[active], at)
            length = np.log1p((hi[active] - lo[active]) / lo[active])
            slope = self.equation.density(delta, self.sign * r) * r * length * np.sin(2 * at)
            with np.errstate(divide="ignore", invalid="ignore"):
                new = at + missing / slope
            low, high = left[active], right[active]
            bisected = ~((new > low) & (new < high)) | (step % 4 == 3)
            theta[active] = np.where(bisected, (low + high) / 2, new)
            done = (np.abs(missing) <= 2 * EPS) | (high - low <= 4 * EPS * high)
            theta[active[done]] = at[done]
            active = active[~done]
            if active.size == 0:
                break
        return point(theta, lo, hi)


def edge(equation, delta, x):
    """Newton from points of gaps to ends: (δ, x), and d²T/dδ²; the caller checks them.

    All derivatives from one evaluation at ``δ (1 + 1e-20 i)``, whose imaginary parts are
    derivatives in δ. The second equation is solved as ``(dT/dδ)^{-1/2} = 1``, nearly linear
    beside a pole.
    """
    delta, x = delta.copy(), x.copy()
    active = np.arange(x.size)
    curvature = np.zeros(x.size)
    for _ in range(EDGE_STEPS):
        at, place = delta[active], x[active]
        h = 1e-20 * np.abs(at)
        here = equation.defect(at + 1j * h, place + 0j)
        less, second = here.contraction.real, -here.contraction.imag / h  # 1 - dT/dδ, d²T/dδ²
        in_x, slope_in_x = here.in_z.real, here.in_z.imag / h
        slope = 1.0 - less
        f, g = -here.difference.real, 2.0 * slope * less / (1.0 + np.sqrt(slope))
        determinant = -less * slope_in_x - second * in_x
        step = (f * slope_in_x - g * in_x) / determinant
        step_x = (-less * g - second * f) / determinant
        delta[active] = at + step
        x[active] = place * np.exp(np.clip(step_x, -1.0, 1.0))
        curvature[active] = second
        active = active[~((np.abs(step_x) <= 1e-15) & (np.abs(step) <= 1e-9 * np.abs(at)))]
        if active.size == 0:
            break
    return delta, x, curvature


INSIDE = -1
LOWER, UPPER = 1, 2  # ends of a gap, in r


class _Nodes:
    """Points of one side of the origin, ascending, and what is known there.

    ``r``, ``delta``; ``gap``, the number of the gap or INSIDE; ``end``, LOWER or UPPER at the ends
    of gaps; ``coarse``, whether the cell to the next node may have to be cut.
    """

    def __init__(self, equation, sign):
        self.equation, self.sign = equation, sign
        floor = DEPTH * np.abs(equation.lam).min() * equation.a.min()
        decades = np.log10(equation.reach / floor)
        r = np.geomspace(floor, equation.reach, int(PER_DECADE * decades))
        self.r, self.delta, self.gap = np.empty(0), np.empty(0, complex), np.empty(0, int)
        self.end, self.coarse = np.empty(0, int), np.empty(0, bool)
        self.add(r, *self.solve(r))

    def solve(self, r, guess=None):
        """δ at r, and the number of the gap."""
        delta = self.equation.solve(self.sign * r + 0j, guess)
        return delta, np.where(delta.imag > 0, INSIDE, self.number(delta.real, r))

    def number(self, delta, r):
        above, crossed = self.equation.index(delta, self.sign * r)
        size = self.equation.lam.size
        return above * (2 * size + 1) + crossed + size

    def add(self, r, delta, gap, end=0, coarse=True):
        """Put in new nodes; those inside that lie between two of one gap go, by rounding only."""
        new = r, delta, gap, np.broadcast_to(end, r.shape), np.broadcast_to(coarse, r.shape)
        names = "r", "delta", "gap", "end", "coarse"
        _, order = np.unique(np.concatenate([r, self.r]), return_index=True)
        for name, values in zip(names, new, strict=True):
            setattr(self, name, np.concatenate([values, getattr(self, name)])[order])
        first, last = self.gaps()
        kept = np.ones(self.r.size, bool)
        for k in np.flatnonzero(last > first + 1):
            kept[first[k] + 1 : last[k]] = self.gap[first[k] + 1 : last[k]] != INSIDE
        for name in names:
            setattr(self, name, getattr(self, name)[kept])

    def gaps(self):
        """First and last node of every gap."""
        outside = np.flatnonzero(self.gap != INSIDE)
        _, first = np.unique(self.gap[outside], return_index=True)
        _, last = np.unique(self.gap[outside][::-1], return_index=True)
        order = np.argsort(first)
        return outside[first[order]], outside[::-1][last[order]]

    def intervals(self):
        """First and last node of every component."""
        first, last = self.gaps()
        if self.gap[0] == INSIDE:
            last = np.append(0, last)
        else:
            first = first[1:]
        return last[:-1], first


def _missing_ends(nodes):
    """Nodes of gaps from which an end has still to be found, and which: LOWER or UPPER."""
    first, last = nodes.gaps()
    lacks = [
        np.array(
            [not (nodes.end[i : j + 1] == end).any() for i, j in zip(first, last, strict=True)]
        )
        for end in (LOWER, UPPER)
    ]
    lacks[0] &= first > 0
    lacks[1] &= last < nodes.r.size - 1
    at = np.concatenate([first[lacks[0]], last[lacks[1]]])
    return at, np.repeat([LOWER, UPPER], [lacks[0].sum(), lacks[1].sum()])


def _find_ends(nodes):
    """One round: Newton from the outermost node of each gap, or halve the way to the next node."""
    at, end = _missing_ends(nodes)
    if at.size == 0:
        return False
    outward = np.where(end == UPPER, 1, -1)
    r, beyond, gap, equation = nodes.r[at], nodes.r[at + outward], nodes.gap[at], nodes.equation
    width = np.abs(np.log(beyond / r))
    with np.errstate(all="ignore"):
        delta, x, curvature = edge(equation, nodes.delta[at].real, nodes.sign * r)
        found = np.abs(x)
        here = equation.defect(delta + 0j, x + 0j)
        right = nodes.number(delta, found) == gap
        right &= (here.residual <= RESIDUAL) & here.double & (curvature * outward * nodes.sign > 0)
        way = np.log(found / r) * outward
    right &= (way > -ULPS) & (way < width + ULPS)
    found = np.where(outward > 0, np.maximum(found, r), np.minimum(found, r))
    nodes.end[at[~right & (width <= ULPS)]] = end[~right & (width <= ULPS)]
    halved = ~right & (width > ULPS)
    middle = np.sqrt(r[halved] * beyond[halved])
    nodes.add(middle, *nodes.solve(middle))
    nodes.add(found[right], delta[right] + 0j, gap[right], end[right])
    nodes.coarse[np.maximum(np.searchsorted(nodes.r, found[right]) - 1, 0)] = True
    return True


def _cut_cells(nodes):
    """One round: solve in the middle of every coarse cell of a component, and judge its halves."""
    first, last = nodes.intervals()
    cell = np.flatnonzero(nodes.coarse)
    owner = np.searchsorted(first, cell, side="right") - 1
    within = (owner >= 0) & (cell < np.append(last, 0)[owner])
    cell, owner = cell[within], owner[within]
    lo, hi = nodes.r[first[owner]], nodes.r[last[owner]]
    left, right = (angle(nodes.r[k], lo, hi) for k in (cell, cell + 1))
    middle = point((left + right) / 2, lo, hi)
    wide = (right - left > FINEST) & (nodes.r[cell] < middle) & (middle < nodes.r[cell + 1])
    nodes.coarse[cell[~wide]] = False
    cell, owner, lo, hi, middle = (x[wide] for x in (cell, owner, lo, hi, middle))
    if cell.size == 0:
        return False
    known = last[owner] - first[owner] >= 3  # four nodes
    guess = nodes.equation.start(middle)
    stencil = np.clip(cell - 1, first[owner], last[owner] - 3)[known, None] + np.arange(4)
    theta = angle(nodes.r[stencil], lo[known, None], hi[known, None])
    guess[known] = cubic(angle(middle, lo, hi)[known], theta, nodes.delta[stencil])
    delta, gap = nodes.solve(middle, guess)
    near = np.abs(delta - guess) <= CLOSE * np.abs(delta - guess.conj())
    fine = (gap == nodes.gap[first[owner]]) | (gap == nodes.gap[last[owner]])
    fine = np.where(gap == INSIDE, known & near & (guess.imag > 0), fine)
    nodes.coarse[cell] = ~fine
    nodes.add(middle, delta, gap, coarse=~fine)
    return True


def find_side(equation, sign):
    """The `Side` of one sign of x."""
    nodes = _Nodes(equation, sign)
    while _find_ends(nodes) or _cut_cells(nodes):
        pass
    first, last = nodes.intervals()
    kept = [np.arange(i, j + 1) for i, j in zip(first, last, strict=True)]
    stop = np.cumsum([k.size for k in kept], dtype=int)
    kept = np.concatenate([*kept, np.empty(0, int)])

    def below(at):
        """``P(X <= x)`` at ends."""
        x, delta = sign * nodes.r[at], nodes.delta[at]
        F = equation.share_below(equation.index(delta.real, x), x)
        inside = nodes.gap[at] == INSIDE  # the component goes on to the origin
        F[inside] = equation.distribution(delta[inside], x[inside])
        return F

    start = np.append(0, stop)[:-1]
    r, delta = nodes.r[kept], nodes.delta[kept]
    return Side(equation, sign, r, delta, start, stop, below(first), below(last))
