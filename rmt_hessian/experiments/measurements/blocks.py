"""Norms and spectra of blocks beside their predictions; the whole Hessian to look at."""

from functools import cache

import numpy as np

from rmt_hessian.compare import density_curve, ks_distance
from rmt_hessian.experiments.measurements.parameters import (
    CASES,
    Case,
    Count,
    InputCase,
    Several,
    draw,
)
from rmt_hessian.experiments.measurements.registry import measurement
from rmt_hessian.hessian.full import full_hessian
from rmt_hessian.model.inputs import gaussian_inputs, random_labels
from rmt_hessian.model.networks import ReLUNetwork
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory import (
    block_norm_limit,
    conditional_law,
    expected_block_norms,
    sampling_band,
    weight_law,
)


@measurement(version=4, stream=3)
def block_norms(
    rng, *, case: Case, n_classes: Several, n_inputs: Count, n_samples: Count, n_hidden: Several
):
    """Mean squared norms of diagonal and off-diagonal blocks, exact over all of them."""
    _, H = draw(case, n_classes, n_inputs, n_samples, n_hidden, rng)
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


@measurement(version=2, stream=1)
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
    net, H = draw(case, n_classes, n_inputs, n_samples, n_hidden, rng)
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
    law = weights.block_law(aspect_ratio)
    return weights, law


@measurement(version=1)
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
