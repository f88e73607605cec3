"""How far a layer Hessian would be from ``E[M] ⊗ E[z zᵀ]`` if M and z were independent.

The error of the decoupling of [W] has two causes: the mean over finitely many samples, and that
``M_n`` depends on ``z_n``. Paired at random, in ``H_π = (1/N) Σ_n M_n ⊗ z_π(n) z_π(n)ᵀ`` with a
random permutation π of the samples, the same M and z have the first cause alone and the same
product K. With ``μ_1 = mean ‖M_n‖²``, ``μ_2`` the mean of ``⟨M_n, M_m⟩`` over n ≠ m, and ``ζ_1 =
mean ‖z_n‖⁴``, ``ζ_2`` that of ``(z_n·z_m)²``,

    ``E_π ‖H_π - K‖² = (μ_1 ζ_1 + (N-1) μ_2 ζ_2)/N - ‖K‖²``.

References
----------
``docs/structure.md`` §8.
"""

import numpy as np

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.norms import in_range, squared_gram


def independent_kronecker_error(H: LayerHessian) -> float:
    """``√(E_π ‖H_π - K‖²) / ‖H‖`` of ``K = E[M] ⊗ E[z zᵀ]``, exactly.

    ``H_π = (1/N) Σ_n M_n ⊗ z_π(n) z_π(n)ᵀ`` pairs output Hessians and features of the sample at
    random.

    What sampling alone makes of `kronecker_error`, in the same unit ``‖H‖``, so that their squares
    compare: the rest is due to dependence, which mostly adds to the error, but may lower it. Below
    about 1e-8 it is rounding, in float32 below 1e-3. k² N² operations, as a norm of H.

    Parameters
    ----------
    H : LayerHessian
        Not zero, all samples of one weight.

    Raises
    ------
    ValueError
        If H is no `LayerHessian`, is zero, has weights of samples, or squares of its output
        Hessians overflow.

    References
    ----------
    ``docs/structure.md`` §8.

    Examples
    --------
    >>> from rmt_hessian.hessian.from_network import layer_hessian
    >>> from rmt_hessian.model.networks import Network
    >>> H = layer_hessian(Network([np.zeros((2, 1))]), [[2.0], [4.0]], layer=0, loss="ce")
    >>> independent_kronecker_error(H)  # M is the same for both samples
    0.0
    """
    H = instance_of(H, LayerHessian, "H")
    if H.sample_weights is not None:
        raise ValueError("H must have samples of one weight, got sample_weights")
    N, (K, _) = H.n_samples, squared_gram(H.features)
    (of_M, of_H), _ = in_range(
        H,
        lambda M: [M.square_sums(pairs) for pairs in (np.ones_like(K), K)],
        lambda sums: np.abs(sums[0].total).max(),
    )
    size = float(of_H.total.sum())
    if not np.isfinite(size):
        raise ValueError("H must have a finite norm, got output Hessians whose squares overflow")
    if not size > 0:
        raise ValueError("H must not be zero, got zeros only")
    own_M, different_M = float(of_M.own.sum()), float(of_M.of_different.sum())
    own_z = float(K.trace(dtype=np.float64))
    different_z = float(K.sum(dtype=np.float64)) - own_z
    paired = own_M * own_z / N
    if N > 1:
        paired += different_M * different_z / (N * (N - 1))
    product = (own_M + different_M) * (own_z + different_z) / N**2
    return float(np.sqrt(max(paired - product, 0.0) / size))
