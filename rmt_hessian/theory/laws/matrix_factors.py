r"""Factors ``M = L Lᵀ`` of output Hessians, their ranks, and the atom at 0 that ranks imply.

**Rank.** An eigenvalue of M counts if it exceeds k ε of the largest of this M (NumPy's rule for a
rank, ε the precision in which M came) and 1e-16 of the largest of all (as in `generalized_mp`).
Others are rounding, and are set to 0: L has as many columns as the rank. Eigenvalues that are
small but count give mass at small x, which is no atom.

**Atom.** For every subspace U of the units, ``Uᵀ`` H U has the null space that its samples leave:
at least ``dim U - E rank(M P_U)/γ`` of k. The atom is the largest of these,

    ``max_U ( dim U - E rank(M P_U)/γ )/k``,

for M in general position (no U but all) ``max(0, 1 - r)``, ``r = E rank(M)/(k γ)``. Where units or
groups of them decouple, U is the range of ``lim -z G(z)``.
"""

import numpy as np

SMALLEST = 1e-16  # of the largest eigenvalue of all: below it counts as 0
ROUNDED = 1e-14  # of r, which is a sum of many weights


def factors(M, precision):
    """L, (n, k, most), and ranks, (n,), of symmetric M, (n, k, k); columns beyond a rank are 0."""
    k = M.shape[1]
    values, vectors = np.linalg.eigh(M)
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]
    largest = values[:, 0]
    limit = np.maximum(k * precision * largest, SMALLEST * largest.max(initial=0.0))
    counts = values > limit[:, None]
    ranks = counts.sum(axis=1)
    L = vectors * np.sqrt(np.where(counts, values, 0.0))[:, None, :]
    L[np.einsum("nii->ni", M) == 0] = 0.0  # units that this M does not have
    return np.ascontiguousarray(L[:, :, : ranks.max(initial=0)]), ranks


def null_space_removed(M, mean, precision):
    """M in a basis of the units in which the null space of their mean are units, exactly 0.

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
    """The atom; ``residue``, (k, k), is ``-z G(z)`` near 0, whose leading eigenvectors span U."""
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
