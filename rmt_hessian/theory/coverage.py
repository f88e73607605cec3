"""What of an ensemble a formula covers: each function refuses the rest with one clear error."""

from rmt_hessian._checks.arguments import index_below, instance_of
from rmt_hessian._types import FloatArray
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.mixture import Mixture

LAYERS = ("hidden", "output")  # of networks with one hidden layer


def relu_hidden_layers(ens: Ensemble, *, mixtures: bool = False, offsets: bool = False) -> Ensemble:
    """Return an ensemble of networks whose hidden layers, if there are any, are ReLU.

    Raises
    ------
    ValueError
        If it is another thing, of another activation, of inputs that are a mixture, unless the
        caller covers mixtures, or has biases: those of the last layer pass if the caller covers
        offsets, others never.
    """
    instance_of(ens, Ensemble, "ens")
    if isinstance(ens.inputs, Mixture) and not mixtures:
        wanted = "'gaussian': mixtures are covered by laws of given weights and trained_softmax"
        raise ValueError(f"inputs must be {wanted}, got {ens.inputs}")
    with_bias = [l for l, b in enumerate(ens.biases or ()) if b is not None]
    if with_bias and not (offsets and with_bias == [ens.n_layers - 1]):
        allowed = "None, but of the last layer" if offsets else "None"
        wanted = f"{allowed}: theory does not cover others here"
        raise ValueError(f"biases must be {wanted}, got some in layers {with_bias}")
    if ens.n_layers > 1 and ens.activation != "relu":
        wanted = "'relu': theory does not cover others yet"
        raise ValueError(f"activation must be {wanted}, got {ens.activation!r}")
    return ens


def shallow(ens: Ensemble, *, mixtures: bool = False, offsets: bool = False) -> Ensemble:
    """Return an ensemble of networks with at most one hidden layer.

    Raises
    ------
    ValueError
        If it is deeper, or refused by `relu_hidden_layers`.
    """
    if relu_hidden_layers(ens, mixtures=mixtures, offsets=offsets).n_layers > 2:
        wanted = "two or three numbers: deeper networks are not covered yet"
        raise ValueError(f"widths must be {wanted}, got {list(ens.widths)}")
    return ens


def one_hidden_layer(ens: Ensemble, layer: int | None = None, *, offsets: bool = False) -> Ensemble:
    """Return an ensemble of networks with one hidden layer, and of this one of its two layers.

    Raises
    ------
    ValueError
        If it is another thing, of another depth or of the other layer.
    """
    if shallow(ens, offsets=offsets).n_layers < 2:
        raise ValueError(f"widths must be three numbers, one hidden layer, got {list(ens.widths)}")
    if layer not in (None, ens.layer):
        raise ValueError(f"layer must be the {LAYERS[layer]} layer, {layer}, got {ens.layer}")
    return ens


def hidden_layer(ens: Ensemble) -> Ensemble:
    """Return an ensemble of the hidden layer of networks that have one; see `one_hidden_layer`."""
    return one_hidden_layer(ens, 0)


def output_layer(ens: Ensemble, *, offsets: bool = False) -> Ensemble:
    """Return an ensemble of the output layer above one hidden layer; see `one_hidden_layer`."""
    return one_hidden_layer(ens, 1, offsets=offsets)


def white_features(ens: Ensemble, *, mixtures: bool = False, offsets: bool = False) -> Ensemble:
    """Return an ensemble whose layer has the inputs as features, ``z = x``.

    Raises
    ------
    ValueError
        If it is another thing, deeper, or of a layer above.
    """
    if shallow(ens, mixtures=mixtures, offsets=offsets).layer > 0:
        raise ValueError(f"layer must be 0: the features of others are not white, got {ens.layer}")
    return ens


def drawn_weights(ens: Ensemble, *, offsets: bool = False) -> Ensemble:
    """Return a shallow ensemble without given weights.

    Raises
    ------
    ValueError
        If it is another thing, deeper, or has given weights.
    """
    if any(W is not None for W in shallow(ens, offsets=offsets).weights):
        raise ValueError(f"no weights may be given: this is a mean over them, got {ens}")
    return ens


def given_weights(ens: Ensemble) -> tuple[FloatArray, ...]:
    """Return the weight matrices of an ensemble of any depth that gives all of them.

    Raises
    ------
    ValueError
        If it is another thing, of another activation, or one is missing.
    """
    if any(W is None for W in relu_hidden_layers(ens).weights):
        raise ValueError(f"all weights must be given, by ens.given(net), got {ens}")
    return ens.weights


def last_weights_with_others(
    ens: Ensemble, *, mixtures: bool = False, offsets: bool = False
) -> Ensemble:
    """Return a shallow ensemble in which weights are given only if those of the last layer are.

    Raises
    ------
    ValueError
        If it is another thing, deeper, or they are missing beside given ones.
    """
    *below, last = shallow(ens, mixtures=mixtures, offsets=offsets).weights
    if last is None and any(W is not None for W in below):
        raise ValueError(f"weights of the last layer must be given with others, got {ens}")
    return ens


def units(ens: Ensemble, i: int, j: int) -> tuple[int, ...]:
    """Return two units of the layer, counted from 0.

    Raises
    ------
    IndexError
        If there is no such unit; negative ones count from the end.
    """
    return tuple(index_below(unit, ens.n_units, name) for unit, name in ((i, "i"), (j, "j")))


def last_layer_to_train(ens: Ensemble) -> Ensemble:
    """Return an ensemble whose last layer is a softmax regression on what is known.

    Raises
    ------
    ValueError
        If it is another thing, deeper than one hidden layer, of another layer or loss, gives
        weights of the last layer, or has a mixture below a hidden layer.
    """
    if not shallow(ens, mixtures=True).is_last or ens.loss != "ce":
        raise ValueError(f"ens must be of the last layer and loss 'ce', got {ens}")
    if ens.weights[-1] is not None:
        raise ValueError(f"weights of the last layer must not be given: it is trained, got {ens}")
    if ens.n_layers > 1 and isinstance(ens.inputs, Mixture):
        wanted = "'gaussian' below a hidden layer (trained_head takes means of features)"
        raise ValueError(f"inputs must be {wanted}, got {ens.inputs}")
    return ens


def weights_above(
    ens: Ensemble, *, mixtures: bool = False, offsets: bool = False
) -> tuple[FloatArray, ...]:
    """Return the weight matrices above the layer of a shallow ensemble, all of them given.

    Raises
    ------
    ValueError
        If it is another thing, deeper, or one is missing: what a block of a hidden layer follows
        depends on the network.
    """
    above = shallow(ens, mixtures=mixtures, offsets=offsets).weights[ens.layer + 1 :]
    if any(W is None for W in above):
        raise ValueError(
            f"the weights above layer {ens.layer} must be given, by ens.given(net): its laws "
            f"depend on them, got {ens}"
        )
    return above


def class_offsets(ens: Ensemble) -> FloatArray | None:
    """Return the biases of the last layer, shape (C,), None if it has none."""
    return None if ens.biases is None else ens.biases[-1]
