"""
A whole layer and its blocks
============================

All eigenvalues of softmax regression beside the law of the layer and the law of its diagonal
blocks, with few classes and with more. The law of the layer (:doc:`/laws`, section 4) is nearer
to the spectrum; as classes grow the two laws become one, which is the strongest sense in which
the Hessian becomes block-diagonal. The share 1/C of zeros, of the direction in which all logits
move together, is the layer's alone.

Full version: figure ``layer_spectra`` of ``make sweep NAME=layers``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4))
for ax, C in zip(axes, (3, 24), strict=True):
    ens = rh.Ensemble([64, C], layer=0, loss="ce", n_samples=256)
    H = rh.draw(ens, rng=0)
    law, of_blocks = rh.theory.layer_law(ens), rh.theory.block_law(ens, 0, 0)
    laws = {"law of the layer": law, "law of its diagonal blocks": of_blocks}
    rh.plotting.plot_spectrum(H.to_dense(), laws, ax=ax, coverage=1.0)
    ax.set_title(f"$C={C}$ classes")
axes[1].legend(loc="center right")
