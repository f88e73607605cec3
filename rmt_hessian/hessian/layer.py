"""``LayerHessian``: the one object that every layer of every network is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse.linalg import LinearOperator

from rmt_hessian._validation import index_below
from rmt_hessian.hessian import norms
from rmt_hessian.hessian.jacobian import IdentityJacobian, ReLUJacobian
from rmt_hessian.hessian.kernels import apply_curvature, pack_pair, scatter_pair
from rmt_hessian.model.losses import OutputCurvature, get_loss


@dataclass(frozen=True, eq=False, repr=False)
class LayerHessian:
    """Hessian of the mean loss with respect to the weights of one layer, kept as factors.

    ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with ``M_n = B_nᵀ A_n B_n`` ([D], section 3, for one hidden
    layer; the form holds at any depth because the second derivative of ReLU vanishes almost
    everywhere). Block (i, j), of shape (p, p), is ``H_ij = (1/N) Σ_n λ_n^{ij} z_n z_nᵀ`` with
    ``λ_n^{ij} = (M_n)_ij``. Index ``i*p + a`` is output unit i, input feature a: the row-major
    order of the weight matrix, shape (k, p).

    Nothing of size (k p)² exists until `to_dense` is called. Make one with `layer_hessian`.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, p)
        ``z_n``, the inputs of the layer.
    curvature : OutputCurvature
        The factors of ``A_n``, from the loss.
    jacobian : IdentityJacobian or ReLUJacobian
        The factors of ``B_n``, from the layers above.
    """

    features: np.ndarray
    curvature: OutputCurvature
    jacobian: IdentityJacobian | ReLUJacobian

    def __repr__(self):
        k, p = self.n_blocks, self.block_size
        return f"LayerHessian({k} × {k} blocks of {p} × {p}, {self.n_samples} samples)"

    @property
    def n_samples(self):
        """N."""
        return self.features.shape[0]

    @property
    def block_size(self):
        """p, the number of input features."""
        return self.features.shape[1]

    @property
    def n_blocks(self):
        """k, the number of output units: there are k × k blocks."""
        return self.jacobian.n_units

    @property
    def shape(self):
        """``(k p, k p)``."""
        return (self.n_blocks * self.block_size,) * 2

    @property
    def dtype(self):
        """float64."""
        return np.dtype(np.float64)

    # --- weights and blocks -----------------------------------------------------------------

    def _unit(self, i):
        return index_below(i, self.n_blocks, "unit")

    def block_weights(self, i, j):
        """``λ_n^{ij} = (B_nᵀ A_n B_n)_ij``, shape (N,)."""
        return self.jacobian.pair_weights(self.curvature, self._unit(i), self._unit(j))

    def weight_row(self, i):
        """``λ_n^{ij}`` for all j, shape (N, k): row i of every ``M_n``."""
        return self._apply_output_hessians(self.jacobian.push_unit(self._unit(i)))

    def _apply_output_hessians(self, F):
        """``B_nᵀ A_n F_n``, (N, C) -> (N, k)."""
        A = self.curvature
        return self.jacobian.pull(apply_curvature(F, A.diagonal, A.rank_one, A.reference))

    def block(self, i, j):
        """``H_ij``, shape (p, p)."""
        return self._block_from_weights(self.block_weights(i, j))

    def _block_from_weights(self, lam):
        rows, scaled = pack_pair(self.features, lam)
        return rows.T @ scaled / self.n_samples

    def to_dense(self):
        """``H``, shape (k p, k p): each symmetric pair of blocks is computed once."""
        H = np.empty(self.shape)
        for i in range(self.n_blocks):
            row = np.ascontiguousarray(self.weight_row(i).T)
            for j in range(i, self.n_blocks):
                scatter_pair(H, self._block_from_weights(row[j]), i, j)
        return H

    # --- products ---------------------------------------------------------------------------

    def to_operator(self):
        """``H`` as a symmetric `scipy.sparse.linalg.LinearOperator`; H is never formed.

        For U of shape (k, p): ``Y = Z Uᵀ``, ``Y_n ← M_n Y_n``, ``H vec(U) = vec(Yᵀ Z)/N``.
        """
        Z, shape = self.features, (self.n_blocks, self.block_size)

        def matvec(v):
            Y = self._apply_output_hessians(self.jacobian.push(Z @ v.reshape(shape).T))
            return (Y.T @ Z).ravel() / self.n_samples

        return LinearOperator(self.shape, matvec=matvec, rmatvec=matvec, dtype=self.dtype)

    def __matmul__(self, v):
        """``H v`` for a vector (k p,) or a matrix (k p, q)."""
        return self.to_operator() @ v

    # --- scalars and small matrices ---------------------------------------------------------

    def block_norms(self):
        """Frobenius norms ``‖H_ij‖_F`` of all blocks, shape (k, k); no block is formed."""
        return norms.block_norms(self)

    def mean_squared_block_norms(self):
        """``(mean_i ‖H_ii‖_F², mean_{i≠j} ‖H_ij‖_F²)``, exact over all blocks, none formed."""
        return norms.mean_squared_block_norms(self)

    def frobenius_norm(self):
        """``‖H‖_F``."""
        return norms.frobenius_norm(self)

    def trace(self):
        """``tr H = (1/N) Σ_n tr(M_n) ‖z_n‖²``."""
        traces = self.jacobian.diagonal_weights(self.curvature).sum(axis=1)
        return float(traces @ np.square(self.features).sum(axis=1)) / self.n_samples

    @cached_property
    def _mean_output_hessian(self):
        return self.jacobian.mean_output_hessian(self.curvature)

    def output_hessian(self):
        """``E[M] = (1/N) Σ_n M_n``, shape (k, k); the output Hessian of [W]."""
        return self._mean_output_hessian.copy()

    def input_autocorrelation(self):
        """``E[z zᵀ] = (1/N) Σ_n z_n z_nᵀ``, shape (p, p)."""
        return self.features.T @ self.features / self.n_samples


def layer_hessian(net, X, layer, loss):
    """Hessian of one layer of a ReLU network, as a lazy `LayerHessian`.

    Parameters
    ----------
    net : ReLUNetwork
    X : array_like, shape (N, d)
        Inputs. No labels: the Hessian within a layer does not depend on them.
    layer : int
        0 is the first layer, -1 the last.
    loss : {"ce", "mse"}
        Softmax cross-entropy, or ``½‖f - y‖²`` (other conventions multiply H by a constant).

    Returns
    -------
    LayerHessian

    Raises
    ------
    ValueError
        If ``X`` is empty, not finite or of the wrong shape, the logits overflow, the loss is
        unknown, or CE is asked of a network with one output.
    IndexError
        If there is no such layer.

    Examples
    --------
    >>> from rmt_hessian.model.networks import ReLUNetwork
    >>> net = ReLUNetwork([np.zeros((2, 3))])
    >>> H = layer_hessian(net, np.ones((4, 3)), layer=0, loss="ce")
    >>> H.block_weights(0, 1)
    array([-0.25, -0.25, -0.25, -0.25])
    """
    loss = get_loss(loss, net.widths[-1])
    return layer_from_pass(net, net.forward(X), resolve_layer(net, layer), loss)


def resolve_layer(net, layer):
    """Return ``layer`` as an index from 0, or raise IndexError."""
    return index_below(layer, net.n_layers, "layer")


def layer_from_pass(net, forward, layer, loss):
    """Fill the factors of layer ``layer`` from a forward pass: the only place that knows it."""
    chain = tuple(zip(forward.masks[layer:], net.weights[layer + 1 :], strict=True))
    jacobian = ReLUJacobian(chain) if chain else IdentityJacobian(*forward.logits.shape)
    return LayerHessian(forward.features[layer], loss.output_curvature(forward.logits), jacobian)
