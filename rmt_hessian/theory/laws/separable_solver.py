r"""Solving the equation of the separable law, ``δ = T(δ; z)``, at any z with ``Im z >= 0``.

There T is a holomorphic map of the upper half plane into itself.

**Newton's method in the geometry of the half plane.** Let ``w(ζ) = (ζ - δ)/(ζ - δ̄)`` take the
half plane to the unit disc, δ to 0. T becomes a map S of the disc into itself, which agrees to
second order at 0 with

    ``(w₀ + c w)/(1 + w̄₀ c w)``,   ``w₀ = S(0)``,   ``c = S'(0)/(1 - |w₀|²)``,   ``|c| <= 1``

(Schwarz–Pick). The next δ is the fixed point of that map, the root in the disc of
``w̄₀ c w² + (1 - c) w - w₀ = 0``. It cannot leave the half plane, is exact where T is a Möbius map
(one λ, one a), has the order of Newton's method, and needs some ten steps from any start: no
continuation in a small imaginary part.

**What proves a solution**, however it was found. By Schwarz–Pick a fixed point with ``Im δ > 0`` is
the only one. By Wolff's lemma, if T has none, a real fixed point where T is analytic with
``dT/dδ <= 1`` is the limit of the solutions from above; there x is outside the support. Equality
holds at the ends of components.

References
----------
``docs/laws.md`` §6.
"""

import numpy as np

STEPS = 80  # of Newton's method
SHORT = 1e-9  # length of a step, in the disc, after which the next would change nothing
LONGEST = 0.999  # step in the disc: Im δ falls to a 2000th at most
FLAT = 1e-10  # Im δ over |δ| that no longer differs from 0
ALIKE = 0.01  # difference of the sizes of two roots that both lie on the circle, up to rounding
STRICT = 2e-14  # relative step that ends Newton's method
REAL_STEPS = 30
RESIDUAL = 1e-11  # |T(δ) - δ| of a solution, over the size of its terms
RESOLVED = 0.5  # error of δ over Im δ; it is 1 beside a real root
NEARLY_FLAT = 1e-6  # Im δ over |δ| below which x may well be outside the support
HARDLY = 0.05  # dT/dδ - 1 at a real root that rounding may have made
TURNS = np.geomspace(1.0, 1e-10, 21)  # of the arc that is left


def far_start(equation, z):
    """A point of the half plane of the size that δ has far from the support, ``φ E a/|z|``."""
    return 1j * equation.phi * (equation.p @ equation.a) / np.maximum(np.abs(z), equation.near)


def newton(equation, delta, z):
    """Newton's method of the docstring; at real z it ends where Im δ vanishes as well."""
    delta = delta.copy()
    active = np.arange(delta.size)
    flat = np.where(z.imag == 0, FLAT, 0.0)
    for _ in range(STEPS):
        old = delta[active]
        w = _step_in_disc(equation.defect(old, z[active]), old)
        length = np.abs(w)
        w *= np.minimum(1.0, LONGEST / length)
        new = old + w * (2j * old.imag) / (1.0 - w)  # the ζ of w
        delta[active] = new
        done = (length <= SHORT) | (np.abs(new - old) <= STRICT * np.abs(new))
        active = active[~(done | (new.imag < flat[active] * np.abs(new)))]
        if active.size == 0:
            break
    return delta


