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


def label_losses(logits, labels):
    """In as many digits as it takes to see 1 + exp(-1400)."""
    losses = []
    with mpmath.workdps(650):
        for row, label in zip(logits.tolist(), labels, strict=True):
            of_label = mpmath.mpf(row[label])
            losses.append(float(mpmath.log(sum(mpmath.exp(x - of_label) for x in row))))
    return np.array(losses)


def update_normaliser(f, first, top, others, reference):
    """The state after the logits f of classes ``first …``; ``others`` without the reference."""
    for n in range(len(f)):
        logits = {first + c: value for c, value in enumerate(f[n])}
        if reference[n] >= 0:
            logits[reference[n]] = top[n]
        best = max(logits, key=lambda c: (logits[c], -abs(c)))
        rest = sum(np.exp(value - logits[best]) for c, value in logits.items() if c != best)
        before = others[n] * np.exp(top[n] - logits[best]) if reference[n] >= 0 else 0.0
        top[n], others[n], reference[n] = logits[best], before + rest, best


def softmax_in_place(f, top, others):
    f[:] = np.exp(f - top[:, None]) / (1 + others[:, None])


def softmax_curvature(f):
    """``A_n = diag(p) - p pᵀ`` of logits f, (N, C, C), the diagonal as ``p_c Σ_{c'≠c} p_c'``."""
    p = softmax(f)
    A = -p[:, :, None] * p[:, None, :]
    for n, c in np.ndindex(p.shape):
        A[n, c, c] = p[n, c] * np.delete(p[n], c).sum()
    return A


def apply_softmax_curvature(F, p, reference):
    A = np.stack([np.diag(row) - np.outer(row, row) for row in p])
    F[:] = np.einsum("ncd,nqd->nqc", A, F)


def apply_softmax_root(S, p, reference, out):
    roots = np.stack([np.diag(np.sqrt(row)) @ (np.eye(row.size) - row) for row in p])
    out[:] = roots @ S


def covariances_from_moments(second, first, shift, total, i, j):
    """Second moments about ``shift`` less the products of the first."""
    si, sj = shift[:, i], shift[:, j]
    about = second - si * first[:, j] - sj * first[:, i] + si * sj * total[:, None]
    mean = first - total[:, None] * shift
    second[:] = about - mean[:, i] * mean[:, j]


def correction_sums(p, Rq, scale, mean, own):
    p = p.astype(np.float64)
    q = p**2
    of_mean = mean * (1 - np.eye(len(p))) @ q
    Kq = scale * Rq.astype(np.float64) + of_mean
    sums = [[np.sum(x * Kq, axis=1), own * np.sum(x * q, axis=1)] for x in (p, q)]
    return np.array(sums), np.array([np.sum(p * of_mean), np.sum(q * of_mean)])


def rows_and_own(h):
    """Of h(n, m), (N, N): sums over m ≠ n, and the terms m = n."""
    return np.array([np.sum(h * (1 - np.eye(len(h))), axis=1), h.diagonal()])


def lower_sums(K, S):
    S = np.tril(S) + np.tril(S, -1).T
    return np.array([rows_and_own(K * S), rows_and_own(K * S**2)])


def off_diagonal_sum(K, S, Q, p_reference, reference):
    """By a set of classes for each pair: their terms, apart from those of all other classes."""
    h = np.zeros(K.shape)
    for n, m in np.ndindex(K.shape):
        classes = {reference[k]: k for k in (n, m)}
        x = [p_reference[n, k] * p_reference[m, k] for k in classes.values()]
        own = sum(a * b for a in x for b in x) - sum(a * a for a in x)
        s, q = S[max(n, m), min(n, m)], Q[max(n, m), min(n, m)]
        h[n, m] = K[n, m] * (own + 2 * sum(x) * s + s * s - q)
    return rows_and_own(h)


def apply_slopes(Y, slopes):
    Y *= slopes[:, None, :]


def scaled_rows(slopes, w, out):
    out[:] = slopes[:, :, None] * w[None]


def scale_pairs(values, slopes, i, j, out):
    out[:] = values * slopes[:, i] * slopes[:, j]


def pack_symmetric(Z, w, space):
    rows = np.sqrt(np.abs(w))[:, None] * Z
    plus, minus = rows[w > 0], rows[w < 0][::-1]
    space[: len(plus)] = plus
    space[len(space) - len(minus) :] = minus
    return len(plus), len(minus)


def pack_cross(active, inputs, s, S, t, T, left, right):
    kept = active & ((s != 0) | (t != 0))
    left[: kept.sum()] = inputs[kept]
    right[: kept.sum()] = (s[:, None] * S + t[:, None] * T)[kept]
    return kept.sum()


