r"""Laws of the weights ``λ^{ij}`` of a block, from an ensemble, its weights drawn or given.

With Gaussian inputs and LeCun scales, g independent standard Gaussians as ``d → ∞``:

==========================  ==================================================================
linear, output: MSE         ``λ^{ij} = δ_ij``
linear CE                   ``λ^{ij} = p_i (δ_ij - p_j)``, ``p = softmax(g)``, C logits
hidden MSE, given V         ``λ^{ij} = (v^i · v^j) 1[g_i > 0] 1[g_j > 0]``
hidden CE, given V          ``λ^{ij} = v^{iᵀ} A(p) v^j 1[g_i > 0] 1[g_j > 0]``,
                            ``p = softmax(V relu(g))``
output CE, given V          ``λ^{ij} = p_i (δ_ij - p_j)``, ``p = softmax(b + diag(s) g)`` as
                            ``m → ∞``: offsets ``b_c = Σ_k v_ck/√(2π)`` from the mean of the
                            features, variances ``s_c² = ‖v_c‖² (½ - 1/(2π))``
==========================  ==================================================================

``v^i`` is column i of V, ``v_c`` its row c, ``A(p) = diag(p) - p pᵀ``. Output CE without V: the
offsets too are Gaussian, logits ``N(0, ½)``; that mixture is what an average over networks follows,
a single network has offsets of its own. Biases of the last layer are added to the logits, of all of
these: linear CE has ``p = softmax(b + g)``. Given W as well (or V alone for the linear model),
``g ~ N(0, W Wᵀ)``, and nothing is assumed about widths. As ``C → ∞``, linear and output CE:
``C λ → e^{f - σ²/2}`` on the diagonal and ``C² λ → -e^{f + f' - σ²}`` off it, f and f' of the
variance σ² of a logit.

[D] has the weights; the quadratures and the output layer are derived here. For a finite
sample the weights that were drawn fluctuate about these laws by ``O(1/√N)``; `conditional_law` has
no such term.

References
----------
``docs/laws.md`` §1, with offsets §7; [D], static force.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from rmt_hessian._checks.arguments import positive_integer
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.mixture import Mixture
from rmt_hessian.theory.coverage import (
    class_offsets,
    drawn_weights,
    last_weights_with_others,
    units,
    weights_above,
)
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.weights import softmax_densities, softmax_rules
from rmt_hessian.theory.weights.gauss_rules import grouped_exponentials, log_sum_exp_rule
from rmt_hessian.theory.weights.given_weights import (
    BLOCKS,
    GivenWeights,
    active_points,
)
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.sampled_density import sampled_density
from rmt_hessian.theory.weights.softmax_rules import Direction, SoftmaxRule

TRAPEZOID_STEP = 0.15
COARSE_GAUSS_SIZE = 32  # of the rule that the error is estimated from
GROUPING = 4.0  # safety of the error where classes were grouped
WORK, FEWEST_LOG2_POINTS, MOST_LOG2_POINTS = 2**25, 8, 12  # of a block of Sobol' points
NEVER = 1e-14  # probability that two units with opposite rows are both active, up to rounding
GROUPS = 32  # of classes of an output layer, with neighbouring offsets


def weight_law(
    ens: Ensemble, i: int, j: int, *, refinement: int = 1, rng: RandomState = 0
) -> WeightLaw:
    """Law of the weights ``λ^{ij} = (M_n)_ij`` of block (i, j), one for each layer and loss.

    CE has ``p_i (δ_ij - p_j)`` in the last layer, p the softmax of Gaussian logits, and
    ``v^{iᵀ} (diag(p) - p pᵀ) v^j 1[g_i > 0] 1[g_j > 0]`` in the hidden one, g its pre-activations;
    MSE has the identity in the place of ``diag(p) - p pᵀ``. The spectrum of a block whose features
    are the inputs then follows
    ``GeneralizedMarchenkoPastur(law.nodes, law.probabilities, ens.aspect_ratio)``.

    Parameters
    ----------
    ens : Ensemble
        Of a layer below others the weights above must be given; those of the last layer may be.
    i, j : int
        Units. Without weights and biases all blocks on the diagonal are alike, and all off it.
    refinement : int
        Divides the step of quadratures, multiplies the number of Sobol' points and of groups of
        classes.
    rng : None, int, SeedSequence or Generator
        Scrambles the Sobol' points, the only points drawn at random.

    Returns
    -------
    WeightLaw

    Raises
    ------
    ValueError
        If the network has more than one hidden layer, weights above the layer or above given
        ones are missing, any beside a `Mixture`, or a row of the first of two given matrices is
        zero.
    IndexError
        If there is no such unit.

    References
    ----------
    ``docs/laws.md`` §1, densities §2.5, offsets §7; [D], static force; of a mixture
    ``docs/trained.md`` §8.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 10], layer=0, loss="ce", n_samples=1000)
    >>> abs(90 * weight_law(ens, 0, 1).mean() + 10 * weight_law(ens, 0, 0).mean()) < 1e-9
    True
    """
    weights_above(ens, mixtures=True, offsets=True)
    last_weights_with_others(ens, mixtures=True, offsets=True)
    i, j = units(ens, i, j)
    refinement = positive_integer(refinement, "refinement")
    step, offsets = TRAPEZOID_STEP / refinement, class_offsets(ens)
    if isinstance(ens.inputs, Mixture):
        return _sampled(GivenWeights.of(ens), i, j, refinement, rng)
    if ens.weights[-1] is None:
        if ens.loss == "mse":
            return _constant(float(i == j))
        if offsets is None:
            return _exchangeable(i == j, ens.n_classes, _logit_std(ens), step)
        stds = np.full(ens.n_classes, _logit_std(ens))
        return _offset_softmax(offsets, stds, i, j, step, refinement)
    if ens.loss == "ce" and any(W is None for W in ens.weights[: ens.layer]):
        means, stds = _output_logits(math.sqrt(init_gain(ens.init)) * ens.weights[-1])
        means = means if offsets is None else means + offsets
        return _offset_softmax(means, stds, i, j, step, refinement)
    layer = GivenWeights.of(ens)
    if ens.loss == "mse":
        return _mse(layer, i, j)
    return _sampled(layer, i, j, refinement, rng)


def weight_law_limit(ens: Ensemble, i: int, j: int, *, refinement: int = 1) -> WeightLaw:
    """Law of ``C λ^{ii}`` or ``C² λ^{ij}`` as C → ∞, of the last layer with CE.

    Parameters
    ----------
    ens : Ensemble
        No weights given; ``widths[-1]`` does not matter.
    i, j : int
        Equal, or not.
    refinement : int
        As in `weight_law`.

    Returns
    -------
    WeightLaw

    Raises
    ------
    ValueError
        If the layer is not the last, the loss not CE, or weights are given.
    IndexError
        If there is no such unit.

    References
    ----------
    ``docs/laws.md`` §7, with equal offsets; ``docs/norms.md`` *Many classes*.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 10], layer=0, loss="ce", n_samples=1000)
    >>> round(weight_law_limit(ens, 0, 1).mean(), 9)
    -1.0
    """
    if drawn_weights(ens).widths[ens.layer + 1 :] != ens.widths[-1:] or ens.loss != "ce":
        raise ValueError(f"ens must be of the last layer and loss 'ce', got {ens}")
    i, j = units(ens, i, j)
    step = TRAPEZOID_STEP / positive_integer(refinement, "refinement")
    diagonal, std = i == j, _logit_std(ens)
    law = _with_error(lambda step, _: softmax_rules.limit_rule(diagonal, step, std), step)
    return replace(law, make_density=partial(softmax_densities.limit_density, diagonal, std))


def _logit_std(ens: Ensemble) -> float:
    """Standard deviation of a logit: the second moment falls by half from layer to layer."""
    return init_gain(ens.init) ** (ens.n_layers / 2) / math.sqrt(2) ** (ens.n_layers - 1)


def _constant(value: float) -> WeightLaw:
    return WeightLaw(np.array([value]), np.array([1.0]), 0.0)


def _exchangeable(diagonal: bool, C: int, std: float, step: float) -> WeightLaw:
    """Softmax of independent logits ``N(0, std²)``, all classes alike."""
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    law = _with_error(lambda step, size: rule(C, step, std, size), step)

    def density() -> WeightDensity | None:
        if diagonal or C == 2:  # of two classes p_2 = 1 - p_1
            sign = 1.0 if diagonal else -1.0
            return softmax_densities.diagonal_density(0.0, std, log_sum_exp_rule(C - 1, std), sign)
        others = log_sum_exp_rule(C - 2, std)
        return softmax_densities.off_diagonal_density((0.0, 0.0), (std, std), others)

    return replace(law, make_density=density)


def _output_logits(V: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Output CE given V, ``m → ∞``: means and standard deviations of the logits."""
    means = V.sum(axis=1) / math.sqrt(2 * math.pi)
    stds = np.linalg.norm(V, axis=1) * math.sqrt(0.5 - 1 / (2 * math.pi))
    if len(V) < 2 or not stds.all():
        raise ValueError("weights[-1] must have at least two rows, and none of zeros")
    return means, stds


