"""
The spectrum at the optimum
===========================

A diagonal block and the whole layer of softmax regression at its optimum on a Gaussian mixture,
beside their laws, which nothing was trained for: :doc:`/trained`, section 4. Training pulls each
sample towards its label; the dashed law leaves that out, taking the logits of new samples, and is
wrong. The triangle below the axis is a predicted outlier; the layer has some too, right of its
law.

Full version: figure ``trained_laws_spectra`` of ``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([150, 4], 0, "ce", n_samples=600, inputs=rh.Mixture(separation=2.0))
known = rh.theory.trained_softmax(ens, ridge=0.03)
start, X, y = rh.sample(ens, rng=0)
H = rh.layer_hessian(rh.train(start, X, y, "ce", weight_decay=0.03).network, X, 0, "ce")
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
laws = {"law": known.block_law(0, 0), "of new samples": known.block_law(0, 0, fresh=True)}
rh.plotting.plot_spectrum(H.block(0, 0), laws, outliers=known.block_outliers(0, 0), ax=axes[0])
rh.plotting.plot_spectrum(H.to_dense(), known.layer_law(), ax=axes[1], coverage=1.0)
axes[0].legend()