def scatter_units(H, block, i, j):
    p = len(block)
    H[i * p : (i + 1) * p, j * p : (j + 1) * p] = block
    H[j * p : (j + 1) * p, i * p : (i + 1) * p] = block


def scatter_features(H, sums, start, stop):
    k = sums.shape[1]
    p = len(H) // k
    for q, (a, b) in enumerate(zip(*np.triu_indices(p), strict=True)):
        for i in range(start, stop):
            H[i * p + a, b::p] = H[i * p + b, a::p] = sums[q, i]


def transpose_into(out, A, start, stop):
    out[:, start:stop] = A[start:stop].T


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


def full_hessian(net, X, targets, loss):
    """``(1/N) Σ_n [J_nᵀ A_n J_n + Σ_c r_nc ∇² f_c]`` with all derivatives of f as matrices."""
    shapes = [W.shape for W in net.weights]
    ends = np.cumsum([r * c for r, c in shapes])
    place = [slice(end - r * c, end) for end, (r, c) in zip(ends, shapes, strict=True)]
    H = np.zeros((ends[-1], ends[-1]))
    for x, target in zip(np.asarray(X), targets, strict=True):
        z, masks = [x], []
        for W in net.weights:
            a = W @ z[-1]
            masks.append(np.diag((a > 0).astype(float)))
            z.append(masks[-1] @ a)
        C = a.size
        p = softmax(a[None])[0]
        A = np.diag(p) - np.outer(p, p) if loss == "ce" else np.eye(C)
        r = (p if loss == "ce" else a) - target
        B = [np.eye(C)]  # ∂f/∂a_l
        for l in range(len(shapes) - 2, -1, -1):
            B.insert(0, B[0] @ net.weights[l + 1] @ masks[l])
        J = np.hstack([np.kron(B[l], z[l][None]) for l in range(len(shapes))])
        H += J.T @ A @ J
        for l in range(len(shapes)):
            moved = masks[l]  # ∂z_{l+1}/∂a_l
            for k in range(l + 1, len(shapes)):
                # r·f is bilinear in (W_l, W_k): r·B_k U_k (∂z_k/∂a_l) U_l z_l
                cross = np.einsum("j,bi,a->iajb", B[k].T @ r, moved, z[l])
                cross = cross.reshape(shapes[l][0] * shapes[l][1], -1)
                H[place[l], place[k]] += cross
                H[place[k], place[l]] += cross.T
                moved = masks[k] @ net.weights[k] @ moved
    return H / len(X)


def pair_products(parts, block):
    """``h(n, m)``, (2, N, N), of ``H = (1/N) Σ parts_n``: on blocks i = j, and i ≠ j.

    ``Σ parts_n ∘ parts_m / N²`` over the entries of those blocks; ``block`` has the block of each
    parameter.
    """
    same = block[:, None] == block[None, :]
    N = len(parts)
    h = np.empty((2, N, N))
    for n, m in np.ndindex(N, N):
        product = parts[n] * parts[m] / N**2
        h[:, n, m] = product[same].sum(), product[~same].sum()
    return h


def of_different_pairs(h, statistic, weights=None):
    """A statistic of the means of h(n, m) over n ≠ m, and its error from leaving each sample out.

    By forming what is left, N times. The means are over ``ω_n ω_m`` where there are weights.
    """
    N = h.shape[-1]
    w = np.ones(N) if weights is None else weights

    def value(kept):
        pairs = [(n, m) for n in kept for m in kept if n != m]
        mean = sum(h[:, n, m] for n, m in pairs) / sum(w[n] * w[m] for n, m in pairs)
        return statistic(N**2 * mean)

    without = np.array([value([n for n in range(N) if n != left]) for left in range(N)])
    error = np.sqrt((N - 1) / N * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    return value(range(N)), error


def gradient(net, X, targets, loss):
    """Gradient of the mean loss with respect to all weights, by back-propagation of matrices."""
    z, masks = [np.asarray(X)], []
    for W in net.weights:
        a = z[-1] @ W.T
        masks.append(a > 0)
        z.append(a * masks[-1])
    delta = ((softmax(a) if loss == "ce" else a) - targets) / len(X)
    parts = []
    for l in range(len(net.weights) - 1, -1, -1):
        parts.insert(0, (delta.T @ z[l]).ravel())
        if l:
            delta = (delta @ net.weights[l]) * masks[l - 1]
    return np.concatenate(parts)


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
