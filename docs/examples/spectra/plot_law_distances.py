"""
How far a block is from its laws
================================

Kolmogorov–Smirnov distance of the spectrum of one diagonal block of softmax regression to two
laws, against the aspect ratio d/N. To the law of the sample's own weights it is of the order 1/d;
to the law that averages over weights (:doc:`/laws`, section 2) it is larger, by what N weights
fluctuate: the strokes are the distance that this alone exceeds in one of twenty samples. One draw
a point.

Full version: figure ``law_distances`` of ``make sweep NAME=spectra``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="$d/N$", ylabel="KS distance", xscale="log", ylim=(0, 0.09))
for N in (50, 100, 200, 400, 800, 1600, 3200):
    ens = rh.Ensemble([200, 16], layer=0, loss="ce", n_samples=N)
    H = rh.draw(ens, rng=0)
    laws = rh.law_of_block(H, 0, 0), rh.theory.block_law(ens, 0, 0)
    given, mean = (rh.ks_distance(rh.eigenvalues(H.block(0, 0)), law) for law in laws)
    band = rh.theory.sampling_band(ens, 0, 0)
    ax.plot(200 / N, given, "C0.", 200 / N, mean, "C1.", 200 / N, band, "k_")
ax.legend(["to the sample's law", "to the law", "95 % of samples"])
