"""
A block on its laws
===================

Eigenvalues of the diagonal block of the first hidden unit, and of the block of the first two. The
solid law knows the weights that this very sample gives the block, the dashed one only the weights
above the layer. Both are generalised Marchenko–Pastur laws, derived in :doc:`/laws`. They differ
by what the weights of N samples fluctuate. Of features that are not white neither is the law: see
:doc:`/which_law`.

Full version: figure ``block_spectra`` of ``make sweep NAME=block_structure``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ens = rh.Ensemble([300, 8, 16], layer=0, loss="ce", n_samples=750)  # widths d, m, C
net, X, _ = rh.sample(ens, rng=0)
H, given = rh.layer_hessian(net, X, 0, "ce"), ens.given(net)
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
for j, ax in enumerate(axes):
    laws = {"law of this sample": rh.law_of_block(H, 0, j), "law": rh.theory.block_law(given, 0, j)}
    rh.plotting.plot_spectrum(H.block(0, j), laws, ax=ax)
    ax.set_title(f"$H_{{0{j}}}$, $d/N=0.4$")
axes[0].legend()
