"""
How far one direction of the features stands out
================================================

Largest eigenvalues of the auto-correlation E[zzᵀ] of the hidden features of a network that was
trained on digits, beside those predicted from its weights and from mean and covariance of the
pixels. One direction stands out, the mean of the features: from it come the eigenvectors that
networks share (:doc:`/structure`, section 4). The prediction takes pixels for Gaussian.

Full version: figure ``autocorrelation`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.digits()
start = rh.Network.random([64, 32, 10], rng=0)
net = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
features = rh.layer_hessian(net, X, 1, "ce").input_autocorrelation()
moments = {"input_mean": X.mean(axis=0), "input_covariance": np.cov(X.T)}
predicted = rh.theory.population_factors(net.weights, "ce", **moments)[1].right
rh.plotting.plot_scree(features, predicted=rh.eigenvalues(predicted), n_shown=20)
