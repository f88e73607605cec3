"""The numba kernel of the matrix equation of a whole layer, in real arithmetic.

One function for all steps on a sample: calls with a dozen small arrays would take as long as the
steps. A complex matrix A is two arrays, ``A_real`` and ``A_imag``; a complex number is ``a + i b``,
but for ``x + i y``, one over the pivot.

References
----------
``docs/laws.md`` §4.
"""

import numpy as np

from rmt_hessian._jit import jit


@jit(error_model="numpy")
def transforms(L, ranks, signs, weights, G_real, G_imag, gamma, B_real, B_imag):
    """Means over samples ``M = L Σ Lᵀ`` of ``B = M (I + γ G M)^{-1}`` and of the angles.

    With ``S = Σ + γ Lᵀ G L``, of the size of the rank, ``B = L S^{-1} Lᵀ``. As Im G is positive
    definite, S and all its Schur complements lie in the upper half plane: pivots taken from the
    diagonal do not vanish, and along ``t G``, t from 0 to 1, neither their arguments nor those of
    the eigenvalues of S leave [0, π]. So the two sums of arguments are one.

    Elimination of the rows of S and of ``Y = Lᵀ`` below row c, for c = 0, 1, …, gives B by the way:
    with ``s_c`` the pivot and ``y_c`` row c of Y when it is reached, ``B = Σ_c y_c y_cᵀ/s_c``.

    Parameters
    ----------
    L : (n, k, r), ranks : (n,)
        Factors, whose columns from the rank on vanish.
    signs : (n, r)
        Σ.
    weights : (n,)
    G_real, G_imag : (k, k)
    gamma : float
    B_real, B_imag : (n, k (k+1)/2), or of no rows
        Filled with the upper triangles of all B.

    Returns
    -------
    real, imag : (k, k)
        ``E[B]``.
    angle : float
        ``E[ Σ Arg eig(S) - Σ Arg Σ_cc - γ Im tr(G B) ]``.
    """
    n, k, most = L.shape
    real, imag, angle = np.zeros((k, k)), np.zeros((k, k)), 0.0
    units = np.empty(k, dtype=np.int64)
    W_real, W_imag = np.empty((k, most)), np.empty((k, most))
    S_real, S_imag = np.empty((most, most)), np.empty((most, most))
    Y_real, Y_imag = np.empty((most, k)), np.empty((most, k))
    own_real, own_imag = np.empty((k, k)), np.empty((k, k))
    for s in range(n):
        # 1. the m units where M does not vanish; all that follows runs over these alone
        r, m = ranks[s], 0
        for i in range(k):
            for c in range(r):
                if L[s, i, c] != 0.0:
                    units[m] = i
                    m += 1
                    break
        # 2. W = γ G L, S = I + Lᵀ W and Y = Lᵀ; B = 0
        for i in range(m):
            for c in range(r):
                a, b = 0.0, 0.0
                for j in range(m):
                    a += G_real[units[i], units[j]] * L[s, units[j], c]
                    b += G_imag[units[i], units[j]] * L[s, units[j], c]
                W_real[i, c], W_imag[i, c] = gamma * a, gamma * b
            for j in range(m):
                own_real[i, j], own_imag[i, j] = 0.0, 0.0
        for c in range(r):
            for d in range(c, r):
                a, b = 0.0, 0.0
                for i in range(m):
                    a += L[s, units[i], c] * W_real[i, d]
                    b += L[s, units[i], c] * W_imag[i, d]
                S_real[c, d], S_imag[c, d] = a, b
                S_real[d, c], S_imag[d, c] = a, b
            S_real[c, c] += signs[s, c]
            for i in range(m):
                Y_real[c, i], Y_imag[c, i] = L[s, units[i], c], 0.0
        # 3. elimination
        arguments = 0.0
        for c in range(r):
            if signs[s, c] < 0.0:
                arguments -= np.pi
        for c in range(r):
            # the largest of the diagonal entries left goes to (c, c): rows and columns of S trade
            # places, so that it stays symmetric, and rows of Y
            best, size = c, 0.0
            for i in range(c, r):
                t = S_real[i, i] * S_real[i, i] + S_imag[i, i] * S_imag[i, i]
                if t > size:
                    best, size = i, t
            if best != c:
                for j in range(c, r):
                    S_real[c, j], S_real[best, j] = S_real[best, j], S_real[c, j]
                    S_imag[c, j], S_imag[best, j] = S_imag[best, j], S_imag[c, j]
                for j in range(c, r):
                    S_real[j, c], S_real[j, best] = S_real[j, best], S_real[j, c]
                    S_imag[j, c], S_imag[j, best] = S_imag[j, best], S_imag[j, c]
                for i in range(m):
                    Y_real[c, i], Y_real[best, i] = Y_real[best, i], Y_real[c, i]
                    Y_imag[c, i], Y_imag[best, i] = Y_imag[best, i], Y_imag[c, i]
            arguments += np.arctan2(max(S_imag[c, c], 0.0), S_real[c, c])
            x, y = S_real[c, c] / size, -S_imag[c, c] / size
            for i in range(m):  # B += y_c y_cᵀ/s_c
                a = Y_real[c, i] * x - Y_imag[c, i] * y
                b = Y_real[c, i] * y + Y_imag[c, i] * x
                for j in range(i, m):
                    own_real[i, j] += a * Y_real[c, j] - b * Y_imag[c, j]
                    own_imag[i, j] += a * Y_imag[c, j] + b * Y_real[c, j]
            for i in range(c + 1, r):  # row i of S and of Y, less S_ic/s_c times row c
                a = S_real[i, c] * x - S_imag[i, c] * y
                b = S_real[i, c] * y + S_imag[i, c] * x
                for j in range(c + 1, r):
                    S_real[i, j] -= a * S_real[c, j] - b * S_imag[c, j]
                    S_imag[i, j] -= a * S_imag[c, j] + b * S_real[c, j]
                for j in range(m):
                    Y_real[i, j] -= a * Y_real[c, j] - b * Y_imag[c, j]
                    Y_imag[i, j] -= a * Y_imag[c, j] + b * Y_real[c, j]
        # 4. its share of the means; the trace is Im tr(G B)
        trace = 0.0
        for i in range(m):
            u = units[i]
            for j in range(i, m):
                v = units[j]
                a, b = own_real[i, j], own_imag[i, j]
                t = G_real[u, v] * b + G_imag[u, v] * a
                trace += t if i == j else 2 * t
                real[u, v] += weights[s] * a
                imag[u, v] += weights[s] * b
                if B_real.shape[0] > 0:
                    place = u * k - (u * (u - 1)) // 2 + v - u  # of (u, v) in the triangle, by rows
                    B_real[s, place], B_imag[s, place] = a, b
        angle += weights[s] * (arguments - gamma * trace)
    for i in range(k):
        for j in range(i):
            real[i, j], imag[i, j] = real[j, i], imag[j, i]
    return real, imag, angle
