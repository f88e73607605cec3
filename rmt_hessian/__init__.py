"""Random matrix theory of neural-network Hessians.

Reading order: ``ensemble`` (the one description of a case), ``model`` (what is simulated),
``hessian`` (its Hessian, layer by layer as ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ``), ``spectra`` (what is
measured of it), ``theory`` (what is predicted, without seeing a network), ``compare`` (the two side
by side), ``measurements`` (one draw, with its prediction), ``sweep`` (many draws, one table),
``report``, ``plotting``, ``cli``.

Papers: [D] Dong, Zhang, Luo, Yao, Sun, *Towards Quantifying the Hessian Structure of Neural
Networks*, arXiv 2505.02809. [W] Wu, Zhu, Wu, Wang, Ge, *Dissecting Hessian*, arXiv 2010.04261.
"""

from rmt_hessian import theory
from rmt_hessian._version import __version__
from rmt_hessian.compare import ks_distance, ks_distance_of_spectra, wasserstein_distance
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw
from rmt_hessian.hessian.layer import LayerHessian, layer_hessian
from rmt_hessian.hessian.network import NetworkHessian, network_hessian
from rmt_hessian.hessian.population import (
    PopulationOutputHessian,
    grouped_output_hessian,
    population_output_hessian,
)
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.model.datasets import digits
from rmt_hessian.model.inputs import (
    clustered_inputs,
    correlated_inputs,
    gaussian_inputs,
    rademacher_inputs,
    random_labels,
    standardise,
    student_inputs,
    uniform_inputs,
)
from rmt_hessian.model.losses import encode_labels
from rmt_hessian.model.networks import Network
from rmt_hessian.model.sampling import sample
from rmt_hessian.spectra.eigenvalues import (
    block_eigenvalues,
    eigenvalues,
    top_eigenpairs,
    top_eigenspace,
)
from rmt_hessian.spectra.kronecker import (
    kronecker_approximation,
    kronecker_error,
    nearest_kronecker_product,
)
from rmt_hessian.spectra.rank import (
    energy_rank,
    energy_share,
    gap_rank,
    numerical_rank,
    spectral_gap,
)
from rmt_hessian.spectra.slq import SpectralDensity, spectral_density
from rmt_hessian.spectra.subspaces import (
    ReshapedEigenvectors,
    kronecker_alignment,
    overlap_by_dimension,
    reshape_eigenvectors,
    separated_dimensions,
    subspace_overlap,
)
from rmt_hessian.spectra.uncertainty import Rate, fitted_rate, jackknife

__all__ = [  # noqa: RUF022 (grouped as a map, not sorted)
    "__version__",
    # describe
    "Ensemble",
    "draw",
    "sample",
    # simulate
    "Network",
    "gaussian_inputs",
    "rademacher_inputs",
    "uniform_inputs",
    "student_inputs",
    "correlated_inputs",
    "clustered_inputs",
    "digits",
    "standardise",
    "random_labels",
    "encode_labels",
    # assemble
    "LayerHessian",
    "NetworkHessian",
    "PopulationOutputHessian",
    "grouped_output_hessian",
    "layer_hessian",
    "network_hessian",
    "population_output_hessian",
    # measure: spectra
    "SpectralDensity",
    "block_eigenvalues",
    "eigenvalues",
    "spectral_density",
    "top_eigenpairs",
    "top_eigenspace",
    # measure: rank
    "energy_rank",
    "energy_share",
    "gap_rank",
    "numerical_rank",
    "spectral_gap",
    # measure: eigenspaces and Kronecker products
    "KroneckerProduct",
    "ReshapedEigenvectors",
    "kronecker_alignment",
    "kronecker_approximation",
    "kronecker_error",
    "nearest_kronecker_product",
    "overlap_by_dimension",
    "reshape_eigenvectors",
    "separated_dimensions",
    "subspace_overlap",
    # measure: uncertainty
    "Rate",
    "fitted_rate",
    "jackknife",
    # predict
    "theory",
    # compare
    "ks_distance",
    "ks_distance_of_spectra",
    "wasserstein_distance",
]
