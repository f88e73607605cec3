"""
Blocks between two layers
=========================

Mean squared norm of the blocks between the layers of a network with one hidden layer, over that
of the diagonal blocks of both layers (their geometric mean), at initialisation. With MSE it falls
like 1/C, with cross-entropy it does not vanish (:doc:`/norms`, section *Between layers*): the
Hessian becomes block-diagonal within layers, and not between them. One network a point.

Full version: figure ``cross_layer`` of ``make sweep NAME=layers``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
ax = plt.axes(xlabel="classes $C$", ylabel="ratio of squared norms", xscale="log", yscale="log")
for C in (4, 16, 64, 256):
    for loss, colour in (("ce", "C0"), ("mse", "C2")):
        ens = rh.Ensemble([40, 8, C], layer=0, loss=loss, n_samples=80)
        H = rh.network_hessian(*rh.sample(ens, rng=0), loss)
        (hidden, _), (output, _) = (layer.mean_squared_block_norms() for layer in H.layers)
        ratio = H.block_norms()[0, 1] ** 2 / (8 * C) / (hidden * output) ** 0.5
        ax.plot(C, ratio, f"{colour}.", C, rh.theory.cross_layer_ratio(ens)[0], f"{colour}_")
ax.legend(["cross-entropy", "predicted", "MSE", "predicted"], ncols=2)
