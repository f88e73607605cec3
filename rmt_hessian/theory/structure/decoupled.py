r"""How far a layer Hessian is from its decoupled one, whose output Hessians are of other inputs.

``H = (1/N) Σ M_n ⊗ z_n z_nᵀ`` and ``H̃ = (1/N) Σ M̃_n ⊗ z_n z_nᵀ``, M̃ of an independent copy of the
inputs through the same network, the matrix of [D]'s proof. Given the weights, ``H - H̃`` is a mean
of N independent equal terms, so that at every N, in Frobenius norms and without a remainder,

    ``E‖H - H̃‖² = (1 - 1/N) ‖T‖² + E[‖M - M̃‖² ‖z‖⁴]/N``,  ``T = E[M ⊗ z zᵀ] - E M ⊗ Σ``,
    ``E‖H‖²     = (1 - 1/N) ‖E[M ⊗ z zᵀ]‖² + E[‖M‖² ‖z‖⁴]/N``,

with ``Σ = E[z zᵀ]``. In units of ``‖E M‖² ‖Σ‖²`` the four terms are τ, φ, μ, ψ. So

* features fixed, ``N → ∞``: ``H - H̃ - T`` falls like 1/√N, ``H - H̃`` does not where ``T ≠ 0``. T
  lives in the few directions on which M depends: τ is O(1/p), and the plateau of ``‖H - H̃‖/‖H‖``,
  ``√(τ/μ)``, is reached beyond ``N = φ/τ``, of the order p².
* ``γ = p/N`` fixed: ``φ/N ≈ 2 γ (r - 1)`` and ``ψ/N ≈ γ r``, with the spread ``r = E‖M‖²/‖E M‖²``:
  the relative distance tends to ``√(2γ(r - 1)/(1 + γ r))`` and falls in no power of N.

T is the plateau of `expected_kronecker_error` too, and φ about twice the one there: where it
dominates, the decoupled Hessian is √2 times as far as ``E[M] ⊗ E[z zᵀ]``. Two decoupled Hessians,
of two copies, differ by a like fluctuation and no T.

References
----------
``docs/decoupled.md`` *The matrices, exactly*; [D], proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.structure.joint_moments import JointMoments


@dataclass(frozen=True)
class DecoupledNorms:
    """What decides ``‖H - H̃‖/‖H‖``, H̃ with the output Hessians ``M̃_n`` of other inputs.

    ``E‖H - H̃‖²/E‖H‖² = ((1 - 1/N) τ + φ/N)/((1 - 1/N) μ + ψ/N)`` in Frobenius norms,
    ``T = E[M ⊗ z zᵀ] - E M ⊗ Σ``, ``Σ = E[z zᵀ]``.

    Attributes
    ----------
    plateau : float
        ``τ = ‖T‖_F²/(‖E M‖_F² ‖Σ‖_F²)``. An estimate, which noise may make negative.
    fluctuation : float
        ``φ = E[‖M - M̃‖² ‖z‖⁴]``, in the same units.
    squared_mean : float
        ``μ = ‖E[M ⊗ z zᵀ]‖²``, 1 but for O(1/p).
    second_moment : float
        ``ψ = E[‖M‖² ‖z‖⁴]``.
    operator_plateau : float
        ``‖T‖/‖E[M ⊗ z zᵀ]‖`` in operator norms, to which ``‖H - H̃‖/‖H‖`` tends for ``N → ∞``;
        noise makes it positive where T = 0.

    References
    ----------
    ``docs/decoupled.md`` *The matrices, exactly*.
    """

    plateau: float
    fluctuation: float
    squared_mean: float
    second_moment: float
    operator_plateau: float

    @property
    def crossover(self) -> float:
        """``φ/τ``: the N at which plateau and fluctuation are equal; infinite without plateau."""
        return self.fluctuation / self.plateau if self.plateau > 0 else np.inf

    def relative_error(self, n_samples: float) -> float:
        """``√(E‖H - H̃‖_F²/E‖H‖_F²)`` for N samples, exact; ``np.inf`` gives the plateau.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        limit = isinstance(n_samples, float) and n_samples == np.inf
        N = n_samples if limit else positive_integer(n_samples, "n_samples")
        difference = (1 - 1 / N) * self.plateau + self.fluctuation / N
        norm = (1 - 1 / N) * self.squared_mean + self.second_moment / N
        return float(np.sqrt(max(difference, 0.0) / norm))


def decoupled_norms(
    ens: Ensemble, *, units: tuple[int, int] | None = None, rng: RandomState = 0
) -> DecoupledNorms:
    """`DecoupledNorms` of a layer, or of one block, with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths, all weights given.
    units : (int, int), optional
        Two units (i, j), for ``H_ij`` in place of H.
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points.

    Returns
    -------
    DecoupledNorms

    Raises
    ------
    ValueError
        If weights are missing or the network is deeper, ``E[M]`` is zero or overflows, there are
        more than 128 units or directions of the features, or their product exceeds 2000 (of a
        block one unit counts).
    IndexError
        If there is no such unit.

    References
    ----------
    ``docs/decoupled.md`` *The matrices, exactly*.

    Examples
    --------
    Softmax regression with two classes in many dimensions: the plateau is small, and reached late.

    >>> from rmt_hessian.ensemble import Ensemble
    >>> net = [np.array([[1.0], [-1.0]]) * np.eye(1, 50)]
    >>> norms = decoupled_norms(Ensemble([50, 2], layer=0, loss="ce", n_samples=100, weights=net))
    >>> [round(norms.relative_error(N), 2) for N in (100, 10_000, np.inf)]
    [0.42, 0.1, 0.09]
    >>> round(norms.crossover, -2)
    3900.0
    """
    moments = JointMoments.of_layer(ens, rng, units)
    M, with_fourth, product = (moments.mean(x) for x in ("M", "M_fourth", "product"))
    # E‖M - M̃‖²‖z‖⁴
    exchange = product + moments.mean("squares") * moments.mean("fourth") - 2 * (with_fourth @ M)
    return DecoupledNorms(
        plateau=moments.plateau(),
        fluctuation=max(float(exchange / moments.unit), 0.0),
        squared_mean=moments.squared_mean(),
        second_moment=float(product / moments.unit),
        operator_plateau=_operator_plateau(moments, M),
    )


def _operator_plateau(moments: JointMoments, M: FloatArray) -> float:
    """On u a matrix of units × directions; ``E M`` on each of the ``rest``, where T = 0."""
    features, k = moments.features, math.isqrt(M.size)

    def norm(means: FloatArray) -> float:
        n = features.directions
        matrix = means.reshape(k, k, n, n).swapaxes(1, 2).reshape(k * n, k * n)
        return float(np.abs(np.linalg.eigvalsh((matrix + matrix.T) / 2)).max())

    T = moments.mean("excess")
    whole = norm(T + np.outer(M, features.second_moment))
    on_rest = float(np.abs(np.linalg.eigvalsh(M.reshape(k, k))).max()) if features.rest else 0.0
    return norm(T) / max(whole, on_rest)
