"""Random matrix theory of neural-network Hessians.

Reading order: ``model`` (what is simulated), ``hessian`` (its Hessian, layer by layer as
``(1/N) Σ_n M_n ⊗ z_n z_nᵀ``), ``spectra`` (what is measured of it), ``theory`` (what is
predicted, without seeing a network), ``compare`` (the two side by side), ``experiments`` (many
points, one table), ``plotting``, ``cli``.

Papers: [D] Dong, Zhang, Luo, Yao, Sun, *Towards Quantifying the Hessian Structure of Neural
Networks*, arXiv 2505.02809. [W] Wu, Zhu, Wu, Wang, Ge, *Dissecting Hessian*, arXiv 2010.04261.
"""

from rmt_hessian import theory
from rmt_hessian._version import __version__
from rmt_hessian.compare import ks_distance, wasserstein_distance
from rmt_hessian.hessian.full import full_hessian
from rmt_hessian.hessian.layer import LayerHessian, layer_hessian
from rmt_hessian.hessian.network_operator import full_hessian_operator
from rmt_hessian.model.inputs import (
    clustered_inputs,
    correlated_inputs,
    gaussian_inputs,
    rademacher_inputs,
    random_labels,
    student_inputs,
    uniform_inputs,
)
from rmt_hessian.model.networks import ReLUNetwork
from rmt_hessian.spectra.eigenvalues import block_eigenvalues, eigenvalues, top_eigenspace
from rmt_hessian.spectra.slq import SpectralDensity, spectral_density
from rmt_hessian.spectra.subspaces import subspace_overlap

__all__ = [  # noqa: RUF022 (grouped as a map, not sorted)
    "__version__",
    # simulate
    "ReLUNetwork",
    "gaussian_inputs",
    "rademacher_inputs",
    "uniform_inputs",
    "student_inputs",
    "correlated_inputs",
    "clustered_inputs",
    "random_labels",
    # assemble
    "LayerHessian",
    "full_hessian",
    "full_hessian_operator",
    "layer_hessian",
    # measure
    "SpectralDensity",
    "block_eigenvalues",
    "eigenvalues",
    "spectral_density",
    "subspace_overlap",
    "top_eigenspace",
    # predict
    "theory",
    # compare
    "ks_distance",
    "wasserstein_distance",
]
