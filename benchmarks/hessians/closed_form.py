"""The rival without the package: Hessians of cross-entropy in plain NumPy, in closed form.

No code of the package is used here, and nothing but whole-matrix NumPy: symmetric pairs once,
products by BLAS (``S.T @ S`` is its syrk, half of a gemm), no loop over samples. For each kind of
block two to four forms were timed and the fastest kept; what was left behind is said there.

Notation: inputs X (N, d), weights W (m, d) and V (C, m), features h = relu(X Wᵀ), mask D,
probabilities P (N, C). Parameters layer by layer, weights row-major in the shape (out, in).
"""

import numpy as np


def linear_hessian(X, V):
    """``(1/N) Σ_n (diag p_n - p_n p_nᵀ) ⊗ x_n x_nᵀ`` of the linear model, (C d, C d)."""
    return softmax_layer_by_classes(X, softmax(X @ V.T))


def network_hessian(X, y, W, V):
    """The Hessian of all weights of a network with one hidden layer, (m d + C m, m d + C m)."""
    (m, d), C = W.shape, V.shape[0]
    mask = (X @ W.T > 0).astype(float)
    h = np.maximum(X @ W.T, 0.0)
    P = softmax(h @ V.T)
    hidden, output = slice(m * d), slice(m * d, None)
    H = np.empty((m * d + C * m,) * 2)
    H[hidden, hidden] = hidden_layer(X, mask, P, V)
    H[output, output] = softmax_layer_by_products(h, P)
    cross = cross_layer(X, y, mask, h, P, V)
    H[hidden, output] = cross
    H[output, hidden] = cross.T
    return H


def softmax(logits):
    """Probabilities of each row."""
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P


def softmax_layer_by_classes(Z, P):
    """The layer below the softmax, features Z (N, p): one syrk for each pair of classes.

    Block (c, e) is ``∓ Sᵀ S`` with ``S = √(|λ|/N) Z``. Half the operations of the Khatri–Rao
    form, at good speed as long as p is large.
    """
    (N, p), k = Z.shape, P.shape[1]
    H = np.empty((k, p, k, p))
    roots, rest = np.sqrt(P), np.sqrt(1.0 - P)
    for c in range(k):
        scaled = (roots[:, c, None] / np.sqrt(N)) * Z
        S = rest[:, c, None] * scaled
        H[c, :, c, :] = S.T @ S
        for e in range(c):
            S = roots[:, e, None] * scaled
            block = S.T @ S
            np.negative(block, out=block)
            H[c, :, e, :] = block
            H[e, :, c, :] = block
    return H.reshape(k * p, k * p)


def softmax_layer_by_products(Z, P):
    """The same for few features: ``diag(…) - GᵀG/N``, the rows of G all products p_c z_a.

    One syrk of a Khatri–Rao matrix G (N, k p). A syrk of (N, k) for each pair of features needs
    half the operations and was not faster.
    """
    (N, p), k = Z.shape, P.shape[1]
    G = (P[:, :, None] * Z[:, None, :]).reshape(N, k * p)
    H = G.T @ G
    H *= -1.0 / N
    products = (Z[:, :, None] * Z[:, None, :]).reshape(N, p * p)
    c = np.arange(k)
    H.reshape(k, p, k, p)[c, :, c, :] += (P.T @ products / N).reshape(k, p, p)
    return H


def hidden_layer(X, mask, P, V):
    """``(1/N) Σ_n M_n ⊗ x_n x_nᵀ``, ``M_n = D Vᵀ (diag p - p pᵀ) V D``, one syrk for each pair.

    The weights λ of a pair of units have both signs: with ``λ + s ≥ 0`` the block is
    ``Sᵀ S - s XᵀX/N``, ``S = √((λ + s)/N) X``. A gemm for each pair takes twice as long.
    """
    (N, d), m = X.shape, mask.shape[1]
    U = P @ V
    M = (P @ (V[:, :, None] * V[:, None, :]).reshape(-1, m * m)).reshape(N, m, m)
    M -= U[:, :, None] * U[:, None, :]
    M *= mask[:, :, None]
    M *= mask[:, None, :]
    gram = X.T @ X / N
    H = np.empty((m, d, m, d))
    for i in range(m):
        for j in range(i + 1):
            lam = M[:, i, j]
            shift = max(0.0, -lam.min())
            S = np.sqrt((lam + shift) / N)[:, None] * X
            block = S.T @ S
            if shift > 0.0:
                block -= shift * gram
            H[i, :, j, :] = block
            H[j, :, i, :] = block
    return H.reshape(m * d, m * d)


def cross_layer(X, y, mask, h, P, V):
    """``(1/N) Σ_n x [ (A v^i)_c D_i h_b + δ_ib D_i (p - y)_c ]``, rows (i, a), columns (c, b).

    One gemm for each hidden unit, its right-hand side all products of a tangent and a feature.
    """
    (N, d), (C, m) = X.shape, V.shape
    U = P @ V
    residual = P.copy()
    residual[np.arange(N), y] -= 1.0
    H = np.empty((m, d, C * m))
    for i in range(m):
        active = mask[:, i, None] / N
        tangent = active * P * (V[:, i] - U[:, i, None])
        right = tangent[:, :, None] * h[:, None, :]
        right[:, :, i] += active * residual
        H[i] = X.T @ right.reshape(N, C * m)
    return H.reshape(m * d, C * m)
