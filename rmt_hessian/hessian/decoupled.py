"""The decoupled Hessian of [D]'s proof: output Hessians and features of different samples."""

from __future__ import annotations

from dataclasses import replace

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian.hessian.layer import LayerHessian


def decoupled(H: LayerHessian, other: LayerHessian) -> LayerHessian:
    """``H̃ = (1/N) Σ_n M̃_n ⊗ z_n z_nᵀ``: the features of one sample, the ``M̃_n`` of another.

    The output Hessians ``M_n`` of H depend on the same inputs as its features ``z_n``. Those of the
    same layer and network on an independent copy of the inputs have the same law and are
    independent of ``z_n``. [D] compares the blocks of the two by an interpolation after Lindeberg,
    and finds the same limits of their spectra; how far the matrices are from each other is told by
    `rmt_hessian.theory.structure.decoupled`.

    Parameters
    ----------
    H : LayerHessian
        Gives the features.
    other : LayerHessian
        Gives the output Hessians, in their order. As many samples, units and features, and of the
        same dtype; whether it is of the same network is for you to know.

    Returns
    -------
    LayerHessian
        Like all of them lazy: factors are shared, nothing is copied.

    Raises
    ------
    ValueError
        If one is no `LayerHessian`, they differ in samples, units, features or dtype, or samples
        count differently (weights belong to one sample, features and output Hessians to two).

    References
    ----------
    ``docs/decoupled.md`` *The matrices, exactly*; [D], proof.

    Examples
    --------
    >>> import numpy as np
    >>> from rmt_hessian.hessian.from_network import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> net = Network([[[1.0], [-1.0]]])
    >>> H, other = (layer_hessian(net, [[x]], 0, "ce") for x in (2.0, 0.0))
    >>> decoupled(H, other).block(0, 0)  # p(1-p) x² with p of the other input
    array([[1.]])
    """
    for layer, name in ((H, "H"), (other, "other")):
        instance_of(layer, LayerHessian, name)
        if layer.sample_weights is not None:
            raise ValueError(f"{name} must count all samples alike, got weights of samples")
    if other.n_samples != H.n_samples:
        raise ValueError(f"other must have {H.n_samples} samples, got {other.n_samples}")
    if (other.n_blocks, other.block_size) != (H.n_blocks, H.block_size):
        raise ValueError(f"other must be of the same layer as {H}, got {other}")
    if other.dtype != H.dtype:
        raise ValueError(f"other must be in {H.dtype}, got {other.dtype}")
    return replace(H, output_hessians=other.output_hessians)
