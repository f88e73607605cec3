"""The residual of a loss, ``r_n = ∂ℓ/∂f``, and the gradients that it is pulled back to.

References
----------
``docs/training.md`` §2 and §3.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._threads import ALL, slices
from rmt_hessian.hessian.kernels import apply_slopes
from rmt_hessian.hessian.logits import LinearLogits


@dataclass(frozen=True, eq=False)
class Residual:
    """``r_n = ω_n ∂ℓ/∂f``, made for some samples at a time: CE has ``p_n - y_n``.

    Attributes
    ----------
    logits : LinearLogits
    loss : CrossEntropy or MeanSquaredError
    targets : numpy.ndarray, shape (N,) or (N, C)
        Labels as integers, or targets.
    scale : numpy.ndarray, shape (N,), or None
        ``ω_n``; None for 1.
    """

    logits: LinearLogits
    loss: Any
    targets: np.ndarray
    scale: np.ndarray | None = None

    def __call__(self, samples=ALL):
        """``r_n``, (n, C).

        Raises
        ------
        ValueError
            If a logit overflows.
        """
        f = self.logits(samples)
        if not np.isfinite(f).all():
            raise ValueError("X must not make the logits overflow, got infinite or NaN logits")
        r = self.loss.residual(f, self.targets[samples]).astype(f.dtype, copy=False)
        if self.scale is not None:
            r *= self.scale[samples, None]
        return r


@dataclass(frozen=True, eq=False)
class NoResidual:
    """``r_n = 0``: that of the Gauss–Newton part."""

    logits: LinearLogits

    def __call__(self, samples=ALL):
        """Zeros, (n, C)."""
        N, C = self.logits.shape
        return np.zeros((np.arange(N)[samples].size, C), self.logits.dtype)


def pulled_residuals(residual, weights, slopes, lowest, chunk_size):
    """``q_l = W_{l+1}ᵀ g_{l+1}`` of the hidden layers from ``lowest`` on, shapes (N, k_l).

    ``g_L = r``, ``g_l = D_l q_l``: the gradient of the loss of a sample with respect to the
    pre-activations of layer l.
    """
    N, C = residual.logits.shape
    hidden = range(lowest, len(slopes))
    q = [np.empty(slopes[l].shape, residual.logits.dtype) for l in hidden]
    widest = max([C, *(slopes[l].shape[1] for l in hidden)])
    for samples in slices(N, chunk_size // widest):
        g = residual(samples)
        for l in reversed(hidden):
            out = q[l - lowest][samples]
            np.matmul(g, weights[l + 1], out=out)
            g = out.copy()
            apply_slopes(g[:, None], slopes[l][samples])
    return q


def pulled_gradient(residual, weights, slopes, layer, chunk_size):
    """``g_l = ∂ℓ/∂a_l`` of one layer, (N, k_l): r in the last, ``D_l q_l`` below."""
    if layer == len(slopes):
        return residual()
    q = pulled_residuals(residual, weights, slopes, layer, chunk_size)[0]
    apply_slopes(q[:, None], slopes[layer])
    return q
