"""Rank C-1 of output Hessians: gap, eigenspace, effective ranks."""

from functools import cache

import numpy as np

from rmt_hessian.experiments.measurements.parameters import (
    Count,
    FromZero,
    Positive,
    Several,
    draw,
)
from rmt_hessian.experiments.measurements.registry import measurement
from rmt_hessian.hessian.layer import layer_hessian
from rmt_hessian.hessian.population import population_output_hessian
from rmt_hessian.model.networks import ReLUNetwork
from rmt_hessian.spectra.eigenvalues import eigenvalues, top_eigenspace
from rmt_hessian.spectra.rank import (
    energy_rank,
    energy_share,
    gap_rank,
    numerical_rank,
    spectral_gap,
)
from rmt_hessian.spectra.subspaces import subspace_overlap
from rmt_hessian.spectra.uncertainty import jackknife
from rmt_hessian.theory import (
    eigenspace_defect,
    mean_curvature,
    mean_third_cumulant,
    output_hessian_eigenspace,
    population_factors,
    predicted_output_hessian,
    projected_row_space,
    propagate,
)

ENERGY = 0.9  # share of ‖M‖² that defines the rank by energy
SHAPE = ("gap", "centred_defect", "projected_defect", "factors_defect")
RANKS = ("rank_by_gap", "rank_by_energy", "share_of_trace", "numerical_rank")


@measurement(version=1)
def output_rank(rng, *, n_classes: Several, n_inputs: Count, n_samples: Count, n_hidden: Several):
    """Top of the output Hessian, hidden layer, CE: gap λ_C/λ_{C-1} and overlap (C < m)."""
    if not 2 <= n_classes < n_hidden:
        raise ValueError(f"n_classes must lie in 2 … {n_hidden - 1} (below m), got {n_classes}")
    net, H = draw("hidden-ce", n_classes, n_inputs, n_samples, n_hidden, rng)
    W, V = net.weights
    M = H.output_hessian()
    spectrum = eigenvalues(M)[::-1]
    mean_curvature = layer_hessian(net, H.features, 1, "ce").output_hessian()
    predicted = eigenvalues(predicted_output_hessian(V, W, mean_curvature))[::-1]
    rank = n_classes - 1
    return {
        "top_eigenvalue": spectrum[0],
        "last_large_eigenvalue": spectrum[rank - 1],
        "first_small_eigenvalue": spectrum[rank],
        "gap": spectrum[rank] / spectrum[rank - 1],
        "predicted_gap": predicted[rank] / predicted[rank - 1],
        "overlap": subspace_overlap(top_eigenspace(M, rank), output_hessian_eigenspace(V)),
        "eigenvalues": spectrum,
        "predicted_eigenvalues": predicted,
    }


@measurement(version=1)
def population_rank(
    rng,
    *,
    n_classes: Several,
    n_inputs: Count,
    n_hidden: Count,
    depth: FromZero,
    layer: FromZero,
    relative_error: Positive,
):
    """E[M] of the population, CE, Gaussian inputs, any layer of a network of ``depth`` hidden ones.

    Predicted from the weights alone: eigenvalues and top eigenspace, of `population_factors`; with
    one hidden layer, of the first-order form of `predicted_output_hessian`, and the mean defect
    ``1 - overlap`` over networks too. The frames are those of the weights above, multiplied
    together, each unit weighted by how often it is active. Standard errors by the jackknife over
    groups of samples; gap and defects are freed of their bias, which is of the order 1/N.
    """
    net = ReLUNetwork.random([n_inputs, *[n_hidden] * depth, n_classes], rng)
    if layer > depth:
        raise ValueError(f"layer must be at most {depth}, the number of hidden layers, got {layer}")
    if layer < depth and n_classes >= n_hidden:
        raise ValueError(f"n_classes must be below {n_hidden}, the width, got {n_classes}")
    rank = n_classes - 1
    predicted = population_factors(net.weights, "ce", rng=rng)[layer].output_hessian
    defect = (np.nan, np.nan)
    above, moments = np.eye(n_classes), propagate(net.weights)
    if depth == 1 and layer == 0:
        predicted = _first_order(*net.weights, moments[-1], rng)
        defect = _expected_defect(n_classes, n_hidden, n_inputs)
    for upper in range(depth, layer, -1):
        active = moments[upper - 1].relu.both_active.diagonal()
        above = above @ net.weights[upper] * active
    frames = [
        output_hessian_eigenspace(above),
        projected_row_space(above),
        top_eigenspace(predicted, rank),
    ]

    def shape(M):
        U = top_eigenspace(M, rank)
        defects = [1 - subspace_overlap(U, frame) for frame in frames]
        return np.array([spectral_gap(eigenvalues(M), rank), *defects])

    def ranks(M):
        spectrum = eigenvalues(M)
        return np.array(
            [
                gap_rank(spectrum, most=max(spectrum.size // 2, rank)),
                energy_rank(spectrum, ENERGY),
                energy_share(spectrum, rank, power=1),
                numerical_rank(spectrum),
            ]
        )

    M = population_output_hessian(net, layer, "ce", rng, relative_error=relative_error)
    result = {}
    for names, (values, errors) in (
        (SHAPE, jackknife(shape, M.groups, correct_bias=True)),
        (RANKS, jackknife(ranks, M.groups)),
    ):
        result |= dict(zip(names, values, strict=True))
        result |= {f"{name}_error": error for name, error in zip(names, errors, strict=True)}
    predicted = eigenvalues(predicted)
    return {
        **result,
        "predicted_gap": spectral_gap(predicted, rank),
        "predicted_centred_defect": defect[0],
        "predicted_projected_defect": defect[1],
        "n_samples": M.n_samples,
        "eigenvalues": eigenvalues(M.mean)[::-1],
        "predicted_eigenvalues": predicted[::-1],
    }


@cache
def _expected_defect(n_classes, n_hidden, n_inputs):
    """Centred and projected; NaN where the sizes are too small for it."""
    try:
        expected = eigenspace_defect(n_classes, n_hidden, n_inputs)
    except ValueError:
        return np.nan, np.nan
    return expected.centred, expected.projected


def _first_order(W, V, logits, rng):
    """E[M] of the hidden layer, with the dependence of logits and masks, from the weights."""
    cumulants = (
        cumulant(logits.preactivation_mean, logits.preactivation_covariance, rng)
        for cumulant in (mean_curvature, mean_third_cumulant)
    )
    return predicted_output_hessian(V, W, *cumulants)
