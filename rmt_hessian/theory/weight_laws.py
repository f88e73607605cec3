"""Population laws of the weights ``λ^{ij}`` of a block, from the case alone.

With Gaussian inputs and LeCun scales, ``g`` standard Gaussian (logits or pre-activations as
``d → ∞``):

=====================  =======================================================================
linear, MSE            ``λ^{ij} = δ_ij``
linear, CE             ``λ^{ij} = p_i (δ_ij - p_j)``, ``p = softmax(g)``, C independent logits
hidden, MSE, given V   ``λ^{ij} = (v^i · v^j) 1[g_i > 0] 1[g_j > 0]``
hidden, CE, given V    ``λ^{ij} = v^{iᵀ} A(p) v^j 1[g_i > 0] 1[g_j > 0]``, and
                       ``p = softmax(V relu(g))``
=====================  =======================================================================

``v^i`` is column i of V, ``A(p) = diag(p) - p pᵀ``. Given W as well, ``g ~ N(0, W Wᵀ)``. Source:
[D], sections 3 and 4. For a finite sample the weights that were drawn fluctuate about these laws
by ``O(1/√N)``; `conditional_law` has no such term.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from rmt_hessian._validation import finite_array, index_below, one_of, positive_integer
from rmt_hessian.theory import softmax_rules
from rmt_hessian.theory.softmax_kernels import softmax

MODELS = ("linear", "hidden")
LOSSES = ("ce", "mse")
TRAPEZOID_STEP = 0.15
SOBOL_BLOCKS, SOBOL_LOG2 = 8, 8  # blocks of 256 points, scrambled independently


@dataclass(frozen=True, repr=False)
class WeightLaw:
    """A discrete law of block weights.

    Attributes
    ----------
    nodes, probabilities : numpy.ndarray, shape (K,)
        Atoms and their probabilities, with sum 1.
    error : float
        Relative error of ``E λ²`` (not of the density). Quadrature: an upper estimate, the
        difference to twice the step. Sobol' points: the standard error over independent blocks.
    """

    nodes: np.ndarray
    probabilities: np.ndarray
    error: float

    def __repr__(self):
        return (
            f"WeightLaw({self.nodes.size} nodes, E λ = {self.mean():.6g}, error {self.error:.1g})"
        )

    def mean(self):
        """``E λ``."""
        return float(self.probabilities @ self.nodes)

    def second_moment(self):
        """``E λ²``."""
        return float(self.probabilities @ self.nodes**2)


def weight_law(*, model, loss, diagonal=True, n_classes=None, V=None, W=None, block=None, rng=0):
    """Law of the weights λ of one block.

    Linear CE: ``p_i (δ_ij - p_j)``, p the softmax of C standard Gaussians; linear MSE: ``δ_ij``;
    hidden: ``v^{iᵀ} A v^j 1[g_i > 0] 1[g_j > 0]`` given V, A = I for MSE. The spectrum of a
    p × p block of N samples then follows
    ``GeneralizedMarchenkoPastur(law.nodes, law.probabilities, p / N)``.

    Parameters
    ----------
    model : {"linear", "hidden"}
    loss : {"ce", "mse"}
    diagonal : bool
        A diagonal block or one off the diagonal: (0, 0) or (0, 1). ``block`` overrides it.
    n_classes : int
        C, for the linear model: at least 2, unless MSE and diagonal.
    V : array_like, shape (C, m)
        Output weights, for the hidden model.
    W : array_like, shape (m, d), optional
        Hidden weights. Without them the pre-activations are independent standard Gaussians.
    block : (int, int), optional
        The block (i, j), for the hidden model.
    rng : numpy.random.Generator or int
        Scrambles the Sobol' points of hidden CE, the only rule with points drawn at random.

    Returns
    -------
    WeightLaw

    Raises
    ------
    ValueError
        If the model or loss is unknown, an argument is missing, has the wrong shape, or means
        nothing for the model.

    Examples
    --------
    >>> law = weight_law(model="linear", loss="ce", diagonal=False, n_classes=10)
    >>> round(90 * law.mean() + 10 * weight_law(model="linear", loss="ce", n_classes=10).mean(), 9)
    0.0
    """
    one_of(model, MODELS, "model")
    one_of(loss, LOSSES, "loss")
    if model == "linear":
        for value, name in ((V, "V"), (W, "W"), (block, "block")):
            if value is not None:
                raise ValueError(
                    f"{name} means nothing for model 'linear', got {type(value).__name__}"
                )
        return _linear(loss, diagonal, n_classes)
    if V is None:
        raise ValueError("model 'hidden' needs the output weights V, shape (C, m), got None")
    V = finite_array(V, "V", ndim=2)
    if n_classes is not None and n_classes != V.shape[0]:
        raise ValueError(f"n_classes must be {V.shape[0]}, the rows of V, got {n_classes}")
    i, j = _block_of(block, diagonal, V.shape[1])
    factor = _preactivation_factor(W, V.shape[1])
    return _hidden_mse(V, factor, i, j) if loss == "mse" else _hidden_ce(V, factor, i, j, rng)


def _linear(loss, diagonal, n_classes):
    n_classes = positive_integer(n_classes, "n_classes", minimum=1 if diagonal else 2)
    if loss == "mse":
        return WeightLaw(np.array([float(diagonal)]), np.array([1.0]), 0.0)
    positive_integer(n_classes, "n_classes of CE", minimum=2)
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    nodes, probabilities = rule(n_classes, TRAPEZOID_STEP)
    coarse_nodes, coarse_probabilities = rule(n_classes, 2 * TRAPEZOID_STEP)
    coarse = (coarse_probabilities @ coarse_nodes**2) / (probabilities @ nodes**2)
    return WeightLaw(nodes, probabilities, float(max(abs(coarse - 1.0), np.finfo(float).eps)))


def _block_of(block, diagonal, n_units):
    """The block (i, j) asked for."""
    if block is None:
        if not diagonal and n_units == 1:
            raise ValueError("a block off the diagonal needs at least two units, got one")
        return (0, 0) if diagonal else (0, 1)
    try:
        i, j = (index_below(unit, n_units, "block") for unit in block)
    except (IndexError, TypeError, ValueError) as error:
        wanted = f"block must be two units of 0 … {n_units - 1}"
        raise ValueError(f"{wanted}, got {block!r}") from error
    return i, j


def _preactivation_factor(W, m):
    """R with ``W Wᵀ = Rᵀ R``, so that ``g = ξ R`` has the covariance of ``W x``; I without W."""
    if W is None:
        return np.eye(m)
    W = finite_array(W, "W", ndim=2)
    if W.shape[0] != m:
        raise ValueError(f"W must have {m} rows, the columns of V, got shape {W.shape}")
    if not W.any(axis=1).all():
        raise ValueError("each row of W must have a nonzero entry, got a row of zeros")
    return np.linalg.qr(W.T, mode="r")


def _hidden_mse(V, factor, i, j):
    """Two atoms; ``P(g_i > 0, g_j > 0) = ¼ + asin(ρ_ij)/(2π)`` (Sheppard), ½ on the diagonal."""
    a, b = factor[:, i], factor[:, j]
    rho = np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0)
    both = 0.5 if i == j else 0.25 + np.arcsin(rho) / (2 * np.pi)
    return WeightLaw(np.array([0.0, V[:, i] @ V[:, j]]), np.array([1.0 - both, both]), 0.0)


def _hidden_ce(V, factor, i, j, rng):
    """Equal weights on scrambled Sobol' points in the r ≤ m directions of the pre-activations."""
    rng = np.random.default_rng(rng)
    dimension = factor.shape[0]
    if dimension > qmc.Sobol.MAXDIM:
        raise ValueError(f"model 'hidden' takes at most {qmc.Sobol.MAXDIM} units, got {dimension}")
    V = V - V.mean(axis=0)  # A 1 = 0: only differences between classes matter
    vi, vj = V[:, i], V[:, j]
    blocks = []
    for _ in range(SOBOL_BLOCKS):
        points = qmc.Sobol(dimension, rng=rng).random_base2(SOBOL_LOG2)
        g = ndtri(np.clip(points, 1e-16, 1 - 1e-16)) @ factor
        p = softmax(np.maximum(g, 0.0) @ V.T)
        lam = (p @ (vi * vj) - (p @ vi) * (p @ vj)) * (g[:, i] > 0) * (g[:, j] > 0)
        blocks.append(lam)
    means = np.mean(np.square(blocks), axis=1)
    error = means.std(ddof=1) / np.sqrt(SOBOL_BLOCKS) / means.mean() if means.any() else 0.0
    nodes = np.concatenate(blocks)
    return WeightLaw(nodes, np.full(nodes.size, 1.0 / nodes.size), float(error))
