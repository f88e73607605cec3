"""The output Hessian of the population, ``E[M]`` over x, with a standard error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import describe, instance_of, positive_integer, positive_real
from rmt_hessian._random import random_generator
from rmt_hessian._types import Loss, RandomState, RealArray
from rmt_hessian.hessian.from_network import Part, layer_hessian
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.model.inputs import gaussian_inputs
from rmt_hessian.model.networks import Network

FEWEST_GROUPS = 8  # the error estimated from G groups is itself known to 1/√(2(G-1)) or better


def grouped_output_hessian(H: LayerHessian, n_groups: int) -> RealArray:
    """Means of ``M_n`` over consecutive groups of samples, in one pass.

    Parameters
    ----------
    H : LayerHessian
        Of N samples, a multiple of ``n_groups``.
    n_groups : int
        G.

    Returns
    -------
    numpy.ndarray, shape (G, k, k)
        Group g holds ``(G/N) Σ M_n`` over ``n = g N/G … (g+1) N/G - 1``; the mean of the groups is
        `LayerHessian.output_hessian`.

    Raises
    ------
    ValueError
        If G is not a positive integer that divides N.

    References
    ----------
    Definition.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0]], [[2.0]]])
    >>> H = layer_hessian(net, [[1.0], [3.0], [2.0], [-1.0]], layer=0, loss="mse")
    >>> grouped_output_hessian(H, 2)[:, 0, 0]
    array([4., 2.])
    """
    n_groups = positive_integer(n_groups, "n_groups")
    size, rest = divmod(instance_of(H, LayerHessian, "H").n_samples, n_groups)
    if rest:
        raise ValueError(f"n_groups must divide the {H.n_samples} samples, got {n_groups}")
    members = np.repeat(np.eye(n_groups, dtype=H.dtype), size, axis=0)
    return H.output_hessians.weighted_sums(members) / size


@dataclass(frozen=True, eq=False)
class PopulationOutputHessian:
    """An estimate of ``E[M]`` from fresh samples.

    Attributes
    ----------
    mean : numpy.ndarray, shape (k, k)
        ``M̄``, of all samples.
    groups : numpy.ndarray, shape (G, k, k)
        Means ``M_g`` of disjoint sets of equally many samples, for standard errors of what is made
        of the mean (`rmt_hessian.spectra.uncertainty.jackknife`).
    n_samples : int
    relative_error : float
        Estimated standard error of the mean, ``√(Σ_g ‖M_g - M̄‖_F² / (G(G-1))) / ‖M̄‖_F``.

    References
    ----------
    ``docs/structure.md`` §1.
    """

    mean: RealArray
    groups: RealArray
    n_samples: int
    relative_error: float


def population_output_hessian(
    net: Network,
    layer: int,
    loss: Loss,
    rng: RandomState,
    *,
    relative_error: float = 1e-2,
    inputs: Callable[[int, int, np.random.Generator], ArrayLike] = gaussian_inputs,
    labels: Callable[[RealArray, np.random.Generator], ArrayLike] | None = None,
    part: Part = "full",
    batch_size: int = 2048,
    n_groups: int = 16,
    most_samples: int = 10**7,
) -> PopulationOutputHessian:
    """``E[M]`` over x, the output Hessian of [W] without the noise of a sample.

    Batches of fresh inputs go through the network, an equal part of each to every group, until the
    standard error of the mean (`PopulationOutputHessian.relative_error`) is small enough. That
    stops where the estimated error happens to be low, so it is too low by a few per cent: 6 % where
    measured, with 16 groups.

    Parameters
    ----------
    net : Network
    layer : int
        0 is the first layer, -1 the last.
    loss : {"ce", "mse"}
    rng : None, int, SeedSequence or Generator
        The result is a function of its state.
    relative_error : float
        Wanted standard error of the mean, in Frobenius norm, relative to the mean.
    inputs : callable
        ``(n, d, rng) -> (n, d)``, fresh inputs.
    labels : callable, optional
        ``(X, rng) -> y``, labels or targets of inputs, where M depends on them; see
        `layer_hessian`.
    part : {"full", "gauss-newton"}
    batch_size : int
        Samples at a time, a multiple of ``n_groups``.
    n_groups : int
        G, at least 8, so that the first estimate of the error can be trusted: its own relative
        error is ``1/√(2(G-1))`` if one direction has all the noise, and less else.
    most_samples : int
        At which to give up.

    Returns
    -------
    PopulationOutputHessian

    Raises
    ------
    ValueError
        As `layer_hessian`; or if a number is not positive, ``n_groups`` is below 8, ``batch_size``
        is not a multiple of it or above ``most_samples``, or ``inputs`` returns another number of
        samples.
    RuntimeError
        If ``most_samples`` do not reach the wanted error.

    References
    ----------
    ``docs/structure.md`` §1; [W], output Hessian.

    Examples
    --------
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0], [-1.0]], [[1.0, 2.0]]])
    >>> M = population_output_hessian(net, 0, "mse", np.random.default_rng(0))
    >>> M.relative_error <= 1e-2, bool(np.allclose(M.mean, [[0.5, 0.0], [0.0, 2.0]], rtol=0.05))
    (True, True)
    """
    wanted = positive_real(relative_error, "relative_error")
    n_groups = positive_integer(n_groups, "n_groups", minimum=FEWEST_GROUPS)
    batch_size = positive_integer(batch_size, "batch_size")
    if batch_size % n_groups:
        raise ValueError(f"batch_size must be a multiple of {n_groups}, got {batch_size}")
    most_samples = positive_integer(most_samples, "most_samples", minimum=batch_size)
    instance_of(net, Network, "net")
    if not callable(inputs):
        raise ValueError(f"inputs must be a function (n, d, rng) -> (n, d), got {describe(inputs)}")
    if labels is not None and not callable(labels):
        raise ValueError(f"labels must be a function (X, rng) -> y, got {describe(labels)}")
    rng, total, n_samples = random_generator(rng), 0.0, 0
    while n_samples + batch_size <= most_samples:
        X = np.asarray(inputs(batch_size, net.widths[0], rng))
        y = None if labels is None else labels(X, rng)
        H = layer_hessian(net, X, layer, loss, y=y, part=part)
        if H.n_samples != batch_size:
            raise ValueError(f"inputs must return {batch_size} samples, got {H.n_samples}")
        total = total + grouped_output_hessian(H, n_groups)
        n_samples += batch_size
        groups = total * (batch_size / n_samples)
        mean, error = _mean_and_error(groups)
        if error <= wanted:
            return PopulationOutputHessian(mean, groups, n_samples, error)
    raise RuntimeError(
        f"E[M] has a relative error of {error:.2g} after {n_samples} samples, not {wanted:.2g}"
    )


def _mean_and_error(groups: RealArray) -> tuple[RealArray, float]:
    """The mean, and its standard error relative to it (0 for groups of zeros)."""
    G, mean = len(groups), groups.mean(axis=0)
    spread = np.sqrt(sum(np.sum((group - mean) ** 2) for group in groups) / (G * (G - 1)))
    return mean, float(spread / (np.linalg.norm(mean) or 1.0))
