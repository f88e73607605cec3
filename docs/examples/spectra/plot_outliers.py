"""
Eigenvalues outside the bulk
============================

The block of the first two classes of softmax regression. With few samples for each dimension all
eigenvalues lie in the bulk; with more some leave it, and triangles below the axis mark where they
are predicted. They come from the few directions on which the weights depend, the span of the rows
of the layer's own weights: :doc:`/laws`, section 5. The prediction is one for many dimensions,
and single eigenvalues scatter about it.

Full version: figure ``outliers`` of ``make sweep NAME=outliers``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
for ax, N in zip(axes, (800, 12800), strict=True):
    ens = rh.Ensemble([200, 3], layer=0, loss="ce", n_samples=N)
    net, X, _ = rh.sample(ens, rng=0)
    H, given = rh.layer_hessian(net, X, 0, "ce"), ens.given(net)
    law, places = rh.law_of_block(H, 0, 1), rh.theory.block_outliers(given, 0, 1)
    rh.plotting.plot_spectrum(H.block(0, 1), law, ax=ax, outliers=places, coverage=1.0)
    ax.set_title(f"$H_{{01}}$, $d/N={200 / N:.3g}$")
figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
