"""
Eigenvectors in the order of E[M]
=================================

Squared overlaps of the top eigenvectors u of a hidden layer's Hessian (down) with r_i ⊗ x̂
(across): r_i the eigenvectors of E[M], x̂ the leading one of E[zzᵀ]. A dark diagonal says that
the eigenvectors are these products, in the order of E[M]: :doc:`/structure`, section 3. It ends
where other products are larger, and is not there for centred inputs, where no x̂ stands out.

Full version: figure ``alignment`` of ``make sweep NAME=eigenspaces``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.spectra.subspaces import kronecker_alignment

plt.style.use("rmt_hessian.plotting.paper")
X = rh.gaussian_inputs(800, 40, rng=0, mean=1.0)
H = rh.layer_hessian(rh.Network.random([40, 8, 20], rng=1), X, 0, "ce")
matrices = H.to_dense(), H.output_hessian(), H.input_autocorrelation()
vectors = [rh.top_eigenpairs(A, n)[1][:, ::-1] for A, n in zip(matrices, (16, 8, 1), strict=True)]
ax = plt.axes(xlabel="$i$ of $r_i\\otimes\\hat x$", ylabel="eigenvector", xticks=range(1, 9))
overlaps = kronecker_alignment(*vectors)[:, :, 0]
image = ax.imshow(overlaps, vmin=0, vmax=1, cmap="Blues", extent=(0.5, 8.5, 16.5, 0.5))
plt.colorbar(image, label="squared overlap")
