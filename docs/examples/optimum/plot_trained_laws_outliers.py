"""
An outlier of a trained layer
=============================

Largest eigenvalues of softmax regression at its optimum against the separation of its classes,
beside the place of the outlier that is predicted (:doc:`/trained`, section 5), or, where there is
none, the upper edge of the bulk. The outlier has multiplicity K−1 = 3: three eigenvalues scatter
about it. Off-diagonal blocks and large separations are predicted less well.

Full version: figure ``trained_laws_outliers`` of ``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="separation $\\rho$", ylabel="eigenvalue")
for rho in (0.5, 1.5, 2.25, 3.0):
    ens = rh.Ensemble([100, 4], 0, "ce", n_samples=1000, inputs=rh.Mixture(rho))
    known = rh.theory.trained_softmax(ens, ridge=0.01)
    start, X, y = rh.sample(ens, rng=0)
    H = rh.layer_hessian(rh.train(start, X, y, "ce", weight_decay=0.01).network, X, 0, "ce")
    top = max([known.layer_law().support()[1], *(o.place for o in known.layer_outliers())])
    ax.plot([rho] * 4, rh.eigenvalues(H.to_dense())[-4:], "C0.", rho, top, "C1_")
ax.legend(["measured, four largest", "predicted"])
