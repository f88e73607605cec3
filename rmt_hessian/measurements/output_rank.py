"""Rank C-1 of output Hessians: gap, eigenspace, effective ranks."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian._rounding import rounding
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.hessian.from_network import layer_gradient_covariance, layer_hessian
from rmt_hessian.hessian.population import population_output_hessian
from rmt_hessian.measurements.parameters import Index, Positive, Widths
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.inputs import random_labels
from rmt_hessian.model.networks import Network
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
    output_hessian_eigenspace,
    population_factors,
    predicted_output_hessian,
    propagate,
)
from rmt_hessian.theory.coverage import hidden_layer
from rmt_hessian.theory.structure.output_rank import projected_row_space
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant

ENERGY = 0.9  # share of ‖M‖² that defines the rank by energy
SHAPE = ("gap", "centred_defect", "projected_defect", "factors_defect")
RANKS = ("rank_by_gap", "rank_by_energy", "share_of_trace", "numerical_rank")


def fewer_classes_than_units(ens):
    """Refuse a layer whose output Hessian has no more units than classes, below the last."""
    hidden = ens.widths[ens.layer + 1 : -1]
    if hidden and ens.n_classes >= hidden[0]:
        wanted = f"widths[-1] must be below {ens.n_units}, the units of layer {ens.layer}"
        raise ValueError(f"{wanted}, got {ens.n_classes}")


def cross_entropy(ens):
    """Refuse another loss: only ``A 1 = 0`` makes the rank C-1."""
    if ens.loss != "ce":
        raise ValueError(f"loss must be 'ce', got {ens.loss!r}")


@measurement(version=3, stream=1)
def output_rank(
    rng, *, ens: Annotated[Ensemble, hidden_layer, cross_entropy, fewer_classes_than_units]
):
    """Top of the output Hessian of a hidden layer: gap λ_C/λ_{C-1} and overlap (C < m).

    Beside it the same of the output gradient covariance, ``E[g gᵀ]``, at uniform labels, where
    ``E_y[g gᵀ] = Bᵀ (diag(u) - u uᵀ + (p - u)(p - u)ᵀ) B``, ``u = 1/C``, for ``M = Bᵀ A B``.
    """
    net, H = draw_with_network(ens, rng)
    y = random_labels(ens.n_samples, ens.n_classes, rng)
    given = ens.given(net)
    top = top_of_output_hessian(given, net, H)
    spectrum, rank = top["eigenvalues"], ens.n_classes - 1
    G = layer_gradient_covariance(net, H.features, 0, ens.loss, y=y).output_hessian()
    gradient_gap, gradient_overlap = gap_and_overlap(G, rank, output_hessian_eigenspace(given))
    return {
        "top_eigenvalue": spectrum[0],
        "last_large_eigenvalue": spectrum[rank - 1],
        "first_small_eigenvalue": spectrum[rank],
        **top,
        "gradient_gap": gradient_gap,
        "gradient_overlap": gradient_overlap,
        "gradient_eigenvalues": eigenvalues(G)[::-1],
    }


def top_of_output_hessian(given, net, H):
    """Gap λ_C/λ_{C-1} of E[M], overlap with the predicted frame, eigenvalues; gap predicted.

    NaN where the rank is below C - 1, as of units that are dead.

    Parameters
    ----------
    given : Ensemble
        Of this very network and its hidden layer, C < m.
    net : Network
    H : LayerHessian
        Of the first layer; E[A] of the prediction is that of its samples.
    """
    M, rank = H.output_hessian(), given.n_classes - 1
    A = layer_hessian(net, H.features, 1, given.loss).output_hessian()  # E[A]: features are inputs
    frame, predicted = output_hessian_eigenspace(given), predicted_output_hessian(given, A)
    gap, overlap = gap_and_overlap(M, rank, frame)
    return {
        "gap": gap,
        "predicted_gap": gap_and_overlap(predicted, rank, frame)[0],
        "overlap": overlap,
        "eigenvalues": eigenvalues(M)[::-1],
        "predicted_eigenvalues": eigenvalues(predicted)[::-1],
    }


def gap_and_overlap(M, rank, frame):
    """Gap after the rank, overlap of the top eigenspace with a frame; NaN where λ_rank is 0."""
    spectrum = eigenvalues(M)
    if spectrum[-rank] <= rounding(spectrum):
        return np.nan, np.nan
    return spectral_gap(spectrum, rank), subspace_overlap(top_eigenspace(M, rank), frame)


@measurement(version=1)
def population_rank(rng, *, widths: Widths, layer: Index, relative_error: Positive):
    """E[M] of the population, CE, Gaussian inputs, any layer of a network of any depth.

    Predicted from the weights alone: eigenvalues and top eigenspace, of `population_factors`; with
    one hidden layer, of the first-order form of `predicted_output_hessian`, and the mean defect
    ``1 - overlap`` over networks too. The frames are those of the weights above, multiplied
    together, each unit weighted by how often it is active. Standard errors by the jackknife over
    groups of samples; gap and defects are freed of their bias, which is of the order 1/N.
    """
    ens = Ensemble(widths, layer, "ce", n_samples=1)  # E[M] is the mean of any sample
    fewer_classes_than_units(ens)
    net = Network.random(widths, rng)
    given, rank = ens.given(net), ens.n_classes - 1
    factors = population_factors(net.weights, "ce", rng=rng)[ens.layer]
    first_order = _first_order(given, rng)
    predicted = factors.left if first_order is None else first_order
    predicted_spectrum = eigenvalues(predicted)
    centred_defect, projected_defect = _expected_defect(ens)
    frames = [
        output_hessian_eigenspace(given),
        projected_row_space(given),
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

    M = population_output_hessian(net, ens.layer, "ce", rng, relative_error=relative_error)
    return {
        **_with_errors(SHAPE, *jackknife(shape, M.groups, correct_bias=True)),
        **_with_errors(RANKS, *jackknife(ranks, M.groups)),
        "predicted_gap": spectral_gap(predicted_spectrum, rank),
        "predicted_centred_defect": centred_defect,
        "predicted_projected_defect": projected_defect,
        "n_samples": M.n_samples,
        "eigenvalues": eigenvalues(M.mean)[::-1],
        "predicted_eigenvalues": predicted_spectrum[::-1],
    }


def _with_errors(names, values, errors):
    """Columns of the values, then of their standard errors."""
    of_errors = [f"{name}_error" for name in names]
    return dict(zip(names, values, strict=True)) | dict(zip(of_errors, errors, strict=True))


@cache
def _expected_defect(ens):
    """Centred and projected; NaN for another layer, and where the sizes are too small for it."""
    try:
        expected = eigenspace_defect(ens)
    except ValueError:
        return np.nan, np.nan
    return expected.centred, expected.projected


def _first_order(ens, rng):
    """E[M] with the dependence of logits and masks, from the weights; None for another layer."""
    try:
        hidden_layer(ens)
    except ValueError:
        return None
    logits = propagate(ens.weights)[-1]
    moments = logits.preactivation_mean, logits.preactivation_covariance
    A, T = mean_curvature(*moments, rng=rng), mean_third_cumulant(*moments, rng=rng)
    return predicted_output_hessian(ens, A, T)
