r"""Points at which the law of a whole layer is known, chosen so that what lies between follows.

At each node the equation gives F, the density ρ, and G with its derivative. From the upper bound
of the support nodes go down, at equal distances in ``t = log x``, until no mass but the atom is
left. Then cells between neighbours are halved, the worst first:

- two nodes inside the support: until the interpolation of F in t tells F and ρ halfway;
- two outside: while F differs, however little: something lies between;
- one inside, one outside: there F ends at the known F of the gap in a square root of the density,
  at the distance ``3/2 ΔF/ρ`` of the node inside. Nodes approach it until ΔF does not matter.

References
----------
``docs/laws.md`` §4: *Distribution function*.
"""

import heapq
from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import count, pairwise
from typing import NamedTuple

import numpy as np

from rmt_hessian.theory.laws.matrix_solution import Solution
from rmt_hessian.theory.laws.tabulated_distribution import derivative

SPACING = 0.35  # of the first nodes, in log x
FLOOR = 1e-18  # of the upper bound, times ``smallest``: no node lies below, nor mass that counts
NEAR = 1e-14  # the same where the density may pass through 0
MOST_NODES = 320
TOLERANCE = 2e-7  # of F halfway between nodes
NO_MASS = 1e-10  # difference of F over a gap, at most
EDGE = 2.0  # how much more a mass counts between an edge and the node beside it
GAP = 2e3  # and in a gap
RESOLVED = 5.0  # tolerances: the former, at most, where the edge is taken from it
CLOSER = 0.25  # by which nodes approach an edge
FALL = 1e-7  # of F between neighbours, or to the atom: some roots of a rounding, as at a hard edge
LESS = 2.0  # by which an error falls at least when a cell is halved: 2^{3/2} beside an edge
HALFWAY = np.array([1, 4, 6, 4, 1]) / 16  # Bernstein's basis at 1/2
HALF_SUM = np.array([31, 26, 16, 6, 1]) / 160  # and its integrals up to there
NARROWEST = 1e-12  # cell in t
ROUGHLY = 1e-3  # mass of a hard edge that may be drawn as √x


@dataclass(frozen=True)
class Node:
    """What is known at ``t = log x``: F and its derivatives in t, 0 outside, and the solution."""

    t: float
    x: float
    F: float
    slope: float
    curvature: float
    solution: Solution

    @property
    def inside(self):  # noqa: D102
        return self.slope > 0


