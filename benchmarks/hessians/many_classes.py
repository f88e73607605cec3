"""The rival without the package for many classes: block norms and products of the linear model.

Plain NumPy and no code of the package, as in ``closed_form.py``. X (N, d), V (C, d), P (N, C).
"""

import numpy as np

from benchmarks.hessians.closed_form import softmax

CHUNK = 4096  # classes


def norms_at_once(X, V):
    """Means of ``‖H_ii‖²`` over i and of ``‖H_ij‖²`` over i ≠ j from all probabilities P.

    With ``K = (XXᵀ)²/N²`` (entrywise), ``S = PPᵀ``, ``T = (P∘P)Pᵀ``, ``Q = (P∘P)(P∘P)ᵀ``: the
    sums are ``Σ K∘(S - T - Tᵀ + Q)`` and ``Σ K∘(S∘S - Q)``.
    """
    P = softmax(X @ V.T)
    squares = P * P
    return _means(X, P @ P.T, squares @ P.T, squares @ squares.T, V.shape[0])


def norms_in_chunks(X, V):
    """The same with 4096 classes in memory at a time; the normalisers in a first pass."""
    top, total = _normalisers(X, V)
    S, T, Q = (np.zeros((X.shape[0],) * 2) for _ in range(3))
    for lo in range(0, V.shape[0], CHUNK):
        P = X @ V[lo : lo + CHUNK].T
        P -= top
        np.exp(P, out=P)
        P /= total
        squares = P * P
        S += P @ P.T
        T += squares @ P.T
        Q += squares @ squares.T
    return _means(X, S, T, Q, V.shape[0])


def _normalisers(X, V):
    """Largest logit of each sample and the sum of exponentials relative to it, (N, 1) each."""
    top, total = np.full((X.shape[0], 1), -np.inf), 0.0
    for lo in range(0, V.shape[0], CHUNK):
        logits = X @ V[lo : lo + CHUNK].T
        higher = np.maximum(top, logits.max(axis=1, keepdims=True))
        logits -= higher
        np.exp(logits, out=logits)
        total = total * np.exp(top - higher) + logits.sum(axis=1, keepdims=True)
        top = higher
    return top, total


def _means(X, S, T, Q, n_classes):
    K = np.square(X @ X.T / X.shape[0])
    diagonal = np.vdot(K, S + Q) - 2.0 * np.vdot(K, T)  # K is symmetric
    off_diagonal = np.vdot(K, S * S - Q)
    return np.array([diagonal / n_classes, off_diagonal / (n_classes * (n_classes - 1))])


def product(X, P, v):
    """``H v`` for a vector v (C d,), the probabilities given."""
    Y = X @ v.reshape(P.shape[1], X.shape[1]).T
    Y *= P
    Y -= P * Y.sum(axis=1, keepdims=True)
    return (Y.T @ X / X.shape[0]).ravel()
