"""
Off-diagonal blocks against the number of classes
=================================================

Mean squared Frobenius norm of the blocks off the diagonal over that of the diagonal ones, all
blocks counted, of softmax regression; each point one network. It falls like 1/C². The solid line
is predicted at these sizes, the dashed one is its limit: :doc:`/norms` derives both from widths,
loss and number of samples. It is a law of untrained weights: of trained heads see
:doc:`/gallery/heads/plot_real_heads`.

Full version, of hidden and output layers too: figure ``norm_ratio`` of
``make sweep NAME=block_structure``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
C = [2, 4, 8, 16, 32, 64, 128, 256, 512]
cases = [rh.Ensemble([64, c], layer=0, loss="ce", n_samples=256) for c in C]
norms = [rh.draw(ens, rng=0).mean_squared_block_norms() for ens in cases]
ratios = [off_diagonal / diagonal for diagonal, off_diagonal in norms]
predicted = [rh.theory.block_norms(ens) for ens in cases]
rh.plotting.plot_ratio(C, ratios, predicted, limit=rh.theory.block_norm_limits(cases[0]))
