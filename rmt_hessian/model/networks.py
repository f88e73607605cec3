"""ReLU networks: the linear model ``[d, C]``, one hidden layer ``[d, m, C]``, any depth."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rmt_hessian._validation import finite_array, one_of, positive_integer
from rmt_hessian.model.kernels import relu_and_mask

INITIALISATIONS = {"lecun": 1.0, "he": 2.0}  # name -> gain: (fan-in) × (variance of an entry)


@dataclass(frozen=True)
class ForwardPass:
    """What the Hessian needs of a forward pass.

    Attributes
    ----------
    features : tuple of numpy.ndarray
        ``z_0 = x, z_1 = h_1, …``: the input of each layer, shapes (N, width_l).
    masks : tuple of numpy.ndarray of bool
        ``D_l = 1[pre-activation > 0]`` of each hidden layer, shapes (N, width_{l+1}).
    logits : numpy.ndarray, shape (N, C)
    """

    features: tuple
    masks: tuple
    logits: np.ndarray


class ReLUNetwork:
    """A fully connected ReLU network without biases, ``f(x) = W_L relu(… relu(W_0 x))``.

    Parameters
    ----------
    weights : sequence of array_like
        ``W_0 … W_L``, each of shape (out, in), with matching widths. One matrix is the linear
        model. Copied to float64, read-only.

    Raises
    ------
    ValueError
        If there is no matrix, one is not a finite two-dimensional array, or widths do not match.

    Examples
    --------
    >>> net = ReLUNetwork([[[1.0, -1.0]], [[2.0], [3.0]]])
    >>> net.widths
    [2, 1, 2]
    >>> net(np.array([[3.0, 1.0]]))
    array([[4., 6.]])
    """

    def __init__(self, weights):
        weights = list(weights)
        if not weights:
            raise ValueError("weights must hold at least one matrix, got none")
        self.weights = tuple(
            finite_array(W, f"weights[{l}]", ndim=2).copy() for l, W in enumerate(weights)
        )
        for W in self.weights:
            W.setflags(write=False)  # a Hessian made from them must not change under its user
        for l in range(1, len(weights)):
            wanted, came = self.weights[l - 1].shape[0], self.weights[l].shape[1]
            if wanted != came:
                raise ValueError(
                    f"weights[{l}] must have {wanted} columns to follow weights[{l - 1}], "
                    f"got shape {self.weights[l].shape}"
                )

    @classmethod
    def random(cls, widths, rng, init="lecun"):
        """Draw a network at initialisation.

        Parameters
        ----------
        widths : sequence of int
            ``[d, …, C]``, at least two.
        rng : numpy.random.Generator
        init : {"lecun", "he"}
            LeCun: entries of ``W_l`` are ``N(0, 1/in)``; He: ``N(0, 2/in)``, so that the second
            moment of the features stays the same from layer to layer.

        Raises
        ------
        ValueError
            If fewer than two widths are given, one is not positive, or ``init`` is unknown.
        """
        gain = INITIALISATIONS[one_of(init, tuple(INITIALISATIONS), "init")]
        widths = [positive_integer(w, f"widths[{l}]") for l, w in enumerate(widths)]
        if len(widths) < 2:
            raise ValueError(f"widths must hold at least two numbers, got {widths}")
        return cls(
            rng.standard_normal((n_out, n_in)) * np.sqrt(gain / n_in)
            for n_in, n_out in pairwise(widths)
        )

    @property
    def widths(self):
        """``[d, …, C]``: the input dimension, then the output dimension of each layer."""
        return [self.weights[0].shape[1]] + [W.shape[0] for W in self.weights]

    @property
    def n_layers(self):
        """The number of weight matrices."""
        return len(self.weights)

    def __repr__(self):
        return f"ReLUNetwork(widths={self.widths})"

    def __call__(self, X):
        """Logits, shape (N, C), of inputs ``X``, shape (N, d)."""
        return self.forward(X).logits

    def forward(self, X):
        """Run the network on ``X``, shape (N, d), and keep what the Hessian needs.

        Raises
        ------
        ValueError
            If ``X`` is empty, not finite, or not of shape (N, d).
        """
        X = finite_array(X, "X", ndim=2).copy()
        if X.shape[1] != self.widths[0]:
            raise ValueError(f"X must have shape (N, {self.widths[0]}), got {X.shape}")
        features, masks = [X], []
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            for W in self.weights[:-1]:
                h, mask = relu_and_mask(features[-1] @ W.T)
                features.append(h)
                masks.append(mask)
            logits = features[-1] @ self.weights[-1].T
        if not np.isfinite(logits).all():
            raise ValueError("X must not make the logits overflow, got infinite or NaN logits")
        return ForwardPass(tuple(features), tuple(masks), logits)
