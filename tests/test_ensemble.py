"""`Ensemble`: one description of a case, and what is drawn from it."""

import copy
import pickle
import typing
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian import Ensemble
from rmt_hessian._types import ActivationName
from rmt_hessian.activations import ACTIVATIONS

BASE = {"widths": [3, 4, 2], "layer": 0, "loss": "ce", "n_samples": 5}
ENS = Ensemble(**BASE)
NET = rh.Network.random([3, 4, 2], 0)
W, V = NET.weights
A, B = np.array([0.5, -1.0, 2.0, 0.0]), np.array([1.0, -1.0])
BIASED = rh.Network([W, V], biases=[A, B])


@st.composite
def ensembles(draw):
    """Any without weights."""
    widths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    loss = draw(st.sampled_from(["ce", "mse"]))
    widths.append(draw(st.integers(2 if loss == "ce" else 1, 9)))
    layer = draw(st.integers(-len(widths) + 1, len(widths) - 2))
    init = draw(st.sampled_from(["lecun", "he"]))
    names = {"init": init, "activation": draw(st.sampled_from(list(ACTIVATIONS)))}
    return Ensemble(widths, layer, loss, draw(st.integers(1, 99)), **names)


# --- sizes ----------------------------------------------------------------------------------------


def test_sizes():
    ens = Ensemble([6, 5, 4, 3], layer=1, loss="mse", n_samples=10)
    assert (ens.n_layers, ens.n_features, ens.n_units, ens.n_classes) == (3, 5, 4, 3)
    assert ens.aspect_ratio == 0.5
    assert not ens.is_last
    assert [replace(ens, layer=l).is_last for l in range(3)] == [False, False, True]
    linear = Ensemble([6, 3], 0, "ce", 12)
    assert (linear.n_units, linear.n_classes, linear.is_last) == (3, 3, True)


def test_layers_count_from_the_end_too():
    for l in range(2):
        assert Ensemble([3, 4, 2], l - 2, "ce", 5) == Ensemble([3, 4, 2], l, "ce", 5)
    assert Ensemble([3, 4, 2], -1, "ce", 5).layer == 1


def test_one_output_with_mse_only():
    assert Ensemble([3, 1], 0, "mse", 5).n_units == 1
    with pytest.raises(ValueError, match="loss 'ce' needs at least 2 classes, got 1"):
        Ensemble([3, 1], 0, "ce", 5)


# --- equality, hash, repr -------------------------------------------------------------------------


@given(ensembles())
def test_repr_makes_an_equal_one(ens):
    again = eval(repr(ens))
    assert again == ens
    assert hash(again) == hash(ens)
    assert type(again.layer) is type(again.n_samples) is int


def test_numbers_and_names_of_numpy():
    """Kept as Python's: they compare, hash and print alike."""
    numpy = Ensemble(
        np.array([3, 4, 2], np.uint8), np.int8(0), np.str_("ce"), np.int64(5), init=np.str_("he")
    )
    assert numpy == replace(ENS, init="he")
    assert repr(numpy) == "Ensemble([3, 4, 2], layer=0, loss='ce', n_samples=5, init='he')"


CHANGES = {"widths": (3, 4, 5), "layer": 1, "loss": "mse", "n_samples": 6, "init": "he"}
CHANGES |= {"activation": "tanh"}


def test_every_field_counts():
    """Each that may differ yet."""
    others = [replace(ENS, **{name: value}) for name, value in CHANGES.items()]
    others += [ENS.given(NET), ENS.given([W, None]), ENS.given([None, V]), ENS.given([2 * W, V])]
    others += [replace(ENS, biases=b) for b in ([None, B], [None, 2 * B], [A, None], [A, B])]
    assert len(others) == sum(a != b for a in others for b in others) / (len(others) - 1)
    for ens in others:
        assert ens != ENS
    assert len({repr(ens) for ens in others[: len(CHANGES)]}) == len(CHANGES)
    assert {f.name for f in fields(Ensemble)} == {*CHANGES, "inputs", "biases", "weights"}


def test_of_given_weights_the_entries_count():
    assert ENS.given(NET) == ENS.given([W.copy(), V.tolist()])
    assert ENS.given(NET) != ENS.given([W, V + 1e-15])
    assert ENS.given([W, None]) != ENS.given([None, V])


def test_other_things_are_unequal():
    assert ENS != "Ensemble"
    assert ENS.__eq__(NET) is NotImplemented


