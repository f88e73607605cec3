"""What a sweep can measure: one function per measurement, ``(rng, **point) -> mapping``.

A measurement draws its network and data from ``rng``, measures, and puts the prediction beside
the measurement. Scalars go into the table, arrays into a file beside it. Its keyword arguments
are the parameters that a sweep may set; their annotations say which values are allowed. Raise
`VERSION` of a function when its numbers change.
"""

from functools import cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from rmt_hessian.compare import density_curve, ks_distance
from rmt_hessian.hessian.full import full_hessian
from rmt_hessian.hessian.layer import layer_hessian
from rmt_hessian.model.inputs import gaussian_inputs, random_labels
from rmt_hessian.model.networks import ReLUNetwork
from rmt_hessian.spectra.eigenvalues import eigenvalues, top_eigenspace
from rmt_hessian.spectra.subspaces import subspace_overlap
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    block_norm_limit,
    conditional_law,
    expected_block_norms,
    output_hessian_eigenspace,
    predicted_output_hessian,
    sampling_band,
    weight_law,
)

CASES = {  # name -> (model, layer of that network, loss)
    "linear-ce": ("linear", 0, "ce"),
    "linear-mse": ("linear", 0, "mse"),
    "hidden-ce": ("hidden", 0, "ce"),
    "hidden-mse": ("hidden", 0, "mse"),
    "output-ce": ("output", 1, "ce"),
}
Case = Literal[tuple(CASES)]
InputCase = Literal[tuple(name for name, (model, *_) in CASES.items() if model != "output")]
Count = Annotated[int, Field(strict=True, ge=1)]
Several = Annotated[int, Field(strict=True, ge=2)]  # off-diagonal blocks need two units


def _draw(case, n_classes, n_inputs, n_samples, n_hidden, rng):
    """The network, inputs and layer Hessian of a case, at initialisation with Gaussian inputs."""
    model, layer, loss = CASES[case]
    widths = [n_inputs, n_classes] if model == "linear" else [n_inputs, n_hidden, n_classes]
    net = ReLUNetwork.random(widths, rng)
    X = gaussian_inputs(n_samples, n_inputs, rng)
    return net, layer_hessian(net, X, layer, loss)


def block_norms(
    rng, *, case: Case, n_classes: Several, n_inputs: Count, n_samples: Count, n_hidden: Several
):
    """Mean squared norms of diagonal and off-diagonal blocks, exact over all of them."""
    _, H = _draw(case, n_classes, n_inputs, n_samples, n_hidden, rng)
    diagonal, off_diagonal = H.mean_squared_block_norms()
    predicted = _predicted_norms(case, n_classes, n_inputs, n_samples, n_hidden)
    return {
        "diagonal_norm2": diagonal,
        "off_diagonal_norm2": off_diagonal,
        "ratio": off_diagonal / diagonal,
        "predicted_diagonal_norm2": predicted.diagonal,
        "predicted_off_diagonal_norm2": predicted.off_diagonal,
        "predicted_ratio": predicted.ratio,
        "predicted_ratio_error": predicted.ratio_error,
        "limit_ratio": _limit_ratio(case, n_classes, n_inputs, n_samples, n_hidden),
    }


@cache
def _predicted_norms(case, n_classes, n_inputs, n_samples, n_hidden):
    """The same for every seed, so computed once in a process."""
    model, _, loss = CASES[case]
    return expected_block_norms(
        model=model,
        loss=loss,
        n_classes=n_classes,
        n_inputs=n_inputs,
        n_samples=n_samples,
        n_hidden=None if model == "linear" else n_hidden,
    )


@cache
def _limit_ratio(case, n_classes, n_inputs, n_samples, n_hidden):
    """``constant · C^{-exponent}`` of the limit C → ∞; NaN where the constant does not exist."""
    model, _, loss = CASES[case]
    try:
        constant, exponent = block_norm_limit(
            model=model,
            loss=loss,
            n_inputs=n_inputs,
            n_samples=n_samples,
            n_hidden=None if model == "linear" else n_hidden,
        )
    except ValueError:
        return np.nan
    return constant * float(n_classes) ** -exponent


