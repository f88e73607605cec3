"""The output curvature of cross-entropy, ``A_n = diag(p_n) - p_n p_nᵀ``, never stored as matrices.

Every method streams over the classes or works on the samples asked for, so that C may be the
vocabulary of a language model. `UnitCurvature` answers the same questions for the squared error,
so that nothing else in the package asks which loss it has.

References
----------
``docs/laws.md`` §1; ``docs/computation.md`` §1 and §2.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rmt_hessian._threads import ALL, n_threads, parallel_map, shares, slices
from rmt_hessian.hessian.gram import WeightedGram, add_gram
from rmt_hessian.hessian.kernels import (
    apply_softmax_curvature,
    apply_softmax_root,
    correction_sums,
    covariances_from_moments,
    lower_sums,
    off_diagonal_sum,
    softmax_in_place,
    update_normaliser,
)
from rmt_hessian.hessian.logits import GivenLogits, LinearLogits
from rmt_hessian.hessian.pair_sums import PairSums

ROWS = 512  # samples of a piece of work in the forward pass
SMALL = 2**20  # exponentials that are not worth a thread of their own
DILUTE = 1e-4  # corrections below this share are summed in single precision, `_dilute_entry_sums`


@dataclass(frozen=True, eq=False)
class SoftmaxCurvature:
    """``A_n = diag(p_n) - p_n p_nᵀ``: ``A 1 = 0`` and ``0 ⪯ A ⪯ ½ I``.

    Probabilities are made from logits when they are needed; all N × C of them are held only if
    they fit into ``chunk_size``. Because ``A 1 = 0``, tangents may be taken
    relative to one class; relative to the most probable one, the reference, entries of ``A_n``
    keep their digits however confident the softmax is.

    Attributes
    ----------
    logits : LinearLogits or GivenLogits
    top, others : numpy.ndarray, shape (N,)
        The largest logit, and ``Σ exp(f_c - top)`` over all classes but that one.
    reference : numpy.ndarray of int, shape (N,)
        The class of the largest logit.
    chunk_size : int
    """

    logits: LinearLogits | GivenLogits
    top: np.ndarray
    others: np.ndarray
    reference: np.ndarray
    chunk_size: int

    @classmethod
    def from_logits(cls, logits, chunk_size):
        """Find the normaliser in one pass over the classes.

        Raises
        ------
        ValueError
            If a logit overflows.
        """
        N, C = logits.shape
        top, others = np.full(N, -np.inf), np.zeros(N)
        reference = np.full(N, -1)
        at_once = chunk_size // (4 * ROWS * n_threads())

        def normalise(samples):
            part = top[samples], others[samples], reference[samples]
            for classes in slices(C, at_once):
                update_normaliser(logits(samples, classes), classes.start, *part)

        parallel_map(normalise, slices(N, max(ROWS, SMALL // C)))
        if not (np.isfinite(top).all() and np.isfinite(others).all()):
            raise ValueError(
                "X must not make the logits overflow (of a head its features and weights), "
                "got infinite or NaN logits"
            )
        return cls(logits, top, others, reference, chunk_size)

    @property
    def dtype(self):
        """float64 or float32."""
        return self.logits.dtype

    @property
    def n_samples(self):
        """N."""
        return self.logits.shape[0]

    @property
    def n_classes(self):
        """C."""
        return self.logits.shape[1]

    # --- probabilities ----------------------------------------------------------------------

    @cached_property
    def _held(self):
        """All probabilities, if they fit."""
        fits = self.n_samples * self.n_classes <= self.chunk_size
        return self._make(ALL, ALL) if fits else None

    def _make(self, samples, classes):
        p = self.logits(samples, classes)
        top, others = self.top[samples], self.others[samples]
        parallel_map(lambda s: softmax_in_place(p[s], top[s], others[s]), slices(len(p), _rows(p)))
        return p

    def probabilities(self, samples=ALL, classes=ALL):
        """``p_nc``, (n, c); not to be written to."""
        classes = _as_slice(classes)
        if self._held is None:
            return self._make(samples, classes)
        p = self._held[samples]
        return p[:, classes] if isinstance(classes, slice) else p.take(classes, axis=1)

    def _places(self, reference, classes):
        """The samples whose ``reference`` class is among ``classes``, and its place there."""
        place = np.full(self.n_classes, -1)
        place[classes] = np.arange(place[classes].size)
        place = place[reference]
        held = np.flatnonzero(place >= 0)
        return held, place[held]

    def _without(self, reference, classes):
        """``p_nc``, and 0 at the ``reference`` class of the sample, (N, c)."""
        p = self.probabilities(ALL, classes).copy()
        p[self._places(reference, classes)] = 0.0
        return p

    def _most_probable(self, classes):
        """The most probable one of some classes, (N,)."""
        if len(classes) == self.n_classes:
            return self.reference
        best, largest = np.empty(self.n_samples, int), np.full(self.n_samples, -1.0)
        for chunk in slices(len(classes), self.chunk_size // self.n_samples):
            p = self.probabilities(ALL, classes[chunk])
            found = p.max(axis=1)
            better = found > largest
            best[better] = classes[chunk][p.argmax(axis=1)[better]]
            largest[better] = found[better]
        return best

    def diagonal(self, classes, samples=ALL):
        """``(A_n)_cc = p_c (1 - p_c)`` for different classes c, (n, c)."""
        p = self.probabilities(samples, classes)
        diagonal = p * (1 - p)
        held, place = self._places(self.reference[samples], classes)
        others = self.others[samples][held]
        diagonal[held, place] = others / (1 + others) ** 2
        return diagonal

    # --- A_n, sample by sample --------------------------------------------------------------

    def apply(self, F, samples=ALL):
        """``A_n F_n``, (n, q, C) -> (n, q, C), in the place of F."""
        p, reference = self.probabilities(samples), self.reference[samples]
        parallel_map(
            lambda s: apply_softmax_curvature(F[s], p[s], reference[s]), slices(len(F), _rows(F))
        )
        return F

    def apply_root(self, S, samples=ALL):
        """``R_n S``, ``R_n = diag(√p_n)(I - 1 p_nᵀ)``, ``R_nᵀ R_n = A_n``; (C, s) -> (n, C, s)."""
        p, reference = self.probabilities(samples), self.reference[samples]
        S = np.ascontiguousarray(S)
        out = np.empty((len(p), *S.shape), S.dtype)
        parallel_map(
            lambda s: apply_softmax_root(S, p[s], reference[s], out[s]),
            slices(len(out), _rows(out)),
        )
        return out

    def traces(self, classes):
        """``Σ_c (A_n)_cc`` over ``classes``, (N,)."""
        chunks = slices(len(classes), self.chunk_size // self.n_samples)
        return sum(self.diagonal(classes[chunk]).sum(axis=1) for chunk in chunks)

    def entries(self, i, j):
        """``(A_n)_ij`` for classes i and j, arrays of the same length, (N, pairs)."""
        A = -self.probabilities(ALL, i) * self.probabilities(ALL, j)
        same = np.flatnonzero(i == j)
        if same.size:
            classes, place = np.unique(i[same], return_inverse=True)
            A[:, same] = self.diagonal(classes)[:, place]
        return A

    def pull_back(self, S, i, j):
        """``s_iᵀ A_n s_j`` for columns i and j of S, shape (C, s): (N, pairs).

        The covariance of two columns under ``p_n``, from sums that stream over the classes; its
        rounding errors are relative to the entries of S less their mean.
        """
        S = S - S.mean(axis=0)  # A 1 = 0
        N = self.n_samples
        second, first = np.zeros((N, i.size), S.dtype), np.zeros((N, S.shape[1]), S.dtype)
        for classes in slices(self.n_classes, self.chunk_size // max(N, i.size)):
            p, rows = self._without(self.reference, classes), np.ascontiguousarray(S[classes].T)
            products = rows[i]
            products *= rows[j]
            second += p @ products.T
            first += p @ rows.T
        total = self.others / (1 + self.others)
        covariances_from_moments(second, first, S[self.reference], total, i, j)
        return second

    # --- sums over samples ------------------------------------------------------------------

    def weighted_sums(self, w, classes):
        """``Σ_n w_nq A_n``, rows and columns of ``classes``; w (N, q) -> (q, c, c)."""
        c = len(classes)
        sums, diagonals = np.zeros((w.shape[1], c, c), self.dtype), np.zeros((w.shape[1], c))
        for samples in slices(self.n_samples, self.chunk_size // c):
            p, rows = self.probabilities(samples, classes), np.ascontiguousarray(w[samples].T)
            diagonals += rows @ self.diagonal(classes, samples)

            def subtract(columns, p=p, rows=rows):
                gram = WeightedGram(p)
                for q in columns:
                    sums[q] -= gram(rows[q])

            parallel_map(subtract, shares(w.shape[1], p.size * c))
        sums[:, np.arange(c), np.arange(c)] = diagonals
        return sums

    def entry_sums(self, K, classes):
        """``Σ_nm K_nm Σ (A_n)_ij (A_m)_ij`` over i = j, and over i ≠ j, in ``classes``: `PairSums`.

        K is symmetric, shape (N, N). With ``S = P Pᵀ`` and ``q = p²``, sums over classes are

        ``Σ_i (A_n)_ii (A_m)_ii = S - Σ_i (p q' + q p') + Σ_i q q'``  and
        ``Σ_{i≠j} (A_n)_ij (A_m)_ij = S² - Σ_i q q'``

        (a prime marks sample m). The sums with q are corrections: `_dilute_entry_sums` where they
        are small, else, and where anything could cancel, `_confident_entry_sums`.
        """
        largest = 1 / (1 + self.others)
        # the corrections are below DILUTE from about here on, for Gaussian logits of variance 1
        if len(classes) == self.n_classes and np.sum(largest**2) <= 7 * DILUTE * np.sum(largest):
            sums = self._dilute_entry_sums(K, classes)
            if sums is not None:
                return sums
        return self._confident_entry_sums(K, classes)

    def _dilute_entry_sums(self, K, classes):
        """`entry_sums` for small probabilities; None where the corrections are not small.

        Double precision: S, and the corrections of n = m, mostly the larger part, and of the mean
        of K off its diagonal. Single precision: the product ``R Q`` with what is left of K, which
        gives both corrections for n ≠ m. Where these, those of the mean and of K, are below
        ``DILUTE`` of the total, its relative error is below 1e-10, and so is that of the terms n =
        m. Rows have ``2 Σ p q'`` where ``Σ (p q' + q p')`` belongs: right in sum, and within that
        correction for each sample.
        """
        own, mean, scale, R = _split(K)
        threads = n_threads()
        chunks = list(slices(len(classes), self.chunk_size // (4 * self.n_samples * threads)))

        def sums(part):
            S = np.zeros(K.shape, self.dtype)
            corrections, of_mean = np.zeros((2, 2, len(K))), np.zeros(2)
            for chunk in part:
                p = self.probabilities(ALL, classes[chunk])
                add_gram(S, p)
                Rq = R @ np.square(p, dtype=np.float32, casting="same_kind")
                more, more_of_mean = correction_sums(p, Rq, scale, mean, own)
                corrections += more
                of_mean += more_of_mean
            return S, corrections, of_mean

        parts = parallel_map(sums, (chunks[t::threads] for t in range(threads)))
        S, (of_pq, of_qq), (mean_pq, mean_qq) = (sum(part) for part in zip(*parts, strict=True))
        of_S, of_S_squared = lower_sums(K, S)
        # |K - mean| <= K + mean: what single precision has rounded is not larger
        pq, qq = of_pq[0].sum(), of_qq[0].sum()
        if 2 * (pq + mean_pq) > DILUTE * of_S.sum() or qq + mean_qq > DILUTE * of_S_squared.sum():
            return None
        return PairSums.of(of_S - 2 * of_pq + of_qq, of_S_squared - of_qq)

    def _confident_entry_sums(self, K, classes):
        """`entry_sums` for any probabilities and classes.

        For i = j from the diagonals of A. For i ≠ j the most probable of the classes, of each
        sample, are kept out of the sum S of ``p p'`` and the sum Q of ``q q'``: with their terms s
        and t, the sum is ``2 s t + 2 (s + t) S + S² - Q``, where nothing large cancels.
        """
        reference = self._most_probable(classes)
        D, S, Q = np.zeros((3, *K.shape), self.dtype)
        for chunk in slices(len(classes), self.chunk_size // self.n_samples):
            add_gram(D, self.diagonal(classes[chunk]))
            rest = self._without(reference, classes[chunk])
            add_gram(S, rest)
            add_gram(Q, np.square(rest))
        p = self.probabilities(ALL, reference)
        return PairSums.of(lower_sums(K, D)[0], off_diagonal_sum(K, S, Q, p, reference))


def _as_slice(classes):
    """Consecutive classes as a slice: views instead of copies."""
    if isinstance(classes, slice) or (np.diff(classes) != 1).any():
        return classes
    return slice(int(classes[0]), int(classes[-1]) + 1)


def _split(K):
    """``own, mean, scale, R``: K is own on its diagonal and ``mean + scale R`` off it.

    R, of diagonal 0, is in single precision; the scale is the largest entry of K.
    """
    own, N = K.diagonal(), len(K)
    mean = (K.sum() - own.sum()) / (N * max(N - 1, 1))
    scale = own.max() or 1.0
    R = K / scale
    R -= mean / scale
    np.fill_diagonal(R, 0)
    return own, mean, scale, R.astype(np.float32)


def _rows(A):
    """How many rows of A make a piece of work."""
    return max(1, SMALL // (A.size // len(A)))