def _offset_softmax(
    means: FloatArray, stds: FloatArray, i: int, j: int, step: float, refinement: int
) -> WeightLaw:
    """Softmax of independent logits ``N(b_c, s_c²)``."""
    one_logit = i == j or means.size == 2  # of two classes p_2 = 1 - p_1
    rest = np.setdiff1d(np.arange(means.size), [i] if one_logit else [i, j])

    def rule(step: float, size: int) -> SoftmaxRule:
        groups = refinement * (GROUPS if size == softmax_rules.GAUSS_SIZE else GROUPS // 2)
        others = grouped_exponentials(means[rest], stds[rest], groups, size)
        if one_logit:
            return softmax_rules.offset_diagonal_rule(means[i], stds[i], others, step)
        pair = [i, j]
        return softmax_rules.offset_off_diagonal_rule(means[pair], stds[pair], others, step)

    law = _with_error(rule, step)
    sign = -1.0 if one_logit and i != j else 1.0

    def density() -> WeightDensity | None:
        others = grouped_exponentials(means[rest], stds[rest], refinement * GROUPS)
        if one_logit:
            return softmax_densities.diagonal_density(means[i], stds[i], others, sign)
        pair = [i, j]
        return softmax_densities.off_diagonal_density(means[pair], stds[pair], others)

    # the error of grouping falls slowly with the number of groups
    error = GROUPING * law.error if rest.size > GROUPS // 2 else law.error
    return WeightLaw(sign * law.nodes, law.probabilities, error, make_density=density)


def _with_error(rule: Callable[[float, int], SoftmaxRule], step: float) -> WeightLaw:
    """The rule at this step, and its error from a rule with twice the step and fewer nodes of L."""
    fine, coarse = rule(step, softmax_rules.GAUSS_SIZE), rule(2 * step, COARSE_GAUSS_SIZE)
    mean, second_moment = _moments(fine.nodes, fine.probabilities)
    coarse_mean, coarse_second = _moments(coarse.nodes, coarse.probabilities)
    error = _relative(coarse_mean - mean, coarse_second - second_moment, second_moment)
    error = max(error, np.finfo(float).eps)
    return WeightLaw(fine.nodes, fine.probabilities, error, fine.directions)


def _moments(nodes: FloatArray, probabilities: FloatArray) -> tuple[float, float]:
    """``E λ`` and ``E λ²``."""
    return float(probabilities @ nodes), float(probabilities @ nodes**2)


def _relative(mean_error: float, second_error: float, second_moment: float) -> float:
    """The larger of the errors of ``E λ`` and ``E λ²``, in units of λ."""
    if second_moment == 0.0:
        return 0.0
    return float(max(abs(mean_error) / math.sqrt(second_moment), abs(second_error) / second_moment))


def _mse(layer: GivenWeights, i: int, j: int) -> WeightLaw:
    """``b_i·b_j`` where no mask is closed, else 0.

    Along ``ŵ_i ± ŵ_j`` the event that both are open has ``E[(q·u)² - 1] = ±√(1-ρ²)/(2π)``, the
    directions.
    """
    value, both = layer.tangents[:, i] @ layer.tangents[:, j], layer.active_probability(i, j)
    if not layer.masked:
        return _constant(float(value))
    nodes = np.array([0.0, value])
    if i == j:
        return WeightLaw(nodes, np.array([0.5, 0.5]), 0.0)
    a, b = layer.factor[:, i], layer.factor[:, j]
    rho = np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0)
    excess = np.sqrt(1 - rho**2) / (2 * np.pi)
    directions = tuple(Direction(1, np.array([-t, t])) for t in (excess, -excess))
    return WeightLaw(nodes, np.array([1.0 - both, both]), 0.0, directions)


