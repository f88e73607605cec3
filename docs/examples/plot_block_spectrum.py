r"""
A spectrum on its law
=====================

Eigenvalues of one block of a hidden layer, and the generalised Marchenko–Pastur law of that very
sample. For which law there is for which data, see :doc:`/which_law`.
"""

import rmt_hessian as rh

ens = rh.Ensemble([400, 16, 10], layer=0, loss="ce", n_samples=1000)  # widths d, m, C
H = rh.draw(ens, rng=0)
law = rh.law_of_block(H, 0, 0)
with rh.plotting.style():
    rh.plotting.plot_spectrum(rh.eigenvalues(H.block(0, 0)), {"law of the block": law})
