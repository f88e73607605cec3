r"""Search for the components of the separable law: gaps first, components are what lies between.

**Gaps.** δ is real in a gap, ``dT/dδ < 1``, and two numbers of atoms (`SeparableEquation.index`)
tell which gap it is and the mass below it, exactly. So the masses of components are exact, and sum
to 1 whatever is found.

**Ends.** In a gap x increases with δ, ``dx/dδ = (1 - dT/dδ)/(dT/dx)``, up to its ends, where
``dT/dδ = 1``. Newton's method on ``T = δ``, ``dT/dδ = 1`` in (δ, log|x|) starts from a point of the
gap. A solution beyond is the end on that side if it has the index of the gap. Where Newton's method
does not find it, the point is moved half the way to what is known to lie beyond, and it starts
again.

**Inside.** Components are cut into cells until δ in the middle of each is, nearly, the cubic
through the nodes around it, and the density that the cubic has explains the exact mass of the cell.
What turns out to be a gap cuts a component in two.

References
----------
``docs/laws.md`` §6.
"""

import numpy as np

from rmt_hessian.theory.laws.separable_side import Side, angle, cubic, point
from rmt_hessian.theory.laws.separable_solver import RESIDUAL, far_start, solve

PER_DECADE, FEWEST = 8, 9  # points of the first grid
CLOSE = 0.05  # hyperbolic distance of δ from the cubic, where a cell is fine enough
EXPLAINED = 0.005  # error of the mass of a cell, over that mass, in the same sense
WEIGHTLESS = 1e-12  # mass of a cell that need not be explained
FINEST, NARROWEST = 1e-5, 1e-12  # cells in θ, and over r, that are not cut
EDGE_STEPS = 12
ULPS = 1e-15  # relative width of a bracket that is an end
INSIDE = -1
LOWER, UPPER = 1, 2  # ends of a gap, in r
NODE = np.dtype(
    [
        ("r", float),
        ("delta", complex),
        ("gap", int),  # its number, or INSIDE
        ("end", int),  # LOWER or UPPER at the ends of gaps
        ("coarse", bool),  # whether the cell to the next node may have to be cut
        ("F", float),  # P(X <= x), or NaN as long as it is not known
    ]
)


def edge(equation, delta, x):
    """Newton from points of gaps to ends: (δ, x); the caller checks them.

    All derivatives from one evaluation at ``δ (1 + 1e-20 i)``, whose imaginary parts are
    derivatives in δ. The second equation is solved as ``(dT/dδ)^{-1/2} = 1``, nearly linear
    beside a pole. With ``T' = dT/dδ`` and ``∂ = x d/dx``, a step of δ and one of log|x| solve

    ``(T' - 1) step + ∂T step_x = δ - T``,  ``dT'/dδ step + ∂T' step_x = 2 T' (1 - √T')``.
    """
    delta, x = delta.copy(), x.copy()
    active = np.arange(x.size)
    for _ in range(EDGE_STEPS):
        at, place = delta[active], x[active]
        h = 1e-20 * np.abs(at)
        here = equation.defect(at + 1j * h, place + 0j)
        contraction, curvature = here.contraction.real, -here.contraction.imag / h  # 1 - T', dT'/dδ
        in_x, slope_in_x = here.in_z.real, here.in_z.imag / h  # ∂T, ∂T'
        slope = 1.0 - contraction
        first = -here.difference.real  # right-hand sides of the two equations
        second = 2.0 * slope * contraction / (1.0 + np.sqrt(slope))
        determinant = -contraction * slope_in_x - curvature * in_x  # Cramer's rule
        step = (first * slope_in_x - second * in_x) / determinant
        step_x = (-contraction * second - curvature * first) / determinant
        delta[active] = at + step
        x[active] = place * np.exp(np.clip(step_x, -1.0, 1.0))
        active = active[~((np.abs(step_x) <= 1e-15) & (np.abs(step) <= 1e-9 * np.abs(at)))]
        if active.size == 0:
            break
    return delta, x


