"""Random matrix theory of neural-network Hessians.

Reading order: ``ensemble`` and ``mixture`` (the one description of a case, and of its inputs),
``activations`` and ``initialisation``; ``model`` (what is simulated); ``operators`` (matrices that
are products only), ``kronecker_product`` and ``block_norms`` (what both sides speak of);
``hessian`` (the Hessian, by layers ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ``), ``autograd`` (that of a model of
PyTorch), ``spectra`` (what is measured),
``theory`` (what is predicted, without seeing a network), ``compare`` (the two side by side),
``bounds`` (PAC-Bayes bounds of a trained network), ``plotting`` (figures of all that),
``measurements`` (one draw, with its prediction), ``sweep`` (many draws, one table), ``report``,
``paper`` (every claim with its verdict), ``cli``.

`__all__` below has what most users need. Experts import from submodules, of ``rmt_hessian``:

* ``activations``: `Activation`, by name or of your own, as `get_activation` makes it;
  `leaky_relu_of` any slope
* ``autograd``: `TorchOperator`, what `torch_operator` returns
* ``autograd.convolution``: `convolution_factors` of a model of PyTorch
* ``block_norms``: `BlockNorms`, of a Hessian or predicted, with their ratio and share
* ``bounds.bases``: `basis_of` a network, `Basis` and `LayerBasis`, directions of a posterior
* ``bounds.binary_kl``: `binary_kl`, `inverse_binary_kl`
* ``bounds.curvature``: `curvatures` along a basis
* ``bounds.inequalities``: `mcallester_bound`, `langford_seeger_bound`, their `complexity` and
  `log_moment`; `upper_confidence_bound` of a mean of draws
* ``bounds.bound``: `PacBayesBound`, with its terms
* ``bounds.pac_bayes``: `pac_bayes_bound` of a trained network
* ``bounds.posterior``: `GaussianPosterior` over networks
* ``bounds.prior``: `PriorVariances`
* ``compare.fits``: `fit_marchenko_pastur` to a spectrum, its outliers left out;
  `MarchenkoPasturFit`
* ``compare.sample_law``: `SampleLaw`, what `law_of_block` and `law_of_layer` return
* ``compare.significance``: `KSTestResult`, what `ks_test` returns
* ``hessian.dead_units``: `dead_units` of a layer, whose blocks are zero
* ``hessian.decoupled``: `decoupled`, with the output Hessians of other inputs, as in [D]'s proof
* ``hessian.estimates``: `Estimate`, a number with its standard error
* ``hessian.population``: `grouped_output_hessian`, of a sample; `PopulationOutputHessian`
* ``model.accuracy``: `accuracy` of a network, on any samples
* ``model.datasets``: `idx_images`, files of the format of MNIST
* ``model.onnx_heads``: `OnnxHead`, what `onnx_head` returns
* ``model.training``: `mean_loss` of a network, on any samples
* ``model.training_path``: `TrainingPath`, what `train` returns
* ``plotting``: `plot_spectrum`, `plot_scree`, `plot_hessian`, `plot_block_norms`, `plot_ratio`,
  `plot_overlap`, and the `style` of figures
* ``spectra.conditioning``: `block_preconditioning`, one rate per block; `BlockPreconditioning`
* ``spectra.eigenvalues``: `block_eigenvalues` of many blocks, `top_eigenspace` without the values
* ``spectra.independence``: `independent_kronecker_error`, were M and z independent
* ``spectra.matching``: `overlap_up_to_permutation`, a `PermutedOverlap`; its null level,
  `random_overlaps_up_to_permutation`
* ``spectra.network_kronecker``: `NetworkKronecker`, the approximation of a whole network
* ``spectra.rank``: `energy_rank`, `energy_share`, `numerical_rank`, `spectral_gap`
* ``spectra.slq``: `SpectralDensity`, what `spectral_density` returns
* ``spectra.subspaces``: `correspondence_matrix`, `kronecker_alignment`, `separated_dimensions`,
  `ReshapedEigenvectors`
* ``spectra.uncertainty``: `jackknife` errors, the `Rate` of `fitted_rate`

Papers: [D] Dong, Zhang, Luo, Yao, Sun, *Towards Quantifying the Hessian Structure of Neural
Networks*, arXiv 2505.02809. [W] Wu, Zhu, Wu, Wang, Ge, *Dissecting Hessian*, arXiv 2010.04261.
"""

from rmt_hessian import bounds, plotting, theory
from rmt_hessian._version import __version__
from rmt_hessian.autograd import torch_layer, torch_operator
from rmt_hessian.compare import (
    ks_distance,
    ks_distance_of_spectra,
    ks_test,
    law_of_block,
    law_of_layer,
    wasserstein_distance,
)
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.hessian.from_network import (
    layer_gradient_covariance,
    layer_hessian,
    network_hessian,
)
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.hessian.network import NetworkHessian
from rmt_hessian.hessian.population import population_output_hessian
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.mixture import Mixture
from rmt_hessian.model.datasets import digits, mnist_digits
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
from rmt_hessian.model.mixtures import mixture_inputs
from rmt_hessian.model.networks import Network
from rmt_hessian.model.onnx_heads import onnx_head
from rmt_hessian.model.sampling import sample
from rmt_hessian.model.training import train
from rmt_hessian.spectra.eigenvalues import eigenvalues, top_eigenpairs
from rmt_hessian.spectra.kronecker import (
    kronecker_approximation,
    kronecker_error,
    nearest_kronecker_product,
)
from rmt_hessian.spectra.rank import gap_rank
from rmt_hessian.spectra.slq import spectral_density
from rmt_hessian.spectra.subspaces import (
    overlap_by_dimension,
    reshape_eigenvectors,
    subspace_overlap,
)

__all__ = [  # noqa: RUF022 (grouped as a map, not sorted)
    "__version__",
    # describe
    "Ensemble",
    "Mixture",
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
    "mixture_inputs",
    "digits",
    "mnist_digits",
    "standardise",
    "random_labels",
    "encode_labels",
    "onnx_head",
    "train",
    # assemble
    "LayerHessian",
    "NetworkHessian",
    "layer_hessian",
    "network_hessian",
    "head_hessian",
    "layer_gradient_covariance",
    "population_output_hessian",
    "torch_layer",
    "torch_operator",
    # measure: spectra and rank
    "eigenvalues",
    "gap_rank",
    "spectral_density",
    "top_eigenpairs",
    # measure: eigenspaces and Kronecker products
    "KroneckerProduct",
    "kronecker_approximation",
    "kronecker_error",
    "nearest_kronecker_product",
    "overlap_by_dimension",
    "reshape_eigenvectors",
    "subspace_overlap",
    # predict
    "theory",
    # compare
    "ks_distance",
    "ks_distance_of_spectra",
    "ks_test",
    "law_of_block",
    "law_of_layer",
    "wasserstein_distance",
    # bound
    "bounds",
    # draw
    "plotting",
]
