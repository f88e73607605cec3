"""Learning problems as plain numbers, drawn at random: network, data, loss, weights of samples.

`Problem` is what the oracles of networks take; only `network` and the two below it know the
package.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rmt_hessian import Network, activations
from tests import oracles_of_networks as oracles

ACTIVATIONS = tuple(activations.ACTIVATIONS)
EACH = [(activation, index) for activation in ACTIVATIONS for index in range(20)]
PIECEWISE_LINEAR = ("relu", "leaky_relu", "identity")
USERS = {"sin": (np.sin, np.cos, lambda a: -np.sin(a))}  # σ, σ', σ''
SMOOTH = tuple(name for name in ACTIVATIONS if name not in PIECEWISE_LINEAR)


@dataclass(frozen=True, eq=False)
class Problem:
    """``Σ_n w_n ℓ_n / Σ_n w_n`` of a network on N samples.

    ``y``: labels (N,), or distributions or values (N, C). ``biases``: None, or an entry per layer,
    (k_l,) or None. The loss sees logits over ``temperature``. ``activation``: a name, or one for
    each hidden layer.
    """

    weights: tuple
    biases: tuple | None
    activation: str | tuple
    X: np.ndarray
    y: np.ndarray
    loss: str
    sample_weight: np.ndarray | None = None
    class_weight: np.ndarray | None = None
    ignore_index: int | None = None
    temperature: float = 1.0

    @property
    def n_layers(self):
        return len(self.weights)

    def activation_of(self, layer):
        """The name of that of a hidden layer."""
        return self.activation if isinstance(self.activation, str) else self.activation[layer]

    @property
    def has_biases(self):
        """In every layer."""
        return self.biases is not None and all(b is not None for b in self.biases)


def network(problem):
    """The package's network; positional words of its first release for ReLU without biases."""
    if problem.biases is None and problem.activation == "relu":
        return Network(problem.weights)
    if isinstance(problem.activation, str):
        activation = USERS.get(problem.activation, problem.activation)
    else:
        activation = [USERS.get(name, name) for name in problem.activation]
    return Network(problem.weights, problem.biases, activation)


def weighting(problem):
    """The keyword arguments that weigh samples, those that are given."""
    names = ("sample_weight", "class_weight", "ignore_index")
    given = {name: getattr(problem, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def random_parameters(widths, rng, biases, scale=1.0):
    """LeCun's weights times a scale, and biases of the size of the pre-activations."""
    sizes = list(zip(widths[1:], widths[:-1], strict=True))
    W = tuple(scale * rng.standard_normal(size) / np.sqrt(size[1]) for size in sizes)
    return W, tuple(0.5 * rng.standard_normal(k) for k, _ in sizes) if biases else None


def random_targets(n_samples, n_classes, loss, kind, rng):
    """Labels, or targets of the loss: distributions with an exact 0 and 1 among them, or values."""
    if kind == "labels":
        return rng.integers(0, n_classes, n_samples)
    if loss == "mse":
        return rng.standard_normal((n_samples, n_classes))
    y = rng.dirichlet(np.ones(n_classes), n_samples)
    y[0] = np.eye(n_classes)[0]
    return y


def draw_inputs(problem, n_samples, rng):
    """The problem on normal inputs at which no unit changes sign within the oracle's steps.

    Of weights and biases. None where hardly any input is such, as where a unit is fed by others
    that are all off.
    """
    X = rng.standard_normal((20 * n_samples, problem.weights[0].shape[1]))
    kept = X[oracles.keeps_signs(oracles.with_biases(replace(problem, X=X)))][:n_samples]
    return replace(problem, X=kept) if len(kept) == n_samples else None


@cache
def draw(activation, index, widest=4, n_samples=5):
    """The problem called (activation, index): 1 to 5 layers, weighted or not, labels or targets.

    Fixed for good: seeds are the names. Every fifth has the same number of layers. Of "mixed" each
    hidden layer has an activation of its own, also one of users.
    """
    rng = np.random.default_rng([17, *activation.encode(), index])
    n_layers = 1 + index % 5
    if activation == "mixed":
        activation = tuple(rng.choice([*ACTIVATIONS, *USERS], n_layers - 1).tolist())
    loss = ("ce", "mse")[rng.integers(2)]
    widths = rng.integers(1, 1 + widest, n_layers + 1).tolist()
    widths[-1] = int(rng.integers(2, 1 + widest))
    with_biases, scale = rng.integers(2), rng.choice([0.7, 1.0, 1.5])
    N, C = n_samples, widths[-1]
    kind = ("labels", "targets")[rng.integers(2)]
    y = random_targets(N, C, loss, kind, rng)
    problem = None
    while problem is None:
        weights, biases = random_parameters(widths, rng, with_biases, scale)
        problem = draw_inputs(Problem(weights, biases, activation, None, y, loss), N, rng)
    if rng.integers(2):
        w = rng.exponential(size=N)
        w[rng.integers(N)] *= rng.integers(2)  # one sample may be left out
        problem = replace(problem, sample_weight=w)
    if rng.integers(2) and (kind == "labels" or loss == "ce"):
        problem = replace(problem, class_weight=rng.exponential(size=C))
    if kind == "labels" and rng.integers(2):
        y = y.copy()
        y[1] = -100
        problem = replace(problem, y=y, ignore_index=-100)
    return problem