def test_hash():
    assert len({ENS, replace(ENS), replace(ENS, layer=-1)}) == 2
    for some in ([W, V], [None, V]):
        with pytest.raises(TypeError, match="an Ensemble with given weights or biases has no hash"):
            hash(ENS.given(some))
    with pytest.raises(TypeError, match="an Ensemble with given weights or biases has no hash"):
        hash(replace(ENS, biases=[None, B]))


def test_repr_of_given_weights_names_the_layers():
    for ens, text in (
        (ENS.given(NET), "Ensemble([3, 4, 2], layer=0, loss='ce', n_samples=5).given(net)"),
        (ENS.given([None, V]), f"{ENS!r}.given(net, [1])"),
        (replace(ENS, init="he").given([W, None]), f"{replace(ENS, init='he')!r}.given(net, [0])"),
    ):
        assert repr(ens) == text
        assert eval(text, {"Ensemble": Ensemble, "net": NET}) == ens


def test_repr_says_that_there_are_biases():
    ens = replace(ENS, biases=[None, B])
    assert repr(ens) == "Ensemble([3, 4, 2], layer=0, loss='ce', n_samples=5, biases=biases)"
    text = f"{ens!r}.given(net)"
    assert repr(ENS.given(BIASED)) == text
    names = {"Ensemble": Ensemble, "biases": [None, B], "net": BIASED}
    assert eval(text, names) == ENS.given(BIASED)


# --- nobody changes it ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*BASE, "weights", "another"])
def test_frozen(name):
    with pytest.raises(FrozenInstanceError):
        setattr(ENS, name, 1)


def test_weights_do_not_change_under_it():
    mine = np.ones((4, 3))
    ens = ENS.given([mine, None])
    mine[0, 0] = 7.0
    assert ens.weights[0][0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        ens.weights[0][0, 0] = 7.0
    assert ENS.given(NET).weights[0] is W  # read-only already, shared


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda ens: pickle.loads(pickle.dumps(ens))]
)
@pytest.mark.parametrize("weights", [[W, V], [None, V], [None, None], BIASED])
def test_copies_are_equal_and_read_only(weights, copied):
    ens = ENS.given(weights)
    again = copied(ens)
    assert again == ens
    assert repr(again) == repr(ens)
    arrays = (*again.weights, *(again.biases or ()))
    assert not any(array.flags.writeable for array in arrays if array is not None)
    with pytest.raises(FrozenInstanceError):
        again.layer = 1


# --- given ----------------------------------------------------------------------------------------


def test_given_all_weights():
    for net in (NET, [W, V], (W.tolist(), V.tolist()), ENS.given(NET)):
        ens = ENS.given(net)
        assert type(ens.weights) is tuple
        for matrix, expected in zip(ens.weights, (W, V), strict=True):
            np.testing.assert_array_equal(matrix, expected)
    assert ENS.weights == (None, None)  # as it was
    assert ens == replace(ENS, weights=[W, V]) == Ensemble(**BASE, weights=NET.weights)
    assert ENS.given([None, None]) == ENS


def test_given_some_weights():
    """Those of other layers stay as they were."""
    assert ENS.given(NET, layers=[-1]) == ENS.given([None, V]) == ENS.given(NET, layers=[1, -1])
    assert ENS.given(NET, layers=[]) == ENS
    other = rh.Network.random([3, 4, 2], 1)
    mixed = ENS.given(NET).given(other, layers=[0])
    assert mixed == ENS.given([other.weights[0], V])
    assert ENS.given(NET).given([None, None], layers=[0]) == ENS.given([None, V])


def test_given_biases():
    """Of a network they come with its weights, beside matrices those there are stay."""
    assert replace(ENS, biases=[None, None]).biases is None is ENS.given(NET).biases
    ens = ENS.given(BIASED)
    for bias, expected in zip(ens.biases, (A, B), strict=True):
        np.testing.assert_array_equal(bias, expected)
    assert ens == replace(ENS, weights=[W, V], biases=[A.tolist(), B])
    assert ens == ENS.given(ens) == ens.given([W, V]) == replace(ENS, biases=[A, B]).given([W, V])
    assert ENS.given(BIASED, [1]) == replace(ENS, weights=[None, V], biases=[None, B])
    assert ens.given(NET) == ENS.given(NET)
    assert ens.given(NET, [0]) == replace(ENS, weights=[W, V], biases=[None, B])
    assert replace(ens, widths=[3, 5, 2], weights=None, biases=None).biases is None


def test_the_rest_stays():
    ens = Ensemble([3, 4, 2], -1, "mse", 7, init="he").given(NET)
    assert replace(ens, weights=None) == Ensemble([3, 4, 2], 1, "mse", 7, init="he")
    assert replace(ens, layer=0).weights[0] is W


