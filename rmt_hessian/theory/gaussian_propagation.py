r"""First two moments of every layer of a ReLU network, from the weights alone.

Inputs ``x ~ N(b, S)``. Given the weights, the pre-activations ``a_l = W_l h_l`` of each layer are
taken as jointly Gaussian: exact for the first, a central limit over many units above it. Then

    ``h_{l+1} = relu(a_l)``,   ``a_l ~ N(W_l E[h_l], W_l Cov(h_l) W_lᵀ)``,

and the moments of h in closed form carry mean and covariance from layer to layer. With
``a_i = σ_i (t_i + g_i)``, ``t_i = E[a_i]/σ_i`` and ``ρ = corr(g_i, g_j)``:

    ``P_ij   = P(a_i > 0, a_j > 0) = Φ₂(t_i, t_j; ρ)``,
    ``E[h_i] = σ_i (t_i Φ(t_i) + φ(t_i))``,
    ``E[h_i h_j] = σ_i σ_j [(t_i t_j + ρ) P_ij + t_i φ(t_j) Φ(u_ij) + t_j φ(t_i) Φ(u_ji)``
    ``             + √(1-ρ²) φ(t_j) φ(u_ij)]``,   ``u_ij = (t_i - ρ t_j)/√(1-ρ²)``

(S. Rosenbaum, J. R. Stat. Soc. B 23, 405, 1961). At zero mean ``P_ij = ¼ + asin(ρ)/(2π)`` and
``E[h_i h_j]`` is the arc-cosine kernel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, owens_t

from rmt_hessian._validation import finite_array

BEYOND = 40.0  # Φ(-40) = 0 and φ(40) = 0 in float64
TINY = 1e-150  # stands for a limit 0⁺; the quotient of two such does not overflow
SLACK = 1e-10  # rounding that symmetry and semidefiniteness are allowed, relative to the largest


def orthant_probability(s, t, rho):
    """``Φ₂(s, t; ρ) = P(g₁ < s, g₂ < t)`` for standard Gaussians of correlation ρ, elementwise.

    By Owen's T function, ``T(s, a) = ∫_0^a e^{-s²(1+y²)/2}/(1+y²) dy/2π``,

        ``Φ₂ = ½ Φ(s) + ½ Φ(t) - T(s, (t - ρs)/(s√(1-ρ²))) - T(t, (s - ρt)/(t√(1-ρ²)))``,

    less ½ if s and t have different signs; 0 counts as its limit 0⁺. Absolute error about 1e-15,
    ``|ρ| = 1`` and infinite arguments included.

    Parameters
    ----------
    s, t, rho : array_like
        Broadcast against each other; ``-1 <= ρ <= 1``.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ValueError
        If an entry is NaN or not real, ρ is outside [-1, 1], or the shapes do not broadcast.

    Examples
    --------
    >>> round(float(orthant_probability(0.0, 0.0, 0.5)), 12)  # ¼ + asin(½)/2π = ⅓
    0.333333333333
    """
    s, t, rho = (_real_numbers(x, name) for x, name in ((s, "s"), (t, "t"), (rho, "rho")))
    if np.any(np.abs(rho) > 1):
        raise ValueError(f"rho must lie in [-1, 1], got {np.abs(rho).max():g} in size")
    try:
        s, t, rho = np.broadcast_arrays(s, t, rho)
    except ValueError:
        shapes = f"{s.shape}, {t.shape} and {rho.shape}"
        raise ValueError(f"s, t and rho must have shapes that broadcast, got {shapes}") from None
    return _orthant_probability(_within_reach(s), _within_reach(t), rho)


def _real_numbers(values, name):
    """``values`` as a float64 array of any shape that may hold infinities."""
    values = np.asarray(values)
    if not (np.isrealobj(values) and np.issubdtype(values.dtype, np.number)):
        raise ValueError(f"{name} must be real numbers, got {values.dtype}")
    if np.isnan(values).any():
        raise ValueError(f"{name} must be numbers, got {int(np.isnan(values).sum())} NaN")
    return values.astype(np.float64)


def _within_reach(t):
    return np.clip(t, -BEYOND, BEYOND)


def _orthant_probability(s, t, rho):
    s, t = (np.where(np.abs(x) < TINY, TINY, x) for x in (s, t))
    P = (ndtr(s) + ndtr(t)) / 2 - ((s > 0) != (t > 0)) / 2
    P -= owens_t(s, _residual(t, s, rho) / s) + owens_t(t, _residual(s, t, rho) / t)
    return np.clip(P, 0.0, np.minimum(ndtr(s), ndtr(t)))


def _residual(s, t, rho):
    """``(s - ρt)/√(1-ρ²)``, written so that s = ±t costs no digits as ρ → ±1."""
    sign = np.copysign(1.0, rho)
    return ((s - sign * t) + (sign - rho) * t) / np.maximum(_sine(rho), TINY)


def _sine(rho):
    return np.sqrt((1 - rho) * (1 + rho))


def _density(t):
    return np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)


@dataclass(frozen=True, eq=False)
class ReLUMoments:
    """Moments of ``h = relu(a)`` and of the masks ``D = 1[a > 0]`` of k Gaussians a.

    Attributes
    ----------
    mean : numpy.ndarray, shape (k,)
        ``E[h]``.
    covariance : numpy.ndarray, shape (k, k)
        ``Cov(h)``.
    both_active : numpy.ndarray, shape (k, k)
        ``E[D_i D_j]``; ``E[D_i]`` on the diagonal.
    """

    mean: np.ndarray
    covariance: np.ndarray
    both_active: np.ndarray

    @property
    def second_moment(self):
        """``E[h hᵀ]``, shape (k, k)."""
        return self.covariance + np.outer(self.mean, self.mean)


def relu_moments(mean, covariance):
    """Moments of ``relu(a)`` and of its masks for ``a ~ N(mean, covariance)``, in closed form.

    The covariance is found with ``E[h_i] E[h_j]`` subtracted term by term, so that a mean much
    larger than the standard deviation costs no digits. A unit of variance 0 is the constant
    ``relu(mean)``, active if its mean is positive.

    Parameters
    ----------
    mean : array_like, shape (k,)
    covariance : array_like, shape (k, k)
        Symmetric and positive semidefinite, up to rounding.

    Returns
    -------
    ReLUMoments

    Raises
    ------
    ValueError
        If the shapes do not fit, an entry is not finite, or the covariance is not symmetric and
        positive semidefinite.

    Examples
    --------
    >>> moments = relu_moments([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]])
    >>> moments.both_active.round(6)
    array([[0.5     , 0.333333],
           [0.333333, 0.5     ]])
    >>> moments.second_moment.round(6)
    array([[0.5     , 0.304499],
           [0.304499, 0.5     ]])
    """
    mean = finite_array(mean, "mean", ndim=1)
    return _relu_moments(mean, _covariance(covariance, "covariance", mean.size))


def _covariance(values, name, size):
    """``values`` as a covariance matrix, (size, size)."""
    S = finite_array(values, name, ndim=2)
    if S.shape != (size, size):
        raise ValueError(f"{name} must have shape ({size}, {size}), got {S.shape}")
    slack = SLACK * np.abs(S).max()
    asymmetry = np.abs(S - S.T).max()
    if asymmetry > slack:
        raise ValueError(f"{name} must be symmetric, got entries {asymmetry:.3g} apart")
    S = (S + S.T) / 2
    lowest = np.linalg.eigvalsh(S)[0]
    if lowest < -slack:
        raise ValueError(f"{name} must be positive semidefinite, got eigenvalue {lowest:.3g}")
    return S


def _relu_moments(mean, covariance):
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    alive = np.where(sigma > 0, sigma, 1.0)
    with np.errstate(over="ignore"):  # means far beyond the standard deviation are cut off
        t = np.where(sigma > 0, mean / alive, np.where(mean > 0, BEYOND, -BEYOND))
    t = _within_reach(t)
    rho = np.clip(covariance / alive / alive[:, None], -1.0, 1.0)
    np.fill_diagonal(rho, 1.0)

    P, Phi, phi = _orthant_probability(t[:, None], t, rho), ndtr(t), _density(t)
    u = _residual(t[:, None], t, rho)  # u_ij
    cross = t[:, None] * phi * (ndtr(u) - Phi[:, None])
    scaled = np.outer(t, t) * (P - np.outer(Phi, Phi)) + rho * P + cross + cross.T
    scaled += phi * (_sine(rho) * _density(u) - phi[:, None])
    return ReLUMoments(
        mean=np.maximum(mean * Phi + sigma * phi, 0.0),
        covariance=_symmetric(scaled * np.outer(sigma, sigma)),
        both_active=_symmetric(P),
    )


def _symmetric(S):
    return (S + S.T) / 2


@dataclass(frozen=True, eq=False)
class LayerMoments:
    """Mean and covariance of the p features of a layer and of its k pre-activations.

    Attributes
    ----------
    feature_mean : numpy.ndarray, shape (p,)
        ``E[z]``.
    feature_covariance : numpy.ndarray, shape (p, p)
        ``Cov(z)``.
    preactivation_mean : numpy.ndarray, shape (k,)
        ``W E[z]``; of the logits in the last layer.
    preactivation_covariance : numpy.ndarray, shape (k, k)
        ``W Cov(z) Wᵀ``.
    """

    feature_mean: np.ndarray
    feature_covariance: np.ndarray
    preactivation_mean: np.ndarray
    preactivation_covariance: np.ndarray

    @property
    def feature_second_moment(self):
        """``E[z zᵀ]``, shape (p, p)."""
        return self.feature_covariance + np.outer(self.feature_mean, self.feature_mean)

    @cached_property
    def relu(self):
        """`ReLUMoments` of the pre-activations: the features and the masks above a hidden layer."""
        return _relu_moments(self.preactivation_mean, self.preactivation_covariance)


def propagate(weights, input_mean=None, input_covariance=None):
    """Moments of all layers of the ReLU network ``W_0 … W_L``, inputs ``x ~ N(b, S)``.

    Exact for the first layer and the features of the second. Further up the pre-activations are
    Gaussian only in the limit of wide layers.

    Parameters
    ----------
    weights : sequence of array_like, shapes (out, in)
        ``W_0 … W_L``, as `ReLUNetwork.weights`; no biases.
    input_mean : array_like, shape (d,), optional
        b, by default 0.
    input_covariance : array_like, shape (d, d), optional
        S, by default I.

    Returns
    -------
    list of LayerMoments
        Layer 0 first.

    Raises
    ------
    ValueError
        If there is no weight matrix, shapes do not fit, an entry is not finite, or S is not
        symmetric and positive semidefinite.

    Examples
    --------
    >>> first, last = propagate([np.eye(2), np.ones((1, 2))])
    >>> first.relu.both_active
    array([[0.5 , 0.25],
           [0.25, 0.5 ]])
    >>> last.preactivation_mean.round(6)  # 2/√(2π)
    array([0.797885])
    """
    weights = weight_matrices(weights)
    d = weights[0].shape[1]
    mean = finite_array(np.zeros(d) if input_mean is None else input_mean, "input_mean", ndim=1)
    if mean.shape != (d,):
        raise ValueError(f"input_mean must have shape ({d},), got {mean.shape}")
    covariance = np.eye(d) if input_covariance is None else input_covariance
    covariance = _covariance(covariance, "input_covariance", d)
    layers = [_layer(weights[0], mean, covariance)]
    for W in weights[1:]:
        below = layers[-1].relu
        layers.append(_layer(W, below.mean, below.covariance))
    return layers


def _layer(W, mean, covariance):
    with np.errstate(over="ignore", invalid="ignore"):  # looked for below
        above, spread = W @ mean, _symmetric(W @ covariance @ W.T)
    if not (np.isfinite(above).all() and np.isfinite(spread).all()):
        raise ValueError("weights must not make the moments overflow, got infinite or NaN moments")
    return LayerMoments(mean, covariance, above, spread)


def weight_matrices(weights):
    """``weights`` as a list of arrays, each with as many columns as the one before has rows.

    Raises
    ------
    ValueError
        If there is none, shapes do not fit, or an entry is not finite.

    Examples
    --------
    >>> len(weight_matrices([[[1.0, 2.0]], [[3.0]]]))
    2
    """
    weights = [finite_array(W, f"weights[{l}]", ndim=2) for l, W in enumerate(weights)]
    if not weights:
        raise ValueError("weights must hold at least one matrix, got none")
    for l in range(1, len(weights)):
        wanted = weights[l - 1].shape[0]
        if weights[l].shape[1] != wanted:
            raise ValueError(
                f"weights[{l}] must have {wanted} columns to follow weights[{l - 1}], "
                f"got shape {weights[l].shape}"
            )
    return weights
