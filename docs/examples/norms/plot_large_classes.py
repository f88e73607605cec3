"""
The constant of the ratio
=========================

Off-diagonal over diagonal mean squared norm of blocks, R, of the output layer of a network, times
C² and on a linear scale, where differences of some per cent show. Norms are exact over all
blocks, of which none is formed, so that C can be large. Prediction and limit are those of
:doc:`/norms`; one network a point, so points scatter.

Full version, up to 131,072 classes: figure ``large_classes`` of
``make sweep NAME=large_classes``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="classes $C$", ylabel="$C^2R$", xscale="log", ylim=(0, 3))
limits = rh.theory.block_norm_limits(rh.Ensemble([64, 32, 4], layer=1, loss="ce", n_samples=256))
ax.axhline(limits.ratio.constant, color="black", ls="--", lw=0.9)
for C in (4, 16, 64, 256, 1024, 4096):
    ens = rh.Ensemble([64, 32, C], layer=1, loss="ce", n_samples=256)
    diagonal, off_diagonal = rh.draw(ens, rng=0).mean_squared_block_norms()
    known = C**2 * rh.theory.block_norms(ens).ratio
    ax.plot(C, C**2 * off_diagonal / diagonal, "C0.", C, known, "C1_")
ax.legend(["limit", "measured", "predicted"])
