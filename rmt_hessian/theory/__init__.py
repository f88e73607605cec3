"""Predicting spectra and norms: nothing here sees a simulated network.

Front doors take an `Ensemble` first: ``predict`` (laws of blocks and layers, outliers), the norms,
the structure of a layer. What of an ensemble they cover is in ``coverage``.

Every law is a `SpectralLaw` with the same verbs, scipy's where scipy has one: ``pdf``, ``cdf``,
``sf``, ``logpdf``, ``logcdf``, ``ppf``, ``isf``, ``interval``, ``median``, ``rvs``, ``moment``,
``mean``, ``var``, ``std``, ``expect``, ``entropy``, then ``support``, ``components``,
``component_masses``, ``atom_at_zero`` and ``stieltjes``.

Reading order: ``laws`` (of spectra, given the weights), ``relu`` (moments of features and masks),
``weights`` (their laws), ``outliers``, ``predict``; ``norms``; ``structure`` (E[M] and E[z zᵀ]:
rank, top eigenspace, overlaps, decoupling).
"""

from rmt_hessian.initialisation import init_gain
from rmt_hessian.theory.laws.generalized_mp import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    conditional_law,
)
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from rmt_hessian.theory.laws.weight_density import ContinuousMarchenkoPastur, WeightDensity
from rmt_hessian.theory.norms.cross_layer import (
    CrossLayerNorm,
    cross_layer_limit,
    cross_layer_norm,
    cross_layer_ratio,
    cross_layer_ratio_limit,
)
from rmt_hessian.theory.norms.expected import (
    ExpectedBlockNorms,
    block_norm_from_weights,
    block_norms,
)
from rmt_hessian.theory.norms.limits import BlockNormLimits, block_norm_limits
from rmt_hessian.theory.outliers.equation import Outlier, additive_spike, weight_spike
from rmt_hessian.theory.predict import block_law, block_outliers, layer_law, layer_outliers
from rmt_hessian.theory.relu.moments import ReLUMoments, relu_moments
from rmt_hessian.theory.relu.orthant import orthant_probability
from rmt_hessian.theory.structure.decoupling import Decoupling, decoupling
from rmt_hessian.theory.structure.defect import EigenspaceDefect, eigenspace_defect
from rmt_hessian.theory.structure.factors import population_factors
from rmt_hessian.theory.structure.output_rank import (
    output_hessian_eigenspace,
    predicted_output_hessian,
    projected_row_space,
)
from rmt_hessian.theory.structure.overlap import mean_feature_overlap, overlap_peak
from rmt_hessian.theory.structure.propagation import LayerMoments, propagate
from rmt_hessian.theory.structure.relu_features import (
    mean_eigenvalue,
    mean_outlier,
    output_block_law,
    relu_feature_spectrum,
)
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant
from rmt_hessian.theory.weights.band import sampling_band
from rmt_hessian.theory.weights.curvature import curvature_law
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.of_ensemble import weight_law, weight_law_limit

__all__ = [
    "BlockNormLimits",
    "ContinuousMarchenkoPastur",
    "ContinuousSeparableLaw",
    "CrossLayerNorm",
    "Decoupling",
    "EigenspaceDefect",
    "ExpectedBlockNorms",
    "GeneralizedMarchenkoPastur",
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
    "block_norm_limits",
    "block_norms",
    "block_outliers",
    "conditional_law",
    "cross_layer_limit",
    "cross_layer_norm",
    "cross_layer_ratio",
    "cross_layer_ratio_limit",
    "curvature_law",
    "decoupling",
    "eigenspace_defect",
    "init_gain",
    "layer_law",
    "layer_outliers",
    "mean_curvature",
    "mean_eigenvalue",
    "mean_feature_overlap",
    "mean_outlier",
    "mean_third_cumulant",
    "orthant_probability",
    "output_block_law",
    "output_hessian_eigenspace",
    "overlap_peak",
    "population_factors",
    "predicted_output_hessian",
    "projected_row_space",
    "propagate",
    "relu_feature_spectrum",
    "relu_moments",
    "sampling_band",
    "weight_law",
    "weight_law_limit",
    "weight_spike",
]
