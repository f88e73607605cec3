r"""Laws of whole layers, not only of their blocks.

**Linear CE, by symmetry scalar.** Over a random softmax ``E[f(A)]`` is a multiple of the identity
on the complement of 1, so the G of `matrix_equation` is ``a(z)`` there and ``-1/z`` on 1:

    ``a = 1/( E[ (1/(C-1)) Σ_l α_l/(1 + γ a α_l) ] - z )``,  ``s = ((C-1)/C) a - 1/(C z)``,

with α_l the nonzero eigenvalues of ``A(p) = diag(p) - p pᵀ``: a generalised Marchenko–Pastur law
with the weight law of `curvature_law`, and 1/C of all eigenvalues exactly 0. The α interlace the
p_i, so as C → ∞ this law and that of one diagonal block become one: the strongest sense in which
the Hessian becomes block-diagonal.

**Hidden layers, given V.** The matrix equation, over a sample of M at Sobol' points. One component
is a table of the density at nodes ``lo + (hi - lo) sin²θ``; the solver works at ``z = x + iη`` with
η of 1e-8 x.

Regime: as for blocks, features isotropic, d, N → ∞ at a fixed number of units k; `layer_outliers`
are what a finite d adds. Linear CE: seen to hold for C near and above d as well.
"""

import numpy as np

from rmt_hessian._matrices import slack
from rmt_hessian._validation import (
    complex_array,
    finite_array,
    positive_integer,
    positive_real,
)
from rmt_hessian.theory.laws.matrix_equation import TOLERANCE, MatrixEquation
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from rmt_hessian.theory.weights.curvature_law import curvature_law

COARSE = (120, 240, 480)  # points among which components are looked for, until the mass is 1
NODES, FEWEST = 256, 32  # nodes in all, and of one component
HEIGHT = 1e-8  # imaginary part over real part, where the density is taken
INSIDE = 0.01  # density times support, above which a point is inside
ROUGH = 1e-5  # tolerance of G where only its kind matters
EDGE_STEPS = 16  # bisections of an edge
MASS = 2e-3  # by how much the mass may differ from 1
CHECKS = 5  # every so many nodes the two halves of the sample are compared


def linear_ce_layer_law(n_classes, aspect_ratio, init="lecun", rng=0):
    """Law of the whole layer of linear CE, C p eigenvalues: see the module.

    Parameters
    ----------
    n_classes : int
        C, at least 2.
    aspect_ratio : float
        ``γ = p/N``.
    init : {"lecun", "he"}
    rng : None, int, SeedSequence or Generator
        Draws the points of `curvature_law`.

    Returns
    -------
    WithNullSpace
        Of a `GeneralizedMarchenkoPastur` law.

    Raises
    ------
    ValueError
        If C is less than 2, the aspect ratio not positive, or init unknown.

    Examples
    --------
    >>> law = linear_ce_layer_law(4, 0.25)
    >>> law.atom_at_zero
    0.25
    """
    weights = curvature_law(positive_integer(n_classes, "n_classes", minimum=2), init, rng)
    return WithNullSpace(weights.block_law(aspect_ratio), 1.0 / n_classes)


