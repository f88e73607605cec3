"""
The whole network and the factors of its layers
===============================================

How near the spaces of the q top eigenvectors of a whole Hessian's Gauss–Newton part are to those
of two approximations: Kronecker factors of each layer alone, and of all pairs of layers. Without
blocks between layers the spaces are far from each other: :doc:`/structure`, section 5. The full
Hessian has the residual term besides, which no factor knows.

Full version, with eigenvalues: figure ``network_kronecker`` of ``make sweep NAME=kronecker``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
net, X, y = rh.sample(rh.Ensemble([20, 15, 15, 10], layer=0, loss="ce", n_samples=1000), rng=0)
G = rh.network_hessian(net, X, y, "ce", part="gauss-newton")
_, U = rh.top_eigenpairs(G, 20)
ax = plt.axes(xlabel="dimension $q$", ylabel="overlap", ylim=(0, 1.03), xticks=range(0, 21, 5))
for across, label in ((True, "factors across layers"), (False, "factors of each layer")):
    _, V = rh.kronecker_approximation(G, cross_layer=across).top_eigenpairs(20)
    ax.plot(range(1, 21), rh.overlap_by_dimension(U, V), ".-", lw=0.9, label=label)
ax.axvline(9, color="black", ls="--", lw=0.9, label="$C-1$")
ax.legend()
