r"""Where the top eigenspaces of independent networks overlap, as seen in [W].

If the features have a strong mean, ``E[z zᵀ] ≈ μ₁ x̂ x̂ᵀ``, and the layer Hessian is close to
``E[M] ⊗ E[z zᵀ]``, its top eigenvectors are ``r_i ⊗ x̂``. Together they fill ``R^k ⊗ x̂``, the same
space for two networks that share x̂, so that the overlap has a peak at the number of those that
stand above everything else, at most k: `overlap_peak`. For the last layer with CE, ``E[A] 1 = 0``
leaves C-1; its features ``relu(W x)`` are positive, so x̂ is near their mean, shared by networks
with independent W to the extent of `mean_feature_overlap`.

References
----------
``docs/structure.md`` §4; [W], overlap of eigenspaces.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh

from rmt_hessian._checks.arguments import instance_of, real_number
from rmt_hessian._checks.matrices import positive_semidefinite
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.theory.relu.arc_cosine import arc_cosine

TIE = 1e-12  # of the largest product of eigenvalues: difference of products that are equal


def overlap_peak(product: KroneckerProduct) -> int:
    """How many top eigenvectors of ``E[M] ⊗ E[z zᵀ]`` belong to the leading one of ``E[z zᵀ]``.

    The number of i with ``λ_i(E[M]) μ_1 > λ_1(E[M]) μ_2``, μ the eigenvalues of ``E[z zᵀ]``: where
    the overlap of two networks that share the eigenvector of μ_1 peaks. 0 if nothing stands out
    (``μ_1 = μ_2``): then no peak is predicted; 1 says little. Products that differ by 1e-12 of the
    largest are equal.

    Parameters
    ----------
    product : KroneckerProduct
        Of positive semidefinite factors, as `rmt_hessian.kronecker_approximation` measures it and
        `population_factors` predicts it.

    Raises
    ------
    ValueError
        If it is another thing, or a factor is not symmetric and positive semidefinite.

    References
    ----------
    ``docs/structure.md`` §4; [W], overlap of eigenspaces.

    Examples
    --------
    >>> overlap_peak(KroneckerProduct(np.diag([3.0, 2.0, 0.1]), np.diag([4.0, 1.0])))
    2
    """
    instance_of(product, KroneckerProduct, "product")
    lam = eigvalsh(positive_semidefinite(product.left, "product.left"))
    mu = eigvalsh(positive_semidefinite(product.right, "product.right"))
    second = mu[-2] if mu.size > 1 else 0.0
    return int(np.sum(lam * mu[-1] > second * lam[-1] + TIE * lam[-1] * mu[-1]))


def mean_feature_overlap(input_mean: float) -> float:
    """``cos²(h̄, h̄')`` of the mean features of two independent LeCun networks, ``m, d → ∞``.

    ``(E[η]²/E[η²])²``, ``η = s g Φ(s g) + φ(s g)``, g ~ N(0, 1): a unit has the mean feature
    ``η(g)`` over inputs ``N(b, I)``, with ``s = ‖b‖/√d`` and ``s g = w·b``. As η is itself a mean
    of ReLU features, ``E[η²]`` is the arc-cosine kernel at ``ρ = s²/(1 + s²)``, and the result

        ``(√(1-ρ²) + (π - arccos ρ) ρ)^{-2}``,

    1 for centred inputs, ``1/π²`` for ``s → ∞``: a mean of the inputs lowers the overlap above it.

    Parameters
    ----------
    input_mean : float
        s, the root mean square of the coordinates of E[x]; not negative.

    Raises
    ------
    ValueError
        If s is not finite or is negative.

    References
    ----------
    ``docs/structure.md`` §4; the kernel: Cho and Saul (2009).

    Examples
    --------
    >>> [round(mean_feature_overlap(s), 2) for s in (0.0, 0.5, 1.0)]
    [1.0, 0.56, 0.27]
    """
    s = real_number(input_mean, "input_mean")
    if s < 0:
        raise ValueError(f"input_mean must not be negative, got {s:g}")
    rho = min(s, 1.0) ** 2 / (min(s, 1.0) ** 2 + min(1 / s, 1.0) ** 2) if s > 0 else 0.0
    return float(arc_cosine(rho) ** -2)
