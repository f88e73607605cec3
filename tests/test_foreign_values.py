"""Wrong values for every argument of every public function: an answer or a word of our own.

Each call below works. One argument at a time is replaced by what a user may hand over by mistake:
then the function returns, or raises ValueError or IndexError from a line of this package. An
AttributeError of Python, or a message of NumPy's, SciPy's or Numba's, is a fault.
"""

import inspect
import traceback
import types
import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import scipy.sparse
from matplotlib.figure import Figure

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian.bounds.bases import basis_of
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.norms.zipf import zipf_norm_limits
from rmt_hessian.theory.structure.decoupled import decoupled_norms
from rmt_hessian.theory.structure.relu_features import output_block_law
from rmt_hessian.theory.weights.influence import weight_influence
from tests.interface import PUBLIC

PACKAGE = Path(rh.__file__).parent
RNG = np.random.default_rng(0)
NET = rh.Network.random([3, 4, 2], RNG)
W, V = NET.weights
X = RNG.standard_normal((5, 3))
H = rh.layer_hessian(NET, X, 0, "ce")
SYMMETRIC = H.to_dense()
NETWORK = rh.network_hessian(NET, X, [0, 1, 0, 1, 0], "ce")
LAW = theory.MarchenkoPastur(0.5)
LINEAR = rh.Ensemble([6, 3], layer=0, loss="ce", n_samples=12)
HIDDEN = rh.Ensemble([6, 8, 3], layer=0, loss="ce", n_samples=5)
LARGE = rh.Ensemble([100, 16, 3], layer=0, loss="ce", n_samples=5)
OUTPUT = rh.Ensemble([40, 40, 3], layer=1, loss="ce", n_samples=80)
GIVEN = rh.Ensemble([3, 4, 2], layer=0, loss="ce", n_samples=5).given(NET)
WEIGHTS = theory.weight_law(LINEAR, 0, 0)
SEPARABLE = theory.SeparableLaw([1.0, 0.5], [0.5, 0.5], [1.0], [1.0], 0.5)
EYE = np.eye(4)
COSINES = np.cos(np.linspace(np.pi, 0, 65))
IDX_FOLDER = TemporaryDirectory()
for name, axes in (("images-idx3", 3), ("labels-idx1", 1)):  # one image of one pixel
    content = bytes([0, 0, 8, axes] + axes * [0, 0, 0, 1] + [0])
    (Path(IDX_FOLDER.name) / f"train-{name}-ubyte").write_bytes(content)
AXES = Figure().subplots()
BASIS = basis_of(NET, X, [0, 1, 0, 1, 0], "standard")
BOUND = pac_bayes_bound(NET, NET, X, [0, 1, 0, 1, 0], steps=2, n_draws=2, rng=0)

