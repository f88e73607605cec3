r"""Blocks of the output layer when its width m grows with the sample, ``m, d, N → ∞`` together.

The features ``h = relu(W x)`` then act as Gaussians of the same first two moments (Gaussian
equivalence), for entries of W of variance ``gain/d`` (LeCun: 1, He: 2):

    ``h/√gain ≈ μ₀ 1 + μ₁ W x/√gain + μ* ξ``,
    ``μ₀ = 1/√(2π)``, ``μ₁ = ½``, ``μ*² = ½ - μ₀² - μ₁²``.

So the bulk of their covariance has the spectrum of ``μ₁² W Wᵀ + gain μ*² I``: a Marchenko–Pastur
law of ratio m/d, scaled and shifted. A block ``(1/N) Σ_n λ_n h_n h_nᵀ`` follows the separable law
of that population, ``φ = m/N``, and the mean ``μ₀ 1`` adds one large outlier.
"""

import numpy as np
from scipy.linalg import eigh, eigh_tridiagonal

from rmt_hessian._validation import (
    finite_array,
    instance_of,
    means_nothing,
    positive_integer,
    positive_real,
)
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity

MEAN_SQUARED = 1 / (2 * np.pi)  # μ₀²
LINEAR_SQUARED = 1 / 4  # μ₁²
NOISE_SQUARED = 1 / 2 - MEAN_SQUARED - LINEAR_SQUARED  # μ*²
FEWEST_NODES = 64


def output_population(n_hidden, n_inputs, gain=1.0, n_nodes=FEWEST_NODES):
    """Gauss rule of the bulk spectrum of the covariance of ``relu(W x)``.

    ``gain (μ₁² X + μ*²)``, X of the Marchenko–Pastur law of ratio ``c = m/d``, its atom at 0 for
    m > d included. Jacobi matrix of that law: diagonal ``1, 1 + c, 1 + c, …``, beside it ``√c``.

    Parameters
    ----------
    n_hidden, n_inputs : int
        m and d.
    gain : float
        ``d · Var(W_ij)``: 1 for LeCun, 2 for He.
    n_nodes : int
        The rule is exact for polynomials of degree ``2 n_nodes - 1``.

    Returns
    -------
    nodes, probabilities : numpy.ndarray, shape (n_nodes,)

    Raises
    ------
    ValueError
        If a count is not a positive integer, or the gain not positive.

    Examples
    --------
    >>> a, p = output_population(400, 600)
    >>> abs(float(a @ p) - (0.5 - 0.5 / np.pi)) < 1e-12  # ½ - μ₀²
    True
    """
    c = positive_integer(n_hidden, "n_hidden") / positive_integer(n_inputs, "n_inputs")
    gain = positive_real(gain, "gain")
    n_nodes = positive_integer(n_nodes, "n_nodes")
    diagonal = np.full(n_nodes, 1.0 + c)
    diagonal[0] = 1.0
    x, vectors = eigh_tridiagonal(diagonal, np.full(n_nodes - 1, np.sqrt(c)))
    probabilities = vectors[0] ** 2
    nodes = gain * (LINEAR_SQUARED * np.maximum(x, 0.0) + NOISE_SQUARED)
    return nodes, probabilities / probabilities.sum()


def output_block_law(weights, probabilities, n_hidden, n_inputs, n_samples, gain=1.0, n_nodes=None):
    """Limiting law of a block of the output layer, its one outlier left out.

    Parameters
    ----------
    weights, probabilities : array_like, shape (K,)
        The weight law: given the sample, ``H.block_weights(i, j)`` with probabilities 1/N. Or a
        `WeightDensity` and None.
    n_hidden, n_inputs, n_samples : int
        m, d and N.
    gain : float
        ``d · Var(W_ij)``: 1 for LeCun, 2 for He.
    n_nodes : int, optional
        Of `output_population`; by default enough for its atoms to merge at this ``φ = m/N``.

    Returns
    -------
    SeparableLaw

    Raises
    ------
    ValueError, RuntimeError
        As `output_population` and `SeparableLaw`.

    Examples
    --------
    >>> law = output_block_law([1.0], [1.0], 300, 400, 900)
    >>> abs(law.mean() - (0.5 - 0.5 / np.pi)) < 1e-9  # Eλ (½ - μ₀²)
    True
    """
    phi = positive_integer(n_hidden, "n_hidden") / positive_integer(n_samples, "n_samples")
    if n_nodes is None:
        n_nodes = max(FEWEST_NODES, int(np.ceil(96 / np.sqrt(phi))))
    population = output_population(n_hidden, n_inputs, gain, n_nodes)
    if isinstance(weights, WeightDensity):
        means_nothing(probabilities, "probabilities", "a WeightDensity")
        return ContinuousSeparableLaw(weights, *population, phi)
    return SeparableLaw(weights, probabilities, *population, phi)


