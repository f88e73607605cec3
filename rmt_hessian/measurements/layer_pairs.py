"""Blocks of the Hessian between two layers: what the residual puts there, and at which entries.

Entry ((l; i, a), (m; j, b)), l below m, is

    ``(1/N) Σ_n z_{l,a} [ (J_{ml}ᵀ M_m)_ij z_{m,b} + (g_m)_j ∂z_{m,b}/∂a_{l,i} ]``,

of which the second part, the residual term, is what g, the residual pulled back, enters (the only
one of ReLU). Features above move as ``∂z_{m,b}/∂a_{l,i} = (D_{m-1} W_{m-1} … W_{l+1} D_l)_bi``: of
adjacent layers, m = l + 1, this is ``σ'(a_{l,i}) δ_{bi}``, so that the term has entries at feature
i of unit i alone, for all j and a: a stripe in each block of units (i, j). Two layers or more
apart, W_{l+1} spreads it over all features.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from rmt_hessian.hessian.norms import norm
from rmt_hessian.hessian.residual import NoResidual


@dataclass(frozen=True, eq=False)
class LayerPair:
    """Block (l, m), l < m, of a `NetworkHessian`, and how it divides.

    Attributes
    ----------
    l, m : int
    residual_norm : float
        Frobenius norm of the residual term.
    feature_norms, curvature_feature_norms : numpy.ndarray, shape (k_l, p_m)
        Of the block's entries of unit i of layer l at feature b of layer m, all a and j; of the
        rest.
    """

    l: int
    m: int
    residual_norm: float
    feature_norms: np.ndarray
    curvature_feature_norms: np.ndarray

    @property
    def norm(self):
        """``‖H_lm‖_F``."""
        return float(np.linalg.norm(self.feature_norms))

    @property
    def curvature_norm(self):
        """``‖G‖_F`` of the rest, the block without the residual term."""
        return float(np.linalg.norm(self.curvature_feature_norms))

    @property
    def residual_share(self):
        """``‖R‖² / (‖R‖² + ‖G‖²)`` of the residual term R and the rest G; NaN where both are 0."""
        return _share(self.residual_norm, np.hypot(self.residual_norm, self.curvature_norm))

    @property
    def stripe_share(self):
        """Squared norm of the entries at feature i of unit i, over that of the block.

        1 if there is nothing beside the stripes, about ``1/p_m`` where there are none; NaN of
        layers that are not adjacent: there features of m are no units of l.
        """
        return self._share_on_stripes(self.feature_norms)

    @property
    def curvature_stripe_share(self):
        """The same of the block without the residual term.

        It is above ``1/p_m`` too: where unit i is active, feature i is not 0, while others are 0 as
        often as ever.
        """
        return self._share_on_stripes(self.curvature_feature_norms)

    def _share_on_stripes(self, norms):
        if self.m > self.l + 1:
            return np.nan
        return _share(np.linalg.norm(np.diagonal(norms)), np.linalg.norm(norms))

    @property
    def largest_share(self):
        """The same of the feature that is largest, for each unit i: of any two layers.

        At least ``1/p_m``, which it is where all features are alike.
        """
        return _share(np.linalg.norm(self.feature_norms.max(axis=1)), self.norm)

    @property
    def even_share(self):
        """What `largest_share` would be if units and features were independent.

        ``max_b n_b`` of ``n_b``, the share of feature b over all units: ``≥ 1/p_m``, as features
        differ in size.
        """
        of_features = np.linalg.norm(self.feature_norms, axis=0)
        return _share(of_features.max(), self.norm)


def _share(part, whole):
    return float((part / whole) ** 2) if whole else np.nan


def layer_pair(H, l, m):
    """`LayerPair` of a `NetworkHessian`, l < m; both blocks are made, one after another."""
    no_residual = replace(H, residual=NoResidual(H.residual.logits))
    block, curvature = H.block(l, m), no_residual.block(l, m)
    norms = [_feature_norms(part, H.layers[l], H.layers[m]) for part in (block, curvature)]
    return LayerPair(l, m, float(norm(block - curvature)), *norms)


def _feature_norms(block, lower, upper):
    """Norms over the inputs of the lower layer and the units of the upper one."""
    scale = float(np.abs(block).max(initial=0.0)) or 1.0  # squares may leave the range
    squares = np.square(block / scale).reshape(
        lower.n_blocks, lower.block_size, upper.n_blocks, upper.block_size
    )
    return scale * np.sqrt(squares.sum(axis=(1, 2)))


def layer_pairs(H):
    """`LayerPair` of all pairs of layers, in the order of `pairs_of_layers`."""
    return [layer_pair(H, l, m) for l, m in pairs_of_layers(H.n_layers)]


def pairs_of_layers(n_layers):
    """Pairs l < m of layers, in the order of all columns of cross-layer blocks.

    Examples
    --------
    >>> pairs_of_layers(3)
    [(0, 1), (0, 2), (1, 2)]
    """
    return list(combinations(range(n_layers), 2))
