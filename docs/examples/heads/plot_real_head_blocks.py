"""
Blocks of a trained head on their laws
======================================

Eigenvalues of a diagonal block of the last layer, before a network learned the digits and after,
beside quantiles of the law of the block's own weights on its own features (line). The law is
right if a sample's weight does not depend on its features (:doc:`/real_heads`,
*Spectra of blocks*); after training it does, and the largest eigenvalue may be far from the end
of the law. The number reported as dependence warns of it.

Full version: figure ``real_head_blocks`` of ``make sweep NAME=real_heads``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 64, 10], rng=0)
trained = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
for ax, net, title in zip(axes, (start, trained), ("before training", "after"), strict=True):
    H = rh.layer_hessian(net, X, 1, "ce")
    law = rh.law_of_block(H, 8, 8)
    quantiles = law.ppf([(i + 0.5) / 64 for i in range(64)])
    rh.plotting.plot_scree(H.block(8, 8), predicted=quantiles, ax=ax, n_shown=64)
    ax.set_title(f"{title}: dependence {law.dependence:.2f}")
