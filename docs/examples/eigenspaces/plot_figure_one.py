"""
Overlap of two networks above convolutions
==========================================

Overlap of the spaces of the q top eigenvectors of a layer of 24 units in two untrained networks,
each on features of its own: six random convolutions of 5 × 5 pixels on the same digits, then ReLU.
The features have a strong mean, and the overlap a broad maximum near 24 (dashed), as [W]'s Figure 1
has it of trained networks. The line is that of the products of the networks' own factors. What
training and batch normalisation do to it: :doc:`/structure`, section 9.

Full version, LeNet5 and a residual network before and after training: figure ``figure_one`` of
``make sweep NAME=figure_one``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
images = rh.mnist_digits()[0][::8].reshape(-1, 28, 28)
patches = np.lib.stride_tricks.sliding_window_view(images, (5, 5), axis=(1, 2))[:, ::4, ::4]
layers = []
for gen in map(np.random.default_rng, (0, 1)):
    features = np.maximum(patches.reshape(625, 36, 25) @ gen.standard_normal((25, 6)), 0)
    net = rh.Network.random([216, 24, 10], gen)
    layers.append(rh.layer_hessian(net, features.reshape(625, 216) / 5, 0, "ce"))
seen = rh.overlap_by_dimension(*(rh.top_eigenpairs(H, 48)[1] for H in layers))
products = [rh.kronecker_approximation(H) for H in layers]
known = rh.overlap_by_dimension(*(K.top_eigenspace(48) for K in products))
ax = rh.plotting.plot_overlap(seen, known, mark=24, baseline=48 / (24 * 216))
