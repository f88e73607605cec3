"""Bad input gets one clear error at the public edge: what was wanted and what came."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
import scipy.stats

import rmt_hessian as rh
from rmt_hessian.spectra.eigenvalues import top_eigenspace
from rmt_hessian.spectra.uncertainty import jackknife
from rmt_hessian.theory import (
    GeneralizedMarchenkoPastur,
    MarchenkoPastur,
    block_law,
    block_norm_limits,
    block_norms,
    block_outliers,
    conditional_law,
    curvature_law,
    eigenspace_defect,
    expected_kronecker_error,
    layer_law,
    layer_outliers,
    output_hessian_eigenspace,
    predicted_output_hessian,
    sampling_band,
    weight_law,
    weight_law_limit,
)
from rmt_hessian.theory.norms.cross_layer import cross_layer_norm
from rmt_hessian.theory.structure.output_rank import projected_row_space
from rmt_hessian.theory.structure.relu_features import (
    mean_eigenvalue,
    output_block_law,
    relu_feature_spectrum,
)

RNG = np.random.default_rng(0)
NET = rh.Network.random([3, 4, 2], RNG)
ONE_OUTPUT = rh.Network.random([3, 1], RNG)
X = RNG.standard_normal((5, 3))
H = rh.layer_hessian(NET, X, 0, "ce")
WHOLE = rh.network_hessian(NET, X, [0] * 5, "ce")
LAW = MarchenkoPastur(0.5)
LINEAR = rh.Ensemble([4, 3], layer=0, loss="ce", n_samples=5)
HIDDEN = rh.Ensemble([3, 2, 2], layer=0, loss="ce", n_samples=5)
OUTPUT = rh.Ensemble([3, 2, 2], layer=1, loss="ce", n_samples=5)
DEEP = rh.Ensemble([3, 2, 2, 2], layer=0, loss="ce", n_samples=5)
ABOVE = HIDDEN.given([None, np.eye(2)])  # the weights above the layer


def hidden(d, m, C, loss="ce", weights=None):
    return rh.Ensemble([d, m, C], layer=0, loss=loss, n_samples=5, weights=weights)


CASES = {
    # model
    "no samples": (lambda: rh.gaussian_inputs(0, 3, RNG), "n_samples must be at least 1, got 0"),
    "negative inputs": (lambda: rh.gaussian_inputs(2, -3, RNG), "at least 1, got -3"),
    "fractional": (lambda: rh.gaussian_inputs(2.5, 3, RNG), "must be an integer, got 2.5"),
    "no classes": (lambda: rh.random_labels(3, 0, RNG), "n_classes must be at least 1"),
    "no weights": (lambda: rh.Network([]), "at least one matrix"),
    "vector weights": (lambda: rh.Network([[1.0]]), "must have 2 axes, got shape"),
    "NaN weights": (lambda: rh.Network([[[np.nan]]]), "must be finite, got 1 NaN"),
    "widths do not match": (
        lambda: rh.Network([np.ones((3, 2)), np.ones((2, 4))]),
        r"weights\[1\] must have 3 columns",
    ),
    "sparse weights": (
        lambda: rh.Network([scipy.sparse.csr_array(np.eye(3))]),
        r"array of real numbers, got csr_array of shape \(3, 3\); use \.toarray\(\)$",
    ),
    "sparse features": (
        lambda: rh.head_hessian(scipy.sparse.csr_matrix(X), np.ones((2, 3))),
        r"features must be .*got csr_matrix of shape \(5, 3\); use \.toarray\(\)$",
    ),
    "text weights": (lambda: rh.Network([[["a"]]]), "array of real numbers"),
    "one width": (lambda: rh.Network.random([3], RNG), "at least two numbers"),
    "zero width": (lambda: rh.Network.random([3, 0, 2], RNG), r"widths\[1\] must be at least"),
    "unknown init": (
        lambda: rh.Network.random([3, 2], RNG, init="x"),
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
        lambda: rh.network_hessian(ONE_OUTPUT, X, [0] * 5, "ce"),
        "at least 2 classes, got 1; one logistic output: put a row of zeros before its weights$",
    ),
    "too few labels": (
        lambda: rh.network_hessian(NET, X, [0], "ce"),
        r"shape \(5,\) or \(5, 2\)",
    ),
    "label too large": (
        lambda: rh.network_hessian(NET, X, [0, 1, 2, 0, 1], "ce"),
        "0 … 1 .*, got 0 … 2",
    ),
    "label below 0": (
        lambda: rh.network_hessian(NET, X, [0, -1, 1, 0, 1], "ce"),
        "0 … 1 .*, got -1 … 1",
    ),
    "fractional labels": (
        lambda: rh.network_hessian(NET, X, [0.5] * 5, "ce"),
        "must be integers",
    ),
    "targets off": (
        lambda: rh.network_hessian(NET, X, np.ones((5, 2)), "ce"),
        "must sum to 1",
    ),
    "targets below 0": (
        lambda: rh.network_hessian(NET, X, [[2.0, -1.0]] * 5, "ce"),
        "must not be negative",
    ),
    "logits overflow": (lambda: rh.Network([[[1e9]]])([[1e300]]), "overflow"),
    "complex inputs": (lambda: NET(X * 1j), "real numbers"),
    "wrong vector": (lambda: H @ np.ones(5), r"shape \(12,\) or \(…, 12, q\), got \(5,\)"),
    # spectra
    "not square": (lambda: rh.eigenvalues(np.ones((2, 3))), "must be square"),
    "complex matrix": (lambda: rh.eigenvalues([[1, 1j], [-1j, 1]]), "real numbers"),
    "not symmetric": (lambda: rh.eigenvalues([[0, 1], [2, 0]]), "must be symmetric"),
    "eigenvalues of NaN": (lambda: rh.eigenvalues([[np.nan]]), "must be finite"),
    "too many eigenvectors": (lambda: top_eigenspace(np.eye(2), 3), "at most 2"),
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
    "no ensemble": (
        lambda: weight_law("linear", 0, 0),
        "ens must be an? Ensemble, got 'linear'",
    ),
    "a network for an ensemble": (
        lambda: block_norms(NET),
        "ens must be an? Ensemble, got Network",
    ),
    "a deep network": (
        lambda: weight_law(DEEP, 0, 0),
        r"widths must be two or three numbers: .*, got \[3, 2, 2, 2\]",
    ),
    "norms of a deep network": (lambda: block_norms(DEEP), "widths must be two or three numbers"),
    "norms of given weights": (lambda: block_norms(ABOVE), "no weights may be given"),
    "the layer law of an output layer": (lambda: layer_law(OUTPUT), "layer must be 0"),
    "layer outliers of an output layer": (lambda: layer_outliers(OUTPUT), "layer must be 0"),
    "the band of an output layer": (lambda: sampling_band(OUTPUT, 0, 0), "layer must be 0"),
    "an output block of a hidden layer": (
        lambda: output_block_law(HIDDEN, [1.0], [1.0]),
        "layer must be the output layer, 1, got",
    ),
    "features of a linear model": (
        lambda: relu_feature_spectrum(LINEAR),
        r"widths must be three numbers, one hidden layer, got \[4, 3\]",
    ),
    "the mean of the features of a linear model": (
        lambda: mean_eigenvalue(LINEAR),
        r"widths must be three numbers, one hidden layer, got \[4, 3\]",
    ),
    "one layer has no other": (lambda: cross_layer_norm(LINEAR), "widths must be three numbers"),
    "a layer with itself": (
        lambda: cross_layer_norm(HIDDEN, 1, -1),
        "first and second must be two layers, got 1 twice",
    ),
    "curvature of MSE": (
        lambda: curvature_law(replace(LINEAR, loss="mse")),
        "two widths and loss 'ce', got",
    ),
    "curvature behind a hidden layer": (lambda: curvature_law(HIDDEN), "two widths and loss 'ce'"),
    "the limit of a hidden layer": (
        lambda: weight_law_limit(HIDDEN, 0, 0),
        "ens must be of the last layer and loss 'ce', got Ensemble",
    ),
    "the limit of MSE": (
        lambda: weight_law_limit(replace(LINEAR, loss="mse"), 0, 0),
        "ens must be of the last layer and loss 'ce', got Ensemble",
    ),
    "the limit of given weights": (
        lambda: weight_law_limit(LINEAR.given([np.eye(3, 4)]), 0, 0),
        "no weights may be given",
    ),
    "the defect of an output layer": (
        lambda: eigenspace_defect(OUTPUT),
        "layer must be the hidden layer, 0, got",
    ),
    "the defect of He": (
        lambda: eigenspace_defect(replace(HIDDEN, init="he")),
        "loss must be 'ce' and init 'lecun', got",
    ),
    "expected_kronecker_error of drawn weights": (
        lambda: expected_kronecker_error(ABOVE),
        r"all weights must be given, by ens\.given\(net\), got .*\.given\(net, \[1\]\)",
    ),
    "expected_kronecker_error of a deep network": (
        lambda: expected_kronecker_error(DEEP.given(rh.Network.random(DEEP.widths, RNG))),
        r"widths must be two or three numbers: .*, got \[3, 2, 2, 2\]",
    ),
    "the output Hessian of an output layer": (
        lambda: predicted_output_hessian(OUTPUT.given([np.eye(2, 3), np.eye(2)]), np.eye(2)),
        "layer must be the hidden layer, 0, got",
    ),
    "a frame of drawn weights": (lambda: projected_row_space(DEEP), "all weights must be given"),
    "law loss": (
        lambda: rh.Ensemble([4, 3], layer=0, loss="l1", n_samples=5),
        "loss must be one of 'ce', 'mse', got 'l1'",
    ),
    "C = 1": (
        lambda: rh.Ensemble([4, 1], layer=0, loss="ce", n_samples=5),
        "loss 'ce' needs at least 2 classes, got 1",
    ),
    "C = 1 off": (
        lambda: block_norms(rh.Ensemble([4, 1], layer=0, loss="mse", n_samples=5)),
        r"widths\[1\] must be at least 2, got 1",
    ),
    "C missing": (
        lambda: rh.Ensemble([4], layer=0, loss="ce", n_samples=5),
        r"widths must hold at least two numbers, got \[4\]",
    ),
    "V missing": (
        lambda: weight_law(HIDDEN, 0, 0),
        r"the weights above layer 0 must be given, by ens\.given\(net\): .*, got Ensemble",
    ),
    "V missing for the layer": (lambda: layer_law(HIDDEN), "weights above layer 0 must be given"),
    "W without V": (
        lambda: weight_law(OUTPUT.given([np.eye(2, 3), None]), 0, 0),
        "weights of the last layer must be given with others",
    ),
    "V useless": (
        lambda: LINEAR.given([np.eye(4), np.eye(3, 4)]),
        "net must have as many weight matrices as layers, 1, got 2",
    ),
    "V and C": (
        lambda: hidden(3, 2, 3, weights=[None, np.eye(2)]),
        r"weights\[1\] must have shape \(3, 2\), got \(2, 2\)",
    ),
    "W shape": (
        lambda: hidden(3, 2, 2, weights=[np.eye(3), np.eye(2)]),
        r"weights\[0\] must have shape \(2, 3\), got \(3, 3\)",
    ),
    "no width": (
        lambda: block_norms(rh.Ensemble([4, None, 3], layer=0, loss="ce", n_samples=5)),
        r"widths\[1\] must be an integer, got None",
    ),
    "width useless": (
        lambda: rh.Ensemble(4, layer=0, loss="ce", n_samples=5),
        "widths must be a sequence of integers, got 4",
    ),
    "no constant": (
        lambda: block_norm_limits(hidden(5, 2, 3), infinite_inputs=True),
        "the constant of hidden CE exists for m > 2, got 2",
    ),
    "constant needs d > 4": (
        lambda: block_norm_limits(LINEAR),
        "the constant of linear CE exists for d > 4, got 4",
    ),
    "a flag that is text": (
        lambda: block_norm_limits(LINEAR, infinite_inputs="no"),
        "infinite_inputs must be True or False, got 'no'",
    ),
    "a flag that is a number": (
        lambda: block_norm_limits(hidden(9, 3, 3), infinite_inputs=1.0),
        "infinite_inputs must be True or False, got 1.0",
    ),
    "limits of one hidden unit": (
        lambda: block_norm_limits(hidden(5, 1, 3, "mse")),
        r"widths\[1\] must be at least 2, got 1",
    ),
    "a negative number of samples": (
        lambda: block_norm_limits(rh.Ensemble([9, 3], layer=0, loss="ce", n_samples=-1)),
        "n_samples must be at least 1, got -1",
    ),
    "no draws": (
        lambda: block_norms(LINEAR, n_draws=0),
        "n_draws must be at least 2, got 0",
    ),
    "a zero row of W": (
        lambda: weight_law(hidden(3, 2, 2, "mse", [np.zeros((2, 3)), np.eye(2)]), 0, 0),
        r"row of weights\[0\] must have a nonzero entry",
    ),
    "a zero row of W for the rank": (
        lambda: predicted_output_hessian(
            hidden(2, 2, 2, weights=[np.zeros((2, 2)), np.ones((2, 2))]), np.eye(2)
        ),
        r"row of weights\[0\] must have a nonzero entry",
    ),
    "a zero row of V": (
        lambda: weight_law(OUTPUT.given([None, np.diag([1.0, 0.0])]), 0, 0),
        "must have at least two rows, and none of zeros",
    ),
    "a zero row of W for the mean": (
        lambda: mean_eigenvalue(OUTPUT.given([np.zeros((2, 3)), None])),
        r"row of weights\[0\] must have a nonzero entry",
    ),
    "C > m": (
        lambda: output_hessian_eigenspace(
            hidden(2, 2, 3, weights=[np.eye(2), np.ones((3, 2))]),
        ),
        "there must be 2 … 2 classes, at most as many as units, got 3",
    ),
    "equal rows": (
        lambda: output_hessian_eigenspace(HIDDEN.given([np.eye(2, 3), np.ones((2, 2))])),
        "must have rank 1",
    ),
    "A shape": (
        lambda: predicted_output_hessian(
            hidden(3, 3, 2, weights=[np.ones((3, 3)), np.ones((2, 3))]), np.eye(3)
        ),
        r"must have shape \(2, 2\)",
    ),
    "W rows": (
        lambda: hidden(3, 3, 2, weights=[np.ones((2, 3)), np.ones((2, 3))]),
        r"weights\[0\] must have shape \(3, 3\), got \(2, 3\)",
    ),
    "a flag of the inputs": (
        lambda: rh.correlated_inputs(2, [1.0], RNG, rotate="yes"),
        "rotate must be True or False, got 'yes'",
    ),
    "a flag of the jackknife": (
        lambda: jackknife(np.sum, [1.0, 2.0], correct_bias=0),
        "correct_bias must be True or False, got 0",
    ),
    "a flag of the factors": (
        lambda: replace(rh.kronecker_approximation(WHOLE), cross_layer=None),
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


@pytest.mark.parametrize("predict", [weight_law, block_law, block_outliers, sampling_band])
def test_units_of_an_ensemble(predict):
    """A block is two units; no unit is there beyond those of the layer."""
    for unit in (2, -3):
        with pytest.raises(IndexError, match=rf"j must lie in 0 … 1, got {unit}"):
            predict(ABOVE, 0, unit)
        with pytest.raises(IndexError, match=rf"i must lie in 0 … 1, got {unit}"):
            predict(ABOVE, unit, 0)
    with pytest.raises(IndexError, match=r"i must be an integer, got \(0, 1, 1\)"):
        predict(ABOVE, (0, 1, 1), 0)
    one_unit = hidden(3, 1, 3, weights=[None, np.ones((3, 1))])
    with pytest.raises(IndexError, match=r"j must lie in 0 … 0, got 1"):
        predict(one_unit, 0, 1)