def mean_eigenvalue(n_hidden, n_inputs, gain=1.0, W=None):
    """Largest eigenvalue θ of ``E[h hᵀ]``, ``h = relu(W x)``: that of the mean of h.

    Over W, to o(1): ``gain (μ₀² m + m/(4π d) + ½ - μ₀²)``. The three terms: ``‖E h‖²``, the
    fluctuation of ‖x‖, common to all features, and the bulk. Given W: of the arc-cosine kernel

        ``E[h_i h_j] = ‖w_i‖ ‖w_j‖ (√(1-ρ²) + (π - arccos ρ) ρ)/(2π)``, ``ρ = cos(w_i, w_j)``.

    Parameters
    ----------
    n_hidden, n_inputs : int
        m and d.
    gain : float
        ``d · Var(W_ij)``; without meaning given W.
    W : array_like, shape (m, d), optional

    Raises
    ------
    ValueError
        If a count is not a positive integer, the gain not positive, or W not of shape (m, d) or
        with a row of zeros.

    Examples
    --------
    >>> abs(mean_eigenvalue(2, 2, W=np.eye(2)) - (0.5 + 0.5 / np.pi)) < 1e-12
    True
    """
    m, d = positive_integer(n_hidden, "n_hidden"), positive_integer(n_inputs, "n_inputs")
    if W is None:
        bulk = 0.5 - MEAN_SQUARED
        return positive_real(gain, "gain") * (MEAN_SQUARED * m + m / (4 * np.pi * d) + bulk)
    W = finite_array(W, "W", ndim=2)
    if W.shape != (m, d):
        raise ValueError(f"W must have shape ({m}, {d}), got {W.shape}")
    norms = np.linalg.norm(W, axis=1)
    if norms.min() == 0:
        raise ValueError("each row of W must have a nonzero entry, got a row of zeros")
    rho = np.clip(W @ W.T / np.outer(norms, norms), -1.0, 1.0)
    K = np.sqrt(1 - rho**2) + (np.pi - np.arccos(rho)) * rho
    K *= np.outer(norms, norms) / (2 * np.pi)
    return float(eigh(K, eigvals_only=True, subset_by_index=[m - 1, m - 1])[0])


def mean_outlier(law, n_hidden, n_inputs, gain=1.0, W=None):
    """Place of the one large outlier of an output block: ``κ(z) θ = z``.

    θ is `mean_eigenvalue`, κ that of the law. To first order
    ``z ≈ θ Eλ + gain φ (½ - μ₀²) E[λ²]/E[λ]``. In a draw of N samples it fluctuates about that with
    standard deviation ``2 √(θ v E[λ²]/N)``, where ``v = gain (½ - μ₀² + m/(4π d))`` is the variance
    of h along its mean.

    Parameters
    ----------
    law : SeparableLaw
        From `output_block_law`.
    n_hidden, n_inputs, gain, W
        As in `mean_eigenvalue`.

    Returns
    -------
    numpy.ndarray
        One place for weights of one sign; as `SeparableLaw.outliers` in general.

    Raises
    ------
    ValueError
        As `mean_eigenvalue`; if m is so small that θ lies inside the bulk.

    Examples
    --------
    >>> law = output_block_law([1.0], [1.0], 400, 400, 8000)
    >>> mean_outlier(law, 400, 400).round(2)
    array([64.1])
    """
    instance_of(law, SeparableLaw, "law")
    return law.outliers(mean_eigenvalue(n_hidden, n_inputs, gain, W))
