"""Predicting spectra and norms: nothing here sees a simulated network.

Every law has the same verbs, scipy's where scipy has one: ``pdf``, ``cdf``, ``ppf``, ``rvs``,
``moment``, ``mean``, ``var``, then ``support``, ``components`` and ``atom_at_zero``.
"""

from rmt_hessian.theory.generalized_mp import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    conditional_law,
)
from rmt_hessian.theory.norm_limits import ExpectedBlockNorms, block_norm_limit
from rmt_hessian.theory.norm_ratio import block_norm_ratio, expected_block_norms
from rmt_hessian.theory.output_rank import output_hessian_eigenspace, predicted_output_hessian
from rmt_hessian.theory.sampling_band import sampling_band
from rmt_hessian.theory.weight_laws import WeightLaw, weight_law

__all__ = [
    "ExpectedBlockNorms",
    "GeneralizedMarchenkoPastur",
    "MarchenkoPastur",
    "WeightLaw",
    "block_norm_limit",
    "block_norm_ratio",
    "conditional_law",
    "expected_block_norms",
    "output_hessian_eigenspace",
    "predicted_output_hessian",
    "sampling_band",
    "weight_law",
]
