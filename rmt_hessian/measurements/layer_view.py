"""One layer of one network at its sample: its Hessian, and what stands beside it, made once."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_gradient_covariance, layer_hessian
from rmt_hessian.kronecker_product import KroneckerProduct
from rmt_hessian.measurements.top_spaces import top_spaces
from rmt_hessian.model.inputs import standardise
from rmt_hessian.model.networks import Network
from rmt_hessian.spectra.kronecker import kronecker_approximation


@dataclass(frozen=True, eq=False)
class LayerView:
    """One layer of one ReLU network with cross-entropy, at its sample.

    Attributes
    ----------
    net : Network
    layer : int
    X, y : numpy.ndarray, shapes (N, d), (N,)
    predicted : KroneckerProduct
        E[M] and E[z zᵀ] from the weights: those of `population_factors`.
    input_moments : dict
        Mean and covariance of the inputs, arguments of `output_hessian_eigenspace`.
    n_top : int
        How many eigenvectors are looked at.
    """

    net: Network
    layer: int
    X: np.ndarray
    y: np.ndarray
    predicted: KroneckerProduct
    input_moments: dict
    n_top: int

    @property
    def rank(self):
        """C - 1: how many eigenvectors are called leading."""
        return self.net.widths[-1] - 1

    @property
    def is_hidden(self):
        """Whether there is a layer above, and more units than leading eigenvectors."""
        return self.layer < len(self.net.weights) - 1 and self.H.n_blocks > self.rank

    @cached_property
    def H(self):
        """`LayerHessian`."""
        return layer_hessian(self.net, self.X, self.layer, "ce")

    @cached_property
    def normalised(self):
        """The same where features pass a batch normalisation whose statistics are frozen.

        ``W z = (W diag σ) ẑ + W z̄`` with the standardised features ẑ: with respect to ``W diag σ``
        the Hessian has the same ``M_n``, and ẑ in the place of z.
        """
        return replace(self.H, features=standardise(self.H.features))

    @cached_property
    def gradients(self):
        """Gradient covariance, `LayerHessian`, at the labels."""
        return layer_gradient_covariance(self.net, self.X, self.layer, "ce", y=self.y)

    @cached_property
    def product(self):
        """``E[M] ⊗ E[z zᵀ]`` of the sample."""
        return kronecker_approximation(self.H)

    def spaces(self, of):
        """`TopSpaces` of the attribute of this name."""
        if of not in self._spaces:
            self._spaces[of] = top_spaces(getattr(self, of), self.n_top)
        return self._spaces[of]

    @cached_property
    def _spaces(self):
        return {}

    def ensemble(self):
        """Of the layer, without weights."""
        return Ensemble(self.net.widths, self.layer, "ce", n_samples=len(self.X))
