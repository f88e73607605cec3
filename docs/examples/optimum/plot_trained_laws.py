"""
Losses of a trained model, predicted
====================================

Softmax regression at its optimum against the ridge, on a Gaussian mixture: loss on the training
samples, below, and on new ones, above. Strokes follow from three numbers that solve an equation,
and nothing was trained for them (:doc:`/trained`, section 3); dots are trained. The prediction is
one for many inputs and few classes, of Gaussian features.

Full version, with norms of blocks: figure ``trained_laws`` of ``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.model.training import mean_loss

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([150, 4], 0, "ce", n_samples=600, inputs=rh.Mixture(separation=2.5))
X, y = rh.mixture_inputs(6000, 150, 4, rng=0, separation=2.5)  # the last are new samples
net, ax = rh.Network.random([150, 4], rng=0), plt.axes(xlabel="ridge $\\mu$", ylabel="loss")
for ridge in (0.003, 0.03, 0.3):
    trained = rh.theory.trained_softmax(ens, ridge=ridge)
    V = rh.train(net, X[:600], y[:600], "ce", weight_decay=ridge).network
    ax.loglog(ridge, mean_loss(V, X[:600], y[:600], "ce"), "C0.", ridge, trained.train_loss, "C0_")
    ax.loglog(ridge, mean_loss(V, X[600:], y[600:], "ce"), "C1.", ridge, trained.test_loss, "C1_")
