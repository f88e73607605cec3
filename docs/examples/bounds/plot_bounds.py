"""
Which basis of the posterior is tightest?
=========================================

PAC-Bayes bounds on the error of networks drawn about a trained one, by the basis in which the
posterior's covariance is diagonal. The bound is the error on the samples and what the complexity
of the posterior adds. The eigenbasis of the Kronecker factors of the Hessian is the tightest of
the three, as [W] has it: :doc:`/bounds`. The searches are short here, so the bounds are not the
best of their kind.

Full version: figure ``bounds`` of ``make sweep NAME=bounds``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.bounds import pac_bayes_bound

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 10], rng=0)
net = rh.train(start, X, y, "ce", optimiser="adam", steps=300, learning_rate=0.01).network
ax = plt.axes(xlabel="basis", ylabel="error, bound", ylim=(0, 1))
for basis in ("isotropic", "standard", "kronecker"):
    found = pac_bayes_bound(start, net, X, y, basis=basis, steps=300, rng=0)
    ax.bar(basis, found.bound, color="C0")
    ax.bar(basis, found.empirical_risk, color="C1")
ax.legend(["bound", "error on the samples"])
