"""
How fast the top eigenspace settles
===================================

One minus the overlap of the top C−1 eigenvectors of the output Hessian with the span of the rows
of the next layer's weights, centred over classes, against the width m = d. The prediction is the
leading order in 1/m of the mean over networks (:doc:`/structure`, section 1); each point is one
network, about which single ones scatter. It is meant for m much larger than C.

Full version: figure ``rank_rates`` of ``make sweep NAME=output_rank``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.spectra.eigenvalues import top_eigenspace

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="width $m$", ylabel="$1-$ overlap", xscale="log", yscale="log")
for m in (40, 80, 160, 320):
    ens, net = rh.Ensemble([m, m, 4], 0, "ce", n_samples=1), rh.Network.random([m, m, 4], rng=0)
    M = rh.population_output_hessian(net, 0, "ce", rng=0, relative_error=0.03).mean
    frame = rh.theory.output_hessian_eigenspace(ens.given(net))
    defect = 1 - rh.subspace_overlap(top_eigenspace(M, 3), frame)
    ax.plot(m, defect, "C0.", m, rh.theory.eigenspace_defect(ens).centred, "C1_")
ax.legend(["measured", "predicted"])
