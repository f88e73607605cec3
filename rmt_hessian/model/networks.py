"""Fully connected networks: linear, ``[d, C]``, with one hidden layer, ``[d, m, C]``, or deeper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import index_below, real_at_least_zero, refuse_given
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.weights import bias_chain, layer_widths, read_only, weight_chain
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, Init, RandomState
from rmt_hessian.activations import (
    ACTIVATIONS,
    RELU,
    Activation,
    ActivationsLike,
    get_activations,
)
from rmt_hessian.initialisation import init_gain
from rmt_hessian.model.forward_pass import ForwardPass, forward_pass
from rmt_hessian.model.network_files import read_network, write_network
from rmt_hessian.model.sklearn_estimators import SklearnNetwork
from rmt_hessian.model.torch_chains import TorchChain


class Network:
    """A fully connected network, ``f(x) = W_L σ_{L-1}(… σ_0(W_0 x + b_0)) + b_L``.

    Parameters
    ----------
    weights : sequence of array_like
        ``W_0 … W_L``, each of shape (out, in), with matching widths. One matrix is the linear
        model. Copied to float64, read-only; an array that is so already, and owns its numbers, is
        kept as it is.
    biases : sequence of array_like or None, optional
        ``b_0 … b_L``, each of shape (out,), None for a layer without; by default no layer has one.
    activation : str, Activation or triple of callable, or a sequence of these
        σ of all hidden layers, ReLU by default, see `get_activation`; or one for each hidden layer,
        as in ``["tanh", "relu"]``. Three of which the first is a function are one, (σ, σ', σ'').

    Attributes
    ----------
    weights : tuple of numpy.ndarray
    biases : tuple of numpy.ndarray or None
        With an entry per layer.
    activations : tuple of Activation
        With an entry per hidden layer.
    activation : Activation
        The one of all hidden layers; ValueError where they differ.

    Raises
    ------
    ValueError
        If there is no matrix, one is not a finite two-dimensional array, or widths do not match;
        if biases are not as many as layers, or one is not finite or of another length; or if an
        activation is unknown, or they are not as many as hidden layers.

    References
    ----------
    Definition.

    Examples
    --------
    >>> net = Network([[[1.0, -1.0]], [[2.0], [3.0]]])
    >>> net.widths
    [2, 1, 2]
    >>> net(np.array([[3.0, 1.0]]))
    array([[4., 6.]])
    >>> Network([[[1.0]], [[2.0]]], biases=[[1.0], None], activation="identity")([[3.0]])
    array([[8.]])
    >>> Network([[[1.0]], [[-2.0]], [[3.0]]], activation=["identity", "relu"])
    Network(widths=[1, 1, 1, 1], activation=['identity', 'relu'])
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray | None, ...]
    _activations: tuple[Activation, ...]  # at least one: a linear network remembers what it got

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None] | None = None,
        activation: ActivationsLike = "relu",
    ) -> None:
        self.weights = tuple(read_only(W) for W in weight_chain(weights))
        self.biases = bias_chain(biases, [len(W) for W in self.weights])
        self._activations = get_activations(activation, self.n_layers - 1)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """After ``pickle`` and ``deepcopy``, whose arrays are new: read-only again."""
        for array in (*state["weights"], *state["biases"]):
            if array is not None:
                array.setflags(write=False)
        self.__dict__.update(state)

    @classmethod
    def random(
        cls,
        widths: Sequence[int],
        rng: RandomState,
        *,
        init: Init = "lecun",
        activation: ActivationsLike = "relu",
        bias_scale: float | None = None,
    ) -> Self:
        """Draw a network at initialisation.

        Parameters
        ----------
        widths : sequence of int
            ``[d, …, C]``, at least two.
        rng : None, int, SeedSequence or Generator
        init : {"lecun", "he"}
            LeCun: entries of ``W_l`` are ``N(0, 1/in)``; He: ``N(0, 2/in)``, so that the second
            moment of the features stays the same from layer to layer of ReLU.
        activation : str, Activation or triple of callable, or a sequence of these
            Of all hidden layers, or one for each.
        bias_scale : float, optional
            Entries of biases are ``N(0, bias_scale²)``, drawn after all weights, which are the same
            without; by default there are no biases.

        Raises
        ------
        ValueError
            If fewer than two widths are given, one is not positive, ``init`` or the activation is
            unknown, or ``bias_scale`` is negative or not finite.

        Examples
        --------
        >>> Network.random([3, 4, 2], rng=0, activation="tanh", bias_scale=0.1)
        Network(widths=[3, 4, 2], activation='tanh', biases=True)
        """
        gain, widths = init_gain(init), layer_widths(widths)
        get_activations(activation, len(widths) - 2)  # refused before anything is drawn
        scale = None if bias_scale is None else real_at_least_zero(bias_scale, "bias_scale")
        rng = random_generator(rng)
        weights = [random_weights(*sizes, gain, rng) for sizes in pairwise(widths)]
        if scale is None:
            return cls(weights, activation=activation)
        biases = [scale * rng.standard_normal(k) for k in widths[1:]]
        return cls(weights, biases, activation)

    @classmethod
    def from_torch(cls, module: Any) -> Self:
        """The network that a module of PyTorch is, if it is a chain of layers.

        The module may be a Sequential, nested ones, or one of your own whose forward `torch.fx`
        can trace. Its steps are Linears, of which each but the last may be followed by one ReLU,
        LeakyReLU, Tanh, Sigmoid, Softplus, GELU or SiLU, as modules, functions or methods; none
        between two Linears is the identity. Dropout and flattening to rows are gone past. A
        BatchNorm1d in evaluation is affine, ``s ∘ z + t`` with ``s = γ/√(var + ε)`` and ``t = β -
        s ∘ mean``, and is folded into a Linear: just after one ``W' = diag(s) W`` and ``b' = s ∘ b
        + t``, else into the next, ``W' = W diag(s)`` and ``b' = b + W t``. Hessians are in the
        folded weights W', b'. (In those of the module, at fixed s and t, ``∂/∂W_ia = s_i ∂/∂W'_ia``
        and ``s_a ∂/∂W'_ia + t_a ∂/∂b'_i``.)

        All is done in float64 on a copy, and compared with the module, to 1e-9 of the largest
        logit at random inputs. (torch's Softplus is linear from its threshold on, 20; it is the
        exact one here, whose value and derivatives differ by up to 2e-9.)

        Parameters
        ----------
        module : torch.nn.Module
            In evaluation (``module.eval()``), if it has BatchNorm or Dropout. Its outputs are
            logits, or predictions of "mse": what follows the last Linear belongs to the loss.

        Raises
        ------
        ImportError
            If torch, of the extra ``torch`` of this package, is not installed.
        ValueError
            If the module is no such chain: the message names the step, and where else to go.

        References
        ----------
        BatchNorm: Ioffe and Szegedy, arXiv 1502.03167.

        Examples
        --------
        >>> import pytest
        >>> nn = pytest.importorskip("torch").nn
        >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5), nn.Linear(5, 2))
        >>> Network.from_torch(model)
        Network(widths=[3, 4, 5, 2], activation=['tanh', 'identity'], biases=True)
        """
        chain = TorchChain(module)
        net = cls(chain.weights, chain.biases, chain.activations)
        chain.refuse_other(net(chain.inputs))
        return net

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """The network that a fitted estimator of scikit-learn is.

        Of an MLPClassifier or a LogisticRegression it gives the logits of the classes, in the order
        of ``classes_``, for the loss "ce", which is scikit-learn's without its penalty. Two classes
        have one logistic output f there, and two logits here, ``(0, f)``: the same probabilities.
        The Hessian is that of the two logits; its blocks of unit 1 of the last layer, and those of
        the layers below, are those of the logistic loss, for what depends on f alone does not know
        how it was split.

        Of an MLPRegressor it gives the predictions, for "mse". That is ``½‖f - y‖²`` and what an
        MLPRegressor descends by; the ``loss_`` that it reports is the mean over the C outputs, 1/C
        of it. In both its penalty is left out.

        The network is compared with ``predict_proba``, or ``predict``, to 1e-9 at random inputs.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor or LogisticRegression
            Fitted, or of a class that inherits from one.

        Raises
        ------
        ValueError
            If it is another one (a message says what to take of a pipeline), is not fitted, or
            predicts by another function: of several labels a sample, one-vs-rest, Poisson.

        References
        ----------
        Definition.

        Examples
        --------
        >>> import pytest
        >>> linear_model = pytest.importorskip("sklearn.linear_model")
        >>> model = linear_model.LogisticRegression().fit([[0.0], [1.0], [2.0]], ["a", "a", "b"])
        >>> net = Network.from_sklearn(model)
        >>> net, net([[0.0]])[0, 1] == model.intercept_[0]
        (Network(widths=[1, 2], biases=True), np.True_)
        """
        layers = SklearnNetwork(estimator)
        net = cls(layers.weights, layers.biases, layers.activation)
        layers.refuse_other(net(layers.inputs))
        return net

    @property
    def widths(self) -> list[int]:
        """``[d, …, C]``: the input dimension, then the output dimension of each layer."""
        return [self.weights[0].shape[1]] + [W.shape[0] for W in self.weights]

    @property
    def n_layers(self) -> int:
        """The number of weight matrices."""
        return len(self.weights)

    @property
    def activations(self) -> tuple[Activation, ...]:
        """σ of each hidden layer."""
        return self._activations[: self.n_layers - 1]

    @property
    def activation(self) -> Activation:
        """σ of all hidden layers.

        Raises
        ------
        ValueError
            If they have different ones, which `activations` has.
        """
        if isinstance(names := self._names_of_activations(), list):
            raise ValueError(
                f"activation must be the same in all hidden layers, got {names}; see activations"
            )
        return self._activations[0]

    def _names_of_activations(self) -> str | list[str]:
        """That of all hidden layers, or one for each where they differ."""
        if len(set(self._activations)) == 1:
            return self._activations[0].name
        return [sigma.name for sigma in self._activations]

    def above(self, layer: int) -> Network:
        """The network of the layers from ``layer`` on, whose inputs are that layer's features.

        The Hessian of a layer is that of the first layer of ``above(layer)`` on those features, so
        features may be changed on the way, for example standardised:
        ``layer_hessian(net.above(1), standardise(net.forward(X).features[1]), 0, loss)``.

        Raises
        ------
        IndexError
            If there is no such layer; -1 is the last.
        """
        l = index_below(layer, self.n_layers, "layer")
        above = self.activations[l:] or self._activations[-1]
        return Network(self.weights[l:], self.biases[l:], above)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the network to a file of NumPy's format npz, at the path as it is given.

        The file is written whole or not at all. Of activations of one's own the names are kept, not
        the functions.

        Parameters
        ----------
        path : str or path-like
            No suffix is added.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        write_network(Path(path), self.weights, self.biases, self._names_of_activations())

    @classmethod
    def load(cls, path: str | PathLike[str], activation: ActivationsLike | None = None) -> Self:
        """The network that `save` wrote, its numbers to the last bit.

        Parameters
        ----------
        path : str or path-like
        activation : str, Activation or triple of callable, or a sequence of these, optional
            Needed of a network with an activation of one's own, for each hidden layer where they
            differ; means nothing for others.

        Raises
        ------
        ValueError
            If the file is another one, or damaged; or if the activation is missing, or given where
            the file says it, or another than the file says.
        OSError
            If the file cannot be read.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> net = Network.random([3, 4, 2], rng=0, activation="tanh")
        >>> with TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/net.npz")
        ...     Network.load(f"{folder}/net.npz")
        Network(widths=[3, 4, 2], activation='tanh')
        """
        weights, biases, named = read_network(Path(path))
        names = [named] if isinstance(named, str) else named
        own = [name for name in names if name not in ACTIVATIONS]
        if not own:
            refuse_given(activation, "activation", f"{path}, whose network has {named!r}")
            return cls(weights, biases, named)
        if activation is None:
            wanted = f"given: the functions of {own[0]!r} are not in {path}"
            raise ValueError(f"activation must be {wanted}, got None")
        net = cls(weights, biases, activation)
        for name, sigma in zip(names, net.activations, strict=False):
            if name in ACTIVATIONS and sigma is not ACTIVATIONS[name]:
                raise ValueError(
                    f"activation must have {named}, as {path} says, got {sigma.name!r} for {name!r}"
                )
        return net

    def __repr__(self) -> str:
        text = f"widths={self.widths}"
        if self._activations != (RELU,) * len(self._activations):
            text += f", activation={self._names_of_activations()!r}"
        with_bias = [b is not None for b in self.biases]
        if any(with_bias):
            text += f", biases={all(with_bias) or with_bias}"
        return f"Network({text})"

    def __call__(self, X: ArrayLike) -> FloatArray:
        """Logits, shape (N, C), of inputs ``X``, shape (N, d)."""
        return self.forward(X).logits

    def forward(self, X: ArrayLike) -> ForwardPass:
        """Run the network on ``X``, shape (N, d), and keep what the Hessian needs.

        Raises
        ------
        ValueError
            If ``X`` is empty, not finite, or not of shape (N, d), or the features overflow.
        """
        X = finite_array(X, "X", ndim=2).copy()
        if X.shape[1] != self.widths[0]:
            raise ValueError(f"X must have shape (N, {self.widths[0]}), got {X.shape}")
        return forward_pass(X, self.weights, self.biases, self.activations)


def random_weights(n_in: int, n_out: int, gain: float, rng: np.random.Generator) -> FloatArray:
    """A weight matrix at initialisation, (n_out, n_in), entries ``N(0, gain/n_in)``; read-only."""
    W = rng.standard_normal((n_out, n_in))
    W *= np.sqrt(gain / n_in)
    W.setflags(write=False)
    return W
