"""
What explains the share off the diagonal
========================================

Share of the last layer's Hessian off its diagonal blocks, of a network that learned the digits,
if less is known of it: all classes confused alike (1/C); as many equal classes as carry the
uncertainty (1/n); the confusions E[M] of all pairs, without features; the Hessian itself. Each
step explains a part, and the rest is of the features: :doc:`/real_heads`, *What explains it*. It
is a measurement, no prediction.

Full version: figure ``explained_shares`` of ``make sweep NAME=real_heads``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 32, 10], rng=0)
net = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
H = rh.layer_hessian(net, X, 1, "ce")
M, sizes = H.output_hessian(), H.output_hessian().diagonal()
of_sizes, of_pairs = (sizes**2).sum() / sizes.sum() ** 2, 1 - (sizes**2).sum() / (M**2).sum()
ax = plt.axes(xlabel="what is known", ylabel="share off the diagonal")
shares = [1 / 10, of_sizes, of_pairs, H.off_diagonal_share()]
ax.plot(["$1/C$", "$1/n$", "confusions", "all"], shares, "o-", ms=4)
ax.set_ylim(bottom=0)