# --- what is refused ------------------------------------------------------------------------------

ONES = np.ones((4, 3))
REFUSED = {
    "a number for widths": ({"widths": 3}, "widths must be a sequence of integers, got 3"),
    "text for widths": ({"widths": "34"}, "widths must be a sequence of integers, got '34'"),
    "no widths": ({"widths": []}, r"widths must hold at least two numbers, got \[\]"),
    "one width": ({"widths": [3]}, r"widths must hold at least two numbers, got \[3\]"),
    "a width of zero": ({"widths": [3, 0, 2]}, r"widths\[1\] must be at least 1, got 0"),
    "a fractional width": ({"widths": [3, 2.5]}, r"widths\[1\] must be an integer, got 2.5"),
    "a bool for a width": ({"widths": [3, True]}, r"widths\[1\] must be an integer, got True"),
    "pairs of widths": ({"widths": [[3, 4], 2]}, r"widths\[0\] must be an integer, got \[3, 4\]"),
    "a huge width": ({"widths": [3, 2**60]}, r"widths\[1\] must be at most 2\^53, got about 2\^60"),
    "an unknown loss": ({"loss": "CE"}, "loss must be one of 'ce', 'mse', got 'CE'"),
    "no loss": ({"loss": None}, "loss must be one of 'ce', 'mse', got None"),
    "a list of losses": ({"loss": ["ce"]}, r"loss must be one of 'ce', 'mse', got \['ce'\]"),
    "no samples": ({"n_samples": 0}, "n_samples must be at least 1, got 0"),
    "a float of samples": ({"n_samples": 1e3}, "n_samples must be an integer, got 1000.0"),
    "infinite samples": ({"n_samples": np.inf}, "n_samples must be an integer, got inf"),
    "samples left open": ({"n_samples": None}, "n_samples must be an integer, got None"),
    "an unknown init": (
        {"init": "xavier"},
        "init must be one of 'lecun', 'he': no other is covered yet, got 'xavier'",
    ),
    "a pair of scales": (
        {"init": (1.0, 0.5)},
        r"init must be one of 'lecun', 'he': no other is covered yet, got \(1.0, 0.5\)",
    ),
    "no init": ({"init": None}, "init must be one of 'lecun', 'he'.*, got None"),
    "another activation": (
        {"activation": "swish"},
        "activation must be one of 'relu', .*'silu': no other is covered yet, got 'swish'",
    ),
    "a function": (
        {"activation": np.tanh},
        "activation must be one of 'relu', .*: no other is covered yet, got ufunc",
    ),
    "other inputs": (
        {"inputs": "signs"},
        "inputs must be 'gaussian' or a Mixture: no other is covered yet, got 'signs'",
    ),
    "an array of inputs": (
        {"inputs": np.ones((5, 3))},
        r"inputs must be 'gaussian' or a Mixture: .*, got ndarray of shape \(5, 3\)",
    ),
    "biases of another network": (
        {"biases": [np.ones(3), None]},
        r"biases\[0\] must have shape \(4,\), got \(3,\)",
    ),
    "too few biases": (
        {"biases": [np.ones(2)]},
        "biases must hold as many vectors or None as layers, 2, got 1",
    ),
    "an array of biases": ({"biases": ONES}, "biases must hold as many .* as layers, 2, got 4"),
    "no biases, in a word": ({"biases": False}, "biases must be a sequence of vectors or None"),
    "an infinite bias": ({"biases": [None, [1.0, np.inf]]}, r"biases\[1\] must be finite, got 1"),
    "too few weights": (
        {"weights": [ONES]},
        "weights must hold as many matrices as layers, 2, got 1",
    ),
    "too many weights": (
        {"weights": [ONES, V, V]},
        "weights must hold as many matrices as layers, 2, got 3",
    ),
    "a matrix of weights": (
        {"weights": ONES},
        "weights must hold as many matrices as layers, 2, got 4",
    ),
    "a network for weights": (
        {"weights": NET},
        "weights must be a sequence of matrices or None, got Network",
    ),
    "a transposed matrix": (
        {"weights": [ONES.T, V]},
        r"weights\[0\] must have shape \(4, 3\), got \(3, 4\)",
    ),
    "weights of another network": (
        {"weights": [None, np.ones((3, 4))]},
        r"weights\[1\] must have shape \(2, 4\), got \(3, 4\)",
    ),
    "a vector of weights": ({"weights": [None, [1.0]]}, r"weights\[1\] must have 2 axes, got"),
    "weights that are NaN": (
        {"weights": [ONES * np.nan, None]},
        r"weights\[0\] must be finite, got 12 NaN or infinite entries",
    ),
    "an infinite weight": (
        {"weights": [None, V * [[1.0], [np.inf]]]},
        r"weights\[1\] must be finite, got 4 NaN or infinite entries",
    ),
    "complex weights": ({"weights": [1j * ONES, None]}, r"weights\[0\] must be an array of real"),
    "masked weights": (
        {"weights": [np.ma.array(ONES, mask=ONES), None]},
        r"weights\[0\] must have no masked entries, got 12",
    ),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(change, message):
    """When it is made, and when it is made of another."""
    makers = [lambda: Ensemble(**BASE | change), lambda: replace(ENS, **change)]
    if "weights" in change and isinstance(change["weights"], list) and len(change["weights"]) == 2:
        makers.append(lambda: ENS.given(change["weights"]))
    for make in makers:
        with pytest.raises(ValueError, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (2, "layer must lie in 0 … 1, got 2"),
        (-3, "layer must lie in 0 … 1, got -3"),
        (1.0, "layer must be an integer, got 1.0"),
        ("0", "layer must be an integer, got '0'"),
        (True, "layer must be an integer, got True"),
        (None, "layer must be an integer, got None"),
    ],
)
def test_no_such_layer(layer, message):
    with pytest.raises(IndexError, match=message):
        Ensemble([3, 4, 2], layer, "ce", 5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None,), ValueError, "net must be a sequence of weight matrices, got None"),
        ((3,), ValueError, "net must be a sequence of weight matrices, got 3"),
        (([W],), ValueError, "net must have as many weight matrices as layers, 2, got 1"),
        (
            (rh.Network.random([3, 4, 4, 2], 0),),
            ValueError,
            "net must have as many weight .*, 2, got 3",
        ),
        ((rh.Network.random([3, 5, 2], 0),), ValueError, r"must have shape \(4, 3\), got \(5, 3\)"),
        ((NET, 1), ValueError, "layers must be a sequence of layers, got 1"),
        ((NET, "0"), ValueError, "layers must be a sequence of layers, got '0'"),
        ((NET, [0, 2]), IndexError, "layers must lie in 0 … 1, got 2"),
        ((NET, [0.0]), IndexError, "layers must be an integer, got 0.0"),
    ],
)
def test_weights_that_cannot_be_given(arguments, error, message):
    with pytest.raises(error, match=message):
        ENS.given(*arguments)