class _Nodes:
    """Points of one side of the origin, ascending: ``table``, of type `NODE`."""

    def __init__(self, equation, sign):
        self.equation, self.sign = equation, sign
        self.table = np.empty(0, NODE)
        decades = np.log10(equation.reach / equation.floor)
        r = np.geomspace(equation.floor, equation.reach, max(FEWEST, int(PER_DECADE * decades)))
        self.add(r, *self.solve(r))

    def __getattr__(self, name):
        return self.table[name]

    def solve(self, r, guess=None):
        """δ at r, and the number of the gap."""
        delta = solve(self.equation, self.sign * r + 0j, guess)
        return delta, np.where(delta.imag > 0, INSIDE, self.number(delta.real, r))

    def number(self, delta, r):
        """One number from the two of the `index`."""
        above, crossed = self.equation.index(delta, self.sign * r)
        size = self.equation.lam.size
        return above * (2 * size + 1) + crossed + size

    def add(self, r, delta, gap, end=0, coarse=True):
        """Put in new nodes."""
        new = np.empty(r.size, NODE)
        new["r"], new["delta"], new["gap"], new["end"], new["coarse"] = r, delta, gap, end, coarse
        new["F"] = np.nan
        table = np.concatenate([new, self.table])
        self.table = table[np.unique(table["r"], return_index=True)[1]]

    def gaps(self):
        """First and last node of every gap; nodes between are in it, whatever rounding says."""
        outside = np.flatnonzero(self.gap != INSIDE)
        _, first = np.unique(self.gap[outside], return_index=True)
        _, last = np.unique(self.gap[outside][::-1], return_index=True)
        order = np.argsort(first)
        return outside[first[order]], outside[::-1][last[order]]

    def components(self):
        """First and last node of every component."""
        first, last = self.gaps()
        if self.gap[0] == INSIDE:
            last = np.append(0, last)
        else:
            first = first[1:]
        return last[:-1], first


class _Cells:
    """Cells of components that are wide enough to be cut.

    Attributes
    ----------
    cell : numpy.ndarray of int, shape (n,)
        The nodes on their left.
    width, theta, r : numpy.ndarray, shape (n,)
        Width in θ; θ and r of their middles.
    first, last, lo, hi : numpy.ndarray, shape (n,)
        The first and the last node of their component, and r there.
    four : numpy.ndarray of bool, shape (n,)
        Whether that has four nodes.
    """

    def __init__(self, nodes, cell):
        first, last = nodes.components()
        # the last component that begins at the cell or before, if the cell is not beyond it
        owner = np.searchsorted(first, cell, side="right") - 1
        within = (owner >= 0) & (cell < np.append(last, 0)[owner])
        cell, owner = cell[within], owner[within]
        lo, hi = nodes.r[first[owner]], nodes.r[last[owner]]
        left, right = angle(nodes.r[cell], lo, hi), angle(nodes.r[cell + 1], lo, hi)
        wide = (right - left > FINEST) & (nodes.r[cell + 1] - nodes.r[cell] > NARROWEST * lo)
        self.cell, owner = cell[wide], owner[wide]
        self.width, self.theta = (right - left)[wide], ((left + right) / 2)[wide]
        self.lo, self.hi = lo[wide], hi[wide]
        self.first, self.last = first[owner], last[owner]
        self.r = point(self.theta, self.lo, self.hi)
        self.four = self.last - self.first >= 3

    def middle(self, nodes, values):
        """The cubic through four nodes around, in the middle of the cells that have four."""
        first, last = self.first[self.four, None], self.last[self.four, None]
        lo, hi = self.lo[self.four, None], self.hi[self.four, None]
        stencil = np.clip(self.cell[self.four, None] - 1, first, last - 3) + np.arange(4)
        return cubic(self.theta[self.four], angle(nodes.r[stencil], lo, hi), values[stencil])


def _missing_ends(nodes):
    """Nodes of gaps from which an end has still to be found, and which: LOWER or UPPER."""
    first, last = nodes.gaps()
    runs = [nodes.end[i : j + 1] for i, j in zip(first, last, strict=True)]
    lower = np.array([LOWER not in run for run in runs]) & (first > 0)
    upper = np.array([UPPER not in run for run in runs]) & (last < nodes.r.size - 1)
    at = np.concatenate([first[lower], last[upper]])
    return at, np.repeat([LOWER, UPPER], [lower.sum(), upper.sum()])


