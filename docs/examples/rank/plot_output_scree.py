"""
C−1 eigenvalues stand apart
===========================

Largest eigenvalues of the output Hessian E[M] of a hidden layer, of one sample. Behind the first
C−1 there is a gap. The line is the Hadamard formula of :doc:`/structure`, section 1, from the
weights and the sample's mean Hessian in the logits. It is a gap of few classes beside many units:
λ_C/λ_{C−1} falls like C/m, up to a logarithm, and with C near m nothing stands apart.

Full version: figure ``output_scree`` of ``make sweep NAME=block_structure``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([100, 100, 10], layer=0, loss="ce", n_samples=2000)
net, X, _ = rh.sample(ens, rng=0)
M = rh.layer_hessian(net, X, 0, "ce").output_hessian()
A = rh.layer_hessian(net, X, 1, "ce").output_hessian()  # in the logits
predicted = rh.eigenvalues(rh.theory.predicted_output_hessian(ens.given(net), A))
rh.plotting.plot_scree(M, mark=9, mark_label="$C-1$", predicted=predicted, n_shown=30)
