"""Assembling Hessians: every layer is ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with ``M_n = ∂²ℓ_n/∂a ∂a``.

Doors, in reading order:

* ``layer``: `LayerHessian`, the one object that every layer of every network is
* ``from_network``: of a network on its samples, and covariances of gradients
* ``from_head``: of the last layer of any model, from its features
* ``draws``: of one draw from an `Ensemble`
* ``network``: `NetworkHessian`, all layers and the blocks between them
* ``population``: ``E[M]`` over x, from fresh samples
* ``decoupled``: with output Hessians of other inputs
* ``dead_units``: units whose blocks are zero
* ``estimates``: `Estimate`, a number for infinitely many samples with its error

Insides: what a layer is made of,

* ``factors``: from a forward pass, the only place that knows of layers
* ``output_hessians``: all ``M_n``, as factors
* ``logits``: made for some samples and classes
* ``softmax_curvature``: ``A_n`` of cross-entropy
* ``unit_curvature``: of the squared error
* ``scaled_curvature``: with weights of samples
* ``rank_one_curvature``: ``g_n g_nᵀ`` of gradients
* ``row_curvature``: ``M_n`` of any kind, by rows or as arrays
* ``residual``: ``∂ℓ_n/∂f``, and the gradients

what is made of it,

* ``assembly``: dense matrices
* ``gram``: ``Σ_n w_n z_n z_nᵀ``
* ``norms``: of blocks, none of which is formed
* ``pair_sums``: over pairs of samples
* ``off_diagonal``: shares off the diagonal blocks
* ``kernels``: compiled

and of the whole network,

* ``cross_layer``: blocks between two layers
* ``network_product``: products
* ``network_means``: Kronecker factors
"""
