"""Pictures of the whole Hessian of an untrained network, on Gaussian inputs or real images."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np

from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.measurements.parameters import Count, Widths
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.datasets import digits
from rmt_hessian.model.inputs import gaussian_inputs, random_labels
from rmt_hessian.model.networks import Network
from rmt_hessian.spectra.maps import hessian_maps

PIXELS = 64
IMAGES = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)  # of the digits 0 … 9


@dataclass(frozen=True)
class UntrainedNetwork:
    """Which network on what: names and sizes only.

    ``inputs``: "gaussian", ``N(0, I)`` with labels that are independent of them, or "digits", the
    first C digits of scikit-learn with their labels, each pixel standardised over all images.
    """

    _: KW_ONLY
    widths: Widths
    n_samples: Count
    loss: Literal["ce", "mse"] = "ce"
    inputs: Literal["gaussian", "digits"] = "gaussian"

    def __post_init__(self):
        if self.inputs != "digits":
            return
        (d, *_, C), most = self.widths, len(IMAGES)
        if d != PIXELS or most < C:
            wanted = f"begin with {PIXELS} and end with {most} or less, as digits have"
            raise ValueError(f"widths must {wanted}, got {d} and {C}")
        if self.n_samples > (most := sum(IMAGES[:C])):
            wanted = f"at most {most}, the images of {C} digits"
            raise ValueError(f"n_samples must be {wanted}, got {self.n_samples}")

    def sample(self, rng):
        """Inputs and labels; the images without replacement."""
        N, C = self.n_samples, self.widths[-1]
        if self.inputs == "gaussian":
            return gaussian_inputs(N, self.widths[0], rng), random_labels(N, C, rng)
        X, labels = digits(standardised=True)
        chosen = rng.permutation(np.flatnonzero(labels < C))[:N]
        return X[chosen], labels[chosen]


@measurement(version=2, stream=1)
def hessian_image(rng, *, untrained: UntrainedNetwork, pixels: Count = 120):
    """`HessianMaps` of a whole network, in float32, and the Frobenius norms of parts of it.

    Those of the last layer, of all below it, and of what lies between.
    """
    net = Network.random(untrained.widths, rng)
    H = network_hessian(net, *untrained.sample(rng), untrained.loss)
    maps, dense = hessian_maps(H, pixels), H.to_dense()
    split = len(dense) - net.weights[-1].size
    return {
        "frobenius_norm": H.frobenius_norm(),
        "hidden_layer_norm": np.linalg.norm(dense[:split, :split]),
        "output_layer_norm": np.linalg.norm(dense[split:, split:]),
        "cross_layer_norm": np.linalg.norm(dense[:split, split:]),
        "entries": maps.entries.astype(np.float32),
        "block_norms": maps.block_norms.astype(np.float32),
        "entries_edges": maps.entry_edges,
        "block_norms_edges": maps.block_edges,
    }
