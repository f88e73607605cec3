"""Norms of the blocks between the two layers of a network, beside their predictions."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian import theory
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.sampling import sample
from rmt_hessian.theory.coverage import one_hidden_layer

DRAWS = 2000  # of a prediction with cross-entropy: 2 % of it


@measurement(version=1)
def cross_layer_norms(rng, *, ens: Annotated[Ensemble, one_hidden_layer]):
    """Mean squared norm of blocks between a hidden unit and a class, against the diagonal ones.

    ``cross_norm2``: the mean of ``‖H_{w_i, v_c}‖²`` over all i, c; ``hidden_norm2``,
    ``output_norm2``: of ``‖H_{w_i, w_i}‖²`` and ``‖H_{v_c, v_c}‖²``. The ratio is the first over
    the geometric mean of the others, predicted the ratio of expectations and its limit
    ``constant · C^{-exponent}`` as C → ∞. ``share_by_layer``: of ``‖H‖²``, between the layers.
    Labels are uniform.
    """
    net, X, y = sample(ens, rng)
    H = network_hessian(net, X, y, ens.loss)
    norms = H.block_norms()
    _, m, C = ens.widths
    cross = norms[0, 1] ** 2 / (m * C)
    hidden, output = (layer.mean_squared_block_norms()[0] for layer in H.layers)
    predicted, error, limit = _predictions(ens)
    return {
        "cross_norm2": cross,
        "hidden_norm2": hidden,
        "output_norm2": output,
        "ratio": cross / np.sqrt(hidden * output),
        "share_by_layer": 2 * norms[0, 1] ** 2 / np.sum(norms**2),
        "predicted_ratio": predicted,
        "predicted_ratio_error": error,
        "limit_ratio": limit,
    }


@cache
def _predictions(ens):
    """The same for every seed, so computed once in a process; NaN: the limit does not exist."""
    try:
        constant, exponent = theory.cross_layer_ratio_limit(ens)
    except ValueError:
        constant, exponent = np.nan, 0
    limit = constant * float(ens.n_classes) ** -exponent
    return *theory.cross_layer_ratio(ens, n_draws=DRAWS), limit
