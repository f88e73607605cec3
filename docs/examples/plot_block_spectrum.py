r"""
A spectrum on its law
=====================

Eigenvalues of one block of a hidden layer, and the generalised Marchenko–Pastur law of that very
sample. Of which law there is for which data, see :doc:`/which_law`.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.plotting import plot_spectrum

ens = rh.Ensemble([400, 16, 10], layer=0, loss="ce", n_samples=1000)  # widths d, m, C
H = rh.draw(ens, rng=0)
law = rh.law_of_block(H, 0, 0)

fig, ax = plt.subplots()
plot_spectrum(ax, rh.eigenvalues(H.block(0, 0)), {"law of the block": law})
ax.set(xlabel="eigenvalue", ylabel="density")
ax.legend()
