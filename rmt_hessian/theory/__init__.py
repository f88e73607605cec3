"""Predicting spectra and norms: nothing here sees a simulated network.

Every law is a `SpectralLaw` with the same verbs, scipy's where scipy has one: ``pdf``, ``cdf``,
``sf``, ``logpdf``, ``logcdf``, ``ppf``, ``isf``, ``interval``, ``median``, ``rvs``, ``moment``,
``mean``, ``var``, ``std``, ``expect``, ``entropy``, then ``support``, ``components``,
``component_masses``, ``atom_at_zero`` and ``stieltjes``.

Reading order: ``laws`` (of spectra, given the weights), ``weights`` (their laws), ``layer_law`` and
``output_blocks``, ``spikes`` (outliers), ``cases`` (from a description to a law), ``norms``. Then
the structure of a layer: ``factors`` (E[M] and E[z zᵀ] from the weights), ``output_rank``,
``eigenspace_defect``, ``decoupling``, ``eigenspace_overlap``.
"""

from rmt_hessian.theory.cases import block_law, layer_law, outliers
from rmt_hessian.theory.decoupling import Decoupling, decoupling
from rmt_hessian.theory.eigenspace_defect import EigenspaceDefect, eigenspace_defect
from rmt_hessian.theory.eigenspace_overlap import mean_feature_overlap, overlap_peak
from rmt_hessian.theory.factors.orthant import orthant_probability
from rmt_hessian.theory.factors.population_factors import LayerFactors, population_factors
from rmt_hessian.theory.factors.propagation import LayerMoments, propagate
from rmt_hessian.theory.factors.relu_moments import ReLUMoments, relu_moments
from rmt_hessian.theory.factors.softmax_cumulants import mean_curvature, mean_third_cumulant
from rmt_hessian.theory.init_scale import init_gain
from rmt_hessian.theory.laws.generalized_mp import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    conditional_law,
)
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from rmt_hessian.theory.laws.weight_density import ContinuousMarchenkoPastur, WeightDensity
from rmt_hessian.theory.layer_law import MatrixLayerLaw
from rmt_hessian.theory.norms.cross_layer import (
    CrossLayerNorm,
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.norms.norm_limits import (
    BlockNormLimits,
    ExpectedBlockNorms,
    block_norm_from_weights,
    block_norm_limit,
    block_norm_limits,
)
from rmt_hessian.theory.norms.norm_ratio import block_norm_ratio, expected_block_norms
from rmt_hessian.theory.output_blocks import (
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
    output_population,
)
from rmt_hessian.theory.output_rank import (
    output_hessian_eigenspace,
    predicted_output_hessian,
    projected_row_space,
)
from rmt_hessian.theory.spikes.outlier_equation import Outlier, additive_spike, weight_spike
from rmt_hessian.theory.weights.curvature_law import curvature_law
from rmt_hessian.theory.weights.sampling_band import sampling_band
from rmt_hessian.theory.weights.weight_laws import WeightLaw, weight_law

__all__ = [
    "BlockNormLimits",
    "ContinuousMarchenkoPastur",
    "ContinuousSeparableLaw",
    "CrossLayerNorm",
    "Decoupling",
    "EigenspaceDefect",
    "ExpectedBlockNorms",
    "GeneralizedMarchenkoPastur",
    "LayerFactors",
    "LayerMoments",
    "MarchenkoPastur",
    "MatrixLayerLaw",
    "Outlier",
    "ReLUMoments",
    "SeparableLaw",
    "SpectralLaw",
    "TabulatedLaw",
    "WeightDensity",
    "WeightLaw",
    "WithNullSpace",
    "additive_spike",
    "block_law",
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
    "decoupling",
    "eigenspace_defect",
    "expected_block_norms",
    "init_gain",
    "layer_law",
    "mean_curvature",
    "mean_eigenvalue",
    "mean_feature_overlap",
    "mean_outlier",
    "mean_third_cumulant",
    "orthant_probability",
    "outliers",
    "output_block_law",
    "output_hessian_eigenspace",
    "output_population",
    "overlap_peak",
    "population_factors",
    "predicted_output_hessian",
    "projected_row_space",
    "propagate",
    "relu_moments",
    "sampling_band",
    "weight_law",
    "weight_spike",
]
