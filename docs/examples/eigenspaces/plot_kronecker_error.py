"""
Error of the Kronecker product of the factors
=============================================

Relative Frobenius distance of a hidden layer's Hessian from the product E[M] ⊗ E[zzᵀ] of its own
factors, against the number of samples. It falls like 1/√N to a plateau, which the weights predict
(:doc:`/structure`, section 2) for Gaussian inputs of mean 0. The plateau falls like 1/√d, so the
product is a good approximation where inputs are many and samples more.

Full version: figure ``kronecker_error`` of ``make sweep NAME=kronecker``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="samples $N$", ylabel="relative error", xscale="log", yscale="log")
ens, net = rh.Ensemble([60, 8, 5], 0, "ce", n_samples=50), rh.Network.random([60, 8, 5], rng=0)
predicted = rh.theory.expected_kronecker_error(ens.given(net))
ax.axhline(predicted.relative_error(float("inf")), color="C1", ls=":", lw=0.9)
for N in (50, 100, 200, 400, 800, 1600, 3200, 6400, 12800):
    H = rh.layer_hessian(net, rh.gaussian_inputs(N, 60, rng=N), 0, "ce")
    ax.plot(N, rh.kronecker_error(H.to_dense(), rh.kronecker_approximation(H)), "C0.")
    ax.plot(N, predicted.relative_error(N), "C1_")
ax.legend(["plateau", "measured", "predicted"])
