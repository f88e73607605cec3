"""How close Hessians are to Kronecker products: one layer, and the whole network."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian.compare import density_curve, ks_distance, ks_distance_of_spectra
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.parameters import Count, Real, Widths
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.top_spaces import determined_overlaps, top_spaces
from rmt_hessian.model.inputs import gaussian_inputs, random_labels
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.networks import Network
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.spectra.kronecker import (
    kronecker_approximation,
    kronecker_error,
    nearest_kronecker_product,
)
from rmt_hessian.theory import expected_kronecker_error, layer_law
from rmt_hessian.theory.coverage import shallow


@measurement(version=7, stream=3)
def kronecker_form(rng, *, ens: Annotated[Ensemble, shallow], n_top: Count):
    """A layer Hessian beside E[M] ⊗ E[z zᵀ] and the nearest Kronecker product.

    Error predicted from the weights; all eigenvalues of both, top eigenspaces by dimension, NaN
    where it cuts a multiple eigenvalue. The law of the layer stands beside the spectrum where it
    needs no weights: the linear model.
    """
    net, H = draw_with_network(ens, rng)
    prediction = expected_kronecker_error(ens.given(net), rng=rng)
    product, dense = kronecker_approximation(H), H.to_dense()
    nearest = nearest_kronecker_product(dense, (H.n_blocks, H.block_size))
    spectrum, of_product = eigenvalues(dense), product.top_eigenvalues(H.shape[0])
    law = _law_without_weights(ens)
    return {
        "aspect_ratio": prediction.participation / ens.n_samples,
        "error": kronecker_error(dense, product),
        "predicted_error": prediction.relative_error(ens.n_samples),
        "plateau": prediction.relative_error(np.inf),
        "nearest_error": kronecker_error(dense, nearest),
        "top_eigenvalue": spectrum[-1],
        "kronecker_top_eigenvalue": of_product[-1],
        "ks_kronecker": ks_distance_of_spectra(spectrum, of_product),
        "ks_law": ks_distance(spectrum, law) if law else np.nan,
        "eigenvalues": spectrum[::-1],
        "kronecker_eigenvalues": of_product[::-1],
        "overlaps": determined_overlaps(top_spaces(dense, n_top), top_spaces(product, n_top)),
        "law_curve": density_curve(law) if law else np.empty((2, 0)),
    }


@cache
def _law_without_weights(ens):
    try:
        return layer_law(ens)
    except ValueError:
        return None


@measurement(version=3, stream=1)
def network_kronecker(rng, *, widths: Widths, n_samples: Count, input_mean: Real, n_top: Count):
    """The whole Hessian, CE and random labels, beside its approximations from factors.

    ``gauss_newton`` is the Hessian without its residual term (targets equal to the predictions):
    that part is what Kronecker factors, layer by layer or across layers, can stand for. Overlaps
    are NaN in dimensions that cut a multiple eigenvalue.
    """
    net, n_classes = Network.random(widths, rng), widths[-1]
    X = gaussian_inputs(n_samples, widths[0], rng, mean=input_mean)
    return beside_its_factors(net, X, random_labels(n_samples, n_classes, rng), n_top)


def beside_its_factors(net, X, labels, n_top):
    """The columns of `network_kronecker` for a network with cross-entropy at its sample."""
    n_classes = net.widths[-1]
    fits = get_loss("ce", n_classes).residual(net(X), np.zeros((len(X), n_classes)))
    gauss_newton = network_hessian(net, X, fits, "ce")
    matrices = {
        "hessian": network_hessian(net, X, labels, "ce"),
        "gauss_newton": gauss_newton,
        "cross_layer": kronecker_approximation(gauss_newton),
        "layer_wise": kronecker_approximation(gauss_newton, cross_layer=False),
    }
    spaces = {name: top_spaces(matrix, n_top) for name, matrix in matrices.items()}
    result = {}
    for name, space in spaces.items():
        result[f"{name}_top_eigenvalue"] = space.values[-1]
        result[f"{name}_eigenvalues"] = space.values[::-1]
    for reference in ("hessian", "gauss_newton"):
        for name in ("gauss_newton", "cross_layer", "layer_wise"):
            if name != reference:
                overlaps = determined_overlaps(spaces[name], spaces[reference])
                result[f"{name}_in_{reference}_overlaps"] = overlaps
                if n_classes - 1 <= n_top:
                    result[f"{name}_in_{reference}_overlap"] = overlaps[n_classes - 2]
    return result
