"""
Two trained networks share a space
==================================

Overlap of the spaces of the q top eigenvectors of the first layer's Hessian in two independent
networks that were trained on the same digits. The line is that of the products of the networks'
own factors, the dashed line the peak predicted for these. On trained networks the predicted peak
often misses the place of the largest overlap: :doc:`/structure`, section 8.

Full version: figure ``trained_overlaps`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.digits()
starts = [rh.Network.random([64, 16, 10], rng=seed) for seed in (0, 1)]
nets = [rh.train(net, X, y, "ce", weight_decay=1e-3, steps=100).network for net in starts]
layers = [rh.layer_hessian(net, X, 0, "ce") for net in nets]
products = [rh.kronecker_approximation(H) for H in layers]
seen = rh.overlap_by_dimension(*(rh.top_eigenpairs(H, 40)[1] for H in layers))
known = rh.overlap_by_dimension(*(product.top_eigenspace(40) for product in products))
peak = rh.theory.overlap_peak(products[0])
rh.plotting.plot_overlap(seen, known, mark=peak, baseline=40 / 1024)
