"""How much of a Hessian lies off its diagonal blocks, of the sample and for N → ∞.

The share is ``Σ_{i≠j} ‖H_ij‖² / ‖H‖²``, of squared norms, and its root the ratio of norms ``‖H -
blockdiag H‖ / ‖H‖``. What R of `mean_squared_block_norms` makes of it: `share_of_ratio`.

References
----------
``docs/computation.md`` §2.
"""

import numpy as np

from rmt_hessian._checks.arguments import boolean, one_of
from rmt_hessian.hessian.cross_layer import CrossLayerBlock
from rmt_hessian.hessian.estimates import Estimate, population_sums, require_pairs, standard_error
from rmt_hessian.hessian.norms import square_sums
from rmt_hessian.hessian.pair_sums import add_scaled

BY = ("unit", "layer")


def layer_share(H, population):
    """Of the blocks of units of a `LayerHessian`: a float, an `Estimate` for the population."""
    return _share(H, population, lambda: [_of_layer(H, population)])


def network_share(H, by, population):
    """Of the blocks of layers of a `NetworkHessian`, or of their units, those of all layers."""
    by_layer = one_of(by, BY, "by") == "layer"
    return _share(H, population, lambda: _of_network(H, by_layer, population))


def ratio_of_norms(share):
    """``√share``, 0 where an estimate is negative.

    The error is that of the share over twice the ratio; near 0, where that would be larger, it is
    the ratio of a share of one standard error.
    """
    if not isinstance(share, Estimate):
        return float(np.sqrt(np.maximum(share, 0.0)))
    ratio, largest = np.sqrt(np.maximum(share, 0.0))
    error = share.standard_error / np.maximum(2 * ratio, largest) if largest else 0.0
    return Estimate(float(ratio), float(error))


def _of_layer(H, population):
    """Squared norms on the diagonal and off it over ``s²``, (2,) or rows (2, N), and s."""
    sums, scale = square_sums(H)
    return (sums.rows if population else sums.total), scale


def _of_network(H, by_layer, population):
    """The same of the parts of a `NetworkHessian`, one after another."""
    for l, layer in enumerate(H.layers):
        values, scale = _of_layer(layer, population)
        if by_layer:
            values = np.stack([values.sum(axis=0), np.zeros_like(values[0])])
        yield values, scale
        for m in range(l + 1, H.n_layers):
            block = CrossLayerBlock(H, l, m)
            if population:
                sums, scale = block.pair_sums()
                value = sums.rows
            else:
                value, scale = np.float64(1.0), block.frobenius_norm()
            yield np.stack([np.zeros_like(value), 2 * value]), scale  # and block (m, l)


def _share(H, population, parts):
    """``off / (diagonal + off)``; weights of samples cancel, of all and with each left out."""
    population = boolean(population, "population")
    if not population:
        return float(_of_sum(add_scaled(parts())[0]))
    require_pairs(H.n_samples)
    values, without = population_sums(add_scaled(parts())[0])
    value, error = float(_of_sum(values)), standard_error(_of_sum(without))
    return Estimate(value, error if np.isfinite(value) else value)


def _of_sum(values):
    """Share of ``values[1]`` in the sum of both, NaN where the sum is not positive."""
    total = values[0] + values[1]
    return np.divide(values[1], total, out=np.full_like(total, np.nan), where=total > 0)
