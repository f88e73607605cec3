"""
Why a trained layer is no Kronecker product
===========================================

Relative error of E[M] ⊗ E[zzᵀ] for the first layer's Hessian along a training on digits, and what
it would be were the same M and z paired at random: only the finite number of samples is left
then. The difference is dependence, which training makes: uncertain samples have features of their
own. No formula predicts it; :doc:`/structure`, section 8, says what moments of the inputs
explain.

Full version: figure ``trained_errors`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.spectra.independence import independent_kronecker_error

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 16, 10], rng=0)
path = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100, checkpoints=10)
layers = [rh.layer_hessian(net, X, 0, "ce") for net in path.networks]
errors = [rh.kronecker_error(H, rh.kronecker_approximation(H)) for H in layers]
ax = plt.axes(xlabel="steps of L-BFGS + 1", ylabel="relative error", xscale="log", ylim=(0, 0.6))
ax.plot(path.steps + 1, errors, "o-", ms=3, label="of this sample")
ax.plot(path.steps + 1, [independent_kronecker_error(H) for H in layers], label="paired at random")
ax.legend(loc="upper left")
