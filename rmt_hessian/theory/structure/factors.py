r"""The two Kronecker factors of every layer Hessian, ``E[M]`` and ``E[z zᵀ]``, from the weights.

``E[z zᵀ]`` comes from `propagation`. ``E[M]`` follows down from the logits, with the masks
of each layer taken as independent of all that lies above them ([W], one layer at a time):

    ``E[M_L] = E[A]``,   ``E[M_l] = E[D_l D_lᵀ] ∘ (W_{l+1}ᵀ E[M_{l+1}] W_{l+1})``,

exact for one hidden layer with MSE. The Hessian of layer l is close to ``E[M_l] ⊗ E[z_l z_lᵀ]`` as
far as M and z decouple too.

References
----------
``docs/structure.md`` §1; [W], decoupling.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import one_of
from rmt_hessian._checks.matrices import symmetric_part
from rmt_hessian._checks.weights import weight_chain
from rmt_hessian._types import FloatArray, Loss, RandomState
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.theory.structure.propagation import LayerMoments, propagate
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature


def population_factors(
    weights: Sequence[npt.ArrayLike],
    loss: Loss,
    *,
    input_mean: npt.ArrayLike | None = None,
    input_covariance: npt.ArrayLike | None = None,
    rng: RandomState = 0,
) -> list[KroneckerProduct]:
    """``E[M]`` and ``E[z zᵀ]`` of every layer of a ReLU network, inputs ``x ~ N(b, S)``.

    ``E[M_l] = E[D_l D_lᵀ] ∘ (W_{l+1}ᵀ E[M_{l+1}] W_{l+1})`` down from ``E[M_L] = E[A]``, D the
    masks of pre-activations that are taken as Gaussian and as independent of all above them.
    With CE, ``E[A]`` is as exact as `mean_curvature` says, for Gaussian inputs. Where a network
    fits labels, the factors of its sample are those of few uncertain samples: ``E[M]`` predicted
    for digits is then seven to nine times too large, its shape is less wrong.

    Parameters
    ----------
    weights : sequence of array_like, shapes (out, in)
        ``W_0 … W_L``, as `Network.weights` of a ReLU network without biases.
    loss : {"ce", "mse"}
    input_mean : array_like, shape (d,), optional
        b, by default 0.
    input_covariance : array_like, shape (d, d), optional
        S, by default I.
    rng : None, int, SeedSequence or Generator
        Scrambles the points at which CE averages ``A`` over the logits.

    Returns
    -------
    list of KroneckerProduct
        Layer 0 first: ``left`` is ``E[M]``, (k, k), ``right`` is ``E[z zᵀ]``, (p, p).

    Raises
    ------
    ValueError
        As `propagate`; if the loss is unknown, or CE is asked of a network with one output.

    References
    ----------
    ``docs/structure.md`` §1; [W], decoupling.

    Examples
    --------
    >>> factors = population_factors([np.eye(3), np.ones((1, 3))], "mse")
    >>> factors[0].left
    array([[0.5 , 0.25, 0.25],
           [0.25, 0.5 , 0.25],
           [0.25, 0.25, 0.5 ]])
    >>> factors[0].right
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    one_of(loss, tuple(MEAN_CURVATURES), "loss")
    weights = weight_chain(weights)
    layers = propagate(weights, input_mean=input_mean, input_covariance=input_covariance)
    M = MEAN_CURVATURES[loss](layers[-1], rng)
    factors = [KroneckerProduct(M, layers[-1].feature_second_moment)]
    for layer, above in zip(layers[-2::-1], weights[:0:-1], strict=True):
        M = layer.relu.both_active * (above.T @ M @ above)
        factors.append(KroneckerProduct(symmetric_part(M), layer.feature_second_moment))
    return factors[::-1]


def _identity(last: LayerMoments, rng: RandomState) -> FloatArray:
    """``E[A] = I`` of MSE."""
    return np.eye(last.preactivation_mean.size)


def _softmax(last: LayerMoments, rng: RandomState) -> FloatArray:
    C = last.preactivation_mean.size
    if C < 2:
        raise ValueError(f"loss 'ce' needs at least 2 classes, got {C}")
    return mean_curvature(last.preactivation_mean, last.preactivation_covariance, rng=rng)


MEAN_CURVATURES = {"ce": _softmax, "mse": _identity}
