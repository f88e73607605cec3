"""
Gradient descent beside the ridge path
======================================

Training loss along gradient descent from zero without a ridge (crosses), and at the predicted
optima of falling ridges (line), both against the norm of the weights, which grows along each.
Descent is not predicted, but near to the optima of equal norm: :doc:`/trained`, section 7. Where
the two part, descent does better on new samples.

Full version: figure ``trained_paths`` of ``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([150, 4], 0, "ce", n_samples=600, inputs=rh.Mixture(separation=2.5))
known = [rh.theory.trained_softmax(ens, ridge=ridge) for ridge in np.geomspace(1, 3e-3, 6)]
(_, X, y), start = rh.sample(ens, rng=0), rh.Network([np.zeros((4, 150))])
path = rh.train(start, X, y, "ce", optimiser="gd", learning_rate=1.0, steps=400)
norms = [np.linalg.norm(net.weights[0]) for net in path.networks]
ax = plt.axes(xlabel="norm of the weights", ylabel="training loss")
ax.plot(norms, path.losses, "x", [t.weight_norm for t in known], [t.train_loss for t in known], "-")
ax.legend(["gradient descent", "ridges, predicted"])
