"""
The output Hessian of a trained layer
=====================================

Largest eigenvalues of the output Hessian E[M] of the hidden layer of a network, before training
on digits and after, over the largest one, beside those predicted from the weights and from mean
and covariance of the pixels. Before training the line meets the points. After it does not: the
few uncertain samples make E[M], of which mean and covariance of the pixels say nothing
(:doc:`/structure`, section 8).

Full version: figure ``trained_output`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 32, 10], rng=0)
trained = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
moments = {"input_mean": X.mean(axis=0), "input_covariance": np.cov(X.T)}
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4), sharey=True)
for title, ax, net in zip(("before training", "after"), axes, (start, trained), strict=True):
    seen = rh.eigenvalues(rh.layer_hessian(net, X, 0, "ce").output_hessian())
    known = rh.eigenvalues(rh.theory.population_factors(net.weights, "ce", **moments)[0].left)
    rh.plotting.plot_scree(seen / seen[-1], predicted=known / known[-1], ax=ax).set_title(title)
