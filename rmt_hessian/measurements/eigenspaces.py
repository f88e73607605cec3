"""Top eigenspaces of layers: shared by independent networks or not, and their Kronecker form."""

from pathlib import Path
from typing import Annotated

import numpy as np

from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_gradient_covariance, layer_hessian
from rmt_hessian.measurements.parameters import Count, Real, Truth
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.top_spaces import (
    determined_overlaps,
    overlaps_of_products,
    peak_of,
    top_spaces,
)
from rmt_hessian.model.datasets import digits
from rmt_hessian.model.inputs import gaussian_inputs, random_labels, standardise
from rmt_hessian.model.networks import Network
from rmt_hessian.spectra.kronecker import kronecker_approximation
from rmt_hessian.spectra.subspaces import kronecker_alignment, reshape_eigenvectors
from rmt_hessian.theory import overlap_peak, population_factors
from rmt_hessian.theory.coverage import relu_hidden_layers


@measurement(version=5, stream=3)
def eigenspaces(
    rng,
    *,
    ens: Annotated[Ensemble, relu_hidden_layers],
    inputs: str,
    input_mean: Real,
    standardised: Truth,
    n_top: Count,
):
    """Top eigenvectors of one layer of two independent networks on the same inputs.

    Overlap by dimension, beside that of E[M] ⊗ E[z zᵀ] of the sample and of the population
    (predicted from the weights, for Gaussian inputs; NaN where features are standardised); the
    peak, of equal overlaps the first, is predicted from the factors of the population, or else of
    the sample. The same overlaps of gradient covariances, at labels that are uniform whatever the
    inputs; and of each with the Hessian of its own network, mean over the two.
    Of the first network: eigenvectors as matrices, their alignment with ``r_i ⊗ x̂``.
    NaN where a multiple eigenvalue leaves the eigenvectors open: dimensions that cut one, and
    matrices of its eigenvectors. ``inputs`` is "gaussian", "digits" or a file of shape (N, d)
    written by `numpy.save`; ``input_mean`` is added to it; ``standardised`` refers to the features
    of the layer.
    """
    n_inputs = ens.widths[0]
    X = _inputs(inputs, ens.n_samples, n_inputs, rng) + input_mean
    layers, uppers, predicted = [], [], []
    for _ in range(2):
        net = Network.random(ens.widths, rng, init=ens.init)
        Z = net.forward(X).features[ens.layer]
        uppers.append((net.above(ens.layer), standardise(Z) if standardised else Z))
        layers.append(layer_hessian(*uppers[-1], 0, ens.loss))
        if inputs == "gaussian" and not standardised:
            mean = np.full(n_inputs, input_mean)
            factors = population_factors(net.weights, ens.loss, input_mean=mean, rng=rng)
            predicted.append(factors[ens.layer])
    products = [kronecker_approximation(H) for H in layers]
    spaces = [top_spaces(H, n_top) for H in layers]
    y = random_labels(ens.n_samples, ens.n_classes, rng)
    gradients = [layer_gradient_covariance(*upper, 0, ens.loss, y=y) for upper in uppers]
    of_gradients = [top_spaces(G, n_top) for G in gradients]
    k, p = layers[0].n_blocks, layers[0].block_size
    spectra = [np.linalg.eigvalsh(product.right) for product in products]
    peaks = [overlap_peak(product) for product in predicted or products]
    overlaps = determined_overlaps(*spaces)
    peak, peak_overlap = peak_of(overlaps)
    gradient_overlaps = determined_overlaps(*of_gradients)
    gradient_peak, gradient_peak_overlap = peak_of(gradient_overlaps)

    units, features = top_spaces(products[0].left, k), top_spaces(products[0].right, 1)
    vectors, simple = spaces[0].vectors[:, ::-1], spaces[0].simple  # the largest first
    reshaped = reshape_eigenvectors(vectors, (k, p))
    aligned = kronecker_alignment(vectors, units.vectors[:, ::-1], features.vectors)[:, :, 0]
    along = (features.vectors[:, 0] @ reshaped.right) ** 2
    return {
        "peak": peak,
        "peak_overlap": peak_overlap,
        "predicted_peak": np.mean(peaks),
        "random_overlap": overlaps.size / (k * p),
        "leading_share": np.mean([values[-1] / values.sum() for values in spectra]),
        "rank_one_share": reshaped.rank_one_share[simple].mean() if simple.any() else np.nan,
        "overlaps": overlaps,
        "kronecker_overlaps": overlaps_of_products(products, n_top),
        "predicted_overlaps": overlaps_of_products(predicted, n_top),
        "gradient_peak": gradient_peak,
        "gradient_peak_overlap": gradient_peak_overlap,
        "gradient_overlaps": gradient_overlaps,
        "gradient_in_hessian_overlaps": np.mean(
            [determined_overlaps(*pair) for pair in zip(of_gradients, spaces, strict=True)], axis=0
        ),
        "singular_values": np.where(simple[:, None], reshaped.singular_values, np.nan),
        "feature_alignment": np.where(simple & features.simple, along, np.nan),
        "alignment": np.where(np.outer(simple & features.simple, units.simple), aligned, np.nan),
    }


def _inputs(name, n_samples, n_inputs, rng):
    """(n_samples, n_inputs): drawn, or different rows of the data in random order."""
    if name == "gaussian":
        return gaussian_inputs(n_samples, n_inputs, rng)
    if name == "digits":
        data = digits()[0]
    elif name.endswith(".npy"):
        data = np.load(Path(name), allow_pickle=False)
    else:
        raise ValueError(f"inputs must be gaussian, digits or a file name.npy, got {name!r}")
    if data.ndim != 2 or data.shape[1] != n_inputs or data.shape[0] < n_samples:
        raise ValueError(
            f"{name} must hold at least {n_samples} rows of {n_inputs} numbers (n_samples, "
            f"widths[0]), got shape {data.shape}"
        )
    return data[rng.permutation(data.shape[0])[:n_samples]]
