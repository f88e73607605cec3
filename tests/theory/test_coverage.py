"""What of an ensemble the front doors of theory cover, and the one error that says it of the rest.

Every public function whose first argument is an ensemble is here: a new one without a line in
`DOORS` fails.
"""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, Mixture, theory
from rmt_hessian.theory import MarchenkoPastur, SeparableLaw
from tests.interface import PUBLIC

W, V = np.random.default_rng(0).standard_normal((5, 4)), np.eye(3, 5)
LINEAR = Ensemble([5, 3], 0, "ce", 9)
HIDDEN, OUTPUT = (Ensemble([4, 5, 3], layer, "ce", 9) for layer in (0, 1))
DEEP = Ensemble([4, 5, 5, 3], 0, "ce", 9)
GIVEN_DEEP = DEEP.given([W, np.eye(5), V])
A = np.eye(3) - 1 / 3
DOORS = {  # by name: the arguments beside the ensemble
    "block_law": (0, 0),
    "block_norm_limits": (),
    "block_norms": (),
    "block_outliers": (0, 0),
    "cross_layer_limit": (),
    "cross_layer_norm": (),
    "cross_layer_ratio": (),
    "cross_layer_ratio_limit": (),
    "curvature_law": (),
    "decoupled_norms": (),
    "expected_kronecker_error": (),
    "eigenspace_defect": (),
    "layer_law": (),
    "layer_outliers": (),
    "mean_eigenvalue": (),
    "mean_outlier": (SeparableLaw([1.0], [1.0], [1.0], [1.0], 0.5),),
    "output_block_law": ([1.0], [1.0]),
    "output_hessian_eigenspace": (),
    "predicted_output_hessian": (A,),
    "projected_row_space": (),
    "relu_feature_spectrum": (),
    "trained_softmax": (),
    "sampling_band": (0, 0),
    "weight_influence": (0, 0, 1j),
    "weight_law": (0, 0),
    "weight_law_limit": (0, 0),
    "zipf_norm_limits": (0.5,),
}
ANY_DEPTH = {"output_hessian_eigenspace", "projected_row_space"}
SHALLOW = sorted(DOORS.keys() - ANY_DEPTH)
CROSS = ["cross_layer_limit", "cross_layer_norm", "cross_layer_ratio", "cross_layer_ratio_limit"]
FEATURES = ["mean_eigenvalue", "mean_outlier", "output_block_law", "relu_feature_spectrum"]
ONE_HIDDEN_LAYER = [*CROSS, *FEATURES, "eigenspace_defect", "predicted_output_hessian"]
LIMITS = ["block_norm_limits", "weight_law_limit", "zipf_norm_limits"]
MEANS = [*CROSS, *LIMITS, "block_norms", "eigenspace_defect"]
ALL_GIVEN = [
    *sorted(ANY_DEPTH),
    "decoupled_norms",
    "expected_kronecker_error",
    "predicted_output_hessian",
]
WHITE = ["layer_law", "layer_outliers", "sampling_band", "weight_influence"]
LAWS = ["block_law", "block_outliers", *WHITE, "weight_law"]
MIXTURES = ["block_law", "block_outliers", "layer_law", "layer_outliers", "weight_law"]
OFFSETS = [*LAWS, *FEATURES, "block_norms"]
BLOCKS = ["block_law", "block_outliers", "sampling_band", "weight_law", "weight_law_limit"]


def call(name, ens):
    options = {"ridge": 0.1} if name == "trained_softmax" else {}
    return PUBLIC[f"theory.{name}"](ens, *DOORS[name], **options)


def refused(name, ens, message):
    """The message, and after it what came: the ensemble, or the field that is wrong."""
    with pytest.raises(ValueError, match=message) as error:
        call(name, ens)
    field = {"widths": list(ens.widths), "layer": ens.layer}.get(message.partition(" ")[0], ens)
    assert str(error.value).endswith(f", got {field}")


def test_every_front_door_is_here():
    doors = {
        name.removeprefix("theory.")
        for name, f in PUBLIC.items()
        if name.startswith("theory.") and inspect.isfunction(f)
        if next(iter(inspect.signature(f).parameters)) == "ens"
    }
    assert doors == DOORS.keys()


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("other", [None, "ce", [4, 5, 3], V, MarchenkoPastur(0.5)], ids=type)
def test_what_is_no_ensemble(name, other):
    with pytest.raises(ValueError, match="ens must be an Ensemble, got"):
        call(name, other)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", "identity"])
