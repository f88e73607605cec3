"""The equation of the separable law, solved at real points, and its components tabulated.

Statement and source: `separable`. Everything here is in units in which the largest |λ| and the
largest a are 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from rmt_hessian.theory.laws.tabulated import interpolate

STAGES = 12  # steps of η, from the scale of the law to 1e-4 of |x|
ROUGH, STRICT = 1e-4, 1e-14  # relative Newton steps that end a stage, and the solution
RESIDUAL = 1e-8  # |T(δ) - δ| <= RESIDUAL |δ|, or an error is raised
REAL = 1e-7  # below this fraction of |δ| Im δ is 0: x is within 1e-14 of an end
RESOLVED = 1e-3  # a further Newton step over Im δ: more, and δ may as well be real
ROUNDING = 1e-12  # of sums of probabilities
CHUNK = 2**17  # entries of a temporary array
SMALLEST_X, GRID, ROUNDS = 1e-9, 120, 6  # the grid that looks for components; its refinements
BISECTIONS = 120
FEWEST, MOST = 64, 2**14  # nodes of a component
ACCURACY = 1e-8  # of g between the nodes, over its maximum
MASS = 1e-6  # error of the total mass
KINK = 1e-5  # error of the CDF where the density has a cusp that no number of nodes resolves


def _sums(x, y, b, c):
    """``Σ_k c_k/(b_k x + y)`` and ``Σ_k c_k b_k/(b_k x + y)²`` at each (x, y)."""
    first, second = np.empty(x.shape, complex), np.empty(x.shape, complex)
    rows = max(1, CHUNK // b.size)
    for start in range(0, x.size, rows):
        part = slice(start, start + rows)
        t = 1.0 / (x[part, None] * b + y[part, None])
        first[part], second[part] = t @ c, (t * t) @ (c * b)
    return first, second


def _share(probabilities):
    """Their sum, exactly 1 where it is 1 up to rounding: no atom of 1e-16."""
    share = float(probabilities.sum())
    return 1.0 if abs(share - 1.0) < ROUNDING else share


@dataclass(frozen=True)
class SeparableEquation:
    """``δ = T(δ; z)``, with T the right-hand side.

    Attributes
    ----------
    lam, w : numpy.ndarray, shape (K,)
        Weights other than 0, ascending, and their probabilities.
    a, p : numpy.ndarray, shape (L,)
        Population eigenvalues other than 0, and their probabilities.
    phi : float
        ``p/N``.
    """

    lam: np.ndarray
    w: np.ndarray
    a: np.ndarray
    p: np.ndarray
    phi: float

    @property
    def w_nonzero(self):
        """``P(λ≠0)``."""
        return _share(self.w)

    @property
    def p_nonzero(self):
        """``P(a≠0)``."""
        return _share(self.p)

    # --- solving for δ ----------------------------------------------------------------------

    def kappa(self, delta):
        """κ and -dκ/dδ."""
        return _sums(delta, np.ones_like(delta), self.lam, self.w * self.lam)

    def map(self, delta, z):
        """``T(δ; z)`` and dT/dδ."""
        kappa, slope = self.kappa(delta)
        T, per_kappa = _sums(kappa, -z, self.a, self.p * self.a)
        return self.phi * T, self.phi * slope * per_kappa

    def newton(self, delta, z, tolerance, steps, guarded=True):
        """Newton's method on ``δ - T(δ)``.

        Guarded, a step must stay in the half plane and bring δ and T(δ) nearer in its hyperbolic
        distance, which grows with ``|δ - T|²/(Im δ Im T)``; otherwise it becomes ``δ ← T(δ)``,
        which cannot increase that distance.
        """
        delta = delta.copy()
        active = np.arange(delta.size)
        distance, image = np.full(z.shape, np.inf), delta.copy()
        for _ in range(steps):
            old = delta[active]
            T, slope = self.map(old, z[active])
            new = old - (old - T) / (1.0 - slope)
            if guarded:
                new = np.where(new.imag > 0, new, T)
                now = np.abs(old - T) ** 2 / (old.imag * T.imag)
                worse = ~(now <= distance[active])
                new[worse] = image[active][worse]
                distance[active] = np.where(worse, np.inf, now)
                image[active] = T
            delta[active] = new
            active = active[~(np.abs(new - old) <= tolerance * np.abs(new))]
            if active.size == 0:
                break
        return delta

    def solve(self, z, guess=None):
        """δ at each z of the closed upper half plane, real z as the limit from above.

        By continuation from far above z; where a guess is given, only if Newton from there does
        not arrive inside the half plane. Real if x is outside the support, or so near to an end
        that Newton's method cannot tell Im δ from 0.
        """
        with np.errstate(all="ignore"):  # steps outside the support may go anywhere
            if guess is not None:
                delta, inside = self._finish(guess, z, 20)
                if not inside.all():
                    delta[~inside] = self.solve(z[~inside])
                return delta
            far, near = 10.0 * self.reach, 1e-4 * np.maximum(np.abs(z), 1e-12)
            guess = -self.phi * (self.p @ self.a) / (z + 1j * far)
            for k in range(STAGES + 1):
                eta = far * (near / far) ** (k / STAGES)
                guess = self.newton(guess, z + 1j * eta, ROUGH, 10 if k < STAGES else 100)
            delta, inside = self._finish(guess, z, 50)
            outside = ~inside & (z.imag == 0)
            real = self.newton(guess[outside], z[outside], STRICT, 50, guarded=False)
            delta[outside] = real.real
            return delta

    def _finish(self, guess, z, steps):
        """Newton to the end at z, and whether it arrived inside the half plane."""
        delta = self.newton(guess, z, STRICT, steps)
        T, slope = self.map(delta, z)
        still = np.abs((delta - T) / (1.0 - slope))
        return delta, (delta.imag > REAL * np.abs(delta)) & (still <= RESOLVED * delta.imag)

    def residual(self, delta, z):
        """``|T(δ) - δ|/|δ|``."""
        return np.abs(self.map(delta, z)[0] - delta) / np.abs(delta)

    def stieltjes(self, delta, z):
        """``s(z)``, the atom of population zeros left out; RuntimeError unless δ solves."""
        worst = self.residual(delta, z).max(initial=0.0)
        if not worst <= RESIDUAL:
            raise RuntimeError(f"the separable law did not converge, residual {worst:.2g}")
        return _sums(self.kappa(delta)[0], -z, self.a, self.p)[0]

    def density(self, delta, x):
        """``Im s/π``, a sum of positive terms; 0 outside the support."""
        rho, inside = np.zeros(x.shape), delta.imag > 0
        rho[inside] = self.stieltjes(delta[inside], x[inside] + 0j).imag / np.pi
        return rho

    # --- outliers ---------------------------------------------------------------------------

    def real_root(self, k, target):
        """The δ between 0 and the pole ``-1/λ_k`` with ``E[λδ/(1 + λδ)] = target < 0``."""
        u = self.lam / self.lam[k]

        def surplus(t):  # δ = -t/λ_k
            return -np.sum(self.w * u * t / (1 - u * t)) - target

        below = self.w[k] / (2 * (2 - target))  # so near the pole its own term is enough
        return -brentq(surplus, 0.0, 1.0 - below, xtol=1e-300) / self.lam[k]

    def outliers(self, theta):
        """Solutions of ``κ(z) θ = z`` outside the support; see `SeparableLaw.outliers`."""
        target = -self.phi * np.sum(self.p * self.a / (theta - self.a))
        places = []
        for k, sign in ((0, -1), (-1, 1)):  # λ ascends: its ends give the poles next to 0
            if sign * self.lam[k] > 0:
                delta = self.real_root(k, target)
                z = theta * target / delta
                if self.map(np.array([delta]), np.array([z]))[1][0] < 1:
                    places.append(z)
        return np.sort(places)

    # --- components -------------------------------------------------------------------------

    @property
    def reach(self):
        """The support lies well inside [-reach, reach]."""
        return 1.1 * (1.0 + np.sqrt(self.phi)) ** 2

    @property
    def continuous_mass(self):
        """``min(P(a≠0), P(λ≠0)/φ)``: the rank of H over p."""
        return min(self.p_nonzero, self.w_nonzero / self.phi)

    @property
    def excess(self):
        """``φ P(a≠0) - P(λ≠0)``: below 0 the rank is that of Σ; 0 is a hard edge at x = 0."""
        excess = self.phi * self.p_nonzero - self.w_nonzero
        return 0.0 if abs(excess) < ROUNDING else excess

    def is_inside(self, x):
        """Whether real points x lie inside the support.

        The origin does only if both signs of λ and a negative excess let the density pass there.
        """
        inside = self.solve(x + 0j).imag > 0
        passes = self.lam.min() < 0 < self.lam.max() and self.excess < 0
        return inside & ((x != 0) | passes)

    def tables(self):
        """Nodes and density of every component; RuntimeError unless their mass is right."""
        half = np.geomspace(SMALLEST_X, 1.0, GRID), np.linspace(0.0, 1.0, GRID)
        half = self.reach * np.unique(np.concatenate(half))
        sides = [sign * half for sign in (-1, 1) if (sign * self.lam).max() > 0]
        x = np.unique(np.concatenate(sides))
        inside = self.is_inside(x)
        for _ in range(ROUNDS):
            found = [self.tabulate(lo, hi) for lo, hi in self.ends(x, inside)]
            gaps = [(points, within) for points, _, within in found if not within.all()]
            if not gaps:
                mass = sum(interpolate(points, rho).mass() for points, rho, _ in found)
                if abs(mass - self.continuous_mass) <= MASS:
                    return [(points, rho) for points, rho, _ in found]
                middle = (x[1:] + x[:-1]) / 2  # a component has slipped through the grid
                gaps = [(middle, self.is_inside(middle))]
            x, kept = np.unique(np.concatenate([x, *(g[0] for g in gaps)]), return_index=True)
            inside = np.concatenate([inside, *(g[1] for g in gaps)])[kept]
        raise RuntimeError("the components of the separable law were not found, its mass is not 1")

    def ends(self, x, inside):
        """Ends (lo, hi) of the components that the grid x shows, bisected to the last bits."""
        change = np.flatnonzero(inside[1:] != inside[:-1])
        into = np.where(inside[change], x[change], x[change + 1])
        out = np.where(inside[change], x[change + 1], x[change])
        hard = (out == 0) & (self.excess == 0)
        into[hard] = 0.0
        for _ in range(BISECTIONS):
            middle = (into + out) / 2
            wide = (middle != into) & (middle != out) & ~hard
            if not wide.any():
                break
            hit = np.zeros_like(wide)
            hit[wide] = self.is_inside(middle[wide])
            into, out = np.where(hit, middle, into), np.where(wide & ~hit, middle, out)
        return into.reshape(-1, 2)

    def tabulate(self, lo, hi):
        """Nodes of one component, their density, and whether they lie inside the support.

        Nodes are at uniform θ, ``x = lo + (hi - lo) sin²θ``, and doubled until the density between
        them is the one interpolated. It stops at once where it meets a gap.
        """
        h = np.pi / (2 * FEWEST)
        theta = h * np.arange(1, FEWEST)
        x = lo + (hi - lo) * np.sin(theta) ** 2
        delta = self.solve(x + 0j)
        rho = self.density(delta, x)
        pole = [np.inf if self.excess == 0 and end == 0 else 0.0 for end in (lo, hi)]
        error = np.inf
        while True:
            within = delta.imag > 0
            points = np.concatenate([[lo], x, [hi]])
            values = np.concatenate([pole[:1], rho, pole[1:]])
            if not within.all() or error <= ACCURACY or (theta.size > MOST and error * h <= KINK):
                return points, values, np.pad(within, 1, constant_values=True)
            if theta.size > MOST:
                raise RuntimeError(f"a density was not resolved to {KINK:g}, error {error * h:.2g}")
            between = np.append(theta, np.pi / 2) - h / 2
            x_new = lo + (hi - lo) * np.sin(between) ** 2
            delta_new = self.solve(x_new + 0j, guess=CubicSpline(theta, delta)(between))
            rho_new = self.density(delta_new, x_new)
            g = rho_new * (hi - lo) * np.sin(2 * between)
            error = np.abs(g - interpolate(points, values).g(between)).max() / g.max()
            h /= 2
            order = np.argsort(np.append(theta, between))
            theta, x, delta, rho = (
                np.concatenate(pair)[order]
                for pair in ((theta, between), (x, x_new), (delta, delta_new), (rho, rho_new))
            )
