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

T is the plateau of `decoupling` too, and φ about twice the one there: where it dominates, the
decoupled Hessian is √2 times as far as ``E[M] ⊗ E[z zᵀ]``. Two decoupled Hessians, of two copies,
differ by a like fluctuation and no T.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from rmt_hessian._checks.arguments import list_of, positive_integer
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.coverage import given_weights, shallow, units
from rmt_hessian.theory.structure.decoupling import BLOCKS, LOG2_POINTS
from rmt_hessian.theory.structure.gaussian_features import GaussianFeatures, refuse_many
from rmt_hessian.theory.weights.sampled_weights import GivenWeights, gaussian_points


@dataclass(frozen=True)
class DecoupledNorms:
    """What decides ``‖H - H̃‖/‖H‖``: see the module.

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
    ens: Ensemble, pair: tuple[int, int] | None = None, *, rng: RandomState = 0
) -> DecoupledNorms:
    """`DecoupledNorms` of a layer, or of one block, with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths, all weights given.
    pair : tuple of two int, optional
        Units (i, j), for ``H_ij`` in place of H.
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
    given_weights(shallow(ens))
    pair = None if pair is None else _units(ens, pair)
    given = GivenWeights.of(ens)
    features = GaussianFeatures.of_layer(ens, given)
    k = 1 if pair else given.n_units
    refuse_many(k, features.directions)
    points = gaussian_points(given.n_directions, rng, BLOCKS, LOG2_POINTS)
    blocks = [_Moments.of(_output_hessians(given, u, pair), features, u) for u in points]
    # products of independent blocks of points: squares of means without the noise of a mean
    pairs = list(combinations(blocks, 2))
    square_mean = np.mean([np.sum(a.M * b.M) for a, b in pairs])
    if not 0 < square_mean < np.inf:
        raise ValueError(f"E[M] must be finite and not zero, got the squared norm {square_mean:g}")
    unit = square_mean * features.squared_norm
    excess = np.mean([np.sum(a.excess * b.excess) for a, b in pairs])
    raw = np.mean([np.sum(a.raw * b.raw) for a, b in pairs]) + features.rest * square_mean
    M, with_fourth = (np.mean([getattr(b, x) for b in blocks], axis=0) for x in ("M", "M_fourth"))
    squares, fourth, psi = np.mean([(b.squares, b.fourth, b.psi) for b in blocks], axis=0)
    return DecoupledNorms(
        plateau=float(excess / unit),
        fluctuation=float(max(psi + squares * fourth - 2 * np.sum(with_fourth * M), 0.0) / unit),
        squared_mean=float(raw / unit),
        second_moment=float(psi / unit),
        operator_plateau=_operator_plateau(blocks, M, k, features),
    )


def _units(ens: Ensemble, pair: tuple[int, int]) -> tuple[int, int]:
    values = list_of(pair, "pair", "two units")
    if len(values) != 2:
        raise ValueError(f"pair must be two units, got {len(values)}")
    i, j = units(ens, *values)
    return i, j


def _output_hessians(
    given: GivenWeights, u: FloatArray, pair: tuple[int, int] | None
) -> FloatArray:
    """M at the points u as rows, (n, k²); of one block its weights, (n, 1)."""
    if pair:
        return given.block_weights(u, *pair)[:, None]
    return given.output_hessians(u).reshape(len(u), -1)


def _operator_plateau(
    blocks: list[_Moments], M: FloatArray, k: int, features: GaussianFeatures
) -> float:
    """On u a matrix of units × directions; ``E M`` on each of the ``rest``, where T = 0."""

    def norm(moments: FloatArray) -> float:
        n = features.directions
        matrix = moments.reshape(k, k, n, n).swapaxes(1, 2).reshape(k * n, k * n)
        return float(np.abs(np.linalg.eigvalsh((matrix + matrix.T) / 2)).max())

    T, whole = (norm(np.mean([getattr(b, x) for b in blocks], axis=0)) for x in ("excess", "raw"))
    on_rest = float(np.abs(np.linalg.eigvalsh(M.reshape(k, k))).max()) if features.rest else 0.0
    return T / max(whole, on_rest)


@dataclass(frozen=True)
class _Moments:
    """Means over one block of points.

    ``squares`` that of ``‖M‖²``, ``fourth`` of ``‖z‖⁴``, ``psi`` and ``M_fourth`` of its products
    with ``‖M‖²`` and M, ``raw`` of ``M ⊗ f fᵀ``, ``excess`` the covariance.
    """

    M: FloatArray
    M_fourth: FloatArray
    raw: FloatArray
    excess: FloatArray
    squares: float
    fourth: float
    psi: float

    @classmethod
    def of(cls, M: FloatArray, features: GaussianFeatures, u: FloatArray) -> Self:
        n, f = len(u), features.of(u)
        pairs = (f[:, :, None] * f[:, None, :]).reshape(n, -1)
        mean, squares, fourth = M.mean(axis=0), np.sum(M**2, axis=1), features.fourth_moment(f)
        excess = (M - mean).T @ pairs / n
        return cls(
            M=mean,
            M_fourth=M.T @ fourth / n,
            raw=excess + np.outer(mean, pairs.mean(axis=0)),
            excess=excess,
            squares=float(squares.mean()),
            fourth=float(fourth.mean()),
            psi=float(np.mean(squares * fourth)),
        )
