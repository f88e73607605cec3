"""
Two networks share a space
==========================

Overlap of the spaces of the q top eigenvectors of one layer's Hessian in two independent
networks, on the same inputs. The inputs have a mean, so that E[zzᵀ] has a leading eigenvector,
which both networks share: their spaces meet best at as many dimensions as there are units. The
line is the overlap of the products of factors that the weights predict, the dashed line its peak
(:doc:`/structure`, section 4). Of centred inputs there is no peak.

Full version: figure ``overlaps`` of ``make sweep NAME=eigenspaces``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X = rh.gaussian_inputs(3200, 40, rng=0, mean=1.0)
nets = [rh.Network.random([40, 8, 20], rng=seed) for seed in (1, 2)]
layers = [rh.layer_hessian(net, X, 0, "ce") for net in nets]
factors = [rh.theory.population_factors(n.weights, "ce", input_mean=np.ones(40))[0] for n in nets]
seen = rh.overlap_by_dimension(*(rh.top_eigenpairs(H, 24)[1] for H in layers))
known = rh.overlap_by_dimension(*(K.top_eigenspace(24) for K in factors))
peak = rh.theory.overlap_peak(factors[0])
rh.plotting.plot_overlap(seen, known, mark=peak, baseline=24 / 320)
