"""
Classes that are confused
=========================

Share of the Hessian off its diagonal blocks, of softmax regression at its optimum on mixtures
without groups of classes and with groups of four whose means resemble each other; strokes are
predicted (:doc:`/trained`, section 4, *Groups of classes*). Where every class has as many
competitors at any number of classes the share falls more slowly. Of the training sample; new
samples are in the full version.

Full version: figure ``grouped_mixtures`` of ``make sweep NAME=grouped_mixtures``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="classes $C$", ylabel="share off the diagonal", ylim=(0, 0.5), xticks=(8, 24))
for C in (8, 24):
    for groups, colour in ((None, "C0"), ((C // 4, 0.75), "C1")):
        ens = rh.Ensemble([50, C], 0, "ce", n_samples=600, inputs=rh.Mixture(4.0, groups))
        start, X, y = rh.sample(ens, rng=0)
        H = rh.layer_hessian(rh.train(start, X, y, "ce", weight_decay=0.01).network, X, 0, "ce")
        known = rh.theory.trained_softmax(ens, ridge=0.01).off_diagonal_share()
        ax.plot(C, H.off_diagonal_share(), f"{colour}.", C, known, f"{colour}_")
ax.legend(["no groups", "predicted", "groups of four", "predicted"])
