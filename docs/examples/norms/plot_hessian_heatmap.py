"""
A picture of the Hessian
========================

Absolute entries of the whole Hessian of an untrained network with one hidden layer, with few
classes and with many. Thick lines part the layers, thin ones units that are wide enough. With
many classes what stands out are the blocks of single units along the diagonal. :doc:`/norms`
tells how fast the others fall beside them; a picture shows no rate, and each panel has its own
scale.

Full version: figure ``hessian_heatmap`` of ``make sweep NAME=block_structure``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.8))
for ax, C in zip(axes, (4, 64), strict=True):
    net, X, y = rh.sample(rh.Ensemble([32, 8, C], layer=0, loss="ce", n_samples=1000), rng=0)
    rh.plotting.plot_hessian(rh.network_hessian(net, X, y, "ce"), ax=ax)
    ax.set_title(f"$C={C}$ classes")
    figure.colorbar(ax.collections[0], ax=ax, label="absolute entry")
