"""Hessians of models of PyTorch, by automatic differentiation, where no closed form is known.

Doors:

* ``layer``: `torch_layer`, a linear layer inside any model, as a `LayerHessian`
* ``operator``: `torch_operator`, any weights of any model, by products
* ``convolution``: `convolution_factors`, those of its Kronecker approximation

Insides:

* ``evaluation``: a copy of the model that can be differentiated twice
* ``batches``: its inputs, cut
* ``mean_loss``: the loss, a part for each batch
* ``rows``: second derivatives at the outputs of a layer, and whether samples interact
"""

from rmt_hessian.autograd.layer import torch_layer
from rmt_hessian.autograd.operator import TorchOperator, torch_operator

__all__ = ["TorchOperator", "torch_layer", "torch_operator"]
