"""Hypothesis strategies."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from rmt_hessian import Network


@dataclass(frozen=True)
class Case:
    """A small network, its inputs, a layer and a loss."""

    net: Network
    X: np.ndarray
    layer: int
    loss: str
    rng: np.random.Generator


@st.composite
def cases(draw, last_layer=False, losses=("ce", "mse")):
    """Networks of one to four layers, widths 1 to 5, of any weight scale from 0.1 to 10."""
    n_layers = draw(st.integers(1, 4))
    widths = draw(st.lists(st.integers(1, 5), min_size=n_layers, max_size=n_layers))
    widths.append(draw(st.integers(2, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.1, 1.0, 10.0]))
    net = Network([scale * W for W in Network.random(widths, rng).weights])
    X = rng.standard_normal((draw(st.integers(1, 12)), widths[0]))
    layer = n_layers - 1 if last_layer else draw(st.integers(0, n_layers - 1))
    return Case(net, X, layer, draw(st.sampled_from(losses)), rng)


@st.composite
def weight_laws(draw, max_atoms=8):
    """Signed discrete weight laws: (weights, probabilities)."""
    n = draw(st.integers(1, max_atoms))
    value = st.floats(0.01, 100.0) | st.floats(-100.0, -0.01) | st.just(0.0)
    weights = draw(st.lists(value, min_size=n, max_size=n))
    shares = draw(st.lists(st.floats(0.01, 1.0), min_size=n, max_size=n))
    return np.array(weights), np.array(shares) / np.sum(shares)


aspect_ratios = st.floats(np.log(1e-3), np.log(1e3)).map(lambda t: float(np.exp(t)))
