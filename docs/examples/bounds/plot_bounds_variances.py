"""
Variances of a posterior against curvature
==========================================

Variances of the Gaussian posterior that was found about a trained network, in the eigenbasis of
its Kronecker factors, against the curvature h of the loss in each direction, at the posterior's
mean. The second dots are the best variances of a quadratic loss, 1/(1/λ + βh): :doc:`/bounds`,
section 3. Where the curvature is small the prior holds the variance. The loss is not quadratic
and the search short, so that variances scatter.

Full version: figure ``bounds_variances`` of ``make sweep NAME=bounds``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.bounds import pac_bayes_bound
from rmt_hessian.bounds.curvature import curvatures

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 10], rng=0)
net = rh.train(start, X, y, "ce", optimiser="adam", steps=300, learning_rate=0.01).network
found = pac_bayes_bound(start, net, X, y, steps=300, rng=0)
h = curvatures(found.posterior.network, X, found.posterior.basis)
ax = plt.axes(xlabel="curvature $h$", ylabel="variance", xlim=(1e-7 * h.max(), 2 * h.max()))
ax.loglog(h, found.posterior.variances, ".", h, found.quadratic_variances(h), ".", ms=2)
ax.legend(["found", "best of a quadratic loss"], markerscale=3)
