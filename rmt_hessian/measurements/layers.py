"""The spectrum of a whole layer beside the law of the layer, and beside those of its blocks."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian.compare import density_curve, ks_distance
from rmt_hessian.compare.exchangeable_units import exchangeable_weights, output_hessian_stack
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.measurements.parameters import two_units
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory import WithNullSpace, block_law, layer_law
from rmt_hessian.theory.coverage import white_features
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.mean_of_laws import MeanOfLaws

QUANTILES = (np.arange(400) + 0.5) / 400  # of both laws, where they are compared


@measurement(version=1)
def layer_spectra(rng, *, ens: Annotated[Ensemble, white_features, two_units]):
    """Eigenvalues of a whole layer, and their distances to three laws.

    ``ks_layer``: of the layer, given the weights above it; ``ks_conditional``: of the layer, given
    the output Hessians of the sample; ``ks_blocks``: of the diagonal blocks taken together, as if
    there were no others. ``laws_distance`` is that of the first law and the last. ``null_share``:
    of eigenvalues that are 0 up to rounding, ``predicted_null_share`` by the first law.
    """
    net, H = draw_with_network(ens, rng)
    given = ens.given(net, range(ens.layer + 1, ens.n_layers))
    layer, blocks = (_laws if ens.is_last else _laws.__wrapped__)(given)
    spectrum = eigenvalues(H)
    return {
        "ks_layer": ks_distance(spectrum, layer),
        "ks_conditional": ks_distance(spectrum, conditional_layer_law(H, ens)),
        "ks_blocks": ks_distance(spectrum, blocks),
        "laws_distance": _distance(layer, blocks),
        "null_share": np.mean(np.abs(spectrum) <= 1e-12 * np.abs(spectrum).max()),
        "predicted_null_share": layer.atom_at_zero,
        "eigenvalues": spectrum,
        "layer_curve": density_curve(layer),
        "blocks_curve": density_curve(blocks),
    }


@cache
def _laws(ens):
    """Of the layer and of its diagonal blocks; without given weights once in a process."""
    units = range(ens.n_units) if ens.n_layers > 1 else range(1)  # classes are alike
    return layer_law(ens), MeanOfLaws([block_law(ens, i, i) for i in units])


def conditional_layer_law(H, ens):
    """The law given the output Hessians of the sample: classes of a last layer are exchangeable."""
    if ens.is_last:
        weights, masses, null_space = exchangeable_weights(H)
        law = GeneralizedMarchenkoPastur(weights, masses, ens.aspect_ratio)
        return WithNullSpace(law, null_space)
    return MatrixLayerLaw(output_hessian_stack(H), ens.aspect_ratio)


def _distance(layer, blocks):
    """``sup |F - G|`` at quantiles of all the laws, and at 0, where atoms end."""
    x = np.concatenate([[0.0], *(law.ppf(QUANTILES) for law in (layer, *blocks.laws))])
    return float(np.abs(layer.cdf(x) - blocks.cdf(x)).max())
