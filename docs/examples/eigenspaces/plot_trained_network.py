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
H, G = (rh.network_hessian(net, X, y, "ce", part=part) for part in ("full", "gauss-newton"))
of_H, of_G, of_factors = (rh.top_eigenpairs(A, 20)[1] for A in (H, G, rh.kronecker_approximation(G)))
ax = plt.axes(xlabel="dimension $q$", ylabel="overlap", ylim=(0, 1.03), xticks=range(0, 21, 5))
ax.plot(range(1, 21), rh.overlap_by_dimension(of_H, of_G), ".-", label="Gauss–Newton, Hessian")
ax.plot(range(1, 21), rh.overlap_by_dimension(of_G, of_factors), ".-", label="factors, Gauss–Newton")
ax.axvline(9, color="black", ls="--", lw=0.9, label="$C-1$")
ax.legend()
