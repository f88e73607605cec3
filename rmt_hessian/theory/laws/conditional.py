"""The law of a block given its own weights, those of the samples."""

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur


def conditional_law(weights: ArrayLike, n_features: int) -> GeneralizedMarchenkoPastur:
    """Limiting law of a block given its own weights: atoms λ_n of mass 1/N, ``γ = p/N``.

    For features with independent entries, as the inputs here are, and weights that depend on few
    of their directions: then at any network, trained ones included. Correlated features follow
    `SeparableLaw`; on those of real data, even made uncorrelated, this law may be far off
    (distances of 0.3 to 0.9, of 0.1 to 0.2).

    Parameters
    ----------
    weights : array_like, shape (N,)
        ``λ_n^{ij}``, as from ``LayerHessian.block_weights(i, j)``.
    n_features : int
        p, the size of the block.

    Raises
    ------
    ValueError
        If the weights are empty or not finite, or p is not positive.

    References
    ----------
    ``docs/laws.md`` §1 and §2; [D], static force.

    Examples
    --------
    >>> conditional_law([0.0, 0.0], 3).atom_at_zero
    1.0
    """
    lam = finite_array(weights, "weights", ndim=1)
    n = lam.size
    return GeneralizedMarchenkoPastur(
        lam, np.full(n, 1.0 / n), positive_integer(n_features, "n_features") / n
    )