def _sampled(layer: GivenWeights, i: int, j: int, refinement: int, rng: RandomState) -> WeightLaw:
    """Equal masses on Sobol' points of the r directions, where no mask makes λ zero.

    Halves are those of the blocks of points.
    """
    log2_points = _log2_points(layer) + math.ceil(math.log2(refinement))
    share = layer.active_probability(i, j) if layer.gaussian else 1.0
    if share < NEVER:
        return _constant(0.0)
    if layer.masked and layer.gaussian:
        points = active_points(layer.factor, i, j, rng, log2_points=log2_points)
    else:
        points = (u for u, _ in layer.points(rng, log2_points=log2_points))
    blocks = [layer.block_weights(u, i, j) for u in points]
    # in units of the largest: the square of a tiny weight underflows
    scale = max(np.abs(lam).max() for lam in blocks) or 1.0
    moments = [_moments(lam / scale, np.full(lam.size, share / lam.size)) for lam in blocks]
    _, second_moment = np.mean(moments, axis=0)
    errors = np.std(moments, axis=0, ddof=1) / math.sqrt(len(blocks))
    error = _relative(errors[0], errors[1], second_moment)
    half = len(blocks) // 2
    halves = tuple(_equal_masses(part, share, error) for part in (blocks[:half], blocks[half:]))
    return replace(_equal_masses(blocks, share, error), halves=halves)


