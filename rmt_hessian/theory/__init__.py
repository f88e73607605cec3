"""Predicting spectra and norms: nothing here sees a simulated network.

Front doors take an `Ensemble` first: ``predict`` (laws of blocks and layers, outliers), the norms,
the structure of a layer. What of an ensemble they cover is in ``coverage``.

Every law is a `SpectralLaw` with the same verbs, scipy's where scipy has one: ``pdf``, ``cdf``,
``sf``, ``logpdf``, ``logcdf``, ``ppf``, ``isf``, ``interval``, ``median``, ``rvs``, ``moment``,
``mean``, ``var``, ``std``, ``expect``, ``entropy``, then ``support``, ``components``,
``component_masses``, ``atom_at_zero`` and ``stieltjes``.

Reading order: ``laws`` (of spectra, given the weights), ``relu`` (moments of features and masks),
``weights`` (their laws), ``outliers``, ``predict``; ``norms``; ``structure`` (E[M] and E[z zᵀ]:
rank, top eigenspace, overlaps, the error of their product); ``trained`` (softmax regression at its
optimum).

`__all__` below has what most users need. Experts import from submodules, of ``rmt_hessian.theory``:

* ``laws.continuous_mp``: `ContinuousMarchenkoPastur`, of a block whose weights have a density
* ``laws.free_convolution``: `FreeConvolution`, of weights and a measured spectrum of features
* ``laws.matrix_free_convolution``: `MatrixFreeConvolution`, of a layer on a measured spectrum
* ``laws.matrix_layer``: `MatrixLayerLaw`, of a layer from a sample of its output Hessians
* ``laws.mean_of_laws``: `MeanOfLaws`, of the diagonal blocks of a layer taken together
* ``laws.separable``: `ContinuousSeparableLaw`, of correlated features and weights with a density
* ``laws.tabulated``: `TabulatedLaw`, from values of a density
* ``laws.weight_density``: `WeightDensity`, a law of weights with a density
* ``norms.class_power``: `ClassPower`, ``constant · C^{-exponent}``, of limits in C
* ``norms.cross_layer``: `cross_layer_norm`, `cross_layer_limit`, and `CrossLayerNorm`
* ``norms.limits``: `BlockNormLimits`, what `block_norm_limits` returns
* ``norms.zipf``: `zipf_norm_limits` of a head with offsets by Zipf's law; `ZipfNormLimits`
* ``outliers.equation``: `additive_spike`, `weight_spike`, and `Outlier`, also of ``law.outliers``
* ``relu.moments``: `ReLUMoments`, what `relu_moments` returns
* ``relu.orthant``: `orthant_probability` of two correlated Gaussians
* ``structure.decoupled``: `decoupled_norms`, how far the decoupled Hessian is; `DecoupledNorms`
* ``structure.defect``: `EigenspaceDefect`, what `eigenspace_defect` returns
* ``structure.kronecker_error``: `KroneckerErrorTerms`, the error at any number of samples
* ``structure.output_rank``: `projected_row_space`, the frame of [W]
* ``structure.overlap``: `mean_feature_overlap` of two networks
* ``structure.propagation``: `LayerMoments`, what `propagate` returns
* ``structure.relu_features``: `relu_feature_spectrum`, `output_block_law`, and of its outlier
  `mean_eigenvalue` and `mean_outlier`
* ``structure.softmax_cumulants``: `mean_curvature`, `mean_third_cumulant`
* ``trained.class_moments``: `ClassMoments`, what `trained_softmax` assumes of features
* ``trained.model``: `TrainedSoftmax`, what `trained_softmax` and `trained_head` return
* ``weights.influence``: `weight_influence` on the Stieltjes transform; `WeightInfluence`
* ``weights.law``: `WeightLaw`, what `weight_law` returns
"""

from rmt_hessian.initialisation import init_gain
from rmt_hessian.theory.laws.conditional import conditional_law
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.marchenko_pastur import MarchenkoPastur
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.laws.silverstein import SilversteinLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.norms.cross_layer import cross_layer_ratio, cross_layer_ratio_limit
from rmt_hessian.theory.norms.expected import block_norm_from_weights, block_norms
from rmt_hessian.theory.norms.limits import block_norm_limits
from rmt_hessian.theory.predict import block_law, block_outliers, layer_law, layer_outliers
from rmt_hessian.theory.relu.moments import relu_moments
from rmt_hessian.theory.structure.defect import eigenspace_defect
from rmt_hessian.theory.structure.factors import population_factors
from rmt_hessian.theory.structure.kronecker_error import expected_kronecker_error
from rmt_hessian.theory.structure.output_rank import (
    output_hessian_eigenspace,
    predicted_output_hessian,
)
from rmt_hessian.theory.structure.overlap import overlap_peak
from rmt_hessian.theory.structure.propagation import propagate
from rmt_hessian.theory.trained.softmax import trained_head, trained_softmax
from rmt_hessian.theory.weights.band import sampling_band
from rmt_hessian.theory.weights.curvature import curvature_law
from rmt_hessian.theory.weights.of_ensemble import weight_law, weight_law_limit

__all__ = [
    "GeneralizedMarchenkoPastur",
    "MarchenkoPastur",
    "SeparableLaw",
    "SilversteinLaw",
    "SpectralLaw",
    "WithNullSpace",
    "block_law",
    "block_norm_from_weights",
    "block_norm_limits",
    "block_norms",
    "block_outliers",
    "conditional_law",
    "cross_layer_ratio",
    "cross_layer_ratio_limit",
    "curvature_law",
    "eigenspace_defect",
    "expected_kronecker_error",
    "init_gain",
    "layer_law",
    "layer_outliers",
    "output_hessian_eigenspace",
    "overlap_peak",
    "population_factors",
    "predicted_output_hessian",
    "propagate",
    "relu_moments",
    "sampling_band",
    "trained_head",
    "trained_softmax",
    "weight_law",
    "weight_law_limit",
]