def test_networks_of_which_a_part_would_be_lost():
    """Another activation is no part of what is given."""
    tanh = rh.Network([W, V], activation="tanh")
    wanted = "net must have the activation 'relu', for which the Ensemble was made, got "
    for layers in (None, [0], [1]):
        with pytest.raises(ValueError, match=wanted + "'tanh'"):
            ENS.given(tanh, layers)
    own = rh.Network([W, V], activation=(np.sin, np.cos, lambda a: -np.sin(a)))
    with pytest.raises(ValueError, match=wanted + r"'custom': law_of_block\(H, i, j\) of a sample"):
        ENS.given(own)
    smooth = replace(ENS, activation="tanh")
    assert smooth.given(tanh) == smooth.given([W, V]) == smooth.given(smooth.given(tanh))
    with pytest.raises(ValueError, match=r"'relu': Ensemble\(…, .*'relu'\) describes") as told:
        smooth.given(NET)
    assert "law_of_block" not in str(told.value)  # of which theory has laws


def test_what_describes_another_network_and_what_has_its_laws():
    """True as long as theory refuses what the message says that it does not cover."""
    tanh = rh.Network([W, V], activation="tanh")
    with pytest.raises(ValueError, match=r"\(…, activation='tanh'\) describes it; law_of_block"):
        ENS.given(tanh)
    other = replace(ENS, activation="tanh").given(tanh)
    with pytest.raises(ValueError, match="theory does not cover others yet"):
        rh.theory.block_law(other, 0, 0)


def test_without_hidden_layers_the_activation_does_not_matter():
    linear = Ensemble([3, 2], 0, "ce", 5)
    net = rh.Network([np.ones((2, 3))], activation="tanh")
    assert linear.given(net) == linear.given(net.weights)


def test_the_type_names_all_activations():
    assert list(typing.get_args(ActivationName)) == list(ACTIVATIONS)


