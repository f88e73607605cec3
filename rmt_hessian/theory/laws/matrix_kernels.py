"""Numba kernels of the matrix equation of a whole layer, in real arithmetic."""

import numpy as np

from rmt_hessian._jit import jit


@jit(error_model="numpy")
def mean_transform(M, G_real, G_imag, gamma):
    """``E[M (I + γ G M)^{-1}]`` over the samples of M, (n, k, k) -> real and imaginary parts.

    Solves ``(I + γ M G) B = M`` by elimination with partial pivoting on the units where M does
    not vanish; M is symmetric and positive semi-definite, so that these are seen on its diagonal.
    """
    n, k = M.shape[0], M.shape[1]
    real, imag = np.zeros((k, k)), np.zeros((k, k))
    units = np.empty(k, dtype=np.int64)
    A, B = np.empty((k, 2 * k)), np.empty((k, 2 * k))
    for s in range(n):
        r = 0
        for i in range(k):
            if M[s, i, i] != 0.0:
                units[r] = i
                r += 1
        for i in range(r):
            for j in range(r):
                a, b = 0.0, 0.0
                for l in range(r):
                    a += M[s, units[i], units[l]] * G_real[units[l], units[j]]
                    b += M[s, units[i], units[l]] * G_imag[units[l], units[j]]
                A[i, j], B[i, j] = gamma * a, gamma * b
                A[i, r + j], B[i, r + j] = M[s, units[i], units[j]], 0.0
            A[i, i] += 1.0
        for c in range(r):
            best, size = c, 0.0
            for i in range(c, r):
                t = A[i, c] * A[i, c] + B[i, c] * B[i, c]
                if t > size:
                    best, size = i, t
            if best != c:
                for j in range(c, 2 * r):
                    A[c, j], A[best, j] = A[best, j], A[c, j]
                    B[c, j], B[best, j] = B[best, j], B[c, j]
            x, y = A[c, c] / size, -B[c, c] / size
            for j in range(c + 1, 2 * r):
                a, b = A[c, j], B[c, j]
                A[c, j], B[c, j] = a * x - b * y, a * y + b * x
            for i in range(r):
                if i != c:
                    x, y = A[i, c], B[i, c]
                    for j in range(c + 1, 2 * r):
                        A[i, j] -= x * A[c, j] - y * B[c, j]
                        B[i, j] -= x * B[c, j] + y * A[c, j]
        for i in range(r):
            for j in range(r):
                real[units[i], units[j]] += A[i, r + j]
                imag[units[i], units[j]] += B[i, r + j]
    return real / n, imag / n