def _step_in_disc(here, delta):
    """The root w in the disc of ``w̄₀ c w² + (1 - c) w - w₀ = 0``, from the `Defect` at δ."""
    across = here.difference + 2j * delta.imag  # T - δ̄
    w0 = here.difference / across
    # c = dT/dδ (1 - turn)/lift; where T is near δ, 1 - c comes without cancellation
    turn, lift = 2.0 * here.difference.real / across, here.image.imag / delta.imag
    rise = here.difference.imag / delta.imag  # lift - 1
    one_less_c = np.where(
        lift < 0.5,
        1.0 - here.slope * (1.0 - turn) / lift,
        (rise + here.contraction + turn - here.contraction * turn) / lift,
    )
    # w = 2 w₀/(1 - c ± root), root² the discriminant. The root inside is the smaller, with the
    # larger sum below; of two on the circle that which draws, Re (1 - c) >= 0
    root = np.sqrt(one_less_c**2 + 4.0 * (1.0 - one_less_c) * np.abs(w0) ** 2)
    cosine = (one_less_c.conj() * root).real
    opposite = cosine < -ALIKE * (np.abs(one_less_c) ** 2 + np.abs(root) ** 2)
    return 2.0 * w0 / (one_less_c + np.where(opposite, -root, root))


def outside(equation, delta, x):
    """Real Newton from real δ: the root, and ``1 - dT/dδ`` there; above 0 it proves x outside.

    NaN where it is no root.
    """
    delta = delta.copy()
    active = np.arange(x.size)
    for _ in range(REAL_STEPS):
        here = equation.defect(delta[active] + 0j, x[active] + 0j)
        step = (here.difference / here.contraction).real
        delta[active] += step
        active = active[~(np.abs(step) <= STRICT * np.abs(delta[active]))]
        if active.size == 0:
            break
    here = equation.defect(delta + 0j, x + 0j)
    root = here.residual <= RESIDUAL
    return delta, np.where(root, here.contraction.real, np.nan)


def _attempt(equation, delta, z):
    """δ at each z from a start, and whether it is the solution.

    At real z that takes an Im δ above its error, or a proof that x is outside, or a double root, an
    end of a component. Where Im δ is all but 0 and no real root is near, or hardly one, x is in a
    component so narrow that its Im δ is rounding.
    """
    delta = newton(equation, delta, z)
    here = equation.defect(delta, z)
    error = np.abs(here.difference / here.contraction)
    certain = (error <= RESOLVED * delta.imag) | here.double
    solved = (here.residual <= RESIDUAL) & (delta.imag > 0) & ((z.imag > 0) | certain)
    flat = np.flatnonzero((z.imag == 0) & ~(delta.imag > NEARLY_FLAT * np.abs(delta)))
    on_axis, contraction = outside(equation, delta[flat].real, z[flat].real)
    proven, repelling = contraction > 0, contraction < -HARDLY
    if equation.panels:  # where a thin density of weights ends, T is as steep as beside a pole
        repelling[:] = False
    solved[flat] |= ~repelling & (delta[flat].imag > 0) & (here.residual[flat] <= 10 * FLAT)
    delta[flat[proven]], solved[flat[proven]] = on_axis[proven], True
    return delta, solved


def _descend(equation, z):
    """`newton` along the arcs from ``i|z|`` down to z."""
    delta, angle = far_start(equation, z), np.angle(z)
    for share in TURNS:
        turned = angle + (np.pi / 2 - angle) * share
        delta = newton(equation, delta, np.abs(z) * np.exp(1j * turned))
    return delta


def solve(equation, z, guess=None):
    """δ at each z of the closed upper half plane, shape (n,); real z as limits from above.

    Real δ if x is outside the support. From the guess where there is one, else from `far_start`;
    where that fails, along arcs.

    Raises
    ------
    RuntimeError
        If a point is not solved.
    """
    with np.errstate(all="ignore"):  # steps may meet poles
        first = far_start(equation, z)
        if guess is not None:
            first = np.where(guess.imag > 0, guess, first)
        delta, solved = _attempt(equation, first, z)
        for other in far_start, _descend:
            if solved.all():
                return delta
            left = np.flatnonzero(~solved)
            delta[left], solved[left] = _attempt(equation, other(equation, z[left]), z[left])
        if not solved.all():
            worst = equation.defect(delta[~solved], z[~solved]).residual.max()
            raise RuntimeError(f"the separable law did not converge, residual {worst:.2g}")
    return delta
