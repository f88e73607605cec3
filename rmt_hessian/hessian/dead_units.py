"""Units on whose weights the loss does not depend, to second order, at any sample."""

from __future__ import annotations

import numpy as np

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._threads import slices
from rmt_hessian._types import IntArray
from rmt_hessian.hessian.layer import LayerHessian


def dead_units(H: LayerHessian) -> IntArray:
    """The units whose row of ``M_n`` is zero in every sample: ``H_ij = 0`` for all j.

    A ReLU unit that is never active on the sample, or that nothing above looks at. The law of its
    blocks, given their weights, is the unit atom at 0, and the spectrum lies on it: a distance of
    0 which says nothing about the law. Where units are dead the rank of H and of E[M] is lower,
    and eigenvectors of dimensions beyond it are arbitrary.

    Where ``M_n`` is positive semidefinite ``(M_n)_ii = 0`` makes its row zero. The second
    derivative of a smooth activation may leave it indefinite: of units with a zero diagonal,
    those are dead whose rows of ``H v`` are zero for a random v. For any other this has the
    probability 0, exact zeros of ``Σ_n λ_n^{ij} z_n z_nᵀ`` aside.

    Parameters
    ----------
    H : LayerHessian

    Returns
    -------
    numpy.ndarray of int
        In ascending order; zero means exactly zero.

    Raises
    ------
    ValueError
        If H is no `LayerHessian`.

    References
    ----------
    Definition. What they do to overlaps: ``docs/structure.md`` §6.

    Examples
    --------
    >>> from rmt_hessian.hessian.from_network import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0, 0.0], [-1.0, 0.0]], [[1.0, 1.0]]])
    >>> dead_units(layer_hessian(net, [[2.0, 1.0], [3.0, 1.0]], layer=0, loss="mse"))
    array([1])
    """
    units = np.arange(instance_of(H, LayerHessian, "H").n_blocks)
    dead = np.zeros(units.size, bool)
    for chunk in slices(units.size, H.chunk_size // H.n_samples):
        dead[chunk] = ~H.output_hessians.pair_weights(units[chunk], units[chunk]).any(axis=0)
    if dead.any():
        probe = np.random.default_rng(0).standard_normal(H.shape[0]).astype(H.dtype)
        dead &= ~(H @ probe).reshape(units.size, -1).any(axis=1)
    return np.flatnonzero(dead)
