r"""Factors ``M = L Σ Lᵀ`` of output Hessians, their ranks, and the atom at 0 that ranks imply.

**Rank.** Σ has the signs of eigenvalues. One of M counts if it exceeds k ε of the largest of this M
(NumPy's rule for a rank, ε the precision in which M came) and 1e-16 of the largest of all (as in
`generalized_mp`), all by size; and those of one sign only if one is no rounding of an entry.
Others are rounding, and are set to 0: L has as many columns as the rank. Eigenvalues that are
small but count give mass at small x, which is no atom.

**Atom.** For every subspace U of the units, ``Uᵀ`` H U has the null space that its samples leave:
at least ``dim U - E rank(M P_U)/γ`` of k. The atom is the largest of these,

    ``max_U ( dim U - E rank(M P_U)/γ )/k``,

for M in general position (no U but all) ``max(0, 1 - r)``, ``r = E rank(M)/(k γ)``. Where units or
groups of them decouple, U is the range of ``lim -z G(z)``.

References
----------
``docs/laws.md`` §4: *Atom*.
"""

import numpy as np

from rmt_hessian._checks.precision import slack_of

SMALLEST = 1e-16  # of the largest eigenvalue of all: below it counts as 0
ROUNDED = 1e-14  # of r, which is a sum of many weights


def factors(M, precision):
    """L, (n, k, most), ranks, (n,), and signs, (n, most), of symmetric M, (n, k, k).

    Columns of L beyond a rank are 0.
    """
    k = M.shape[1]
    values, vectors = np.linalg.eigh(M)
    sizes = np.abs(values)
    for sign in (1, -1):  # all of one sign may be rounding
        if (sign * values).max() <= slack_of(precision) * sizes.max():
            sizes[sign * values > 0] = 0.0
    largest = sizes.max(axis=1, keepdims=True)
    sizes[sizes <= np.maximum(k * precision * largest, SMALLEST * largest.max())] = 0.0
    ranks = np.count_nonzero(sizes, axis=1)
    order = np.argsort(-sizes, axis=1, kind="stable")[:, : ranks.max()]
    sizes, values = (np.take_along_axis(x, order, axis=1) for x in (sizes, values))
    L = np.take_along_axis(vectors, order[:, None, :], axis=2) * np.sqrt(sizes)[:, None, :]
    L[~M.any(axis=2)] = 0.0  # units that this M does not have
    return np.ascontiguousarray(L), ranks, np.where((sizes > 0) & (values < 0), -1.0, 1.0)


def any_negative(M, precision):
    """Whether an eigenvalue is below 0 by more than what entries of M may be wrong by."""
    return bool(np.linalg.eigvalsh(M).min() < -slack_of(precision) * np.abs(M).max())


def mean_size(M, weights):
    """``E |M|``, whose null space is the one that all M share."""
    values, Q = np.linalg.eigh(M)
    return np.einsum("n,nij,nj,nkj->ik", weights, Q, np.abs(values), Q, optimize=True)


def null_space_removed(M, mean, precision):
    """M in a basis of the units in which the null space of ``E |M|`` are units, exactly 0.

    Returns M and the basis, (k, k), or None where the units are one already.
    """
    values, Q = np.linalg.eigh(mean)
    null = values <= mean.shape[0] * precision * values[-1]
    if null.sum() == (np.diag(mean) == 0).sum():
        return M, None
    M = Q.T @ M @ Q
    M[:, null], M[:, :, null] = 0.0, 0.0
    return M, Q


def expected_rank(L, weights, U, precision):
    """``E rank(M P_U)``, the columns of U, (k, d), orthonormal."""
    singular = np.linalg.svd(U.T @ L, compute_uv=False)
    top = np.linalg.norm(L, axis=(1, 2))
    limit = max(U.shape[0] * precision, 1e-7) * top  # of square roots of eigenvalues
    return float(weights @ (singular > limit[:, None]).sum(axis=1))


def atom_at_zero(L, ranks, weights, gamma, residue, precision):
    """The atom; ``residue``, (k, k), is ``lim -z G(z)``, whose leading eigenvectors span U."""
    k = L.shape[1]
    best = 1.0 - float(weights @ ranks) / (k * gamma)
    best = best if best > ROUNDED * (1 + 1 / gamma) else 0.0
    if residue is None:
        return best
    _, vectors = np.linalg.eigh(residue)
    for d in range(1, k):
        rank = expected_rank(L, weights, vectors[:, -d:], precision)
        best = max(best, (d - rank / gamma) / k)
    return best
