"""
Eigenvectors before training and after
======================================

Rank-one share of the top eigenvectors of the first layer's Hessian, read as matrices of units ×
features, before training on digits and after. A share of 1 is a product r ⊗ x, as a Kronecker
product would have. They stay near to products, which [W] observes, although the error of the
Kronecker product grows: :doc:`/structure`, section 8. That the leading ones share their features
is the mean of the pixels; normalised pixels have none.

Full version: figure ``trained_eigenvectors`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.digits()
start = rh.Network.random([64, 16, 10], rng=0)
trained = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
ax = plt.axes(xlabel="eigenvector", ylabel="rank-one share", ylim=(0, 1.05), xticks=(1, 10, 20))
for net, label in ((start, "before training"), (trained, "after")):
    _, vectors = rh.top_eigenpairs(rh.layer_hessian(net, X, 0, "ce"), 20)
    shares = rh.reshape_eigenvectors(vectors[:, ::-1], (16, 64)).rank_one_share
    ax.plot(range(1, 21), shares, "o", ms=3, label=label)
ax.legend(loc="lower left")
