"""Dense layer Hessians: every symmetric product once, of the rows that are not zero.

Units and features enter ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ`` alike. The pairs of the fewer ones are gone
through, and for each a matrix over the more is summed: over pairs of units (i, j),
``Σ_n λ_n^{ij} z_n z_nᵀ``; over pairs of features (a, b), ``Σ_n z_na z_nb M_n``.

References
----------
``docs/computation.md`` §5.
"""

import numpy as np

from rmt_hessian._threads import A_WRITE, parallel_map, shares
from rmt_hessian.hessian.gram import WeightedGram
from rmt_hessian.hessian.kernels import scatter_features, scatter_units
from rmt_hessian.hessian.output_hessians import unit_pairs


def fill_dense(out, H):
    """Write the `LayerHessian` H to ``out``, shape (k p, k p)."""
    fill = _by_pairs_of_units if H.n_blocks <= H.block_size else _by_pairs_of_features
    fill(out, H)


def _by_pairs_of_units(out, H):
    Z = H.features
    for i, j in unit_pairs(H.n_blocks, H.chunk_size // H.n_samples):
        weights = np.ascontiguousarray(H.output_hessians.pair_weights(i, j).T) / H.n_samples

        def fill(pairs, i=i, j=j, weights=weights):
            gram = WeightedGram(Z)
            for q in pairs:
                scatter_units(out, gram(weights[q]), i[q], j[q])

        parallel_map(fill, shares(i.size, Z.size * H.block_size))


def _by_pairs_of_features(out, H):
    a, b = np.triu_indices(H.block_size)
    w = H.features[:, a] * H.features[:, b] / H.n_samples
    sums = H.output_hessians.weighted_sums(w)
    parallel_map(
        lambda units: scatter_features(out, sums, units.start, units.stop),
        shares(H.n_blocks, A_WRITE * H.shape[0] * H.block_size),
    )
