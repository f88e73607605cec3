"""temporary"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr


@dataclass(frozen=True, eq=False)
class Activation:
    name: str
    function: Callable
    derivative: Callable
    second_derivative: Callable | None = None

    @property
    def piecewise_linear(self):
        return self.second_derivative is None


def phi(a):
    return np.exp(-a * a / 2) / np.sqrt(2 * np.pi)


ACTIVATIONS = {
    a.name: a
    for a in [
        Activation("relu", lambda a: np.maximum(a, 0), lambda a: a > 0),
        Activation(
            "leaky_relu",
            lambda a: np.where(a > 0, a, 0.01 * a),
            lambda a: np.where(a > 0, 1.0, 0.01),
        ),
        Activation("identity", lambda a: a.copy(), lambda a: np.ones(a.shape, bool)),
        Activation(
            "tanh",
            np.tanh,
            lambda a: 1 - np.tanh(a) ** 2,
            lambda a: -2 * np.tanh(a) * (1 - np.tanh(a) ** 2),
        ),
        Activation(
            "sigmoid",
            expit,
            lambda a: expit(a) * expit(-a),
            lambda a: expit(a) * expit(-a) * (1 - 2 * expit(a)),
        ),
        Activation("softplus", lambda a: np.logaddexp(0, a), expit, lambda a: expit(a) * expit(-a)),
        Activation(
            "gelu",
            lambda a: a * ndtr(a),
            lambda a: ndtr(a) + a * phi(a),
            lambda a: phi(a) * (2 - a * a),
        ),
    ]
}


def get_activation(a):
    return (
        ACTIVATIONS[a]
        if isinstance(a, str)
        else a
        if isinstance(a, Activation)
        else Activation("custom", *a)
    )
