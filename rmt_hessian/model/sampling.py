"""Drawing from an `Ensemble`: its network, its inputs, labels for them."""

from __future__ import annotations

from itertools import pairwise

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.mixture import Mixture
from rmt_hessian.model.inputs import gaussian_inputs, random_labels
from rmt_hessian.model.mixtures import draw_mixture
from rmt_hessian.model.networks import Network, random_weights


def sample(ens: Ensemble, rng: RandomState) -> tuple[Network, FloatArray, IntArray]:
    """One draw from an ensemble: network, inputs and labels.

    Those of a `Mixture` are the components of the inputs; others depend on nothing.

    Parameters
    ----------
    ens : Ensemble
        Weights and biases that it gives are kept, other weights drawn.
    rng : None, int, SeedSequence or Generator
        Draws weights, layer by layer, then inputs, then labels: the same inputs and labels whether
        weights are given or not, and never numbers of which weights were made.

    Returns
    -------
    net : Network
    X : numpy.ndarray, shape (N, d)
    y : numpy.ndarray of int, shape (N,)
        Uniform over classes, or of the mixture.

    Raises
    ------
    ValueError
        If ``ens`` is no Ensemble, or ``rng`` none of these.

    Examples
    --------
    >>> net, X, y = sample(Ensemble([4, 3, 2], layer=0, loss="ce", n_samples=5), rng=0)
    >>> net, X.shape, y.shape
    (Network(widths=[4, 3, 2]), (5, 4), (5,))
    """
    rng = random_generator(rng)
    net, X, y = network_and_inputs(ens, rng)
    return net, X, random_labels(ens.n_samples, ens.n_classes, rng) if y is None else y


def network_and_inputs(
    ens: Ensemble, rng: RandomState
) -> tuple[Network, FloatArray, IntArray | None]:
    """`sample` with the labels of a mixture, and without those of Gaussian inputs."""
    instance_of(ens, Ensemble, "ens")
    rng, gain = random_generator(rng), init_gain(ens.init)
    drawn = [random_weights(*sizes, gain, rng) for sizes in pairwise(ens.widths)]
    pairs = zip(ens.weights, drawn, strict=True)
    weights = [W if given is None else given for given, W in pairs]
    net = Network(weights, ens.biases, ens.activation)
    d, *_, C = ens.widths
    if isinstance(ens.inputs, Mixture):
        return net, *draw_mixture(ens.inputs, ens.n_samples, d, C, rng)
    return net, gaussian_inputs(ens.n_samples, d, rng), None
