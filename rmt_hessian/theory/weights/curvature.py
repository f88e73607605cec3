r"""Eigenvalues of the output curvature ``A(p) = diag(p) - p pᵀ`` of a random softmax.

The weight law of a whole layer of linear CE (`layer_law`): the C - 1 eigenvalues α of A(p) on the
complement of 1, p the softmax of C independent Gaussian logits. They are counted, not computed. By
``det(x - A) = x Π(x - p_i) Σ_i p_i/(x - p_i)`` they interlace the p_i, and the number below x is

    ``#{α < x} = #{p_i < x} - 1[ Σ_i p_i/(x - p_i) > 0 ]``,

O(C) a point. Counts over many draws of p give the law on a grid; its mean and second moment are
known exactly from the weight laws of single blocks, ``E tr A = C E λ_ii`` and
``E tr A² = C E λ_ii² + C (C-1) E λ_ij²``: the first corrects the scale of the nodes, the second
tells the error. As ``C → ∞`` the law tends to that of one ``p_i``, hence of ``λ_ii``.

References
----------
``docs/laws.md`` §4: *Counting these eigenvalues*.
"""

from __future__ import annotations

import numpy as np

from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, IntArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.theory.coverage import drawn_weights
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.weights.given_weights import gaussian_points
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.of_ensemble import weight_law
from rmt_hessian.theory.weights.sampled_density import counted_density
from rmt_hessian.theory.weights.softmax_kernels import count_curvature_eigenvalues, softmax

EIGENVALUES = 2**19  # counted in all
SOBOL_CLASSES = 64  # beyond, low discrepancy does not help
RELATIVE_STEP = 0.02  # of the grid of x


def curvature_law(ens: Ensemble, *, rng: RandomState = 0) -> WeightLaw:
    """Law of the nonzero eigenvalues of ``diag(p) - p pᵀ``, p the softmax of C Gaussian logits.

    Parameters
    ----------
    ens : Ensemble
        Of two widths, with CE and no weights given: logits ``N(0, gain)``.
    rng : None, int, SeedSequence or Generator
        Draws the points at which eigenvalues are counted.

    Returns
    -------
    WeightLaw
        Its ``error`` is that of ``E α²``, from the exact value.

    Raises
    ------
    ValueError
        If the ensemble is another.

    References
    ----------
    ``docs/laws.md`` §4.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 4], layer=0, loss="ce", n_samples=1000)
    >>> abs(3 * curvature_law(ens).mean() - 4 * weight_law(ens, 0, 0).mean()) < 1e-12
    True
    """
    if drawn_weights(ens).n_layers > 1 or ens.loss != "ce":
        raise ValueError(f"ens must have two widths and loss 'ce', got {ens}")
    C, diagonal, off_diagonal = ens.n_classes, weight_law(ens, 0, 0), weight_law(ens, 0, 1)
    if C == 2:  # one eigenvalue, 2 p_1 p_2

        def doubled() -> WeightDensity | None:
            density = diagonal.density()
            return None if density is None else density.scaled(2.0)

        return WeightLaw(
            2 * diagonal.nodes, diagonal.probabilities, diagonal.error, make_density=doubled
        )
    std = np.sqrt(init_gain(ens.init))
    p = np.sort(softmax(std * _logits(C, rng)), axis=1)
    edges, counts = curvature_counts(p)
    nodes, probabilities = atoms_of_counts(edges, counts)
    mean = C / (C - 1) * diagonal.mean()
    second = C / (C - 1) * diagonal.second_moment() + C * off_diagonal.second_moment()
    nodes *= mean / (probabilities @ nodes)
    error = abs(probabilities @ nodes**2 / second - 1)
    lowest = edges[0] * np.exp(-RELATIVE_STEP)

    def density() -> WeightDensity | None:
        return counted_density(np.append(lowest, edges), counts, mean, second)

    return WeightLaw(nodes, probabilities, float(error), make_density=density)


def curvature_counts(p: FloatArray, least: float = 0.0) -> tuple[FloatArray, IntArray]:
    """How many nonzero eigenvalues of A(p) lie between ends of a grid, and the ends above.

    Parameters
    ----------
    p : numpy.ndarray, shape (n, C)
        Each row ascending.
    least : float
        Where the grid ends at the latest; what lies below counts to its first cell.
    """
    lowest = max(p[:, 0].min(), least)
    steps = np.arange(np.log(0.5 / lowest) / RELATIVE_STEP + 1)
    edges = 0.5 * np.exp(-RELATIVE_STEP * steps)
    edges = np.append(edges[::-1], 1.0)  # an eigenvalue is at most ½
    return edges, np.diff(count_curvature_eigenvalues(p, edges), prepend=0)


def atoms_of_counts(edges: FloatArray, counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Nodes in the middle of the cells that are not empty, and their probabilities."""
    kept = counts > 0
    nodes = np.minimum(edges[kept] * np.exp(-RELATIVE_STEP / 2), 0.5)  # the last edge is 1
    return nodes, counts[kept] / counts.sum()


def _logits(C: int, rng: RandomState) -> FloatArray:
    n = max(EIGENVALUES // C, 1)
    if C <= SOBOL_CLASSES:
        log2_points = int(np.log2(n)) - 3
        return np.concatenate(list(gaussian_points(C, rng, 8, log2_points)))
    return random_generator(rng).standard_normal((n, C))
