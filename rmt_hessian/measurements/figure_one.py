"""[W]'s Figure 1: a layer of LeNet5, a convolution of a residual network, before and after."""

from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np

from rmt_hessian.autograd import torch_layer, torch_operator
from rmt_hessian.autograd.convolution import convolution_factors
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.convolutional_networks import (
    BatchNorm,
    last_block_convolution,
    lenet5,
    residual_network,
)
from rmt_hessian.measurements.convolutional_training import (
    loss_and_accuracy,
    reproducible,
    set_statistics,
    train_by_sgd,
)
from rmt_hessian.measurements.parameters import Count, Positive
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.top_spaces import (
    determined_overlaps,
    mean_of_known,
    overlaps_of_products,
    peak_of,
    top_spaces,
)
from rmt_hessian.measurements.training_ends import columns_of_ends
from rmt_hessian.model.datasets import mnist_digits
from rmt_hessian.model.networks import Network
from rmt_hessian.model.torch_import import torch_package
from rmt_hessian.spectra.kronecker import kronecker_approximation
from rmt_hessian.spectra.subspaces import reshape_eigenvectors
from rmt_hessian.theory import overlap_peak

N_VECTORS, N_VALUES = 4, 10  # top eigenvectors and their singular values that are kept


@dataclass(frozen=True)
class ConvolutionalRun:
    """Two networks that learn the same digits of MNIST, and the samples of their Hessians.

    ``network``: `lenet5`, whose layer is the first linear one, 120 × 400, or `residual_network`,
    whose layer is `last_block_convolution`, 16 × 144. ``batch_norm``: where it stands. The first
    ``n_samples`` of the ``n_training`` digits are those of the Hessians; all others of the 5,000
    are held out.
    """

    _: KW_ONLY
    network: Literal["lenet5", "resnet"]
    batch_norm: BatchNorm
    n_samples: Count
    n_training: Count
    epochs: Count
    learning_rate: Positive
    batch_size: Count = 50

    def __post_init__(self):
        if not self.n_samples <= self.n_training < 5000:
            raise ValueError(
                "n_samples must be at most n_training, and that below 5000, got "
                f"{self.n_samples} and {self.n_training}"
            )

    def draw(self):
        """A network with its first weights, from torch's generator."""
        make = {"lenet5": lenet5, "resnet": residual_network}[self.network]
        return make(self.batch_norm)

    def train(self, model, X, y, rng):
        """Change the model."""
        options = {name: getattr(self, name) for name in ("epochs", "learning_rate", "batch_size")}
        train_by_sgd(model, X, y, rng, **options)

    def layer(self, model, X, y):
        """Hessian of the layer at samples, and ``E[M] ⊗ E[z zᵀ]`` of its factors."""
        return {"lenet5": first_linear, "resnet": convolution}[self.network](model, X, y)


def first_linear(model, X, y):
    """Of the chain of linear layers of `lenet5`, on the features that the convolutions make."""
    with torch_package().no_grad():
        Z = deepcopy(model.below).double()(X.double()).numpy()
    H = layer_hessian(Network.from_torch(model.above), Z, 0, "ce")
    return H, kronecker_approximation(H)


def convolution(model, X, y):
    """Of `last_block_convolution`, by automatic differentiation."""
    of = model, last_block_convolution(model), X.numpy(), y.numpy()
    return torch_operator(*of), convolution_factors(*of)


def differentiation_errors(H, model, X, y):
    """How far products with H are from two other ways, in the layer of `first_linear`, relative.

    ``layer_error``: `torch_layer`, with output Hessians by automatic differentiation.
    ``operator_error``: `torch_operator`, which knows of no factors.
    """
    of = model, model.above[0], X.numpy(), y.numpy()
    v = np.cos(np.arange(H.shape[0]))
    product = H @ v
    errors = {"layer_error": torch_layer(*of) @ v, "operator_error": torch_operator(*of) @ v}
    return {name: np.abs(u - product).max() / np.abs(product).max() for name, u in errors.items()}


