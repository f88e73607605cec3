"""
Near in norm, another spectrum
==============================

Softmax regression with many samples. Left, the spectrum of its Hessian on the law of the layer
(:doc:`/laws`, section 4); right, its largest eigenvalues beside those of the product E[M] ⊗
E[zzᵀ] of its factors. The product comes near in norm as samples grow, but not in its spectrum:
eigenvalues of the Hessian fill a bulk, those of the product stand in steps. What lies below the
law at the left are outliers.

Full version: figure ``kronecker_spectra`` of ``make sweep NAME=kronecker``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([100, 5], layer=0, loss="ce", n_samples=1600)
H = rh.draw(ens, rng=0)
of_product = rh.kronecker_approximation(H).top_eigenvalues(400)
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
rh.plotting.plot_spectrum(H.to_dense(), {"law of the layer": rh.theory.layer_law(ens)}, ax=axes[0])
rh.plotting.plot_scree(H.to_dense(), predicted=of_product, n_shown=400, ax=axes[1])
axes[0].legend(loc="upper left")
axes[1].legend(["Hessian", "$E[M]\\otimes E[zz^T]$"])