# --- drawing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["lecun", "he"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize(("widths", "layer"), [([6, 3], 0), ([6, 5, 3], 0), ([6, 5, 4, 3], -1)])
def test_a_draw_is_a_random_network_on_gaussian_inputs(widths, layer, loss, init):
    """The same generator gives the same numbers: weights, inputs, labels, in this order."""
    ens = Ensemble(widths, layer, loss, n_samples=7, init=init)
    rng = np.random.default_rng(3)
    expected = rh.Network.random(widths, rng, init=init)
    X = rh.gaussian_inputs(7, 6, rng)
    y = rh.random_labels(7, 3, rng)
    net, inputs, labels = rh.sample(ens, np.random.default_rng(3))
    for matrix, other in zip(net.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(matrix, other)
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(labels, y)
    H = rh.draw(ens, np.random.default_rng(3))
    np.testing.assert_array_equal(
        H.to_dense(), rh.layer_hessian(expected, X, layer, loss).to_dense()
    )
    assert (H.n_blocks, H.block_size) == (ens.n_units, ens.n_features)


def test_biases_are_those_of_the_network():
    """Weights, inputs and labels are the same numbers with them and without."""
    plain, X, y = rh.sample(ENS, 3)
    for biases in ([A, B], [None, B]):
        ens = replace(ENS, biases=biases)
        net, inputs, labels = rh.sample(ens, 3)
        expected = rh.Network(plain.weights, biases)
        np.testing.assert_array_equal(inputs, X)
        np.testing.assert_array_equal(labels, y)
        np.testing.assert_array_equal(net(X), expected(X))
        H = rh.layer_hessian(expected, X, 0, "ce")
        np.testing.assert_array_equal(rh.draw(ens, 3).to_dense(), H.to_dense())


def test_labels_come_last():
    """`draw` leaves the generator where `sample` takes the labels."""
    rng = np.random.default_rng(5)
    rh.draw(ENS, rng)
    np.testing.assert_array_equal(rh.sample(ENS, 5)[2], rh.random_labels(5, 2, rng))


def test_given_weights_are_those_of_the_network():
    for ens, kept in ((ENS.given(NET), (0, 1)), (ENS.given(NET, [1]), (1,)), (ENS, ())):
        net, X, _ = rh.sample(ens, 11)
        for l in range(2):
            assert (net.weights[l] is NET.weights[l]) == (l in kept)
        H = rh.layer_hessian(net, X, 0, "ce")
        np.testing.assert_array_equal(rh.draw(ens, 11).to_dense(), H.to_dense())


def test_inputs_and_labels_are_the_same_whether_weights_are_given_or_not():
    """So an equal seed for a network and for its inputs does not make them equal numbers."""
    net, X, y = rh.sample(ENS, 2)
    for ens in (ENS.given(NET), ENS.given([None, V]), ENS.given(net)):
        other, same_X, same_y = rh.sample(ens, 2)
        np.testing.assert_array_equal(same_X, X)
        np.testing.assert_array_equal(same_y, y)
        for W, drawn, wanted in zip(other.weights, net.weights, ens.weights, strict=True):
            np.testing.assert_array_equal(W, drawn if wanted is None else wanted)
    seed = rh.Network.random(ENS.widths, 2)
    assert not np.isin(np.sqrt(3) * seed.weights[0], rh.sample(ENS.given(seed), 2)[1]).any()


@pytest.mark.parametrize("draw", [rh.sample, rh.draw])
def test_only_an_ensemble_is_drawn_from(draw):
    for other in (NET, [3, 4, 2], None, "linear"):
        with pytest.raises(ValueError, match=r"ens must be an? Ensemble, got"):
            draw(other, 0)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("widths", "layer"), [([4, 3], 0), ([4, 5, 3], 0), ([4, 5, 4, 3], -1)])
def test_draws_of_other_activations(name, widths, layer):
    """The same weights, inputs and labels as of ReLU; the Hessian is at the labels of `sample`."""
    relu = Ensemble(widths, layer, "ce", n_samples=6)
    ens = replace(relu, activation=name)
    (net, X, y), (other, same_X, same_y) = rh.sample(ens, 7), rh.sample(relu, 7)
    assert net.activation is ACTIVATIONS[name]
    for matrix, same in zip(net.weights, other.weights, strict=True):
        np.testing.assert_array_equal(matrix, same)
    np.testing.assert_array_equal(X, same_X)
    np.testing.assert_array_equal(y, same_y)
    H = rh.layer_hessian(net, X, layer, "ce", y=y)
    np.testing.assert_array_equal(rh.draw(ens, 7).to_dense(), H.to_dense())
