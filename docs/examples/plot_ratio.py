r"""
Off-diagonal blocks vanish as classes grow
==========================================

The ratio R of mean squared norms of blocks, off-diagonal over diagonal, of softmax regression. It
falls like 1/C²; :doc:`/norms` derives the constant.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh
from rmt_hessian.plotting import plot_norm_ratio

cases = [rh.Ensemble([64, 2**k], layer=0, loss="ce", n_samples=256) for k in range(1, 11)]
norms = [[rh.draw(ens, seed).mean_squared_block_norms() for seed in range(8)] for ens in cases]
on, off = np.moveaxis(norms, -1, 0)
predicted = [rh.theory.block_norms(ens).ratio for ens in cases]

fig, ax = plt.subplots()
plot_norm_ratio(ax, [e.widths[1] for e in cases], off / on, off.mean(1) / on.mean(1), predicted)
ax.set(xlabel="classes C", ylabel="ratio R")
ax.legend()
