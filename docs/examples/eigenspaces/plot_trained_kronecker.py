"""
Eigenvalues of a trained layer and of its factors
=================================================

Largest eigenvalues of the first layer's Hessian, before training on digits and after, beside
those of the product E[M] ⊗ E[zzᵀ] of its factors. After training the product is further off:
uncertain samples are few, and resemble each other, so that M and z are not independent
(:doc:`/structure`, section 8).

Full version: figure ``trained_kronecker`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 16, 10], rng=0)
trained = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
for ax, net, title in zip(axes, (start, trained), ("before training", "after"), strict=True):
    H = rh.layer_hessian(net, X, 0, "ce")
    K = rh.kronecker_approximation(H)
    rh.plotting.plot_scree(H.to_dense(), predicted=K.top_eigenvalues(40), ax=ax)
    ax.set_title(f"{title}: relative error {rh.kronecker_error(H, K):.2f}")
axes[0].legend(["Hessian", "$E[M]\\otimes E[zz^T]$"])
