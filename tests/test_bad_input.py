"""Bad input gets one clear error at the public edge: what was wanted and what came."""

import numpy as np
import pytest
import scipy.stats

import rmt_hessian as rh
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    block_law,
    block_norm_limit,
    conditional_law,
    expected_block_norms,
    outliers,
    output_hessian_eigenspace,
    predicted_output_hessian,
    weight_law,
)

RNG = np.random.default_rng(0)
NET = rh.ReLUNetwork.random([3, 4, 2], RNG)
ONE_OUTPUT = rh.ReLUNetwork.random([3, 1], RNG)
X = RNG.standard_normal((5, 3))
H = rh.layer_hessian(NET, X, 0, "ce")
LAW = MarchenkoPastur(0.5)
LINEAR = {"model": "linear", "loss": "ce", "n_classes": 3, "n_features": 4, "n_samples": 8}
SIZES = {"n_classes": 3, "n_inputs": 4, "n_samples": 5}

CASES = {
    # model
    "no samples": (lambda: rh.gaussian_inputs(0, 3, RNG), "n_samples must be at least 1, got 0"),
    "negative inputs": (lambda: rh.gaussian_inputs(2, -3, RNG), "at least 1, got -3"),
    "fractional": (lambda: rh.gaussian_inputs(2.5, 3, RNG), "must be an integer, got 2.5"),
    "no classes": (lambda: rh.random_labels(3, 0, RNG), "n_classes must be at least 1"),
    "no weights": (lambda: rh.ReLUNetwork([]), "at least one matrix"),
    "vector weights": (lambda: rh.ReLUNetwork([[1.0]]), "must have 2 axes, got shape"),
    "NaN weights": (lambda: rh.ReLUNetwork([[[np.nan]]]), "must be finite, got 1 NaN"),
    "widths do not match": (
        lambda: rh.ReLUNetwork([np.ones((3, 2)), np.ones((2, 4))]),
        r"weights\[1\] must have 3 columns",
    ),
    "text weights": (lambda: rh.ReLUNetwork([[["a"]]]), "array of real numbers"),
    "one width": (lambda: rh.ReLUNetwork.random([3], RNG), "at least two numbers"),
    "zero width": (lambda: rh.ReLUNetwork.random([3, 0, 2], RNG), r"widths\[1\] must be at least"),
    "unknown init": (
        lambda: rh.ReLUNetwork.random([3, 2], RNG, init="x"),
        "one of 'lecun', 'he', got",
    ),
    # hessian
    "wrong features": (lambda: NET(np.ones((5, 4))), r"shape \(N, 3\), got \(5, 4\)"),
    "X is a vector": (lambda: NET(np.ones(3)), "must have 2 axes"),
    "X is empty": (lambda: rh.layer_hessian(NET, np.ones((0, 3)), 0, "ce"), "must not be empty"),
    "X has NaN": (lambda: rh.layer_hessian(NET, X * np.nan, 0, "ce"), "must be finite, got 15"),
    "X has inf": (lambda: rh.layer_hessian(NET, X + np.inf, 0, "ce"), "must be finite, got 15"),
    "unknown loss": (lambda: rh.layer_hessian(NET, X, 0, "hinge"), "'ce', 'mse', got 'hinge'"),
    "CE of one class": (lambda: rh.layer_hessian(ONE_OUTPUT, X, 0, "ce"), "at least 2 classes"),
    "full CE of one class": (
        lambda: rh.full_hessian(ONE_OUTPUT, X, [0] * 5, "ce"),
        "at least 2 classes, got 1",
    ),
    "too few labels": (lambda: rh.full_hessian(NET, X, [0], "ce"), r"shape \(5,\) or \(5, 2\)"),
    "label too large": (lambda: rh.full_hessian(NET, X, [0, 1, 2, 0, 1], "ce"), "0 … 1, got 0 … 2"),
    "label below 0": (lambda: rh.full_hessian(NET, X, [0, -1, 1, 0, 1], "ce"), "0 … 1, got -1 … 1"),
    "fractional labels": (lambda: rh.full_hessian(NET, X, [0.5] * 5, "ce"), "must be integers"),
    "targets off": (lambda: rh.full_hessian(NET, X, np.ones((5, 2)), "ce"), "must sum to 1"),
    "targets below 0": (
        lambda: rh.full_hessian(NET, X, [[2.0, -1.0]] * 5, "ce"),
        "must not be negative",
    ),
    "logits overflow": (lambda: rh.ReLUNetwork([[[1e9]]])([[1e300]]), "overflow"),
    "complex inputs": (lambda: NET(X * 1j), "real numbers"),
    "wrong vector": (lambda: H @ np.ones(5), r"shape \(12,\) or \(…, 12, q\), got \(5,\)"),
    # spectra
    "not square": (lambda: rh.eigenvalues(np.ones((2, 3))), "must be square"),
    "complex matrix": (lambda: rh.eigenvalues([[1, 1j], [-1j, 1]]), "real numbers"),
    "not symmetric": (lambda: rh.eigenvalues([[0, 1], [2, 0]]), "must be symmetric"),
    "eigenvalues of NaN": (lambda: rh.eigenvalues([[np.nan]]), "must be finite"),
    "too many eigenvectors": (lambda: rh.top_eigenspace(np.eye(2), 3), "at most 2"),
    "frames differ": (lambda: rh.subspace_overlap(np.eye(3), np.eye(2)), "same shape"),
    "not orthonormal": (lambda: rh.subspace_overlap(np.ones((2, 1)), np.eye(2)[:, :1]), "ormal"),
    # theory
    "law shapes": (lambda: GeneralizedMarchenkoPastur([1, 2], [1], 0.5), "one shape"),
    "law of nothing": (lambda: GeneralizedMarchenkoPastur([], [], 0.5), "must not be empty"),
    "law of NaN": (lambda: GeneralizedMarchenkoPastur([np.nan], [1], 0.5), "must be finite"),
    "probabilities": (
        lambda: GeneralizedMarchenkoPastur([1, 2], [0.5, 0.6], 1),
        "sum to 1, got 1.1",
    ),
    "negative probability": (
        lambda: GeneralizedMarchenkoPastur([1, 2], [1.5, -0.5], 1),
        "must not be negative, got -0.5",
    ),
    "aspect ratio 0": (lambda: MarchenkoPastur(0), "aspect_ratio must be positive"),
    "aspect ratio inf": (lambda: MarchenkoPastur(np.inf), "must be positive and finite"),
    "aspect ratio text": (lambda: MarchenkoPastur("x"), "must be a number, got 'x'"),
    "scale": (lambda: MarchenkoPastur(0.5, scale=-1), "must be positive"),
    "conditional": (lambda: conditional_law([], 3), "must not be empty"),
    "no features": (lambda: conditional_law([1.0], 0), "n_features must be at least 1"),
    "quantile": (lambda: LAW.ppf(1.5), r"must lie in \[0, 1\]"),
    "NaN quantile": (lambda: LAW.ppf(np.nan), r"must lie in \[0, 1\]"),
    "moment": (lambda: LAW.moment(-1), "k must be at least 0"),
    "model": (
        lambda: weight_law(model="deep", loss="ce"),
        "'linear', 'hidden', 'output', got 'deep'",
    ),
    "law loss": (lambda: weight_law(model="linear", loss="l1", n_classes=3), "'ce', 'mse', got"),
    "C = 1": (lambda: weight_law(model="linear", loss="ce", n_classes=1), "at least 2, got 1"),
    "C = 1 off": (
        lambda: weight_law(model="linear", loss="mse", diagonal=False, n_classes=1),
        "at least 2",
    ),
    "C missing": (lambda: weight_law(model="linear", loss="ce"), "must be an integer, got None"),
    "V missing": (lambda: weight_law(model="hidden", loss="ce"), "needs the output weights V"),
    "V useless": (
        lambda: weight_law(model="linear", loss="ce", V=np.eye(2), W=np.eye(2)),
        "W means nothing",
    ),
    "V and C": (
        lambda: weight_law(model="hidden", loss="ce", n_classes=3, V=np.eye(2)),
        "n_classes must be 2",
    ),
    "W shape": (
        lambda: weight_law(model="hidden", loss="ce", V=np.eye(2), W=np.eye(3)),
        "W must have 2 rows",
    ),
    "block": (
        lambda: weight_law(model="hidden", loss="ce", V=np.eye(2), block=(0, 2)),
        r"two units of 0 … 1, got \(0, 2\)",
    ),
    "no width": (
        lambda: expected_block_norms(model="hidden", loss="ce", **SIZES),
        "n_hidden of model 'hidden' must be an integer, got None",
    ),
    "width useless": (
        lambda: expected_block_norms(model="linear", loss="ce", n_hidden=3, **SIZES),
        "n_hidden means nothing",
    ),
    "no constant": (
        lambda: block_norm_limit(model="hidden", loss="ce", aspect_ratio=1.0, n_hidden=2),
        "exists for n_hidden > 2, got 2",
    ),
    "constant needs d > 4": (
        lambda: block_norm_limit(model="linear", loss="ce", n_inputs=4, n_samples=5),
        "n_inputs > 4, got 4",
    ),
    "two sizes": (
        lambda: block_norm_limit(
            model="linear", loss="ce", n_inputs=9, n_samples=5, aspect_ratio=1.0
        ),
        "either n_inputs and n_samples, or aspect_ratio",
    ),
    "negative ratio": (
        lambda: block_norm_limit(model="linear", loss="ce", aspect_ratio=-1.0),
        "aspect_ratio must be positive",
    ),
    "no draws": (
        lambda: expected_block_norms(model="linear", loss="ce", n_draws=0, **SIZES),
        "n_draws must be at least 2, got 0",
    ),
    "one size and the ratio": (
        lambda: block_norm_limit(model="hidden", loss="mse", n_inputs=5, aspect_ratio=1.0),
        "either n_inputs and n_samples, or aspect_ratio",
    ),
    "a zero row of W": (
        lambda: weight_law(model="hidden", loss="mse", V=np.eye(2), W=np.zeros((2, 3))),
        "row of W must have a nonzero entry",
    ),
    "a zero row of W for the rank": (
        lambda: predicted_output_hessian(np.ones((2, 2)), np.zeros((2, 2)), np.eye(2)),
        "row of W must have a nonzero entry",
    ),
    "one unit has no pair": (
        lambda: weight_law(model="hidden", loss="ce", V=np.ones((3, 1)), diagonal=False),
        "at least two units, got one",
    ),
    "a block of three": (
        lambda: weight_law(model="hidden", loss="ce", V=np.eye(2), block=(0, 1, 1)),
        "must be two units",
    ),
    "C > m": (lambda: output_hessian_eigenspace(np.ones((3, 2))), "between 2 and 2 rows"),
    "equal rows": (lambda: output_hessian_eigenspace(np.ones((2, 2))), "must have rank 1"),
    "A shape": (
        lambda: predicted_output_hessian(np.ones((2, 3)), np.ones((3, 3)), np.eye(3)),
        r"must have shape \(2, 2\)",
    ),
    "W rows": (
        lambda: predicted_output_hessian(np.ones((2, 3)), np.ones((2, 3)), np.eye(2)),
        "W must have 3 rows",
    ),
    "a flag that is text": (
        lambda: outliers(**LINEAR, whole_layer="no"),
        "whole_layer must be True or False, got 'no'",
    ),
    "a flag that is a number": (
        lambda: block_law(**LINEAR, diagonal=1),
        "diagonal must be True or False, got 1",
    ),
    "a block of a whole layer": (
        lambda: outliers(**LINEAR, whole_layer=True, diagonal=False),
        "diagonal means nothing for a whole layer, got False",
    ),
    "a diagonal block off the diagonal": (
        lambda: weight_law(model="linear", loss="ce", V=np.eye(3), block=(1, 1), diagonal=False),
        r"diagonal must be True for the block \(1, 1\), got False",
    ),
    "a flag of the inputs": (
        lambda: rh.correlated_inputs(2, [1.0], RNG, rotate="yes"),
        "rotate must be True or False, got 'yes'",
    ),
    "a flag of the jackknife": (
        lambda: rh.jackknife(np.sum, [1.0, 2.0], correct_bias=0),
        "correct_bias must be True or False, got 0",
    ),
    "a flag of the factors": (
        lambda: rh.NetworkKronecker(rh.network_factors(NET, X, "ce"), cross_layer=None),
        "cross_layer must be True or False, got None",
    ),
    "a count that is a bool": (
        lambda: rh.gaussian_inputs(True, 3, RNG),
        "n_samples must be an integer, got True",
    ),
    "a count beyond all arrays": (
        lambda: conditional_law([1.0], 10**400),
        r"n_features must be at most 2\^53, got about 2\^1328",
    ),
    "a masked array": (
        lambda: conditional_law(np.ma.array([1.0, 2.0], mask=[False, True]), 3),
        "weights must have no masked entries, got 1",
    ),
    "text among objects": (
        lambda: conditional_law(np.array(["1", 2.0], dtype=object), 3),
        "weights must be an array of real numbers, got ndarray of shape",
    ),
    "a mask for indices": (
        lambda: H.restrict([True, False, True, True]),
        "units must be integers, got a mask; np.flatnonzero makes them of it",
    ),
    # compare
    "a law without a CDF": (
        lambda: rh.ks_distance([1.0], [2.0]),
        r"law must be a law, got \[2\.0\] without cdf, support",
    ),
    "a law without components": (
        lambda: rh.wasserstein_distance([1.0], scipy.stats.norm()),
        "law must be a law with components, got rv_continuous_frozen without components, atom_at_",
    ),
    "no eigenvalues": (lambda: rh.ks_distance([], LAW), "must not be empty"),
    "NaN eigenvalues": (lambda: rh.wasserstein_distance([np.nan], LAW), "must be finite"),
}


@pytest.mark.parametrize(("call", "message"), CASES.values(), ids=CASES.keys())
def test_value_errors(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layer", ["0", 1.0, None])
def test_layer_that_is_no_integer(layer):
    with pytest.raises(IndexError, match="layer must be an integer, got"):
        rh.layer_hessian(NET, X, layer, "ce")


@pytest.mark.parametrize("layer", [2, -3, 100])
def test_layer_out_of_range(layer):
    with pytest.raises(IndexError, match=rf"0 … 1, got {layer}"):
        rh.layer_hessian(NET, X, layer, "ce")


@pytest.mark.parametrize("unit", [4, -5])
def test_unit_out_of_range(unit):
    with pytest.raises(IndexError, match=rf"0 … 3, got {unit}"):
        H.block(0, unit)
