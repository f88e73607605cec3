r"""How far the top eigenspace of the output Hessian is from the centred rows of V, on average.

Hidden layer, CE, LeCun network, ``N → ∞``. ``M = L + E`` with ``L = ¼ Vᵀ E[A] V``, whose range is
the span of the centred rows exactly. Its eigenvectors ``u_k ≈ Vᵀ e_k``, e_k those of E[A] with
eigenvalues a_k, turn by ``E u_k/(a_k/4)``, less what lies in the span. Two parts of E:

- `K_W`: its diagonal adds ``¼ v^iᵀE[A]v^i``, its cosines ρ_ij of variance 1/d the rest. Mean square
  ``(C+1)(2 + 4m/(π² d))/m²``.
- The dependence of masks and logits (`output_rank`): ``¼ μ₀ T(s_i, v^i, e_k)`` in component i,
  ``s_i = v^i + r_i``, r_i of variance 1/d. Mean square, over i and the C - 1 vectors,
  ``μ₀² E_k[ ((2/m + 1/d) ‖T_k‖_F² + (tr T_k)²/m)/a_k² ]``, ``T_k = T(·, ·, e_k)``.

E[A] and T are those given V: the mean logits ``μ₀ Σ_i v^i ~ N(0, μ₀²)`` do not average out, and
the logits fluctuate about them with variance ``½ - μ₀²``. The expectation is over both. Eigenvalues
of L spread as those of a Wishart matrix do: ``E[λ^{-2}] = (1-c)^{-3}``, ``c = (C-1)/m``.

References
----------
``docs/structure.md`` §1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import drawn_weights, hidden_layer
from rmt_hessian.theory.structure.output_rank import MU0
from rmt_hessian.theory.structure.softmax_cumulants import third_cumulant_of
from rmt_hessian.theory.weights.given_weights import gaussian_points
from rmt_hessian.theory.weights.softmax_kernels import softmax

LOG2_OFFSETS, LOG2_LOGITS = 7, 9  # Sobol' points of mean logits, and of logits about them


@dataclass(frozen=True)
class EigenspaceDefect:
    """``1 - overlap`` of the top C-1 eigenspace of the output Hessian with a frame from V.

    Attributes
    ----------
    centred : float
        With the span of ``v_c - v̄`` (`output_hessian_eigenspace`).
    projected : float
        With the row space of V without ``Vᵀ 1`` (`projected_row_space`).

    References
    ----------
    ``docs/structure.md`` §1.
    """

    centred: float
    projected: float


def eigenspace_defect(ens: Ensemble, *, rng: RandomState = 0) -> EigenspaceDefect:
    """Expected ``1 - overlap`` over LeCun networks: hidden layer, CE, ``N → ∞``.

    ``[μ₀² E_k[((2/m + 1/d) ‖T_k‖² + (tr T_k)²/m)/a_k²] + (C+1)(2 + 4m/(π² d))/m²]/(1 - c)³`` with
    the eigenpairs ``(a_k, e_k)`` of ``E[A]`` off 1, ``T_k = E[∂³ log Σ e^f](·, ·, e_k)``,
    ``μ₀ = 1/√(2π)`` and ``c = (C-1)/m``; the frame of [W] adds 1/m. Leading order in 1/m and 1/d at
    fixed C: within 20 % of the mean over networks at m = d from 100 to 800 for C = 4, 10, 20; a
    quarter too high at C = 2, m = 100 and 200, where single networks vary by nearly 100 %; too low
    by 10 to 40 % at d = 5. Time grows like C³, seconds at C = 60.

    Parameters
    ----------
    ens : Ensemble
        Of three widths and the hidden layer, with CE, LeCun and no weights given; C <= m.
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points of the logits.

    Returns
    -------
    EigenspaceDefect

    Raises
    ------
    ValueError
        If the ensemble is another, or m and d so small that the leading order exceeds ½ and says
        nothing.

    References
    ----------
    ``docs/structure.md`` §1.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> defect = eigenspace_defect(Ensemble([400, 400, 10], layer=0, loss="ce", n_samples=1000))
    >>> round(defect.centred, 4), round(defect.projected, 4)
    (0.0011, 0.0036)
    """
    d, m, C = drawn_weights(hidden_layer(ens)).widths
    if (ens.loss, ens.init) != ("ce", "lecun"):
        raise ValueError(f"loss must be 'ce' and init 'lecun', got {ens}")
    if m < C:
        raise ValueError(f"widths[1] must be at least {C}, the number of classes, got {m}")
    squares, traces = _turns(C, random_generator(rng))
    dependence = MU0**2 * ((2 / m + 1 / d) * squares + traces / m)
    hadamard = (C + 1) * (2 + 4 / np.pi**2 * m / d) / m**2
    centred = float((dependence + hadamard) / (1 - (C - 1) / m) ** 3)
    if centred > 0.5:
        raise ValueError(
            f"widths must be larger for {C} classes: the leading order is {centred:.2g} for {m} "
            f"and {d}"
        )
    return EigenspaceDefect(centred, centred + 1 / m)


def _turns(C: int, rng: np.random.Generator) -> FloatArray:
    """``E[‖T_k‖²/a_k²]`` and ``E[(tr T_k)²/a_k²]``, over k and the mean logits.

    Two independent sets of logits, so that products of their T have no noise in the mean.
    """
    (offsets,) = gaussian_points(C, rng, blocks=1, log2_points=LOG2_OFFSETS)
    first, second = gaussian_points(C, rng, blocks=2, log2_points=LOG2_LOGITS)
    spread = np.sqrt(0.5 - MU0**2)
    turns = []
    for offset in MU0 * offsets:
        p, p_other = softmax(offset + spread * first), softmax(offset + spread * second)
        both = np.concatenate([p, p_other])
        a, e = np.linalg.eigh(np.diag(both.mean(axis=0)) - both.T @ both / len(both))
        directions = e[:, 1:]  # without the null vector 1
        T = np.einsum("abc,ck->kab", third_cumulant_of(p), directions)
        T_other = np.einsum("abc,ck->kab", third_cumulant_of(p_other), directions)
        squares = np.sum(T * T_other, axis=(1, 2))
        traces = np.trace(T, axis1=1, axis2=2) * np.trace(T_other, axis1=1, axis2=2)
        turns.append(np.mean([squares, traces] / a[1:] ** 2, axis=1))
    return np.mean(turns, axis=0)
