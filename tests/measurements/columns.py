"""What tests of measurements share: columns compared, eigenspaces and gradients by brute force."""

import numpy as np

SEED = 7


def assert_columns(result, expected, tolerance):
    """The same names, and values equal to a tolerance times the largest entry of the column."""
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        value = np.asarray(value, dtype=float)
        assert np.shape(result[name]) == value.shape, name
        scale = np.abs(value).max(initial=0.0, where=np.isfinite(value))
        np.testing.assert_allclose(
            result[name], value, rtol=0, atol=tolerance * max(scale, 1.0), err_msg=name
        )


def top(A, n):
    """Eigenvectors of the n largest eigenvalues, the largest first, by LAPACK on all of A."""
    return np.linalg.eigh(A)[1][:, ::-1][:, :n]


def overlaps(U, V):
    """Overlap of the spaces of the first q columns, q = 1, 2, …, one by one."""
    return [np.sum((U[:, :q].T @ V[:, :q]) ** 2) / q for q in range(1, U.shape[1] + 1)]


def cut(A, n):
    """Whether the q-th eigenvalue is equal to the next, q = 1 … n: eigenvectors are not defined."""
    values = np.append(np.linalg.eigvalsh(A)[::-1], -np.inf)
    return values[:n] - values[1 : n + 1] < 1e-9 * np.abs(values[:-1]).max()


def defined_overlaps(A, B, n):
    """Overlaps of the top eigenspaces, NaN where the dimension cuts a multiple eigenvalue."""
    return np.where(cut(A, n) | cut(B, n), np.nan, overlaps(top(A, n), top(B, n)))


def gradients(net, X, layer, labels, loss):
    """``∂ℓ_n/∂a_n`` of a layer sample by sample: residual, pulled down, shape (N, k)."""
    rows = []
    for x, label in zip(X, labels, strict=True):
        inputs = [x]
        for W in net.weights[:-1]:
            inputs.append(np.maximum(W @ inputs[-1], 0.0))
        f = net.weights[-1] @ inputs[-1]
        p = np.exp(f - f.max())
        g = (p / p.sum() if loss == "ce" else f) - np.eye(len(f))[label]
        for l in range(len(net.weights) - 1, layer, -1):
            g = (net.weights[l].T @ g) * (inputs[l] > 0)
        rows.append(g)
    return np.array(rows)
