"""LeNet5 and a small residual network for images of 28 × 28 pixels, in torch, for `figure_one`."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from rmt_hessian.model.torch_import import torch_package

if TYPE_CHECKING:
    from torch.nn import Module

BatchNorm = Literal["none", "before_relu", "after_relu"]
WIDTH, N_BLOCKS = 16, 3  # channels and residual blocks


def lenet5(batch_norm: BatchNorm) -> Module:
    """Two convolutions, ``below``, and three linear layers, ``above``: 400–120–84–10.

    A `BatchNorm2d` stands directly before the ReLU of each convolution, or behind its pooling, and
    then, as `BatchNorm1d`, on each of the 400 features of the first linear layer. Between the
    linear layers there is none, so that ``above`` is a chain and ``below`` makes its features.
    """
    nn = torch_package().nn
    before, after = _places(batch_norm)
    below = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        before(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        after(6),
        nn.Conv2d(6, 16, 5),
        before(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.BatchNorm1d(400) if batch_norm == "after_relu" else nn.Identity(),
    )
    linear = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
    above = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    return nn.Sequential(OrderedDict(below=below, above=above))


def residual_network(batch_norm: BatchNorm) -> Module:
    """A convolution with stride and pooling, three blocks of 16 channels at 7 × 7, mean, linear.

    A block is ``x -> relu(x + conv(relu(conv(x))))``. A `BatchNorm2d` stands behind each
    convolution, so before the addition and before ReLU, or behind each ReLU (and the pooling), so
    that the features of each convolution but the first are normalised, channel by channel.
    """
    nn = torch_package().nn
    before, after = _places(batch_norm)
    stem = [nn.Conv2d(1, WIDTH, 3, stride=2, padding=1), before(WIDTH), nn.ReLU()]
    stem += [nn.MaxPool2d(2), after(WIDTH)]
    blocks = nn.Sequential(*(_block(batch_norm) for _ in range(N_BLOCKS)))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, 10))
    return nn.Sequential(OrderedDict(stem=nn.Sequential(*stem), blocks=blocks, head=head))


def last_block_convolution(model: Any) -> Module:
    """The first convolution of the last block of a `residual_network`, 16 × (16 · 9) weights."""
    return model.blocks[-1].inner[0]


def _places(batch_norm: BatchNorm) -> list[Any]:
    """What stands before a ReLU and behind it, functions of the number of channels."""
    nn = torch_package().nn
    places = ("before_relu", "after_relu")
    return [nn.BatchNorm2d if batch_norm == place else nn.Identity for place in places]


def _block(batch_norm: BatchNorm) -> Module:
    nn = torch_package().nn
    before, after = _places(batch_norm)
    convolution = partial(nn.Conv2d, WIDTH, WIDTH, 3, padding=1)

    class Residual(nn.Module):  # type: ignore[name-defined, misc]
        """Adds what ``inner`` makes of its input to it, and puts it through ``outer``."""

        def __init__(self) -> None:
            super().__init__()
            inner = convolution(), before(WIDTH), nn.ReLU(), after(WIDTH)
            self.inner = nn.Sequential(*inner, convolution(), before(WIDTH))
            self.outer = nn.Sequential(nn.ReLU(), after(WIDTH))

        def forward(self, x: Any) -> Any:
            return self.outer(x + self.inner(x))

    return Residual()