PICTURE = {
    "H": SYMMETRIC,
    "ax": AXES,
    "pixels": 20,
    "decades": 3,
    "vmax": 2.0,
    "edges": range(len(SYMMETRIC) + 1),
    "lines": [3],
    "thin_lines": [6],
}
CALLS = {
    "Ensemble": {
        "widths": [3, 4, 2],
        "layer": 1,
        "loss": "ce",
        "n_samples": 5,
        "init": "he",
        "activation": "relu",
        "inputs": "gaussian",
        "biases": [None, np.ones(2)],
        "weights": [W, None],
    },
    "draw": {"ens": HIDDEN, "rng": 0},
    "sample": {"ens": HIDDEN, "rng": 0},
    "Network": {"weights": [W, V], "biases": [np.ones(len(W)), None], "activation": "tanh"},
    "get_activation": {"activation": "tanh"},
    "leaky_relu_of": {"slope": 0.2},
    "Activation": {
        "name": "sine",
        "function": np.sin,
        "derivative": np.cos,
        "second_derivative": lambda a: -np.sin(a),
    },
    "Network.random": {
        "widths": [3, 2],
        "rng": 0,
        "init": "he",
        "activation": "tanh",
        "bias_scale": 1.0,
    },
    "gaussian_inputs": {"n_samples": 3, "n_inputs": 2, "rng": 0, "mean": 1.0},
    "rademacher_inputs": {"n_samples": 3, "n_inputs": 2, "rng": 0},
    "uniform_inputs": {"n_samples": 3, "n_inputs": 2, "rng": 0},
    "student_inputs": {"n_samples": 3, "n_inputs": 2, "rng": 0, "degrees_of_freedom": 3.0},
    "correlated_inputs": {"n_samples": 3, "eigenvalues": [1.0, 2.0], "rng": 0, "rotate": True},
    "clustered_inputs": {"n_samples": 3, "n_inputs": 2, "n_clusters": 2, "rng": 0, "noise": 0.1},
    "Mixture": {"separation": 3.0, "groups": (2, 0.5), "frequencies": [1.0, 2.0, 3.0, 4.0]},
    "Mixture of given means": {"separation": 3.0, "frequencies": [1.0, 2.0], "means": np.eye(2)},
    "mixture_inputs": {
        "n_samples": 5,
        "n_inputs": 6,
        "n_classes": 4,
        "rng": 0,
        "separation": 3.0,
        "groups": (2, 0.5),
        "frequencies": [1.0, 2.0, 3.0, 4.0],
    },
    "binary_kl": {"q": 0.1, "p": 0.2},
    "inverse_binary_kl": {"q": 0.1, "budget": 0.2},
    "log_moment": {"n_samples": 5},
    "complexity": {"kl": 1.0, "n_samples": 5, "delta": 0.1},
    "langford_seeger_bound": {"risk": 0.1, "kl": 1.0, "n_samples": 5, "delta": 0.1},
    "mcallester_bound": {"risk": 0.1, "kl": 1.0, "n_samples": 5, "delta": 0.1},
    "upper_confidence_bound": {"values": [0.1, 0.2], "delta": 0.1},
    "PriorVariances": {"largest": 0.5, "per_e_fold": 10},
    "basis_of": {"net": NET, "X": X, "y": [0, 1, 0, 1, 0], "name": "gradient"},
    "curvatures": {"net": NET, "X": X, "basis": BASIS},
    "pac_bayes_bound": {
        "initial": NET,
        "trained": NET,
        "X": X,
        "y": [0, 1, 0, 1, 0],
        "basis": "kronecker",
        "n_stages": 2,
        "start": "weights",
        "steps": 4,
        "learning_rate": 0.1,
        "batch_size": 2,
        "loss_scale": 1.0,
        "delta": 0.1,
        "risk_delta": 0.1,
        "prior": PriorVariances(),
        "n_draws": 3,
        "rng": 0,
        "progress": None,
    },
    "BOUND.quadratic_variances": {"curvatures": np.ones(20)},
    "POSTERIOR.risks": {"X": X, "y": [0, 1, 0, 1, 0], "n_draws": 2, "rng": 0},
    "POSTERIOR.draw": {"rng": 0},
    "digits": {"standardised": False},
    "idx_images": {"folder": IDX_FOLDER.name},
    "mnist_digits": {"standardised": False},
    "standardise": {"Z": X},
    "random_labels": {"n_samples": 3, "n_classes": 2, "rng": 0},
    "encode_labels": {"labels": ["a", "b", "a"]},
    "accuracy": {"net": NET, "X": X, "labels": [0, 1, 0, 1, 0]},
    "mean_loss": {
        "net": NET,
        "X": X,
        "y": [0, 1, 0, 1, 0],
        "loss": "ce",
        "sample_weight": np.ones(len(X)),
        "class_weight": [1.0, 2.0],
    },
    "train": {
        "net": NET,
        "X": X,
        "y": [0, 1, 0, 1, 0],
        "loss": "ce",
        "optimiser": "gd",
        "steps": 3,
        "learning_rate": 0.1,
        "momentum": 0.5,
        "schedule": "cosine",
        "batch_size": 2,
        "weight_decay": 0.1,
        "tolerance": 1e-7,
        "sample_weight": np.ones(len(X)),
        "class_weight": [1.0, 2.0],
        "checkpoints": 2,
        "rng": 0,
    },
    "network_hessian": {
        "net": NET,
        "X": X,
        "y": [0, 1, 0, 1, 0],
        "loss": "ce",
        "dtype": "float64",
        "chunk_size": 100,
    },
    "grouped_output_hessian": {"H": H, "n_groups": 5},
    "head_hessian": {
        "features": X,
        "weights": np.ones((3, X.shape[1])),
        "bias": [0.0, 1.0, 2.0],
        "loss": "ce",
        "temperature": 2.0,
        "sample_weight": np.ones(len(X)),
        "dtype": "float64",
        "chunk_size": 100,
    },
    "layer_gradient_covariance": {
        "net": NET,
        "X": X,
        "layer": 0,
        "loss": "mse",
        "y": np.zeros(len(X), int),
        "bias": False,
        "dtype": "float64",
        "chunk_size": 100,
    },
    "dead_units": {"H": H},
    "decoupled": {"H": H, "other": rh.layer_hessian(NET, X[::-1], 0, "ce")},
    "overlap_up_to_permutation": {
        "U": np.eye(4)[:, :2],
        "V": np.eye(4)[:, 1:3],
        "shape": (2, 2),
        "n_starts": 1,
        "rng": 0,
    },
    "random_overlaps_up_to_permutation": {
        "U": np.eye(4)[:, :2],
        "V": np.eye(4)[:, 1:3],
        "n_draws": 2,
        "shape": (2, 2),
        "n_starts": 1,
        "rng": 0,
    },
    "block_preconditioning": {"H": np.diag([1.0, 2.0, 3.0]), "blocks": [1, 2]},
    "layer_hessian": {
        "net": NET,
        "X": X,
        "layer": 0,
        "loss": "ce",
        "dtype": "float64",
        "chunk_size": 100,
    },
    "population_output_hessian": {
        "net": NET,
        "layer": 0,
        "loss": "ce",
        "rng": 0,
        "relative_error": 0.3,
        "inputs": rh.gaussian_inputs,
        "batch_size": 64,
        "n_groups": 8,
        "most_samples": 1000,
    },
    "block_eigenvalues": {"H": H, "i": [0, 1], "j": [1, 1]},
    "eigenvalues": {"matrix": SYMMETRIC},
    "spectral_density": {"H": SYMMETRIC, "n_probes": 2, "n_steps": 3, "rng": 0, "progress": print},
    "top_eigenpairs": {
        "matrix": SYMMETRIC,
        "k": 2,
        "which": "largest",
        "tol": 1e-6,
        "max_iterations": 100,
        "progress": print,
    },
    "top_eigenspace": {
        "matrix": SYMMETRIC,
        "k": 2,
        "which": "largest",
        "tol": 1e-6,
        "max_iterations": 100,
        "progress": print,
    },
    "energy_rank": {"eigenvalues": [1.0, 2.0], "share": 0.5},
    "energy_share": {"eigenvalues": [1.0, 2.0], "k": 1, "power": 1},
    "gap_rank": {"eigenvalues": [1.0, 2.0], "most": 1},
    "numerical_rank": {"eigenvalues": [1.0, 2.0], "tolerance": 0.1},
    "spectral_gap": {"eigenvalues": [1.0, 2.0], "k": 1},
    "KroneckerProduct": {"left": np.eye(2), "right": np.eye(3)},
    "NETWORK.block": {"l": 0, "m": 1},
    "NetworkKronecker": {
        "factors": rh.kronecker_approximation(NETWORK).factors,
        "units": (4, 2),
        "features": (3, 4),
        "cross_layer": True,
    },
    "kronecker_approximation of a network": {"H": NETWORK, "cross_layer": True},
    "correspondence_matrix": {"U": EYE[:, :2], "V": EYE[:, 1:3]},
    "independent_kronecker_error": {"H": H},
    "kronecker_alignment": {"vectors": EYE, "left": np.eye(2), "right": np.eye(2)},
    "kronecker_approximation": {"H": H},
    "kronecker_error": {"H": H, "product": rh.kronecker_approximation(H)},
    "nearest_kronecker_product": {"A": SYMMETRIC, "shape": (4, 3)},
    "overlap_by_dimension": {"U": EYE[:, :2], "V": EYE[:, 1:3]},
    "reshape_eigenvectors": {"vectors": EYE, "shape": (2, 2)},
    "subspace_overlap": {"U": EYE[:, :2], "V": EYE[:, 1:3]},
    "fitted_rate": {
        "sizes": [1.0, 2.0],
        "values": [[1.0, 2.0], [3.0, 4.0]],
        "rng": 0,
        "level": 0.9,
        "n_resamples": 10,
    },
    "jackknife": {"statistic": np.log, "groups": [1.0, 2.0], "correct_bias": False},
    "ks_distance_of_spectra": {"eigenvalues": [1.0, 2.0], "others": [1.0]},
    "separated_dimensions": {"eigenvalues": [1.0, 2.0], "tolerance": 1e-9},
    "ks_distance": {"eigenvalues": [1.0, 2.0], "law": LAW},
    "ks_test": {"eigenvalues": np.linspace(0.1, 2.9, 20), "law": LAW},
    "law_of_layer": {"H": H, "rng": 0},
    "law_of_block": {"H": H, "i": 0, "j": 1, "covariance": np.ones(H.block_size), "rng": 0},
    "fit_marchenko_pastur": {"eigenvalues": np.linspace(0.1, 2.9, 20), "aspect_ratio": 0.5},
    "wasserstein_distance": {"eigenvalues": [1.0, 2.0], "law": LAW},
    # plotting
    "plot_spectrum": {
        "eigenvalues": [1.0, 2.0],
        "laws": LAW,
        "ax": AXES,
        "bins": 9,
        "coverage": 0.9,
        "log": True,
        "outliers": [3.0],
        "others": {"a": [1.0, 3.0]},
        "notes": ["a line"],
    },
    "plot_scree": {
        "eigenvalues": [1.0, 2.0],
        "ax": AXES,
        "label": "Hessian",
        "mark": 1,
        "mark_label": "rank",
        "predicted": [2.0, 1.0],
        "others": {"a": [1.0, 3.0]},
        "n_shown": 2,
    },
    "style": {},
    "plot_hessian": PICTURE,
    "plot_block_norms": PICTURE | {"H": np.abs(SYMMETRIC)},
    "plot_ratio": {
        "n_classes": [2, 4],
        "ratios": [1.0, 0.5],
        "predicted": [1.0, 0.5],
        "ax": AXES,
        "measured": [1.0, 0.5],
        "errors": [0.1, 0.1],
        "limit": [1.0, 0.5],
    },
    "plot_overlap": {
        "overlaps": [0.2, 0.8],
        "predicted": [0.2, 0.8],
        "ax": AXES,
        "mark": 2,
        "baseline": 0.1,
    },
    # methods
    "HIDDEN.given": {"net": rh.Network.random([6, 8, 3], 0), "layers": [0]},
    "MIXTURE.means_gram": {"n_classes": 4},
    "MIXTURE.probabilities": {"n_classes": 4},
    "NET.__call__": {"X": X},
    "NET.above": {"layer": 1},
    "H.block": {"i": 0, "j": 1},
    "H.block_weights": {"i": 0, "j": 1},
    "H.blocks": {"i": [0], "j": [1]},
    "H.restrict": {"units": [0, 1]},
    "H.__matmul__": {"v": np.ones(12)},
    "PRODUCT.__matmul__": {"v": np.ones(12)},
    "PRODUCT.top_eigenvalues": {"n": 2},
    "DENSITY.cdf": {"x": 0.5},
    "DENSITY.cdf_bounds": {"x": 0.5},
    "DENSITY.pdf": {"x": 0.5, "bandwidth": 0.1},
    "DENSITY.moment": {"k": 1},
    "INFLUENCE.of": {"weights": [0.1, 0.2]},
    "INFLUENCE.decoupled_error": {"n_samples": 7},
    "NORMS.relative_error": {"n_samples": 7},
    "LAW.pdf": {"x": 0.5},
    "LAW.cdf": {"x": 0.5},
    "LAW.ppf": {"q": 0.5},
    "LAW.sf": {"x": 0.5},
    "LAW.isf": {"q": 0.5},
    "LAW.logpdf": {"x": 0.5},
    "LAW.logcdf": {"x": 0.5},
    "LAW.interval": {"confidence": 0.5},
    "LAW.expect": {"func": np.cos, "lb": 0.5, "ub": 1.0, "conditional": True},
    "LAW.rvs": {"size": 3, "rng": 0},
    "LAW.rvs of the other name": {"size": 3, "random_state": 0},
    "LAW.moment": {"k": 1},
    "LAW.stieltjes": {"z": 1j},
    "LAW.log_potential": {"z": 1j},
    "LAW.place": {"a": 9.0},
    "LAW.slope": {"a": 9.0},
    "SEPARABLE.pdf": {"x": 0.5},
    "LAW.outliers": {"spikes": [9.0, 0.1]},
    "SEPARABLE.outliers": {"spikes": 9.0},
    "SEPARABLE.stieltjes": {"z": 1j},
    "WEIGHTS.equal_masses": {"n": 3},
    "WEIGHTS.block_law": {"aspect_ratio": 0.5},
    "WEIGHTS.compressed": {"aspect_ratio": 0.5, "tolerance": 1e-2},
    # theory
    "theory.GeneralizedMarchenkoPastur": {
        "weights": [1.0, 2.0],
        "probabilities": [0.5, 0.5],
        "aspect_ratio": 0.5,
    },
    "theory.ContinuousMarchenkoPastur": {
        "weights": WeightDensity(np.array([[0.5, 1.5]]), np.ones((1, 8))),
        "aspect_ratio": 0.5,
    },
    "theory.ContinuousSeparableLaw": {
        "weights": WeightDensity(np.array([[0.5, 1.5]]), np.ones((1, 8))),
        "population": [1.0],
        "population_probabilities": [1.0],
        "aspect_ratio": 0.5,
    },
    "theory.WeightDensity": {
        "edges": np.array([[0.5, 1.5]]),
        "density": np.full((1, 8), 0.75),
        "zero": 0.25,
    },
    "theory.MarchenkoPastur": {"aspect_ratio": 0.5, "scale": 2.0},
    "theory.MatrixLayerLaw": {
        "output_hessians": np.stack([np.eye(2), 2 * np.eye(2)] * 20),
        "aspect_ratio": 0.2,
    },
    "theory.MatrixFreeConvolution": {
        "output_hessians": np.stack([np.eye(2), 2 * np.eye(2)] * 20),
        "spectrum": [1.0, 2.0],
        "spectrum_probabilities": [0.5, 0.5],
        "aspect_ratio": 0.2,
    },
    "theory.SeparableLaw": {
        "weights": [1.0, 0.5],
        "probabilities": [0.5, 0.5],
        "population": [1.0],
        "population_probabilities": [1.0],
        "aspect_ratio": 0.5,
    },
    "theory.FreeConvolution": {
        "weights": [1.0, 0.5],
        "probabilities": [0.5, 0.5],
        "spectrum": [1.0],
        "spectrum_probabilities": [1.0],
        "aspect_ratio": 0.5,
    },
    "theory.SilversteinLaw": {
        "population": [1.0, 2.0],
        "ratio": 0.5,
        "population_probabilities": [0.5, 0.5],
    },
    "theory.TabulatedLaw": {
        "components": [(COSINES, 2 / np.pi * np.sqrt(1 - COSINES**2))],
        "atom_at_zero": 0.0,
        "tolerance": 1e-6,
    },
    "theory.WithNullSpace": {"law": LAW, "mass": 0.5},
    "theory.MeanOfLaws": {"laws": [LAW, LAW]},
    "theory.additive_spike": {"law": LAW, "theta": 3.0},
    "theory.weight_spike": {"law": LAW, "weight": 12.0},
    "theory.block_law": {"ens": LINEAR, "i": 1, "j": 1, "matrix": "hessian", "rng": 0},
    "theory.block_outliers": {"ens": LINEAR, "i": 1, "j": 1, "matrix": "hessian", "rng": 0},
    "theory.layer_law": {"ens": LINEAR, "matrix": "hessian", "rng": 0},
    "theory.layer_outliers": {"ens": LINEAR, "matrix": "hessian", "rng": 0},
    "theory.trained_softmax": {"ens": LINEAR, "ridge": 0.1, "rng": 0},
    "theory.trained_head": {
        "means": np.eye(2, 3),
        "covariance": np.eye(3),
        "n_samples": 30,
        "ridge": 0.1,
        "frequencies": [1, 2],
        "rng": 0,
    },
    "TRAINED.block_law": {"i": 0, "j": 1, "matrix": "hessian"},
    "TRAINED.block_outliers": {"i": 0, "j": 1, "matrix": "hessian"},
    "TRAINED.layer_law": {"matrix": "hessian"},
    "TRAINED.layer_outliers": {"matrix": "hessian"},
    "TRAINED.weight_law": {"i": 0, "j": 1, "matrix": "hessian"},
    "theory.block_norm_from_weights": {"law": WEIGHTS, "aspect_ratio": 0.5},
    "theory.block_norm_limits": {"ens": LARGE, "infinite_inputs": False},
    "theory.block_norms": {"ens": HIDDEN, "units": (0, 1), "n_draws": 4, "rng": 0},
    "theory.zipf_norm_limits": {
        "ens": rh.Ensemble([100, 3], 0, "ce", 5),
        "exponent": 0.5,
        "units": (0, 1),
        "infinite_inputs": False,
    },
    "theory.zipf_norm_limits of ranks": {
        "ens": rh.Ensemble([100, 3], 0, "ce", 5),
        "exponent": 0.5,
        "ranks": (0.5, 0.25),
    },
    "POWER.at": {"n_classes": 9},
    "theory.conditional_law": {"weights": [1.0, 2.0], "n_features": 3},
    "theory.cross_layer_limit": {"ens": HIDDEN, "first": 0, "second": 1},
    "theory.cross_layer_norm": {"ens": HIDDEN, "first": 0, "second": 1, "n_draws": 4, "rng": 0},
    "theory.cross_layer_ratio": {"ens": HIDDEN, "first": 0, "second": 1, "n_draws": 4, "rng": 0},
    "theory.cross_layer_ratio_limit": {"ens": LARGE, "first": 0, "second": 1},
    "theory.curvature_law": {"ens": LINEAR, "rng": 0},
    "theory.decoupled_norms": {"ens": GIVEN, "units": (0, 1), "rng": 0},
    "theory.expected_kronecker_error": {"ens": GIVEN, "rng": 0},
    "theory.eigenspace_defect": {"ens": rh.Ensemble([50, 50, 3], 0, "ce", 5), "rng": 0},
    "theory.init_gain": {"init": "he"},
    "theory.mean_curvature": {"logit_mean": [0.0, 1.0], "logit_covariance": np.eye(2), "rng": 0},
    "theory.mean_third_cumulant": {
        "logit_mean": [0.0, 1.0],
        "logit_covariance": np.eye(2),
        "rng": 0,
    },
    "theory.mean_eigenvalue": {"ens": GIVEN},
    "theory.mean_feature_overlap": {"input_mean": 1.0},
    "theory.mean_outlier": {
        "ens": OUTPUT,
        "law": output_block_law(replace(OUTPUT, n_samples=800), [1.0], [1.0]),
    },
    "theory.orthant_probability": {"s": 0.0, "t": 1.0, "rho": 0.5},
    "theory.output_block_law": {
        "ens": OUTPUT,
        "weights": [1.0],
        "probabilities": [1.0],
        "n_nodes": 16,
    },
    "theory.output_hessian_eigenspace": {
        "ens": GIVEN,
        "input_mean": [0.0, 1.0, 0.0],
        "input_covariance": np.eye(3),
    },
    "theory.overlap_peak": {"product": rh.KroneckerProduct(np.eye(2), np.eye(3))},
    "theory.population_factors": {
        "weights": [W, V],
        "loss": "ce",
        "input_mean": [0.0, 1.0, 0.0],
        "input_covariance": np.eye(3),
        "rng": 0,
    },
    "theory.predicted_output_hessian": {
        "ens": GIVEN,
        "mean_curvature": np.eye(2),
        "third_cumulant": np.zeros((2, 2, 2)),
    },
    "theory.projected_row_space": {
        "ens": GIVEN,
        "input_mean": [0.0, 1.0, 0.0],
        "input_covariance": np.eye(3),
    },
    "theory.propagate": {
        "weights": [W, V],
        "input_mean": [0.0, 1.0, 0.0],
        "input_covariance": np.eye(3),
    },
    "theory.relu_feature_spectrum": {"ens": GIVEN, "n_nodes": 5},
    "theory.relu_moments": {"mean": [0.0, 1.0], "covariance": np.eye(2)},
    "theory.sampling_band": {
        "ens": LINEAR,
        "i": 1,
        "j": 1,
        "level": 0.9,
        "n_draws": 2,
        "n_points": 3,
        "rng": 0,
    },
    "theory.weight_influence": {"ens": LINEAR, "i": 1, "j": 2, "z": 0.3 + 0.1j, "rng": 0},
    "theory.weight_law": {
        "ens": replace(GIVEN, loss="mse"),
        "i": 1,
        "j": 2,
        "refinement": 1,
        "rng": 0,
    },
    "theory.weight_law_limit": {"ens": LINEAR, "i": 1, "j": 2, "refinement": 1},
}
OBJECTS = {
    "BOUND": BOUND,
    "POSTERIOR": BOUND.posterior,
    "HIDDEN": HIDDEN,
    "POWER": zipf_norm_limits(LINEAR, 0.5).ratio,
    "MIXTURE": rh.Mixture(3.0, (2, 0.5)),
    "NET": NET,
    "NETWORK": NETWORK,
    "H": H,
    "PRODUCT": rh.kronecker_approximation(H),
    "DENSITY": rh.spectral_density(SYMMETRIC, n_probes=2, n_steps=3, rng=0),
    "LAW": LAW,
    "INFLUENCE": weight_influence(LINEAR, 0, 0, 1j),
    "NORMS": decoupled_norms(GIVEN),
    "SEPARABLE": SEPARABLE,
    "TRAINED": theory.trained_softmax(LINEAR, ridge=0.1),
    "WEIGHTS": WEIGHTS,
}
RESULTS_ONLY = {  # made by functions, not by users
    "Basis",
    "LayerBasis",
    "GaussianPosterior",
    "PacBayesBound",
    "TrainingPath",
    "Estimate",
    "KSTestResult",
    "MarchenkoPasturFit",
    "LayerHessian",
    "NetworkHessian",
    "OnnxHead",
    "PopulationOutputHessian",
    "SampleLaw",
    "SpectralDensity",
    "ReshapedEigenvectors",
    "PermutedOverlap",
    "BlockPreconditioning",
    "Rate",
    "BlockNormLimits",
    "ClassPower",
    "ZipfNormLimits",
    "ClassMoments",
    "CrossLayerNorm",
    "DecoupledNorms",
    "KroneckerErrorTerms",
    "EigenspaceDefect",
    "BlockNorms",
    "LayerMoments",
    "Outlier",
    "ReLUMoments",
    "SpectralLaw",
    "TorchOperator",
    "TrainedSoftmax",
    "WeightInfluence",
    "WeightLaw",
}
ELSEWHERE = {
    "onnx_head",
    "torch_layer",
    "torch_operator",
    "convolution_factors",
}  # tests/foreign, where its packages are
WRONG = {
    "text": "x",
    "None": None,
    "an object": object(),
    "a dict": {"a": 1},
    "a set": {1, 2},
    "a function": len,
    "complex": np.array([1j, 2.0]),
    "ragged": [[1.0], [1.0, 2.0]],
    "a list of texts": ["1", "2"],
    "dates": np.array(["2020-01-01"], dtype="M8[D]"),
    "masked": np.ma.array(np.eye(3), mask=np.eye(3)),
    "sparse": scipy.sparse.eye_array(3).tocsr(),
    "empty": [],
    "an empty matrix": np.empty((0, 3)),
    "NaN": np.nan,
    "NaN in a matrix": np.full((3, 3), np.nan),
    "infinity": np.inf,
    "a negative number": -3,
    "a negative fraction": -0.5,
    "zero": 0,
    "a bool": True,
    "a scalar array": np.array([2.0]),
    "four axes": np.ones((2, 1, 1, 2)),
    "a huge integer": 10**400,
    "objects": np.array([object(), None]),
    "a network": NET,
    "an ensemble of a deep network": rh.Ensemble([3, 4, 4, 2], layer=1, loss="ce", n_samples=5),
    "an ensemble of an output layer": rh.Ensemble([3, 1, 4], layer=-1, loss="mse", n_samples=5),
    "an ensemble with weights": GIVEN,
    "a law": LAW,
}


