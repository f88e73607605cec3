"""
The whole network, trained
==========================

Overlap of the spaces of the q top eigenvectors of the whole Hessian of a trained network with
those of its Gauss–Newton part, and of this part with those of the Kronecker factors across all
layers. Where labels are fitted the residual term is small, and Hessian and Gauss–Newton part
agree; how good the factors are is another question (:doc:`/structure`, sections 5 and 8).

Full version: figure ``trained_network`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 16, 10], rng=0)
net = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
G = rh.network_hessian(net, X, y, "ce", part="gauss-newton")
matrices = rh.network_hessian(net, X, y, "ce"), G, rh.kronecker_approximation(G)
full, part, factors = (rh.top_eigenpairs(matrix, 20)[1] for matrix in matrices)
ax = plt.axes(xlabel="dimension $q$", ylabel="overlap", ylim=(0, 1.03), xticks=(1, 9, 20))
ax.plot(range(1, 21), rh.overlap_by_dimension(full, part), ".-", label="Gauss–Newton, Hessian")
ax.plot(range(1, 21), rh.overlap_by_dimension(part, factors), ".-", label="factors, Gauss–Newton")
ax.legend()
