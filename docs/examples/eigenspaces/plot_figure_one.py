"""
Overlap of two networks above convolutions
==========================================

Overlap of the spaces of the q top eigenvectors of a layer of 24 units in two untrained networks,
each on features of its own: six random convolutions of 5 × 5 pixels on the same digits, normalised
channel by channel as by a batch normalisation, then ReLU. Behind ReLU the features have a strong
mean, and the overlap a broad maximum, here at 24 (of six other pairs at 9 to 30, 0.08 to 0.27
high), as [W]'s Figure 1 has it of trained networks at the number of outputs. The line is that of
the products of the networks' own factors. What training does to it, and a normalisation behind
ReLU: :doc:`/structure`, section 9.

Full version, LeNet5 and a residual network before and after training: figure ``figure_one`` of
``make sweep NAME=figure_one``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
images, pairs = rh.mnist_digits()[0][::8].reshape(-1, 28, 28), []
patches = np.lib.stride_tricks.sliding_window_view(images, (5, 5), axis=(1, 2))[:, ::4, ::4]
for gen in map(np.random.default_rng, (2, 3)):
    features = np.maximum(rh.standardise(patches.reshape(-1, 25) @ gen.normal(size=(25, 6))), 0)
    H = rh.layer_hessian(rh.Network.random([216, 24, 10], gen), features.reshape(-1, 216), 0, "ce")
    pairs.append((rh.top_eigenpairs(H, 48)[1], rh.kronecker_approximation(H).top_eigenspace(48)))
overlaps = [rh.overlap_by_dimension(*spaces) for spaces in zip(*pairs, strict=True)]
rh.plotting.plot_overlap(*overlaps, baseline=48 / (24 * 216)).set_ylim(0, 0.3)
