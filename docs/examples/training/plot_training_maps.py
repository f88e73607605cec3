"""
The Hessian along a training
============================

Absolute entries of the whole Hessian of a network before, amid and after its training, on one
logarithmic scale. The entries between the layers, at first as large as others, fall as the loss
falls (:doc:`/training`, section 3); the blocks within layers do not become more diagonal by it. A
picture shows no rate, and this one is of one network that fits its labels.

Full version: figure ``training_maps`` of ``make sweep NAME=training_images``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.clustered_inputs(300, 20, 10, rng=0)
options = {"optimiser": "adam", "learning_rate": 0.01, "steps": 1000, "checkpoints": [100]}
path = rh.train(rh.Network.random([20, 6, 10], rng=0), X, y, "ce", **options)
figure, axes = plt.subplots(1, 3, figsize=(6.5, 2.4))
for ax, net, step, loss in zip(axes, path.networks, path.steps, path.losses, strict=True):
    rh.plotting.plot_hessian(rh.network_hessian(net, X, y, "ce"), ax=ax, vmax=1.0, decades=5)
    ax.set_title(f"step {step}: loss {loss:.2g}")
figure.colorbar(axes[0].collections[0], ax=axes, label="absolute entry")
