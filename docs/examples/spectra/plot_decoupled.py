"""
The decoupled Hessian
=====================

Relative distance of the Hessian of softmax regression from its decoupled one, whose output
Hessians are those of other inputs, against the number of samples; strokes are predicted from the
weights (:doc:`/decoupled`). At first the distance falls like 1/√N, then towards a plateau above
0, for M depends on the features. Where d grows with N it falls in no power of N.

Full version: figure ``decoupled`` of ``make sweep NAME=decoupled``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.hessian.decoupled import decoupled
from rmt_hessian.theory.structure.decoupled import decoupled_norms

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="samples $N$", ylabel="relative distance", title="strokes: predicted")
net = rh.Network.random([40, 3], rng=0)
norms = decoupled_norms(rh.Ensemble([40, 3], 0, "ce", n_samples=100).given(net))
for N in (100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600):
    H, other = (rh.layer_hessian(net, rh.gaussian_inputs(N, 40, s), 0, "ce") for s in (1, 2))
    apart = ((H.to_dense() - decoupled(H, other).to_dense()) ** 2).sum() ** 0.5
    ax.loglog(N, apart / (H.to_dense() ** 2).sum() ** 0.5, "C0.", N, norms.relative_error(N), "C1_")
