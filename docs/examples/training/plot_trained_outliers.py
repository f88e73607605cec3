"""
Outliers of trained weights
===========================

The block of the first two classes of softmax regression on a mixture after two steps of training,
beside its law given the weights. Two eigenvalues have left the bulk, and triangles below the axis
mark where they are predicted, from weights and class means: :doc:`/training`, section 5. The
prediction is one for inputs that the weights have not seen: the further training goes, the less
it holds for the sample.

Full version: figure ``trained_outliers`` of ``make sweep NAME=trained_spectra``.
"""

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
classes = rh.Mixture(separation=3.0, means=np.eye(4, 200))
ens = rh.Ensemble([200, 4], layer=0, loss="ce", n_samples=4000, inputs=classes)
start, X, y = rh.sample(ens, rng=0)
net = rh.train(start, X, y, "ce", steps=2).network
block, given = rh.layer_hessian(net, X, 0, "ce").block(0, 1), ens.given(net)
law, places = rh.theory.block_law(given, 0, 1), rh.theory.block_outliers(given, 0, 1)
rh.plotting.plot_spectrum(block, law, outliers=places, coverage=1.0)