def _find_ends(nodes):
    """One round: Newton from the outermost node of each gap, or halve the way to the next node."""
    at, end = _missing_ends(nodes)
    if at.size == 0:
        return False
    outward = np.where(end == UPPER, 1, -1)
    r, beyond, gap, equation = nodes.r[at], nodes.r[at + outward], nodes.gap[at], nodes.equation
    width = np.abs(np.log(beyond / r))
    with np.errstate(all="ignore"):
        delta, x = edge(equation, nodes.delta[at].real, nodes.sign * r)
        place = np.abs(x)
        here = equation.defect(delta + 0j, x + 0j)
        proven = nodes.number(delta, place) == gap
        proven &= (here.residual <= RESIDUAL) & here.double
        way = np.log(place / r) * outward
    proven &= (way > -ULPS) & (way < width + ULPS)
    place = np.where(outward > 0, np.maximum(place, r), np.minimum(place, r))
    # where none is proven, the node is the end if nothing lies between it and the next one
    closed = ~proven & (width <= ULPS)
    nodes.end[at[closed]] = end[closed]
    halved = ~proven & (width > ULPS)
    middle = np.sqrt(r[halved] * beyond[halved])
    nodes.add(middle, *nodes.solve(middle))
    nodes.add(place[proven], delta[proven] + 0j, gap[proven], end[proven])
    # the cells on both sides of an end are new; a component of fewer than four nodes is cut further
    nodes.coarse[np.maximum(np.searchsorted(nodes.r, place[proven]) - 1, 0)] = True
    return True


def _cut_cells(nodes):
    """One round: solve in the middle of every coarse cell of a component, and judge its halves."""
    cells = _Cells(nodes, np.flatnonzero(nodes.coarse))
    if cells.cell.size == 0:
        return False
    guess = far_start(nodes.equation, cells.r)
    guess[cells.four] = cells.middle(nodes, nodes.delta)
    delta, gap = nodes.solve(cells.r, guess)
    near = np.abs(delta - guess) <= CLOSE * np.abs(delta - guess.conj())
    fine = (gap != INSIDE) | (cells.four & near & (guess.imag > 0))
    nodes.coarse[:] = False
    nodes.coarse[cells.cell] = ~fine
    nodes.add(cells.r, delta, gap, coarse=~fine)
    return True


def _weigh_cells(nodes):
    """Make cells coarse whose mass is not that of the density in them; whether there are any."""
    for of_gaps in (True, False):
        new = np.flatnonzero(np.isnan(nodes.F) & ((nodes.gap != INSIDE) == of_gaps))
        x, delta = nodes.sign * nodes.r[new], nodes.delta[new]
        if of_gaps:
            nodes.F[new] = nodes.equation.share_below(nodes.equation.index(delta.real, x), x)
        else:
            nodes.F[new] = nodes.equation.distribution(delta, x)
    cells = _Cells(nodes, np.arange(nodes.r.size - 1))
    cells = _Cells(nodes, cells.cell[cells.four])
    density = nodes.equation.density(nodes.delta, nodes.sign * nodes.r) * nodes.r  # in log r
    length = np.log1p((cells.hi - cells.lo) / cells.lo)

    def slope(rho, theta):  # dF/dθ
        return rho * length * np.sin(2 * theta)

    left, right = cells.theta - cells.width / 2, cells.theta + cells.width / 2
    simpson = slope(density[cells.cell], left) + slope(density[cells.cell + 1], right)
    simpson += 4 * slope(cells.middle(nodes, density), cells.theta)
    mass = np.abs(nodes.F[cells.cell + 1] - nodes.F[cells.cell])
    wrong = np.abs(simpson * cells.width / 6 - mass) > EXPLAINED * mass + WEIGHTLESS
    nodes.coarse[cells.cell[wrong]] = True
    return wrong.any()


def find_side(equation, sign):
    """The `Side` of one sign of x."""
    nodes = _Nodes(equation, sign)
    while _find_ends(nodes) or _cut_cells(nodes) or _weigh_cells(nodes):
        pass
    first, last = nodes.components()
    kept = [np.arange(i, j + 1) for i, j in zip(first, last, strict=True)]
    stop = np.cumsum([k.size for k in kept], dtype=int)
    table = nodes.table[np.concatenate([*kept, np.empty(0, int)])]
    start = np.append(0, stop)[:-1]
    if table.size and table["gap"][0] == INSIDE and equation.excess == 0:  # a hard edge at 0
        negative = equation.w[equation.lam < 0].sum() / equation.phi
        table["F"][0] = negative + (1.0 - equation.p_nonzero if sign > 0 else 0.0)
    return Side(equation, sign, table["r"], table["delta"], table["F"], start, stop)
