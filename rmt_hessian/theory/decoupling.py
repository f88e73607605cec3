r"""How far a layer Hessian is from ``E[M] ⊗ E[z zᵀ]``, the decoupling of [W].

For features of second moment ``Σ = E[z zᵀ]`` and a sample of N, let H be the layer Hessian and K
the Kronecker product of its sample means. The fluctuations of ``M_n`` about their mean make

    ``E‖H - K‖_F² ≈ (tr Σ)²/N (E‖M‖_F² - ‖E M‖_F²) + ‖E[M ⊗ (z zᵀ - Σ)]‖_F²``

and ``‖H‖_F²`` exceeds that by ``‖E M‖²(‖Σ‖² + (tr Σ)²/N)``. With the spread
``r = E‖M‖²/‖E M‖² >= 1``, the participation number ``n = (tr Σ)²/‖Σ‖²`` (p for isotropic features,
near 1 where their mean dominates), ``γ = n/N`` and the plateau
``τ = ‖E[M ⊗ (z zᵀ - Σ)]‖²/(‖E M‖²‖Σ‖²)``,

    ``‖H - K‖²/‖H‖² ≈ (γ (r - 1) + τ)/(1 + γ r + τ)``.

For isotropic features ``‖H‖²`` is the second moment of the layer law, and the error falls like √γ.
τ, from the few directions on which M depends, is what is left as ``N → ∞`` at fixed p: O(1/p).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rmt_hessian._validation import one_of, positive_integer
from rmt_hessian.theory.weights.sampled_weights import GivenWeights, gaussian_points

BLOCKS, LOG2_POINTS = 8, 11
LARGEST = 2000  # units times features whose joint moments are formed


@dataclass(frozen=True)
class Decoupling:
    """What decides the error of ``E[M] ⊗ E[z zᵀ]``: see the module.

    Attributes
    ----------
    spread : float
        ``r = E‖M‖_F²/‖E M‖_F²``, at least 1.
    participation : float
        ``(tr Σ)²/‖Σ‖_F²``, from 1 to p.
    plateau : float
        τ, the squared relative error as ``N → ∞``; an estimate, which noise may make negative.
    """

    spread: float
    participation: float
    plateau: float

    def relative_error(self, n_samples):
        """Predicted ``‖H - K‖_F/‖H‖_F`` for N samples.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        gamma = self.participation / positive_integer(n_samples, "n_samples")
        excess = max(gamma * (self.spread - 1) + self.plateau, 0.0)
        return float(np.sqrt(excess / (1 + gamma * self.spread + self.plateau)))


def decoupling(*, model, loss, V, W=None, n_features=None, rng=0):
    """Spread, participation and plateau of a layer with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    model : {"linear", "hidden", "output"}
    loss : {"ce", "mse"}
    V : array_like, shape (C, m)
        Of the last layer; (C, d) for the linear model.
    W : array_like, shape (m, d)
        Of the layer below; not for the linear model.
    n_features : int, optional
        d, by default that of W or of the linear V.
    rng : numpy.random.Generator or int
        Scrambles the Sobol' points.

    Returns
    -------
    Decoupling

    Raises
    ------
    ValueError
        If a name is unknown, W is missing or superfluous, the shapes do not fit, or units times
        directions of the features exceed 2000.

    Examples
    --------
    >>> d = decoupling(model="linear", loss="mse", V=np.eye(2, 50))
    >>> d.spread, d.participation
    (1.0, 50.0)
    """
    one_of(model, ("linear", "hidden", "output"), "model")
    one_of(loss, ("ce", "mse"), "loss")
    if (W is None) != (model == "linear"):
        raise ValueError(f"W must be given for hidden and output layers only, got model {model!r}")
    given = GivenWeights.of(model, loss, V, W)
    features = given.factor if model == "output" else np.eye(given.n_directions)
    if given.n_units * features.shape[1] > LARGEST:
        raise ValueError(
            f"units times directions must be at most {LARGEST}, "
            f"got {given.n_units} × {features.shape[1]}"
        )
    blocks = [
        _Moments.of(given, u, np.maximum(u @ features, 0.0) if model == "output" else u)
        for u in gaussian_points(given.n_directions, rng, BLOCKS, LOG2_POINTS)
    ]
    # products of independent blocks: squares of means without the noise of a mean
    pairs = list(combinations(blocks, 2))
    square_mean = np.mean([np.sum(a.M * b.M) for a, b in pairs])
    excess = np.mean([np.sum(a.excess * b.excess) for a, b in pairs])
    spread = np.mean([block.mean_square for block in blocks]) / square_mean
    if model == "output":
        trace = np.mean([np.trace(block.S) for block in blocks])
        norm = np.mean([np.sum(a.S * b.S) for a, b in pairs])
    else:
        first = np.asarray(V if model == "linear" else W)
        trace = norm = float(positive_integer(n_features or first.shape[1], "n_features"))
    return Decoupling(
        float(max(spread, 1.0)), float(trace**2 / norm), float(excess / (square_mean * norm))
    )


@dataclass(frozen=True)
class _Moments:
    """Means over one block of points: M, ``z zᵀ``, their covariance, ``‖M‖²``."""

    M: np.ndarray
    S: np.ndarray
    excess: np.ndarray
    mean_square: float

    @classmethod
    def of(cls, given, u, z):
        n, k = len(u), given.n_units
        M = given.output_hessians(u).reshape(n, k * k)
        pairs = (z[:, :, None] * z[:, None, :]).reshape(n, -1)
        mean, S = M.mean(axis=0), pairs.mean(axis=0)
        excess = (M - mean).T @ pairs / n
        side = z.shape[1]
        return cls(mean, S.reshape(side, side), excess, float(np.mean(np.sum(M**2, axis=1))))
