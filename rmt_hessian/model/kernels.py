"""Numba kernels of the forward pass and of the losses. Slow NumPy twins: ``tests/oracles.py``."""

import numpy as np

from rmt_hessian._jit import jit


@jit()
def softmax(logits):
    """Row-wise softmax, ``p_c = exp(f_c - max f) / Σ_c exp(f_c - max f)``, stable."""
    n_samples, n_classes = logits.shape
    p = np.empty((n_samples, n_classes))
    for n in range(n_samples):
        largest = logits[n, 0]
        for c in range(1, n_classes):
            largest = max(largest, logits[n, c])
        total = 0.0
        for c in range(n_classes):
            p[n, c] = np.exp(logits[n, c] - largest)
            total += p[n, c]
        for c in range(n_classes):
            p[n, c] /= total
    return p


@jit()
def relu_and_mask(a):
    """``max(a, 0)`` and the mask ``1[a > 0]`` in one pass over the pre-activations."""
    h = np.empty(a.shape)
    mask = np.empty(a.shape, dtype=np.bool_)
    for n in range(a.shape[0]):
        for i in range(a.shape[1]):
            active = a[n, i] > 0.0
            mask[n, i] = active
            h[n, i] = a[n, i] if active else 0.0
    return h, mask


@jit()
def label_losses(logits, labels):
    """``ℓ_n = log Σ_c exp(f_c - f_y)`` to full relative accuracy, however small; (N, C), (N,).

    Where f_y is the largest, ``ℓ = log(1 + Σ_{c≠y} exp(f_c - f_y))``.
    """
    losses = np.empty(logits.shape[0])
    for n in range(logits.shape[0]):
        y = labels[n]
        largest = logits[n, y]
        for c in range(logits.shape[1]):
            largest = max(largest, logits[n, c])
        others = 0.0
        for c in range(logits.shape[1]):
            if c != y:
                others += np.exp(logits[n, c] - largest)
        gap = largest - logits[n, y]
        losses[n] = np.log1p(others) if gap == 0.0 else gap + np.log(others + np.exp(-gap))
    return losses
