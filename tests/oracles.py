"""Slow and obvious twins of the fast code."""

import mpmath
import numpy as np
from scipy.differentiate import hessian

# --- numba kernels ------------------------------------------------------------------------------


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def relu_and_mask(a):
    return np.maximum(a, 0.0), a > 0


def curvature_matrices(a, b):
    """``diag(a_n) - b_n b_nᵀ``, (N, C, C)."""
    return np.stack([np.diag(s) - np.outer(t, t) for s, t in zip(a, b, strict=True)])


def apply_curvature(F, a, b, reference):
    return np.einsum("ncd,nd->nc", curvature_matrices(a, b), F)


def curvature_diagonal(a, b, reference):
    return np.einsum("ncc->nc", curvature_matrices(a, b))


def pair_weights(S, T, a, b, reference):
    return np.einsum("nc,ncd,nd->n", S, curvature_matrices(a, b), T)


def apply_mask(Y, mask):
    return Y * mask


def masked_outer(active, w):
    return np.outer(active, w)


def pack_pair(Z, lam):
    return Z[lam != 0], lam[lam != 0][:, None] * Z[lam != 0]


def scatter_pair(H, block, i, j):
    p = block.shape[0]
    H[i * p : (i + 1) * p, j * p : (j + 1) * p] = block
    H[j * p : (j + 1) * p, i * p : (i + 1) * p] = block.T


# --- Hessians -----------------------------------------------------------------------------------


def output_hessians(net, X, layer, loss):
    """``M_n = B_nᵀ A_n B_n`` by explicit matrices, (N, k, k), sample by sample."""
    result = []
    for x in np.asarray(X):
        z, B = x, None
        for l, W in enumerate(net.weights):
            a = W @ z
            if l < len(net.weights) - 1:
                D = np.diag((a > 0).astype(float))
                z = D @ a
                if l == layer:
                    B = D
                elif B is not None:
                    B = D @ W @ B
            else:
                B = np.eye(W.shape[0]) if layer == l else W @ B
        A = np.eye(a.size)
        if loss == "ce":
            p = softmax(a[None])[0]
            A = np.diag(p) - np.outer(p, p)
        result.append(B.T @ A @ B)
    return np.array(result)


def layer_hessian(net, X, layer, loss):
    """``(1/N) Σ_n M_n ⊗ z_n z_nᵀ`` by Kronecker products."""
    Z = np.asarray(X)
    for W in net.weights[: layer % len(net.weights)]:
        Z = np.maximum(Z @ W.T, 0.0)
    M = output_hessians(net, X, layer % len(net.weights), loss)
    return sum(np.kron(m, np.outer(z, z)) for m, z in zip(M, Z, strict=True)) / len(Z)


def loss_of_weights(shapes, X, targets, loss):
    """The scalar loss as a function of all weights; trailing axes are evaluated one by one."""
    ends = np.cumsum([r * c for r, c in shapes])[:-1]

    def value(w):
        z = X
        parts = np.split(w, ends)
        for l, (part, shape) in enumerate(zip(parts, shapes, strict=True)):
            a = z @ part.reshape(shape).T
            z = np.maximum(a, 0.0) if l < len(shapes) - 1 else a
        if loss == "mse":
            return 0.5 * np.mean(np.sum((z - targets) ** 2, axis=1))
        top = z.max(axis=1)
        log_sum = top + np.log(np.sum(np.exp(z - top[:, None]), axis=1))
        return np.mean(log_sum - np.sum(targets * z, axis=1))

    def batched(w):
        flat = w.reshape(w.shape[0], -1)
        return np.array([value(column) for column in flat.T]).reshape(w.shape[1:])

    return batched


def hessian_by_differences(net, X, targets, loss):
    """The Hessian of the scalar loss by SciPy's adaptive finite differences."""
    w = np.concatenate([W.ravel() for W in net.weights])
    f = loss_of_weights([W.shape for W in net.weights], X, targets, loss)
    return hessian(f, w, initial_step=0.01, order=4, maxiter=3).ddf


# --- laws ---------------------------------------------------------------------------------------


def stieltjes_root(z, weights, probabilities, gamma, digits=30):
    """s(z) of the generalised Marchenko–Pastur law: the root with Im s > 0 of its polynomial.

    ``(Σ w_k λ_k/(1 + γ λ_k s) - z) s - 1 = 0`` times ``Π (1 + γ λ_k s)``; roots by mpmath. For
    real z inside the support it is one of a conjugate pair.
    """
    pairs = [(lam, w) for lam, w in zip(weights, probabilities, strict=True) if lam != 0]
    with mpmath.workdps(digits):
        factors = [[1, mpmath.mpf(gamma) * lam] for lam, _ in pairs]  # ascending

        def product(skip=None):
            result = [mpmath.mpf(1)]
            for k, factor in enumerate(factors):
                if k != skip:
                    result = _polynomial_product(result, factor)
            return result

        total = _polynomial_product(product(), [-1, -mpmath.mpmathify(z)])
        for k, (lam, w) in enumerate(pairs):
            term = _polynomial_product(product(skip=k), [0, mpmath.mpf(w) * lam])
            total = _polynomial_sum(total, term)
        roots = mpmath.polyroots(total, maxsteps=500, extraprec=400, asc=True)
        return max(roots, key=lambda s: s.imag)


def _polynomial_product(f, g):
    result = [mpmath.mpf(0)] * (len(f) + len(g) - 1)
    for i, a in enumerate(f):
        for j, b in enumerate(g):
            result[i + j] += a * b
    return result


def _polynomial_sum(f, g):
    n = max(len(f), len(g))
    f, g = [*f, *[0] * (n - len(f))], [*g, *[0] * (n - len(g))]
    return [a + b for a, b in zip(f, g, strict=True)]


def marchenko_pastur_pdf(x, gamma, scale=1.0):
    lo, hi = scale * (1 - np.sqrt(gamma)) ** 2, scale * (1 + np.sqrt(gamma)) ** 2
    inside = np.sqrt(np.maximum((hi - x) * (x - lo), 0.0))
    return inside / (2 * np.pi * gamma * scale * x)


def noncrossing_partition_moment(n, cumulant):
    """``m_n = Σ over non-crossing partitions π of Π κ_{|block|}``, by listing set partitions."""
    total = 0.0
    for partition in _set_partitions(list(range(n))):
        if not _crosses(partition):
            total += np.prod([cumulant(len(block)) for block in partition])
    return total


def _set_partitions(items):
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in _set_partitions(rest):
        yield [[first], *partition]
        for k, block in enumerate(partition):
            yield [*partition[:k], [first, *block], *partition[k + 1 :]]


def _crosses(partition):
    label = {item: k for k, block in enumerate(partition) for item in block}
    n = len(label)
    return any(
        label[a] == label[c] != label[b] == label[d]
        for a in range(n)
        for b in range(a + 1, n)
        for c in range(b + 1, n)
        for d in range(c + 1, n)
    )