def block_spectra(
    rng,
    *,
    case: InputCase,
    n_classes: Several,
    n_inputs: Count,
    n_samples: Count,
    n_hidden: Several,
):
    """Spectra of blocks (0, 0) and (0, 1) beside the conditional and the population law.

    Only layers whose features are the inputs: those of the output layer are not isotropic, and
    their law is another. With the distance to the population law comes the 95 % band that the
    fluctuation of a sample of N weights gives it.
    """
    net, H = _draw(case, n_classes, n_inputs, n_samples, n_hidden, rng)
    result = {}
    for name, block in (("diagonal", (0, 0)), ("off_diagonal", (0, 1))):
        weights, population = _population_law(case, name, net, n_inputs / n_samples)
        laws = {
            "conditional": conditional_law(H.block_weights(*block), H.block_size),
            "population": population,
        }
        spectrum = eigenvalues(H.block(*block))
        result[f"{name}_eigenvalues"] = spectrum
        for kind, law in laws.items():
            result[f"{name}_ks_{kind}"] = ks_distance(spectrum, law)
            result[f"{name}_{kind}_curve"] = density_curve(law)
        band = sampling_band(weights, n_inputs, n_samples, rng=rng)
        result[f"{name}_ks_population_band"] = band
    return result


def _population_law(case, name, net, aspect_ratio):
    """Weight law and spectral law of a block; linear cases once in a process."""
    if CASES[case][0] == "linear":
        return _linear_population_law(case, name, net.widths[-1], aspect_ratio)
    return _law_of(case, name, aspect_ratio, V=net.weights[-1])


@cache
def _linear_population_law(case, name, n_classes, aspect_ratio):
    return _law_of(case, name, aspect_ratio, n_classes=n_classes)


def _law_of(case, name, aspect_ratio, **given):
    model, _, loss = CASES[case]
    weights = weight_law(model=model, loss=loss, diagonal=name == "diagonal", **given)
    law = GeneralizedMarchenkoPastur(weights.nodes, weights.probabilities, aspect_ratio)
    return weights, law


def output_rank(rng, *, n_classes: Several, n_inputs: Count, n_samples: Count, n_hidden: Several):
    """Top of the output Hessian, hidden layer, CE: gap λ_C/λ_{C-1} and overlap (C < m)."""
    if not 2 <= n_classes < n_hidden:
        raise ValueError(f"n_classes must lie in 2 … {n_hidden - 1} (below m), got {n_classes}")
    net, H = _draw("hidden-ce", n_classes, n_inputs, n_samples, n_hidden, rng)
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


def hessian_image(rng, *, n_classes: Several, n_inputs: Count, n_samples: Count, n_hidden: Count):
    """``|H|`` of a whole one-hidden-layer network with CE and random labels, in float32."""
    net = ReLUNetwork.random([n_inputs, n_hidden, n_classes], rng)
    X = gaussian_inputs(n_samples, n_inputs, rng)
    H = full_hessian(net, X, random_labels(n_samples, n_classes, rng), "ce")
    split = n_hidden * n_inputs
    return {
        "frobenius_norm": np.linalg.norm(H),
        "hidden_layer_norm": np.linalg.norm(H[:split, :split]),
        "output_layer_norm": np.linalg.norm(H[split:, split:]),
        "cross_layer_norm": np.linalg.norm(H[:split, split:]),
        "absolute_hessian": np.abs(H).astype(np.float32),
    }


MEASUREMENTS = {f.__name__: f for f in (block_norms, block_spectra, output_rank, hessian_image)}
VERSION = {"block_norms": 2, "block_spectra": 1, "output_rank": 1, "hessian_image": 1}
