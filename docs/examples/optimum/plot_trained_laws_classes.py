"""
Where the prediction ends
=========================

Trained over predicted loss of softmax regression at its optimum against the number of classes, at
one number of inputs and samples, with labels that are independent of the inputs. The prediction
is a limit of many inputs at a fixed number of classes (:doc:`/trained`, section 3); where the
square of that number is large beside the inputs single draws scatter widely about it, and in the
full version it drifts away.

Full version: figure ``trained_laws_classes`` of ``make sweep NAME=trained_laws``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="classes $K$", ylabel="trained / predicted loss", xticks=(2, 8, 24))
for K in (2, 8, 24):
    ens = rh.Ensemble([30, K], 0, "ce", n_samples=150)
    known = rh.theory.trained_softmax(ens, ridge=0.01).train_loss
    for seed in range(3):
        start, X, y = rh.sample(ens, rng=seed)
        ax.plot(K, rh.train(start, X, y, "ce", weight_decay=0.01).losses[-1] / known, "C0.")
ax.axhline(1, color="grey", lw=0.9)
