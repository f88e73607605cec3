"""The two layers of a network that scikit-learn has trained on images of digits."""

from typing import Literal

from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.parameters import Count, Positive
from rmt_hessian.measurements.real_head_structure import kronecker_numbers
from rmt_hessian.measurements.real_heads import structure
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.head_data import digits_network
from rmt_hessian.model.networks import Network

N_TOP = 10


@measurement(version=1)
def real_layers(
    rng,
    *,
    data: Literal["digits", "mnist"],
    layer: Literal[0, 1],
    n_samples: Count,
    temperature: Positive = 1.0,
):
    """`structure` and `kronecker_numbers` of a layer with its biases.

    ``random_…``: before training.

    Images are among those that the network has seen. The temperature divides the logits, so that
    it is one of the last layer's weights.
    """
    net, X = digits_network(data)
    X = X[rng.permutation(len(X))[:n_samples]]
    untrained = Network.random(net.widths, rng, init="he", bias_scale=0.0)
    found = {"n_measured": len(X), "n_units": net.widths[layer + 1]}
    for prefix, model in (("", net), ("random_", untrained)):
        H = layer_hessian(at_temperature(model, temperature), X, layer, "ce", bias=True)
        numbers = structure(H) | kronecker_numbers(H, N_TOP)
        del numbers["own_norms"]
        found |= {f"{prefix}{name}": value for name, value in numbers.items()}
    return found


def at_temperature(net, temperature):
    """The network with logits over the temperature."""
    *weights, W = net.weights
    *biases, b = net.biases
    b = None if b is None else b / temperature
    return Network([*weights, W / temperature], [*biases, b], net.activations)
