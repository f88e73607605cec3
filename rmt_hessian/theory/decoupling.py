r"""How far a layer Hessian is from ``E[M] ⊗ E[z zᵀ]``, the decoupling of [W].

For features of second moment ``Σ = E[z zᵀ]`` and a sample of N, let H be the layer Hessian and K
the Kronecker product of its sample means: ``H - K`` is the sample covariance of M and ``z zᵀ``, so

    ``E‖H - K‖² ≈ ‖E[M ⊗ (z zᵀ - Σ)]‖² + E[‖M - E M‖² ‖z zᵀ - Σ‖²]/N``,
    ``E‖H‖²     = (1 - 1/N) ‖E[M ⊗ z zᵀ]‖² + E[‖M‖² ‖z‖⁴]/N``

in Frobenius norms. In units of ``‖E M‖² ‖Σ‖²``, with the plateau τ, the first term, and the moments
φ and ψ divided by N in the others,

    ``‖H - K‖²/‖H‖² ≈ (τ + φ/N)/(1 + τ + (ψ - 1 - τ)/N)``.

Where ``‖z‖²`` hardly varies, ``φ ≈ n (r - 1)`` and ``ψ ≈ n r``, with the spread
``r = E‖M‖²/‖E M‖² >= 1`` and the participation number ``n = (tr Σ)²/‖Σ‖²``, p for isotropic
features: the error falls like √γ in the aspect ratio ``γ = n/N``, and ``‖H‖²`` is then the second
moment of the layer law. τ, from the few directions on which M depends, is O(1/p).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rmt_hessian._validation import one_of, positive_integer
from rmt_hessian.theory.weights.sampled_weights import GivenWeights, gaussian_points

BLOCKS, LOG2_POINTS = 8, 11
LARGEST = 2000  # units times directions, whose joint moments are formed
WIDEST = 128  # units, or directions


@dataclass(frozen=True)
class Decoupling:
    """What decides the error of ``E[M] ⊗ E[z zᵀ]``: see the module.

    Attributes
    ----------
    spread : float
        ``r = E‖M‖_F²/‖E M‖_F²``, at least 1.
    participation : float
        ``n = (tr Σ)²/‖Σ‖_F²``, from 1 to p.
    plateau : float
        τ: the squared relative error tends to ``τ/(1 + τ)`` as ``N → ∞``. An estimate, which noise
        may make negative.
    fluctuation : float
        ``φ = E[‖M - E M‖² ‖z zᵀ - Σ‖²]/(‖E M‖² ‖Σ‖²)``, about ``n (r - 1)``.
    second_moment : float
        ``ψ = E[‖M‖² ‖z‖⁴]/(‖E M‖² ‖Σ‖²)``, about ``n r``.
    """

    spread: float
    participation: float
    plateau: float
    fluctuation: float
    second_moment: float

    def relative_error(self, n_samples):
        """Predicted ``‖H - K‖_F/‖H‖_F`` for N samples; ``np.inf`` gives the plateau.

        Raises
        ------
        ValueError
            If N is not a positive integer.
        """
        N = n_samples if n_samples == np.inf else positive_integer(n_samples, "n_samples")
        tau = self.plateau
        norm = 1 + tau + (self.second_moment - 1 - tau) / N
        return float(np.sqrt(max(tau + self.fluctuation / N, 0.0) / norm))


def decoupling(*, model, loss, V, W=None, n_features=None, rng=0):
    """`Decoupling` of a layer with given weights and inputs ``N(0, I)``.

    Parameters
    ----------
    model : {"linear", "hidden", "output"}
    loss : {"ce", "mse"}
    V : array_like, shape (C, m)
        Of the last layer; (C, d) for the linear model.
    W : array_like, shape (m, d)
        Of the layer below; not for the linear model.
    n_features : int, optional
        p = d of linear and hidden layers, by default that of the weights, and at least their rank.
    rng : numpy.random.Generator or int
        Scrambles the Sobol' points.

    Returns
    -------
    Decoupling

    Raises
    ------
    ValueError
        If a name is unknown, W or n_features is missing or superfluous, the shapes do not fit,
        ``E[M]`` is zero or overflows, there are more than 128 units or directions of the features,
        or their product exceeds 2000.

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
    if model == "output" and n_features is not None:
        raise ValueError("n_features must not be given for the output layer: it is the width of V")
    given = GivenWeights.of(model, loss, V, W)
    k, r = given.n_units, given.n_directions
    if model != "output":
        first = np.asarray(V if model == "linear" else W)
        n_features = first.shape[1] if n_features is None else n_features
        rest = positive_integer(n_features, "n_features", minimum=r) - r
        side = r
    else:
        rest, side = None, given.factor.shape[1]
    if k * side > LARGEST or max(k, side) > WIDEST:
        raise ValueError(
            f"units and directions must be at most {WIDEST} each and {LARGEST} multiplied, "
            f"got {k} and {side}"
        )
    blocks = [_Moments.of(given, u, rest) for u in gaussian_points(r, rng, BLOCKS, LOG2_POINTS)]
    # products of independent blocks: squares of means without the noise of a mean
    pairs = list(combinations(blocks, 2))
    square_mean = np.mean([np.sum(a.M * b.M) for a, b in pairs])
    if not 0 < square_mean < np.inf:
        raise ValueError(f"E[M] must be finite and not zero, got the squared norm {square_mean:g}")
    excess = np.mean([np.sum(a.excess * b.excess) for a, b in pairs])
    if model == "output":
        trace = np.mean([np.trace(block.S) for block in blocks])
        norm = np.mean([np.sum(a.S * b.S) for a, b in pairs])
    else:
        trace = norm = float(n_features)
    unit = square_mean * norm
    spread, fluctuation, second_moment = np.mean(
        [(block.mean_square, block.fluctuation, block.second_moment) for block in blocks], axis=0
    )
    return Decoupling(
        spread=float(max(spread / square_mean, 1.0)),
        participation=float(trace**2 / norm),
        plateau=float(excess / unit),
        fluctuation=float(fluctuation / unit),
        second_moment=float(second_moment / unit),
    )


@dataclass(frozen=True)
class _Moments:
    """Means over one block of points: M, ``z zᵀ``, their covariance, and the scalars."""

    M: np.ndarray
    S: np.ndarray
    excess: np.ndarray
    mean_square: float
    fluctuation: float
    second_moment: float

    @classmethod
    def of(cls, given, u, rest):
        """``rest``: how many Gaussian features M does not depend on; None for ReLU features."""
        n = len(u)
        z = np.maximum(u @ given.factor, 0.0) if rest is None else u
        M = given.output_hessians(u).reshape(n, -1)
        pairs = (z[:, :, None] * z[:, None, :]).reshape(n, -1)
        mean, S = M.mean(axis=0), pairs.mean(axis=0).reshape(z.shape[1], -1)
        q = np.sum(z**2, axis=1)
        if rest is None:
            fourth = q**2
            distance = fourth - 2 * np.einsum("na,ab,nb->n", z, S, z) + np.sum(S**2)
        else:  # given u: ‖z‖² = q + χ² of so many degrees of freedom; Σ = I
            fourth = q**2 + 2 * q * rest + rest**2 + 2 * rest
            distance = fourth - 2 * (q + rest) + z.shape[1] + rest
        squares = np.sum(M**2, axis=1)
        return cls(
            M=mean,
            S=S,
            excess=(M - mean).T @ pairs / n,
            mean_square=float(squares.mean()),
            fluctuation=float(np.mean(np.sum((M - mean) ** 2, axis=1) * distance)),
            second_moment=float(np.mean(squares * fourth)),
        )
