"""
Which law holds while a network learns?
=======================================

A diagonal block of softmax regression on random labels, before training and at its end, beside
three laws. That of the weights at the start fails. That of the weights of the moment holds for
fresh inputs, not for the sample, which the weights have seen. The conditional law of the sample's
own weights stays: :doc:`/training`, section 4. What lies beyond it are outliers.

Full version: figure ``trained_spectra`` of ``make sweep NAME=trained_spectra``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([200, 5], layer=0, loss="ce", n_samples=500)
start, X, y = rh.sample(ens, rng=0)
net = rh.train(start, X, y, "ce", steps=8).network
H = rh.layer_hessian(net, X, 0, "ce")
given = [rh.theory.block_law(ens.given(weights), 0, 0) for weights in (start, net)]
of_sample = rh.law_of_block(H, 0, 0)
laws = {"law at the start": given[0], "of the weights": given[1], "of the sample": of_sample}
rh.plotting.plot_spectrum(H.block(0, 0), laws, log=True)
