"""
A head on real features
=======================

Softmax regression on the pixels of the digits 0 to 3 against the ridge: its training loss, and
what theory predicts from the class means and the covariance within classes alone
(:doc:`/trained`, section 6). Pixels of a class are not Gaussian with one covariance for all, so
that the loss lies above its prediction; the order of magnitude, and how it moves with the ridge,
are right.

Full version, of other features and new samples: figure ``trained_heads`` of
``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.digits(standardised=True)
X, y = X[y < 4], y[y < 4]
means = np.stack([X[y == k].mean(axis=0) for k in range(4)])
ax = plt.axes(xlabel="ridge $\\mu$", ylabel="training loss", title="strokes: predicted")
for ridge in (1e-3, 1e-2, 1e-1):
    known = rh.theory.trained_head(means, np.cov((X - means[y]).T), len(X), ridge=ridge)
    path = rh.train(rh.Network.random([64, 4], 0), X, y, "ce", weight_decay=ridge)
    ax.loglog(ridge, path.losses[-1], "C0.", ridge, known.train_loss, "C1_")