@measurement(version=1)
def figure_one(rng, *, run: ConvolutionalRun, n_top: Count):
    """Overlap of the top eigenspaces of one layer of two networks, and its top eigenvectors.

    Each number has a column an end of the training, ``initial_peak``, ``final_peak``; arrays have
    the two ends as first axis. Inputs are grey values less their mean, over their standard
    deviation, over all pixels. Batch normalisation has the statistics of all training digits. Of
    the first network: losses, accuracies, ``singular_values`` (four eigenvectors of norm 1, ten
    each), beside ``random_singular_values`` of a random vector, and of LeNet5
    `differentiation_errors`; all else is of both.
    """
    torch = torch_package()
    X, y = mnist_digits()
    order = rng.permutation(len(X))
    X, y = X[order].reshape(-1, 1, 28, 28), y[order]
    known = X[: run.n_training]
    X = torch.as_tensor((X - known.mean()) / known.std(), dtype=torch.float32)
    y = torch.as_tensor(y)
    learned, fresh = slice(run.n_training), slice(run.n_training, None)
    with reproducible(rng):
        models = [run.draw(), run.draw()]
        ends = []
        for end in ("initial", "final"):
            for model in models:
                if end == "final":
                    run.train(model, X[learned], y[learned], rng)
                set_statistics(model, X[learned])
            loss, accuracy = loss_and_accuracy(models[0], X[learned], y[learned])
            columns = {
                "loss": loss,
                "accuracy": accuracy,
                "fresh_accuracy": loss_and_accuracy(models[0], X[fresh], y[fresh])[1],
            }
            at = X[: run.n_samples], y[: run.n_samples]
            layers = [run.layer(model, *at) for model in models]
            if run.network == "lenet5":
                columns |= differentiation_errors(layers[0][0], models[0], *at)
            ends.append(columns | in_pair(layers, n_top))
    k, p = (len(factor) for factor in (layers[0][1].left, layers[0][1].right))
    random = reshape_eigenvectors(rng.standard_normal((k * p, 1)), (k, p))
    values = random.singular_values[0] / np.linalg.norm(random.singular_values[0])
    return {
        "n_units": k,
        "n_features": p,
        **columns_of_ends(*ends),
        "random_singular_values": values[:N_VALUES],
    }


def in_pair(layers, n_top):
    """Overlaps of two layers, (Hessian, `KroneckerProduct`) each, and their top eigenvectors.

    ``overlaps`` of their top eigenspaces by dimension, ``kronecker_overlaps`` of those of the
    products, ``product_overlaps`` of the first layer's with its own product's; ``peak`` where the
    overlap is most above that of random spaces, q/(k p), and ``peak_excess`` by how much;
    ``overlap_at_units`` at k dimensions. ``predicted_peak`` is
    `overlap_peak` of the products. Of E[z zᵀ] ``leading_share`` μ_1/tr, ``leading_ratio`` μ_1/μ_2,
    means over the two, and ``shared_leading``, cos² of the two leading eigenvectors;
    ``output_eigenvalues`` those of E[M] over the largest, the mean over the two.
    """
    products = [product for _, product in layers]
    k, p = len(products[0].left), len(products[0].right)
    spaces = [top_spaces(H, n_top) for H, _ in layers]
    by_chance = np.arange(1, n_top + 1) / (k * p)
    overlaps = determined_overlaps(*spaces)
    of_products = overlaps_of_products(products, n_top)
    peak, excess = peak_of(overlaps - by_chance)
    kronecker_peak, kronecker_excess = peak_of(of_products - by_chance)
    features = [np.linalg.eigh(product.right) for product in products]
    mu = np.array([values for values, _ in features])
    leading = [vectors[:, -1] for _, vectors in features]
    lam = np.array([np.linalg.eigvalsh(product.left)[::-1] for product in products])
    reshaped = reshape_eigenvectors(spaces[0].vectors[:, ::-1][:, :N_VECTORS], (k, p))
    simple = spaces[0].simple[:N_VECTORS]
    return {
        "overlaps": overlaps,
        "kronecker_overlaps": of_products,
        "product_overlaps": determined_overlaps(spaces[0], top_spaces(products[0], n_top)),
        "peak": peak,
        "peak_excess": excess,
        "kronecker_peak": kronecker_peak,
        "kronecker_peak_excess": kronecker_excess,
        "predicted_peak": np.mean([overlap_peak(product) for product in products]),
        "overlap_at_units": overlaps[k - 1] if k <= n_top else np.nan,
        "leading_share": np.mean(mu[:, -1] / mu.sum(axis=1)),
        "leading_ratio": np.mean(mu[:, -1] / mu[:, -2]),
        "shared_leading": (leading[0] @ leading[1]) ** 2,
        "rank_one_share": mean_of_known(np.where(simple, reshaped.rank_one_share, np.nan)),
        "output_eigenvalues": np.mean(lam / lam[:, :1], axis=0),
        "singular_values": np.where(
            simple[:, None], reshaped.singular_values[:, :N_VALUES], np.nan
        ),
    }
