r"""Blocks of the output layer when its width m grows with the sample, ``m, d, N → ∞`` together.

The features ``h = relu(W x)`` then act as Gaussians of the same first two moments (Gaussian
equivalence), for entries of W of variance ``gain/d`` (LeCun: 1, He: 2):

    ``h/√gain ≈ μ₀ 1 + μ₁ W x/√gain + μ* ξ``,
    ``μ₀ = 1/√(2π)``, ``μ₁ = ½``, ``μ*² = ½ - μ₀² - μ₁²``.

So the bulk of their covariance has the spectrum of ``μ₁² W Wᵀ + gain μ*² I``: a Marchenko–Pastur
law of ratio m/d, scaled and shifted. A block ``(1/N) Σ_n λ_n h_n h_nᵀ`` follows the separable law
of that spectrum, ``φ = m/N``, and the mean ``μ₀ 1`` adds one large outlier.

References
----------
``docs/laws.md`` §6; Gaussian equivalence, for related models: Hu and Lu (2023), Mei and Montanari
(2022).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh, eigh_tridiagonal

from rmt_hessian._checks.arguments import instance_of, positive_integer, refuse_given
from rmt_hessian._types import FloatArray, Rule
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.theory.coverage import one_hidden_layer, output_layer
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.spikes import Outlier
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.relu.arc_cosine import arc_cosine, row_cosines

MEAN_SQUARED = 1 / (2 * np.pi)  # μ₀²
LINEAR_SQUARED = 1 / 4  # μ₁²
NOISE_SQUARED = 1 / 2 - MEAN_SQUARED - LINEAR_SQUARED  # μ*²
FEWEST_NODES = 64


def relu_feature_spectrum(ens: Ensemble, n_nodes: int = FEWEST_NODES) -> Rule:
    """Gauss rule of the bulk spectrum of the covariance of ``relu(W x)``, W random.

    Of the scale of the ensemble, also where it gives another W.

    ``gain (μ₁² X + μ*²)``, X of the Marchenko–Pastur law of ratio ``c = m/d``, its atom at 0 for
    m > d included. Jacobi matrix of that law: diagonal ``1, 1 + c, 1 + c, …``, beside it ``√c``.

    Parameters
    ----------
    ens : Ensemble
        Of three widths.
    n_nodes : int
        The rule is exact for polynomials of degree ``2 n_nodes - 1``.

    Returns
    -------
    nodes, probabilities : numpy.ndarray, shape (n_nodes,)

    Raises
    ------
    ValueError
        If the ensemble is another, or ``n_nodes`` not positive.

    References
    ----------
    ``docs/laws.md`` §6; Gaussian equivalence, for related models: Hu and Lu (2023), Mei and
    Montanari (2022).

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> a, p = relu_feature_spectrum(Ensemble([600, 400, 10], layer=1, loss="ce", n_samples=900))
    >>> abs(float(a @ p) - (0.5 - 0.5 / np.pi)) < 1e-12  # ½ - μ₀²
    True
    """
    d, m, _ = one_hidden_layer(ens, offsets=True).widths
    c = m / d
    n_nodes = positive_integer(n_nodes, "n_nodes")
    diagonal = np.full(n_nodes, 1.0 + c)
    diagonal[0] = 1.0
    x, vectors = eigh_tridiagonal(diagonal, np.full(n_nodes - 1, np.sqrt(c)))
    probabilities = vectors[0] ** 2
    nodes = init_gain(ens.init) * (LINEAR_SQUARED * np.maximum(x, 0.0) + NOISE_SQUARED)
    return nodes, probabilities / probabilities.sum()


def output_block_law(
    ens: Ensemble,
    weights: ArrayLike | WeightDensity,
    probabilities: ArrayLike | None,
    n_nodes: int | None = None,
) -> SeparableLaw:
    """Limiting law of a block of the output layer, its one outlier left out.

    Its features are those of random hidden weights of the scale of the ensemble, also where others
    are given: see `relu_feature_spectrum`. Others follow `SeparableLaw` with the eigenvalues of
    their covariance.

    Parameters
    ----------
    ens : Ensemble
        Of three widths; of the last layer.
    weights, probabilities : array_like, shape (K,)
        The weight law: given the sample, ``H.block_weights(i, j)`` with probabilities 1/N. Or a
        `WeightDensity` and None.
    n_nodes : int, optional
        Of `relu_feature_spectrum`; by default enough for its atoms to merge at this ``φ = m/N``.

    Returns
    -------
    SeparableLaw

    Raises
    ------
    ValueError, RuntimeError
        As `relu_feature_spectrum` and `SeparableLaw`, and if the layer is another.

    References
    ----------
    ``docs/laws.md`` §6; Gaussian equivalence, for related models: Hu and Lu (2023), Mei and
    Montanari (2022).

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 300, 10], layer=1, loss="mse", n_samples=900)
    >>> abs(output_block_law(ens, [1.0], [1.0]).mean() - (0.5 - 0.5 / np.pi)) < 1e-9  # Eλ (½ - μ₀²)
    True
    """
    phi = output_layer(ens, offsets=True).aspect_ratio
    if n_nodes is None:
        n_nodes = max(FEWEST_NODES, int(np.ceil(96 / np.sqrt(phi))))
    spectrum = relu_feature_spectrum(ens, n_nodes)
    if isinstance(weights, WeightDensity):
        refuse_given(probabilities, "probabilities", "a WeightDensity")
        return ContinuousSeparableLaw(weights, *spectrum, phi)
    return SeparableLaw(weights, probabilities, *spectrum, phi)  # type: ignore[arg-type]


def mean_eigenvalue(ens: Ensemble) -> float:
    """Largest eigenvalue θ of ``E[h hᵀ]``, ``h = relu(W x)``: that of the mean of h.

    Over W, to o(1): ``gain (μ₀² m + m/(4π d) + ½ - μ₀²)``. The three terms: ``‖E h‖²``, the
    fluctuation of ‖x‖, common to all features, and the bulk. Given W: of the arc-cosine kernel

        ``E[h_i h_j] = ‖w_i‖ ‖w_j‖ (√(1-ρ²) + (π - arccos ρ) ρ)/(2π)``, ``ρ = cos(w_i, w_j)``.

    Parameters
    ----------
    ens : Ensemble
        Of three widths; W may be given.

    Raises
    ------
    ValueError
        If the ensemble is another, or W has a row of zeros.

    References
    ----------
    ``docs/laws.md`` §6; the kernel: Cho and Saul (2009).

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([2, 2, 3], layer=1, loss="ce", n_samples=9, weights=[np.eye(2), None])
    >>> abs(mean_eigenvalue(ens) - (0.5 + 0.5 / np.pi)) < 1e-12
    True
    """
    d, m, _ = one_hidden_layer(ens, offsets=True).widths
    W = ens.weights[0]
    if W is None:
        bulk = 0.5 - MEAN_SQUARED
        return init_gain(ens.init) * (MEAN_SQUARED * m + m / (4 * np.pi * d) + bulk)
    norms, cosines = row_cosines(W)
    K = arc_cosine(cosines)
    K *= np.outer(norms, norms) / (2 * np.pi)
    return float(eigh(K, eigvals_only=True, subset_by_index=[m - 1, m - 1])[0])


def mean_outlier(ens: Ensemble, law: SeparableLaw) -> FloatArray:
    """Place of the one large outlier of an output block: ``κ(z) θ = z``.

    θ is `mean_eigenvalue`, κ that of the law. To first order
    ``z ≈ θ Eλ + gain φ (½ - μ₀²) E[λ²]/E[λ]``. In a draw of N samples it fluctuates about that with
    standard deviation ``2 √(θ v E[λ²]/N)``, where ``v = gain (½ - μ₀² + m/(4π d))`` is the variance
    of h along its mean.

    Parameters
    ----------
    ens : Ensemble
        As in `mean_eigenvalue`.
    law : SeparableLaw
        From `output_block_law`.

    Returns
    -------
    numpy.ndarray
        Ascending: one place for weights of one sign, at most one on each side of the bulk in
        general.

    Raises
    ------
    ValueError
        As `mean_eigenvalue`; if m is so small that θ lies inside the bulk.

    References
    ----------
    ``docs/laws.md`` §6.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 400, 10], layer=1, loss="mse", n_samples=8000)
    >>> mean_outlier(ens, output_block_law(ens, [1.0], [1.0])).round(2)
    array([64.1])
    """
    return np.array([outlier.place for outlier in outliers_of_mean(ens, law)])


def outliers_of_mean(ens: Ensemble, law: SeparableLaw) -> list[Outlier]:
    """`mean_outlier` with the overlap of the eigenvector with the mean direction."""
    instance_of(law, SeparableLaw, "law")
    theta, top = mean_eigenvalue(ens), law.population.max()
    if theta <= top:  # the population stands for a bulk: what lies between its nodes is none
        raise ValueError(
            f"the eigenvalue of the mean must be above the bulk of the features, {top:g}, "
            f"got {theta:g}"
        )
    return law.outliers(theta)
