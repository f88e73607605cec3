r"""
Off-diagonal blocks vanish as classes grow
==========================================

The ratio R of mean squared norms of blocks, off-diagonal over diagonal, of softmax regression. It
falls like 1/C²; :doc:`/norms` derives the constant.
"""

import numpy as np

import rmt_hessian as rh

classes = 2 ** np.arange(1, 11)
cases = [rh.Ensemble([64, C], layer=0, loss="ce", n_samples=256) for C in classes]
norms = [[rh.draw(ens, seed).mean_squared_block_norms() for seed in range(8)] for ens in cases]
on, off = np.moveaxis(norms, -1, 0)
predicted = [rh.theory.block_norms(ens) for ens in cases]
limit = rh.theory.block_norm_limits(cases[0])
with rh.plotting.style():
    rh.plotting.plot_ratio(classes, off / on, predicted, limit=limit)
