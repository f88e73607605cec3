"""
A few pairs of classes carry it
===============================

Pairs of classes of the last layer of a network that learned the digits, by the squared norm of
their block, added up from the largest: their share of all that lies off the diagonal. Of a random
head on the same features all 45 pairs count about alike (the dashed line is an even share); after
training it is the pairs that are confused. Which these are is set by the data, and no law
predicts it: :doc:`/real_heads`. Of a head of a package read it by ``rh.onnx_head``.

Full version, of heads with up to 18,710 classes: figure ``real_heads`` of
``make sweep NAME=real_heads``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 32, 10], rng=0)
trained = rh.train(start, X, y, "ce", weight_decay=1e-4, steps=100).network
ax = plt.axes(xlabel="pairs of classes", ylabel="share off the diagonal", ylim=(0, 1.03))
for net, label in ((trained, "trained head"), (start, "random head")):
    squares = rh.layer_hessian(net, X, 1, "ce").block_norms()[np.triu_indices(10, 1)] ** 2
    ax.plot(range(1, 46), np.sort(squares)[::-1].cumsum() / squares.sum(), ".-", label=label)
ax.plot([0, 45], [0, 1], "k--", lw=0.9, label="even")
ax.legend()
