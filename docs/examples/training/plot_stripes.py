"""
Stripes between layers fade with the loss
=========================================

Size of the block between the two layers of a network along its training, against the loss, in two
parts: the residual term, whose entries stand in stripes, and the Gauss–Newton part. Both fall
with the loss where labels are fitted; :doc:`/training`, section 2, bounds them by powers of it.
Relative to the blocks on the diagonal the layers stay coupled.

Full version: figure ``stripes`` of ``make sweep NAME=training``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.clustered_inputs(300, 20, 10, rng=0), rh.Network.random([20, 8, 10], rng=0)
path = rh.train(start, X, y, "ce", optimiser="adam", learning_rate=0.01, steps=1000)
ax = plt.axes(xlabel="loss", ylabel="norm between layers", xscale="log", yscale="log")
for net, loss in zip(path.networks, path.losses, strict=True):
    rest = rh.network_hessian(net, X, None, "ce", part="gauss-newton").block(0, 1)
    stripes = np.linalg.norm(rh.network_hessian(net, X, y, "ce").block(0, 1) - rest)
    ax.plot(loss, stripes, "C1o", loss, np.linalg.norm(rest), "C0s", ms=3)
ax.legend(["stripes of the residual", "Gauss–Newton part"])