FUNCTIONS_OF_USERS = {
    "inputs",
    "statistic",
    "progress",
    "func",
}  # what goes wrong inside them is theirs


def function_of(name):
    name = name.partition(" of ")[0]
    if name in PUBLIC:
        return PUBLIC[name]
    owner, method = name.split(".")
    return getattr(OBJECTS.get(owner) or PUBLIC[owner], method)


def quiet(function, arguments):
    """The result; lists are gone through, so that generators do their work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels that are text
        result = function(**arguments)
    return list(result) if isinstance(result, types.GeneratorType) else result


@pytest.mark.parametrize("name", CALLS)
def test_the_call_works(name):
    quiet(function_of(name), CALLS[name])


def test_every_verb_of_a_law_is_here():
    """But those without arguments."""
    verbs = {
        name
        for name, verb in inspect.getmembers(theory.SpectralLaw, inspect.isfunction)
        if not name.startswith("_") and len(inspect.signature(verb).parameters) > 1
    }
    assert {f"LAW.{name}" for name in verbs} <= set(CALLS)


def test_every_public_name_is_here():
    called = set(CALLS) | RESULTS_ONLY | ELSEWHERE | {f"theory.{n}" for n in RESULTS_ONLY}
    assert PUBLIC.keys() <= called, PUBLIC.keys() - called
    assert {name.removeprefix("theory.") for name in PUBLIC} >= RESULTS_ONLY


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name, call in CALLS.items() for argument in call]
)
def test_wrong_values(name, argument):
    function, faults = function_of(name), []
    for kind, value in WRONG.items():
        if argument in FUNCTIONS_OF_USERS and callable(value):
            continue
        try:
            quiet(function, CALLS[name] | {argument: value})
        except (ValueError, IndexError) as error:
            place = traceback.extract_tb(error.__traceback__)[-1].filename
            if not Path(place).is_relative_to(PACKAGE):
                faults.append(f"{kind}: {error} ({place})")
            elif "\n" in str(error):
                faults.append(f"{kind}: more than a line: {error}")
        except Exception as error:
            faults.append(f"{kind}: {type(error).__name__}: {error}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint64, np.array])
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        (name, argument)
        for name, call in CALLS.items()
        for argument, value in call.items()
        if type(value) is int and 0 < value < 128 and argument != "rng"
    ],
)
def test_whole_numbers_of_any_type(name, argument, kind):
    """``-n`` of an unsigned n, and ``10 * n`` of a short one, are other numbers."""
    call = CALLS[name]
    expected = quiet(function_of(name), call)
    result = quiet(function_of(name), call | {argument: kind(call[argument])})
    assert_same(result, expected)


def assert_same(result, expected):
    """Arrays and numbers, in tuples too; of other objects what they show."""
    if isinstance(expected, tuple):
        for a, b in zip(result, expected, strict=True):
            assert_same(a, b)
    elif isinstance(expected, np.ndarray | float | int):
        np.testing.assert_array_equal(result, expected)
    else:
        assert type(result) is type(expected)
        for at in getattr(expected, "__dict__", ()):
            if isinstance(getattr(expected, at), np.ndarray | float | int):
                np.testing.assert_array_equal(getattr(result, at), getattr(expected, at))


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint64])
def test_few_eigenpairs_of_many(which, kind):
    A = np.diag(np.arange(-150.0, 151.0))
    expected = rh.top_eigenpairs(A, 20, which=which)[0]
    np.testing.assert_array_equal(rh.top_eigenpairs(A, kind(20), which=which)[0], expected)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([["a"], ["a", "b"]], "labels must lie along one axis"),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), "labels must have no masked entries"),
    ],
)
def test_labels_that_cannot_be_encoded(labels, message):
    with pytest.raises(ValueError, match=message):
        rh.encode_labels(labels)
