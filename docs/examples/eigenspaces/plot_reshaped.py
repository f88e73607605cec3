"""
Top eigenvectors are nearly products
====================================

The top eigenvectors of a hidden layer's Hessian, read as matrices of units × features: the share
of the first singular value, which is 1 for a product r ⊗ x, and the squared overlap of its
features with the leading eigenvector of E[zzᵀ], which the mean of the inputs makes. Of 8 units 8
eigenvectors are such products; those behind them are nearly products too, with other features.
[W] saw it on trained networks; :doc:`/structure`, section 3, tells when to expect it.

Full version: figure ``reshaped`` of ``make sweep NAME=eigenspaces``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X = rh.gaussian_inputs(800, 40, rng=0, mean=1.0)
H = rh.layer_hessian(rh.Network.random([40, 8, 20], rng=1), X, 0, "ce")
_, vectors = rh.top_eigenpairs(H, 16)
reshaped = rh.reshape_eigenvectors(vectors[:, ::-1], (8, 40))  # the largest first
_, leading = rh.top_eigenpairs(H.input_autocorrelation(), 1)
ax = plt.axes(xlabel="eigenvector", ylabel="share", ylim=(0, 1.05), xticks=(1, 8, 16))
ax.plot(range(1, 17), reshaped.rank_one_share, "o", ms=3, label="rank one")
ax.plot(range(1, 17), (leading[:, 0] @ reshaped.right) ** 2, "s", ms=3, label="along $\\hat x$")
ax.legend(loc="lower left")
