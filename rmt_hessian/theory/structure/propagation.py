r"""First two moments of every layer of a ReLU network, from the weights alone.

Inputs ``x ~ N(b, S)``. Given the weights, the pre-activations ``a_l = W_l h_l`` of each layer are
taken as jointly Gaussian: exact for the first, a central limit over many units above it. Then

    ``h_{l+1} = relu(a_l)``,   ``a_l ~ N(W_l E[h_l], W_l Cov(h_l) W_lᵀ)``,

and the moments of h in closed form (`relu_moments`) carry mean and covariance from layer to layer.

References
----------
``docs/structure.md`` §1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import positive_semidefinite, symmetric_part
from rmt_hessian._checks.weights import weight_chain
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.relu.moments import ReLUMoments, moments_of, standardised


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

    References
    ----------
    ``docs/structure.md`` §1.
    """

    feature_mean: FloatArray
    feature_covariance: FloatArray
    preactivation_mean: FloatArray
    preactivation_covariance: FloatArray

    @property
    def feature_second_moment(self) -> FloatArray:
        """``E[z zᵀ]``, shape (p, p)."""
        return self.feature_covariance + np.outer(self.feature_mean, self.feature_mean)

    @property
    def active(self) -> FloatArray:
        """``P(a_i > 0)``, shape (k,): how often each unit of a hidden layer is active."""
        return ndtr(standardised(self.preactivation_mean, self.preactivation_covariance)[1])

    @cached_property
    def relu(self) -> ReLUMoments:
        """`ReLUMoments` of the pre-activations: the features and the masks above a hidden layer."""
        return moments_of(self.preactivation_mean, self.preactivation_covariance)


def propagate(
    weights: Sequence[ArrayLike],
    *,
    input_mean: ArrayLike | None = None,
    input_covariance: ArrayLike | None = None,
) -> list[LayerMoments]:
    """Moments of all layers of the ReLU network ``W_0 … W_L``, inputs ``x ~ N(b, S)``.

    Exact for the first layer and the features of the second. Further up the pre-activations are
    Gaussian only in the limit of wide layers.

    Parameters
    ----------
    weights : sequence of array_like, shapes (out, in)
        ``W_0 … W_L``, as `Network.weights` of a ReLU network without biases.
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

    References
    ----------
    ``docs/structure.md`` §1; moments of ReLU: Rosenbaum (1961).

    Examples
    --------
    >>> first, last = propagate([np.eye(2), np.ones((1, 2))])
    >>> first.relu.both_active
    array([[0.5 , 0.25],
           [0.25, 0.5 ]])
    >>> last.preactivation_mean.round(6)  # 2/√(2π)
    array([0.797885])
    """
    weights = weight_chain(weights)
    d = weights[0].shape[1]
    mean = finite_array(np.zeros(d) if input_mean is None else input_mean, "input_mean", ndim=1)
    if mean.shape != (d,):
        raise ValueError(f"input_mean must have shape ({d},), got {mean.shape}")
    if input_covariance is None:
        covariance = np.eye(d)
    else:
        covariance = positive_semidefinite(input_covariance, "input_covariance", d)
    layers = [_layer(weights[0], mean, covariance)]
    for W in weights[1:]:
        below = layers[-1].relu
        layers.append(_layer(W, below.mean, below.covariance))
    return layers


def _layer(W: FloatArray, mean: FloatArray, covariance: FloatArray) -> LayerMoments:
    with np.errstate(over="ignore", invalid="ignore"):  # looked for below
        above, spread = W @ mean, symmetric_part(W @ covariance @ W.T)
    if not (np.isfinite(above).all() and np.isfinite(spread).all()):
        raise ValueError("weights must not make the moments overflow, got infinite or NaN moments")
    return LayerMoments(mean, covariance, above, spread)