class Nodes:
    """All nodes of an equation, ascending, in its units.

    Parameters
    ----------
    equation : MatrixSolver
    tolerance : float
        Of F halfway between nodes.
    most : int
        Nodes.
    spacing : float
        Of the first ones, in log x.
    floor : float, optional
        F at 0, where there is mass below it. Otherwise it is the atom at 0, as it is found.

    Attributes
    ----------
    nodes : list of Node
    floor : float
        F at 0.
    error : float
        Largest error of F between nodes, as far as they tell.
    """

    def __init__(self, equation, tolerance=TOLERANCE, most=MOST_NODES, spacing=SPACING, floor=None):
        self.equation, self.nodes = equation, []
        self.tolerance, self.most, self.spacing = tolerance, most, spacing
        self.fall = FALL * tolerance / TOLERANCE
        self.positive = floor is None
        self.floor = equation.atom_at_zero() if self.positive else floor
        averages = equation.averages
        lowest = FLOOR * equation.smallest
        self._centres = np.log(averages[averages > lowest * equation.bound])
        self._count = count()
        self._descend()
        self.error = self._refine()
        fall = max(a.F - b.F for a, b in pairwise(self.nodes))
        if fall > self.fall:
            raise RuntimeError(f"the distribution function found falls by {fall:.2g}")

    # --- one node ---------------------------------------------------------------------------

    def _node(self, t):
        x = float(np.exp(t))
        z = x * (1 + 1j * self.equation.height)
        solution = self.equation.solution(z, self._starts(t))
        slope, bend = x * solution.density, x * x * solution.density_slope
        curvature = slope + bend if slope > 0 else np.nan
        F = solution.distribution(self.equation.gamma)
        return Node(t, x, F, slope, curvature, solution)

    def _starts(self, t):
        """Extrapolations of G from the neighbours, and between them."""
        at = bisect_left(self.nodes, t, key=lambda node: node.t)
        near = self.nodes[max(at - 1, 0) : at + 1]
        starts = []
        if len(near) == 2 and near[0].inside == near[1].inside:
            starts.append(_between(*near, t))
        near.sort(key=lambda node: abs(node.t - t))
        # beside an edge the one inside leads into the support, the one outside into the gap
        return [*starts, *(_beyond(node, t) for node in near)]

    def _add(self, t):
        node = self._node(t)
        insort(self.nodes, node, key=lambda node: node.t)
        return node

    # --- the walk down ----------------------------------------------------------------------

    def _descend(self):
        """Nodes from the upper bound of the support down to where no mass above 0 is left."""
        top = np.log(self.equation.bound)
        bottom = top + np.log(FLOOR * self.equation.smallest if self.positive else NEAR)
        t, node = top, self._add(top)
        while t > bottom and not node.F - self.floor <= NO_MASS:
            t -= self.spacing
            before = node
            try:
                node = self._add(t)
            except RuntimeError:  # rounding ends the way down a hard edge, but where little is left
                if node.inside and node.F - self.floor <= ROUGHLY:
                    break
                raise
            if before.inside and not node.inside and self._rounded_away(node):
                self.nodes.remove(node)
                node = before
                break
            in_gap = not node.inside and node.F - self.floor > NO_MASS >= before.F - node.F
            if in_gap and self.positive:
                residue = node.x**2 * node.solution.slope.real  # of G there, but for O(x²)
                self.floor = max(self.floor, self.equation.atom_at_zero(residue))
        left = node.F - self.floor
        if left < -self.fall or (left > self.fall and not node.inside):
            x = node.x * self.equation.scale
            raise RuntimeError(f"below {x:.3g} a mass of {left:.3g} is left above 0")

    def _rounded_away(self, node):
        """Whether its density is lost beside ``1/x`` of an atom: F of what is left is enough."""
        return self.floor > 0 and NO_MASS < node.F - self.floor <= self.fall * (1 - self.floor)

    # --- between nodes ----------------------------------------------------------------------

    def _refine(self):
        """Halve cells, the worst first; returns the largest error that is left."""
        worst, queue = 0.0, []
        for left, right in pairwise(self.nodes):
            self._enqueue(queue, left, right, np.inf)
        while queue:
            urgency, _, left, right, error = heapq.heappop(queue)
            if urgency >= -self.tolerance or len(self.nodes) >= self.most:
                worst = max(worst, error)
                continue
            middle = self._add(self._middle(left, right))
            error = _surprise(left, middle, right)
            self._enqueue(queue, left, middle, error)
            self._enqueue(queue, middle, right, error)
        return worst

    def _enqueue(self, queue, left, right, error):
        """``error``: of F halfway between two nodes of which one is new.

        A cell is halved while its urgency exceeds the tolerance: the error, or the mass times what
        it counts.
        """
        mass = abs(right.F - left.F)
        if right.t - left.t < NARROWEST:
            urgency = error = 0.0
        elif left.inside and right.inside:
            error = min(error / LESS, mass)
            urgency = error
        elif left.inside or right.inside:
            error = mass
            urgency = mass * EDGE
        else:
            error = mass
            urgency = mass * GAP
        heapq.heappush(queue, (-urgency, next(self._count), left, right, error))

    def _middle(self, left, right):
        """Where the next node goes: halfway, near an edge, or where γ → 0 puts a component."""
        halfway = (left.t + right.t) / 2
        if left.inside and right.inside:
            return halfway
        if left.inside or right.inside:
            t = edge(left, right, 1.0 - CLOSER)
            return t if left.t < t < right.t else halfway
        between = self._centres[(left.t < self._centres) & (self._centres < right.t)]
        return between[between.size // 2] if between.size else halfway

    # --- the table --------------------------------------------------------------------------

    def components(self):
        """``(x, F, slope, curvature)`` of each component, from edge to edge; 0 is a hard edge.

        In the units of M.
        """
        found, lowest = [], self.nodes[0]
        if lowest.inside:
            found.append([_Row(0.0, self.floor, np.nan, np.nan), _row(lowest)])
        for left, right in pairwise(self.nodes):
            if not (left.inside or right.inside) and right.F - left.F <= NO_MASS:
                continue
            first, last = _ends(left, right, RESOLVED * self.tolerance)
            if not (found and found[-1][-1].x == first.x):
                found.append([first])
            found[-1].append(last)
        columns = [_Row(*np.array(component).T) for component in found]
        for component in columns:
            component.x[:] *= self.equation.scale
        return _ascending(columns, self.floor)


class _Row(NamedTuple):
    """What the table says at a point; F and its derivatives in log x."""

    x: float
    F: float
    slope: float
    curvature: float


def edge(left, right, share=1.0):
    """Where the support ends, in t, between two nodes, or a share of the way from the one inside.

    From ``F - F_gap = ∓ 2/3 c |x - edge|^{3/2}``, ``ρ = c |x - edge|^{1/2}``.
    """
    inner = left if left.inside else right
    distance = 1.5 * share * max(right.F - left.F, 0.0) / inner.slope  # over x
    return inner.t + np.log(max(1.0 + (distance if left.inside else -distance), FLOOR))


def _row(node):
    return _Row(node.x, node.F, node.slope, node.curvature)


def _ends(left, right, resolved):
    """Rows at the ends of a cell that holds mass: at the edge of the support where it has one."""
    mass = right.F - left.F
    if left.inside == right.inside or mass > resolved:
        return _row(left), _row(right)
    t = edge(left, right)
    if not left.t + NARROWEST < t < right.t - NARROWEST:
        return _row(left), _row(right)
    if left.inside:
        return _row(left), _Row(np.exp(t), right.F, 0.0, np.nan)
    return _Row(np.exp(t), left.F, 0.0, np.nan), _row(right)


def _ascending(components, atom):
    """F from the atom to 1, equal over gaps and nowhere falling: rounding is taken off."""
    below = atom
    for component in components:
        component.F[:] = np.maximum.accumulate(np.clip(component.F, below, 1.0))
        component.F[0] = below
        below = component.F[-1]
    components[-1].F[-1] = 1.0
    return components


def _surprise(left, middle, right):
    """By how much F halfway, and its slope times an eighth of the cell, are not as interpolated."""
    if not (left.inside and right.inside):
        return np.inf
    h, jump = right.t - left.t, right.F - left.F
    ends = (left.slope, right.slope), (left.curvature, right.curvature)
    growth = derivative(h, jump, *ends)
    F = left.F + growth @ HALF_SUM
    return max(abs(middle.F - F), abs(h * middle.slope - growth @ HALFWAY) / 8)


def _beyond(node, t):
    """G along its tangent in t."""
    return node.solution.G + (t - node.t) * node.x * node.solution.slope


def _between(left, right, t):
    """G by cubic Hermite interpolation in t."""
    h = right.t - left.t
    w = (t - left.t) / h
    A, B = left.solution, right.solution
    G = A.G + (B.G - A.G) * w * w * (3 - 2 * w)
    return G + h * w * (1 - w) * (left.x * A.slope * (1 - w) - right.x * B.slope * w)
