"""
Which entries the residual enters
=================================

Norms of the entries of the residual term between two layers of a network at its start, by unit of
the lower layer and by feature of the upper one. Between adjacent layers they stand at feature i
of unit i alone, the stripes of [D]; two layers apart they are spread over all features. Both
follow from the formula of :doc:`/training`, section 3, at any weights; only their size changes
with training.

Full version: figure ``layer_pairs`` of ``make sweep NAME=training_images``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
net, X, y = rh.sample(rh.Ensemble([20, 10, 10, 5], layer=0, loss="ce", n_samples=500), rng=0)
H, G = (rh.network_hessian(net, X, y, "ce", part=part) for part in ("full", "gauss-newton"))
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.6))
for ax, (m, k) in zip(axes, ((1, 10), (2, 5)), strict=True):
    residual = (H.block(0, m) - G.block(0, m)).reshape(10, 20, k, 10)  # unit, input, unit, feature
    rh.plotting.plot_block_norms(np.linalg.norm(residual, axis=(1, 2)), ax=ax)
    ax.set(title=f"layers 0, {m}", xlabel=f"feature of layer {m}", ylabel="unit of layer 0")
    figure.colorbar(ax.collections[0], ax=ax, label="norm of entries")
