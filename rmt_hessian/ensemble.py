"""`Ensemble`: the one description of a case, from which simulation draws and theory predicts.

It holds names and sizes only. Two widths are the linear model, layers 0 and 1 of three widths the
hidden and the output layer of [D] and [W].
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Any, Literal, Self

import numpy as np

from rmt_hessian._checks.arguments import describe, index_below, list_of, one_of, positive_integer
from rmt_hessian._checks.weights import biases_of_widths, layer_widths, weights_of_widths
from rmt_hessian._types import ActivationName, FloatArray, Init, Loss
from rmt_hessian.activations import ACTIVATIONS
from rmt_hessian.initialisation import INIT_GAINS
from rmt_hessian.mixture import Mixture

FEWEST_CLASSES = {"ce": 2, "mse": 1}  # by the name of the loss
INPUTS = ("gaussian",)
ARRAYS = ("biases", "weights")  # of which the entries count


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Layers of random networks on random inputs: which ones, how many samples, which loss.

    Parameters
    ----------
    widths : sequence of int
        ``[d, …, C]``, at least two, as in `Network.random`.
    layer : int
        Whose Hessian: 0 is the first, -1 the last; kept as 0 … L.
    loss : {"ce", "mse"}
        Softmax cross-entropy, or ``½‖f - y‖²``.
    n_samples : int
        N.
    init : {"lecun", "he"}
        Entries of random weights are ``N(0, 1/in)`` or ``N(0, 2/in)``.
    activation : str
        Of the hidden layers, a name among `rmt_hessian.activations.ACTIVATIONS`: relu, leaky_relu,
        identity, tanh, erf, sigmoid, softplus, gelu, gelu_tanh, silu. Theory covers relu; without
        hidden layers any.
    inputs : "gaussian" or Mixture
        ``N(0, I_d)``, with labels that do not depend on them, or a Gaussian mixture, one class a
        component.
    biases : sequence of array_like or None, optional
        Biases of the layers that are given, shapes (out,), None for a layer without: those of the
        last are offsets of the classes, such as logarithms of their frequencies. Kept as a tuple
        with an entry a layer, or None where no layer has any. The Hessian is that of the weights.
    weights : sequence of array_like or None, optional
        Weight matrices that are given, shapes (out, in), None for each that is drawn. Kept as a
        tuple with an entry a layer; `given` sets them.

    Raises
    ------
    ValueError
        If an argument is not as above. Functions for activations, pairs of scales and other inputs
        are not covered yet.
    IndexError
        If there is no such layer.

    References
    ----------
    Definition. Scales of weights: LeCun, Bottou, Orr and Müller (1998), He, Zhang, Ren and Sun,
    arXiv 1502.01852.

    Examples
    --------
    >>> ens = Ensemble([400, 16, 10], layer=-1, loss="ce", n_samples=1000)
    >>> ens
    Ensemble([400, 16, 10], layer=1, loss='ce', n_samples=1000)
    >>> ens.n_units, ens.n_features, ens.aspect_ratio
    (10, 16, 0.016)
    """

    widths: Sequence[int]
    layer: int
    loss: Loss
    n_samples: int
    _: KW_ONLY
    init: Init = "lecun"
    activation: ActivationName = "relu"
    inputs: Literal["gaussian"] | Mixture = "gaussian"
    biases: Any = None
    weights: Any = None

    def __post_init__(self) -> None:
        widths = layer_widths(self.widths)
        checked = {
            "widths": widths,
            "layer": index_below(self.layer, len(widths) - 1, "layer"),
            "loss": str(one_of(self.loss, tuple(FEWEST_CLASSES), "loss")),
            "n_samples": positive_integer(self.n_samples, "n_samples"),
            "init": _covered(self.init, tuple(INIT_GAINS), "init"),
            "activation": _covered(self.activation, tuple(ACTIVATIONS), "activation"),
            "inputs": _inputs(self.inputs, widths),
            "biases": biases_of_widths(self.biases, widths),
            "weights": weights_of_widths(self.weights, widths),
        }
        if widths[-1] < FEWEST_CLASSES[self.loss]:
            raise ValueError(f"loss {self.loss!r} needs at least 2 classes, got {widths[-1]}")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    # --- sizes --------------------------------------------------------------------------------

    @property
    def n_layers(self) -> int:
        """The number of weight matrices."""
        return len(self.widths) - 1

    @property
    def is_last(self) -> bool:
        """Whether the layer is the last, whose units are the classes."""
        return self.layer == self.n_layers - 1

    @property
    def n_classes(self) -> int:
        """C."""
        return self.widths[-1]

    @property
    def n_units(self) -> int:
        """k, the output units of the layer: its Hessian has k × k blocks."""
        return self.widths[self.layer + 1]

    @property
    def n_features(self) -> int:
        """p, the input features of the layer: the size of a block."""
        return self.widths[self.layer]

    @property
    def aspect_ratio(self) -> float:
        """``γ = p/N``."""
        return self.n_features / self.n_samples

    # --- others like it -----------------------------------------------------------------------

    def given(self, net: Any, layers: Sequence[int] | None = None) -> Self:
        """The ensemble of this very network, inputs random; or of some of its weights.

        Parameters
        ----------
        net : Network, or sequence of array_like or None
            Of the activation of the ensemble, which matters if there are hidden layers; or weight
            matrices, shapes (out, in), beside which biases stay as they were here.
        layers : sequence of int, optional
            Whose weights and biases are given; by default all. Those of the others are as they were
            here.

        Raises
        ------
        ValueError
            If the shapes are not those of the widths, an entry is not finite, or a network has
            another activation than the ensemble.
        IndexError
            If there is no such layer.

        Examples
        --------
        >>> ens = Ensemble([2, 3], 0, "ce", 10)
        >>> ens.given([np.ones((3, 2))])
        Ensemble([2, 3], layer=0, loss='ce', n_samples=10).given(net)
        """
        weights = list_of(getattr(net, "weights", net), "net", "weight matrices")
        if len(weights) != self.n_layers:
            wanted = f"as many weight matrices as layers, {self.n_layers}"
            raise ValueError(f"net must have {wanted}, got {len(weights)}")
        self._refuse_other_network(net)
        old_biases = self.biases or (None,) * self.n_layers
        biases = getattr(net, "biases", old_biases) or (None,) * self.n_layers
        if layers is not None:
            chosen = {
                index_below(l, self.n_layers, "layers") for l in list_of(layers, "layers", "layers")
            }
            weights, biases = (
                [
                    new if l in chosen else old
                    for l, (new, old) in enumerate(zip(*pair, strict=True))
                ]
                for pair in ((weights, self.weights), (biases, old_biases))
            )
        return replace(self, weights=weights, biases=biases)

    def _refuse_other_network(self, net: Any) -> None:
        """Raise if ``net`` is one whose activation would be lost."""
        names = [sigma.name for sigma in getattr(net, "activations", ())]
        names = names or [getattr(net, "activation", self.activation)]  # of an ensemble
        other = [name for name in names if name != self.activation]
        if self.n_layers > 1 and other:
            wanted = f"the activation {self.activation!r}, for which the Ensemble was made"
            came = f"{other[0]!r}: {_where_to_go(other[0])}" if len(set(names)) == 1 else f"{names}"
            raise ValueError(f"net must have {wanted}, got {came}")

    # --- identity -----------------------------------------------------------------------------

    def _names(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f.name) for f in fields(self) if f.name not in ARRAYS)

    def _arrays(self) -> tuple[FloatArray | None, ...]:
        return (*self.weights, *(self.biases or (None,) * self.n_layers))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ensemble):
            return NotImplemented
        return self._names() == other._names() and all(
            V is W or (V is not None and W is not None and np.array_equal(V, W))
            for V, W in zip(self._arrays(), other._arrays(), strict=True)
        )

    def __hash__(self) -> int:
        if any(W is not None for W in self._arrays()):
            raise TypeError("an Ensemble with given weights or biases has no hash: they are arrays")
        return hash(self._names())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """After ``pickle`` and ``deepcopy``, whose arrays are new: read-only again."""
        for W in (*state["weights"], *(state["biases"] or ())):
            if W is not None:
                W.setflags(write=False)
        self.__dict__.update(state)

    def __repr__(self) -> str:
        parts = [f"{list(self.widths)}", f"layer={self.layer}"]
        parts += [f"loss={self.loss!r}", f"n_samples={self.n_samples}"]
        parts += [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.kw_only and f.name not in ARRAYS and getattr(self, f.name) != f.default
        ]
        if self.biases is not None:
            parts.append("biases=biases")
        text = f"Ensemble({', '.join(parts)})"
        given = [l for l, W in enumerate(self.weights) if W is not None]
        if not given:
            return text
        return text + (".given(net)" if len(given) == self.n_layers else f".given(net, {given})")


def _where_to_go(activation: str) -> str:
    """What describes a network of that activation, and what has its laws."""
    told = [f"Ensemble(…, activation={activation!r}) describes it"] * (activation in ACTIVATIONS)
    if activation != "relu":
        told.append("law_of_block(H, i, j) of a sample has its laws, theory those of relu alone")
    return "; ".join(told)


def _inputs(value: Any, widths: Sequence[int]) -> Any:
    """Their name, or a mixture of as many classes in as many dimensions."""
    if isinstance(value, str) and value in INPUTS:
        return str(value)
    if not isinstance(value, Mixture):
        wanted = "'gaussian' or a Mixture: no other is covered yet"
        raise ValueError(f"inputs must be {wanted}, got {describe(value)}")
    value.refuse_other_sizes(widths[-1], widths[0])
    return value


def _covered(value: Any, names: Sequence[str], name: str) -> str:
    """A name among those that are covered."""
    if isinstance(value, str) and value in names:
        return str(value)
    wanted = ", ".join(map(repr, names))
    raise ValueError(
        f"{name} must be one of {wanted}: no other is covered yet, got {describe(value)}"
    )
