"""
Eigenvectors of a trained layer beside products
===============================================

Squared overlaps of the top eigenvectors of a trained layer's Hessian (down) with the products r_i
⊗ x_a of eigenvectors of its factors (across), each in the order of its eigenvalues. A dark
diagonal says that the eigenvectors are those of the Kronecker product, in its order: the
correspondence of [W]. It holds for the first few here, and then less and less: :doc:`/structure`,
section 8.

Full version: figure ``correspondence`` of ``make sweep NAME=eigenspaces_trained``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.spectra.subspaces import correspondence_matrix

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 16, 10], rng=0)
net = rh.train(start, X, y, "ce", weight_decay=1e-3, steps=100).network
H = rh.layer_hessian(net, X, 0, "ce")
frames = rh.top_eigenpairs(H, 20)[1], rh.kronecker_approximation(H).top_eigenspace(20)
ax = plt.axes(xlabel="product", ylabel="eigenvector", xticks=(1, 10, 20), yticks=(1, 10, 20))
extent = (0.5, 20.5, 20.5, 0.5)
image = ax.imshow(correspondence_matrix(*frames), vmin=0, vmax=1, cmap="Blues", extent=extent)
plt.colorbar(image, label="squared overlap")