@pytest.mark.parametrize("ens", [HIDDEN, OUTPUT, DEEP], ids=["hidden", "output", "deep"])
@pytest.mark.parametrize("name", DOORS)
def test_hidden_layers_of_another_activation(name, ens, activation):
    """Whatever else is asked: with weights and without, of either loss."""
    other = replace(ens, activation=activation)
    net = [W, np.eye(5), V] if ens is DEEP else [W, V]
    for case in (other, other.given(net), other.given(net, [-1]), replace(other, loss="mse")):
        message = "activation must be 'relu': theory does not cover others yet, got "
        with pytest.raises(ValueError, match=f"^{message}{activation!r}$"):
            call(name, case)


def test_linear_models_have_no_activation():
    for name in ("block_norms", "block_norm_limits"):
        assert call(name, replace(LINEAR, activation="tanh")) == call(name, LINEAR)
    laws = [call("block_law", replace(LINEAR, activation=a)) for a in ("tanh", "relu")]
    assert laws[0].moment(2) == laws[1].moment(2)


@pytest.mark.parametrize("name", SHALLOW)
@pytest.mark.parametrize("ens", [DEEP, GIVEN_DEEP], ids=["drawn", "given"])
def test_deeper_networks(name, ens):
    refused(name, ens, "widths must be two or three numbers: deeper networks are not covered yet")


@pytest.mark.parametrize("name", sorted(ANY_DEPTH))
def test_deeper_networks_that_are_covered(name):
    assert call(name, GIVEN_DEEP).shape == (5, 2)


@pytest.mark.parametrize("name", ONE_HIDDEN_LAYER)
def test_networks_without_a_hidden_layer(name):
    refused(name, LINEAR, "widths must be three numbers, one hidden layer")


@pytest.mark.parametrize("name", ["eigenspace_defect", "predicted_output_hessian"])
@pytest.mark.parametrize("ens", [OUTPUT, OUTPUT.given([W, V])], ids=["drawn", "given"])
def test_what_is_of_a_hidden_layer(name, ens):
    refused(name, ens, "layer must be the hidden layer, 0")


@pytest.mark.parametrize("ens", [HIDDEN, HIDDEN.given([W, V])], ids=["drawn", "given"])
def test_what_is_of_an_output_layer(ens):
    refused("output_block_law", ens, "layer must be the output layer, 1")


@pytest.mark.parametrize("name", WHITE)
@pytest.mark.parametrize("ens", [OUTPUT, OUTPUT.given([W, V])], ids=["drawn", "given"])
def test_what_needs_white_features(name, ens):
    refused(name, ens, "layer must be 0: the features of others are not white")


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("ens", [HIDDEN, HIDDEN.given([W, None])], ids=["drawn", "W alone"])
def test_hidden_layers_need_the_weights_above(name, ens):
    refused(name, ens, r"the weights above layer 0 must be given, by ens.given\(net\)")


