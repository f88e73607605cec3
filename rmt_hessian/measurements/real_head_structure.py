"""Trained heads of real networks: which classes carry what lies off the diagonal, and spectra."""

import numpy as np
from scipy.stats import spearmanr

from rmt_hessian._threads import slices
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.hessian.norms import square_sums, squared_gram
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.real_heads import HeadOfNetwork, parameters
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.spectra.eigenvalues import top_eigenpairs
from rmt_hessian.spectra.rank import gap_rank, spectral_gap
from rmt_hessian.spectra.subspaces import reshape_eigenvectors

TOLERANCE = 1e-5  # of residuals of eigenvectors: errors of eigenvalues are its square
N_OUTPUT = 30  # eigenvalues of the output Hessian that are looked at
N_CLASSES = 60  # classes whose pairs are
N_PAIRS = 20  # pairs that are kept
NAME = 24  # bytes of a class's name that are kept


@measurement(version=1)
def real_head_structure(rng, *, run: HeadOfNetwork, n_top: Count = 6):
    """`kronecker_numbers` of a trained head, and `pair_shares` of its classes."""
    if run.not_for_this_python:
        return {"available": False}
    head = run.draw(rng)
    Z, W = parameters(head)
    f = (Z @ W.T) / run.temperature
    H = head_hessian(Z, logits=f)  # 1/T² is a factor of all
    found = kronecker_numbers(H, min(n_top, H.shape[0] - 1))
    found |= output_spectrum(head_hessian(np.ones((len(Z), 1)), logits=f))
    P = probabilities(f)
    found |= pair_shares(Z, P, head.class_groups)
    found["top_names"] = encoded(head.class_names, found["top_pairs"])
    return {"available": True, "n_measured": len(Z), "n_classes": len(W)} | found


def probabilities(f):
    """Softmax of logits f, (N, C), which are overwritten: they may be all that fits."""
    f -= f.max(axis=1, keepdims=True)
    P = np.exp(f, out=f)
    P /= P.sum(axis=1, keepdims=True)
    return P


def kronecker_numbers(H, n_top):
    """How far a `LayerHessian` is from ``E[M] ⊗ E[z zᵀ]``.

    Returns
    -------
    dict
        ``kronecker_error``: ``‖H - E[M] ⊗ E[z zᵀ]‖/‖H‖``. ``top_eigenvalues``, (n_top,), ascending,
        and ``rank_one_shares``, how close the eigenvectors are to products; their mean,
        ``rank_one_share``. ``autocorrelation_eigenvalues``, (p,), and ``autocorrelation_share``,
        that of the largest in the trace.
    """
    values, vectors = top_eigenpairs(H, n_top, tol=TOLERANCE)
    shares = reshape_eigenvectors(vectors, (H.n_blocks, H.block_size)).rank_one_share
    inputs = np.linalg.eigvalsh(H.input_autocorrelation())
    return {
        "kronecker_error": kronecker_error_of_pairs(H),
        "top_eigenvalues": values,
        "rank_one_shares": shares,
        "rank_one_share": shares.mean(),
        "autocorrelation_eigenvalues": inputs,
        "autocorrelation_share": inputs[-1] / inputs.sum(),
    }


def kronecker_error_of_pairs(H):
    """`kronecker_error` of the decoupling from sums over pairs of samples: E[M] is not formed.

    With ``h_n = Σ_m ⟨M_n, M_m⟩/N²`` and ``q_n = z_nᵀ E[z zᵀ] z_n``: ``‖E[M]‖² = Σ h_n``, and
    ``⟨H, E[M] ⊗ E[z zᵀ]⟩ = Σ h_n q_n``.
    """
    N = H.n_samples
    sums, scale = square_sums(H)
    norm2 = scale * scale * sums.total.sum()
    equal = H.output_hessians.square_sums(np.full((N, N), 1.0 / N**2))
    h = (equal.rows + equal.own).sum(axis=0)
    S = H.input_autocorrelation()
    q = np.einsum("na,na->n", H.features @ S, H.features)
    square = norm2 - 2 * h @ q + h.sum() * np.sum(S**2)
    return float(np.sqrt(max(square, 0.0) / norm2))