class MatrixLayerLaw(TabulatedLaw):
    """Law of a layer from a sample of its output Hessians, by the matrix equation.

    Parameters
    ----------
    output_hessians : array_like, shape (n, k, k)
        Symmetric and positive semi-definite: draws of M in an order in which the first and the
        second half are both representative.
    aspect_ratio : float
        ``γ = p/N``.

    Attributes
    ----------
    equation : MatrixEquation
    residual : float
        Largest relative residual of G at the nodes.
    error : float
        Half of the largest difference between the CDFs that the two halves of the sample give:
        what the finite sample of M leaves uncertain.
    mass_error : float
        Total mass minus 1, before it was made 1.

    Raises
    ------
    ValueError
        If the arguments are not as above.
    RuntimeError
        If the equation is not solved somewhere, or the components found do not hold the mass 1 to
        2e-3: seen for γ beyond 20 or so, where the density crowds at an atom, and within 1 % of a
        hard edge.
    """

    def __init__(self, output_hessians, aspect_ratio):
        M = finite_array(output_hessians, "output_hessians", ndim=3)
        if M.shape[1] != M.shape[2] or M.shape[0] < 2:
            raise ValueError(f"output_hessians must have shape (n, k, k), n >= 2, got {M.shape}")
        M = _symmetric_and_positive(M, max(1e-9, slack(output_hessians)))
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        self.equation = MatrixEquation(M, self.aspect_ratio)
        self.residual = self.error = 0.0
        if not M.any():
            super().__init__([], atom_at_zero=1.0)
            return
        atom = self._atom()
        for n in COARSE:
            tables = [self._table(*ends) for ends in self._intervals(n)]
            mass = atom + sum(_mass(x, rho) for x, rho, _ in tables)
            if abs(mass - 1.0) <= MASS:
                break
        else:
            raise RuntimeError(f"the components found hold the mass {mass:.6g}, not 1")
        super().__init__([(x, rho) for x, rho, _ in tables], atom, tolerance=2 * MASS)
        self.residual = max(
            self.equation.residual(G, t * (1 + 1j * HEIGHT))
            for x, _, solutions in tables
            for t, G in zip(x[1:-1], solutions, strict=True)
        )
        halves = [MatrixEquation(part, self.aspect_ratio) for part in np.array_split(M, 2)]
        self.error = self._difference(halves, tables) / 2

    def stieltjes(self, z):
        """``s(z) = tr G(z)/k`` off the real axis, from the equation; on it, from the table."""
        z = complex_array(z, "z")
        s = np.array(super().stieltjes(z))
        for at in np.argwhere(z.imag != 0):
            t = z[tuple(at)]
            G = self.equation.solve(complex(t.real, abs(t.imag)))
            value = np.trace(G) / self.equation.k
            s[tuple(at)] = value if t.imag > 0 else np.conj(value)
        return s[()]

    # --- the table --------------------------------------------------------------------------

    def _density_at(self, x, start, equation=None, tolerance=ROUGH):
        equation = equation or self.equation
        G = equation.solve(x * (1 + 1j * HEIGHT), start, tolerance)
        return float(np.trace(G).imag) / (np.pi * equation.k), G

    def _atom(self):
        """``lim η Im tr G(iη)/k`` as η → 0, from two heights; at a hard edge it falls like √η."""
        masses, G = [], None
        for height in (1e-4, 1e-5):
            eta = height * self.equation.reach
            G = self.equation.solve(1j * eta, G)
            masses.append(eta * np.trace(G).imag / self.equation.k)
        # beside a gap the rest of the mass adds ``η² ∫ dμ/(x² + η²)``: extrapolated in η²
        return (100 * masses[1] - masses[0]) / 99 if masses[1] > 0.5 * masses[0] else 0.0

    def _intervals(self, n):
        """Components among n points, crowded at 0; their ends are bisected."""
        reach = self.equation.reach
        grid = reach * (np.arange(1, n + 1) / n) ** 2
        averages = np.linalg.eigvalsh(self.equation.mean)  # for γ ≪ 1 each has a component
        between = (averages[1:] + averages[:-1]) / 2
        points = np.concatenate([grid, averages[averages > grid[0]], between[between > grid[0]]])
        points = np.append(np.unique(points)[::-1], 0.1 * grid[0])
        inside, solutions, G = [], [], None
        for x in points:
            rho, G = self._density_at(x, G)
            inside.append(rho * reach > INSIDE)
            solutions.append(G)
        ends = []
        for j in range(1, points.size):
            if inside[j] != inside[j - 1]:
                inner, outer = (j, j - 1) if inside[j] else (j - 1, j)
                ends.append(self._edge(points[outer], points[inner], solutions[inner]))
        if inside[-1]:
            ends.append(0.0)
        return sorted(zip(ends[1::2], ends[::2], strict=True))

    def _edge(self, outside, inside, G):
        for _ in range(EDGE_STEPS):
            middle = (outside + inside) / 2
            rho, solution = self._density_at(middle, G)
            if rho * self.equation.reach > INSIDE:
                inside, G = middle, solution
            else:
                outside = middle
        return outside

    def _table(self, lo, hi):
        """Nodes of one component, the density there, and G at the inner ones."""
        share = (np.sqrt(hi) - np.sqrt(lo)) / np.sqrt(self.equation.reach)
        n = max(FEWEST, int(NODES * share))
        x = lo + (hi - lo) * np.sin(np.linspace(0.0, np.pi / 2, n)) ** 2
        rho, solutions, start = np.zeros(n), [], None
        for j in range(1, n - 1):
            rho[j], G = self._density_at(x[j], start, tolerance=TOLERANCE)
            solutions.append(G)
            start = 3 * (G - solutions[-2]) + solutions[-3] if j > 3 else G
        if lo == 0.0:
            rho[0] = np.inf  # a hard edge
        return x, rho, solutions

    def _difference(self, halves, tables):
        """Largest difference of the CDFs of the two halves of the sample."""
        total, largest = 0.0, 0.0
        for x, _, solutions in tables:
            nodes = np.arange(1, x.size - 1, CHECKS)
            rho = np.array(
                [
                    [self._density_at(x[j], solutions[j - 1], half)[0] for j in nodes]
                    for half in halves
                ]
            )
            at = np.concatenate([[x[0]], x[nodes], [x[-1]]])
            gap = np.pad(rho[0] - rho[1], 1)
            steps = total + np.cumsum((gap[1:] + gap[:-1]) / 2 * np.diff(at))
            total, largest = steps[-1], max(largest, np.abs(steps).max())
        return float(largest)


def _symmetric_and_positive(M, slack):
    """M without its asymmetry, which may be ``slack`` of the largest entry."""
    scale = np.abs(M).max()
    skew = np.abs(M - M.transpose(0, 2, 1)).max()
    if skew > slack * scale:
        raise ValueError(
            f"output_hessians must be symmetric, got entries that differ by {skew:.3g}"
        )
    lowest = np.linalg.eigvalsh(M)[:, 0].min()
    if lowest < -slack * scale:
        raise ValueError(f"output_hessians must be PSD, got an eigenvalue of {lowest:.3g}")
    return M if skew == 0 else (M + M.transpose(0, 2, 1)) / 2


def _mass(x, rho):
    """Trapezoidal mass in θ, for the search of components."""
    theta = np.linspace(0.0, np.pi / 2, x.size)
    g = np.where(np.isfinite(rho), rho, 0.0) * (x[-1] - x[0]) * np.sin(2 * theta)
    if not np.isfinite(rho[0]):
        g[0] = g[1]
    return float(np.trapezoid(g, theta))
