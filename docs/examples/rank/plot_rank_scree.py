"""
The gap opens as networks grow
==============================

Largest eigenvalues of the output Hessian of a hidden layer over the population of inputs, not of
one sample, at two widths. The gap behind the first C−1 is wider in the wider network. The line
takes nothing but the weights: :doc:`/structure`, section 1. Width and number of inputs grow
together here; where inputs are few, λ_C/λ_{C−1} does not fall to 0.

Full version: figure ``rank_scree`` of ``make sweep NAME=output_rank``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4), sharey=True)
for ax, m in zip(axes, (40, 160), strict=True):
    net = rh.Network.random([m, m, 10], rng=0)
    M = rh.population_output_hessian(net, 0, "ce", rng=0, relative_error=0.03).mean
    predicted = rh.eigenvalues(rh.theory.population_factors(net.weights, "ce")[0].left)
    rh.plotting.plot_scree(M, ax=ax, mark=9, mark_label="$C-1$", predicted=predicted, n_shown=30)
    ax.set_title(f"$m=d={m}$")
axes[1].legend()
