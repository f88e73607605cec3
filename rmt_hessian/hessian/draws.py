"""The layer Hessian of one draw from an `Ensemble`."""

from __future__ import annotations

from rmt_hessian._random import random_generator
from rmt_hessian._types import RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.model.inputs import random_labels
from rmt_hessian.model.networks import Network
from rmt_hessian.model.sampling import network_and_inputs


def draw(ens: Ensemble, rng: RandomState) -> LayerHessian:
    """`LayerHessian` of the layer of an ensemble, for one draw of weights and inputs.

    Parameters
    ----------
    ens : Ensemble
        Weights and biases that it gives are kept, other weights drawn.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    LayerHessian
        That of the network and inputs of `sample` with an equal generator; and of its labels,
        where the Hessian depends on them: below a hidden layer of a smooth activation.

    Raises
    ------
    ValueError
        If ``ens`` is no Ensemble, or ``rng`` none of these.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> draw(Ensemble([4, 3, 2], layer=0, loss="ce", n_samples=5), rng=0)
    LayerHessian(3 × 3 blocks of 4 × 4, 5 samples)
    """
    return draw_with_network(ens, rng)[1]


def draw_with_network(ens: Ensemble, rng: RandomState) -> tuple[Network, LayerHessian]:
    """The network of a draw, and its `LayerHessian`."""
    rng = random_generator(rng)
    net, X, y = network_and_inputs(ens, rng)
    if ens.is_last or net.activation.piecewise_linear:
        return net, layer_hessian(net, X, ens.layer, ens.loss)
    if y is None:
        y = random_labels(ens.n_samples, ens.n_classes, rng)
    return net, layer_hessian(net, X, ens.layer, ens.loss, y=y)