@pytest.mark.parametrize("name", ["block_law", "block_outliers", "weight_law"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_given_weights_need_those_above(name, loss):
    ens = Ensemble([4, 5, 3], 1, loss, 9, weights=[W, None])
    refused(name, ens, "weights of the last layer must be given with others")


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("weights", [[W, V], [None, V], [W, None]], ids=["both", "V", "W"])
def test_what_is_a_mean_over_weights(name, weights):
    layer = 0 if name == "eigenspace_defect" else 1
    ens = Ensemble([4, 5, 3], layer, "ce", 9, weights=weights)
    refused(name, ens, "no weights may be given: this is a mean over them")


def test_the_curvature_law_is_a_mean_over_weights():
    refused("curvature_law", LINEAR.given([V]), "no weights may be given: this is a mean over them")


@pytest.mark.parametrize("name", ALL_GIVEN)
@pytest.mark.parametrize("weights", [None, [None, V], [W, None]], ids=["none", "V", "W"])
def test_what_needs_all_weights(name, weights):
    ens = Ensemble([4, 5, 3], 0, "ce", 9, weights=weights)
    refused(name, ens, r"all weights must be given, by ens.given\(net\)")


@pytest.mark.parametrize("name", ["curvature_law", "eigenspace_defect", "weight_law_limit"])
def test_what_is_of_cross_entropy(name):
    widths = [4, 5, 3] if name == "eigenspace_defect" else [5, 3]
    refused(name, Ensemble(widths, 0, "mse", 9), "loss .*'ce'")


@pytest.mark.parametrize("name", sorted(ANY_DEPTH))
def test_eigenspaces_are_of_cross_entropy(name):
    """With MSE ``A = I``: rank C, and nothing is special about the sum of the rows."""
    refused(name, Ensemble([4, 5, 3], 0, "mse", 9, weights=[W, V]), "loss must be 'ce'")


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(
    ("i", "j", "message"),
    [
        (3, 0, "i must lie in 0 … 2, got 3"),
        (0, 3, "j must lie in 0 … 2, got 3"),
        (-4, 0, "i must lie in 0 … 2, got -4"),
        (0, 1.0, "j must be an integer, got 1.0"),
        (True, 0, "i must be an integer, got True"),
        (None, 0, "i must be an integer, got None"),
    ],
)
def test_units_that_do_not_exist(name, i, j, message):
    with pytest.raises(IndexError, match=message):
        getattr(theory, name)(LINEAR, i, j)


@pytest.mark.parametrize("name", ["block_law", "weight_law"])
def test_units_from_the_end(name):
    """Of hidden layers the units are the hidden ones, 5 of them, not the classes."""
    function, ens = getattr(theory, name), HIDDEN.given([W, V])
    assert function(ens, -1, -4).mean() == function(ens, 4, 1).mean()
    with pytest.raises(IndexError, match="j must lie in 0 … 4, got 5"):
        function(ens, 0, 5)
    assert function(LINEAR, -1, 2).mean() == function(LINEAR, 0, 0).mean()


@pytest.mark.parametrize("name", sorted(DOORS.keys() - {*MIXTURES, "trained_softmax"}))
@pytest.mark.parametrize("given", [False, True], ids=["drawn", "given"])
def test_mixtures_are_refused_where_they_are_not_covered(name, given):
    for ens in (LINEAR, HIDDEN, OUTPUT):
        ens = replace(ens, inputs=Mixture(2.0))
        if given:
            ens = ens.given([np.ones((3, 5))] if ens.n_layers == 1 else [W, V])
        with pytest.raises(ValueError, match=r"^inputs must be 'gaussian': mixtures are covered"):
            call(name, ens)


@pytest.mark.parametrize("name", MIXTURES)
def test_mixtures_need_all_weights(name):
    for ens in (
        replace(LINEAR, inputs=Mixture(2.0)),
        replace(HIDDEN, inputs=Mixture(2.0), weights=[None, V]),
    ):
        refused(name, ens, r"all weights must be given beside a mixture, by ens.given\(net\)")


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("given", [False, True], ids=["drawn", "given"])
def test_biases_are_refused_where_they_are_not_covered(name, given, loss):
    """Those of hidden layers by all, those of the last by all but OFFSETS."""
    for ens in (LINEAR, HIDDEN, OUTPUT):
        ens = replace(ens, loss=loss)
        if given:
            ens = ens.given([np.ones((3, 5))] if ens.n_layers == 1 else [W, V])
        last = [*[None] * (ens.n_layers - 1), np.ones(3)]
        wrong = [] if name in OFFSETS else [last]
        wrong += [] if ens.n_layers == 1 else [[np.ones(5), None], [np.ones(5), np.ones(3)]]
        for biases in wrong:
            with pytest.raises(ValueError, match=r"^biases must be None.*, got some in layers"):
                call(name, replace(ens, biases=biases))


@pytest.mark.parametrize("name", ["layer_law", "layer_outliers", "block_outliers"])
def test_laws_that_need_weights_beside_biases(name):
    ens = replace(LINEAR, biases=[[1.0, 0.0, -1.0]])
    refused(name, ens, r"all weights must be given for this beside biases, by ens.given\(net\)")


@pytest.mark.parametrize("name", ["block_law", "block_outliers", "layer_law", "layer_outliers"])
def test_mixtures_below_a_hidden_layer_have_no_law(name):
    ens = replace(OUTPUT, inputs=Mixture(2.0)).given([W, V])
    refused(name, ens, "layer must be 0: the features of others are not white")


@pytest.mark.parametrize("name", ["block_law", "block_outliers", "layer_law", "layer_outliers"])
def test_gradients_need_all_weights(name):
    options = {"matrix": "gradient_covariance"}
    for ens in (LINEAR, replace(HIDDEN, weights=[None, V])):
        with pytest.raises(ValueError, match="all weights must be given for gradients"):
            PUBLIC[f"theory.{name}"](ens, *DOORS[name], **options)
    with pytest.raises(ValueError, match=r"matrix must be one of 'hessian', 'gradient_covariance'"):
        PUBLIC[f"theory.{name}"](LINEAR, *DOORS[name], matrix="fisher")
