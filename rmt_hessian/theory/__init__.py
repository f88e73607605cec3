"""Predicting spectra and norms: nothing here sees a simulated network.

Every law has the same verbs, scipy's where scipy has one: ``pdf``, ``cdf``, ``ppf``, ``rvs``,
``moment``, ``mean``, ``var``, then ``support``, ``components`` and ``atom_at_zero``.
"""

from rmt_hessian.theory.cross_layer import (
    CrossLayerNorm,
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.curvature_law import curvature_law
from rmt_hessian.theory.generalized_mp import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    conditional_law,
)
from rmt_hessian.theory.init_scale import init_gain
from rmt_hessian.theory.norm_limits import (
    BlockNormLimits,
    ExpectedBlockNorms,
    block_norm_from_weights,
    block_norm_limit,
    block_norm_limits,
)
from rmt_hessian.theory.norm_ratio import block_norm_ratio, expected_block_norms
from rmt_hessian.theory.output_rank import output_hessian_eigenspace, predicted_output_hessian
from rmt_hessian.theory.sampling_band import sampling_band
from rmt_hessian.theory.weight_laws import WeightLaw, weight_law

__all__ = [
    "BlockNormLimits",
    "CrossLayerNorm",
    "ExpectedBlockNorms",
    "GeneralizedMarchenkoPastur",
    "MarchenkoPastur",
    "WeightLaw",
    "block_norm_from_weights",
    "block_norm_limit",
    "block_norm_limits",
    "block_norm_ratio",
    "conditional_law",
    "cross_layer_limit",
    "cross_layer_norm",
    "cross_layer_ratio",
    "cross_layer_ratio_limit",
    "curvature_law",
    "expected_block_norms",
    "init_gain",
    "output_hessian_eigenspace",
    "predicted_output_hessian",
    "sampling_band",
    "weight_law",
]