def output_spectrum(M):
    """Top eigenvalues of the output Hessian, ascending, and their largest gap.

    M is E[M] as the Hessian of a head on the feature 1. ``output_rank`` eigenvalues are above the
    gap, ``output_gap`` the next one over the last of them.
    """
    values, _ = top_eigenpairs(M, min(N_OUTPUT, M.shape[0] - 1), tol=TOLERANCE)
    rank = gap_rank(values)
    return {
        "output_eigenvalues": values,
        "output_rank": rank,
        "output_gap": spectral_gap(values, rank),
    }


def pair_shares(Z, P, groups):
    """Which pairs of classes carry ``Σ_{i≠j} ‖H_ij‖²`` of the population, pairs n ≠ m of samples.

    Parameters
    ----------
    Z : numpy.ndarray, shape (N, p)
    P : numpy.ndarray, shape (N, C)
        Probabilities.
    groups : sequence of str, length C

    Returns
    -------
    dict
        ``top_pairs``, (n, 2), the largest, and ``top_pair_shares``, (n,), of pairs i < j, which are
        those of (i, j) and (j, i); ``top_pair_confusions``, ``E[p_i p_j]``. ``share_of_1_pair``, of
        10 and of 100. ``share_in_groups``: of pairs within a group. ``confusion_correlation``, by
        ranks, of ``‖H_ij‖²`` with ``E[p_i p_j]`` over the pairs of the classes of largest sums.
    """
    K, _ = squared_gram(Z)
    np.fill_diagonal(K, 0.0)
    groups = np.asarray(groups)
    S, within = np.zeros_like(K), 0.0
    for group in dict.fromkeys(groups):
        S_of_group, own = _products(P, np.flatnonzero(groups == group))
        within += np.vdot(K, S_of_group**2 - own)
        S += S_of_group
    mass = np.empty(P.shape[1])
    KS = K * S
    for some in _chunks(P):
        p = P[:, some]
        q = p**2
        mass[some] = np.sum(p * (KS @ p), axis=0) - np.sum(q * (K @ q), axis=0)
    total = mass.sum()
    top = np.argsort(-mass, kind="stable")[: min(N_CLASSES, len(mass))]
    norms, confusions = pair_sums(K, P[:, top])
    i, j = np.triu_indices(len(top), 1)
    shares, confusions = 2 * norms[i, j] / total, confusions[i, j]
    order = np.argsort(-shares, kind="stable")
    first = order[:N_PAIRS]
    return {
        "top_pairs": np.stack([top[i[first]], top[j[first]]], axis=1),
        "top_pair_shares": shares[first],
        "top_pair_confusions": confusions[first],
        **{f"share_of_{n}_pair{'s' * (n > 1)}": shares[order[:n]].sum() for n in (1, 10, 100)},
        "share_in_groups": within / total,
        "confusion_correlation": spearmanr(shares, confusions).statistic,
    }


def _chunks(P):
    return slices(P.shape[1], max(1, 2**24 // len(P)))


def _products(P, classes):
    """``Σ_i p_i(n) p_i(m)`` over some classes and ``Σ_i p_i(n)² p_i(m)²``, (N, N) each."""
    S, Q = np.zeros((2, len(P), len(P)))
    for some in slices(len(classes), max(1, 2**24 // len(P))):
        p = P[:, classes[some]]
        S += p @ p.T
        q = p**2
        Q += q @ q.T
    return S, Q


def pair_sums(K, P):
    """``Σ_nm K_nm λ_n λ_m``, ``λ = p_i p_j``, and the mean of λ, (c, c) each."""
    norms = np.empty((P.shape[1],) * 2)
    for i, p in enumerate(P.T):
        weights = P * p[:, None]
        norms[i] = np.sum(weights * (K @ weights), axis=0)
    return norms, P.T @ P / len(P)


def encoded(names, pairs):
    """Names of pairs of classes in UTF-8, (n, 2, 24), filled up with zeros: a table of numbers."""
    found = np.zeros((*np.shape(pairs), NAME), np.uint8)
    for place in np.ndindex(*np.shape(pairs)):
        letters = np.frombuffer(names[pairs[place]].encode()[:NAME], np.uint8)
        found[place][: len(letters)] = letters
    return found