def sampled_law(lam: FloatArray) -> WeightLaw:
    """Equal masses on weights that were drawn."""
    half = lam.size // 2
    halves = tuple(_equal_masses([part], 1.0, 0.0) for part in (lam[:half], lam[half:]))
    return replace(_equal_masses([lam], 1.0, 0.0), halves=halves)


def _equal_masses(blocks: list[FloatArray], share: float, error: float) -> WeightLaw:
    values = np.concatenate(blocks)
    if share == 1.0 and (values == 0).any():  # closed masks of a mixture
        share = max(float((values != 0).mean()), NEVER)
        values = values[values != 0] if share > NEVER else values[:1]
    nodes, probabilities = values, np.full(values.size, share / values.size)
    if share < 1.0:
        nodes, probabilities = np.append(nodes, 0.0), np.append(probabilities, 1.0 - share)
    return WeightLaw(
        nodes, probabilities, error, make_density=lambda: sampled_density(values, 1.0 - share)
    )


def _log2_points(layer: GivenWeights) -> int:
    """Of each of the blocks, so many that it takes about a quarter of a second."""
    cost = layer.n_directions + (sum(V.size for V in layer.above) or layer.n_units)
    return int(np.clip(math.log2(WORK / cost / BLOCKS), FEWEST_LOG2_POINTS, MOST_LOG2_POINTS))
