"""The parameters that measurements share, with the values they may take, and the draw of a case."""

from typing import Annotated, Literal

from pydantic import Field

from rmt_hessian.hessian.layer import layer_hessian
from rmt_hessian.model.inputs import gaussian_inputs
from rmt_hessian.model.networks import ReLUNetwork

CASES = {  # name -> (model, layer of that network, loss)
    "linear-ce": ("linear", 0, "ce"),
    "linear-mse": ("linear", 0, "mse"),
    "hidden-ce": ("hidden", 0, "ce"),
    "hidden-mse": ("hidden", 0, "mse"),
    "output-ce": ("output", 1, "ce"),
}
Case = Literal[tuple(CASES)]
InputCase = Literal[tuple(name for name, (model, *_) in CASES.items() if model != "output")]
Count = Annotated[int, Field(strict=True, ge=1)]
Several = Annotated[int, Field(strict=True, ge=2)]  # off-diagonal blocks need two units
FromZero = Annotated[int, Field(strict=True, ge=0)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]


def draw(case, n_classes, n_inputs, n_samples, n_hidden, rng):
    """The network, inputs and layer Hessian of a case, at initialisation with Gaussian inputs."""
    model, layer, loss = CASES[case]
    widths = [n_inputs, n_classes] if model == "linear" else [n_inputs, n_hidden, n_classes]
    net = ReLUNetwork.random(widths, rng)
    X = gaussian_inputs(n_samples, n_inputs, rng)
    return net, layer_hessian(net, X, layer, loss)
