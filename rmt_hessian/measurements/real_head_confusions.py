"""Trained heads of real networks: what of the share off the diagonal their confusions explain."""

import numpy as np
from scipy.optimize import brentq

from rmt_hessian._threads import slices
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.measurements.real_head_structure import probabilities
from rmt_hessian.measurements.real_heads import AT_ONCE, HeadOfNetwork, parameters, structure
from rmt_hessian.measurements.registry import measurement


@measurement(version=1)
def real_head_confusions(rng, *, run: HeadOfNetwork):
    """Shares off the diagonal of a trained head, with less and less of its confusions known.

    ``population_share``: its own. ``confusion_share``: that of ``E[M]``, with the confusions
    ``E[p_i p_j]`` of all pairs off the diagonal but without features. ``size_share``: of as large
    ``E[M]_ii`` and no structure, `quasi_independent`. ``equal_share``, 1/n, of n equal classes
    that are confused alike, for ``n = n_effective = (Σ E[M]_ii)²/Σ E[M]_ii²``; ``class_share`` the
    same of all C. Populations throughout: pairs of different samples.
    """
    if run.not_for_this_python:
        return {"available": False}
    head = run.draw(rng)
    Z, W = parameters(head)
    f = Z @ W.T / run.temperature
    own = structure(head_hessian(Z, logits=f))
    mean = structure(head_hessian(np.ones((len(Z), 1)), logits=f))
    c = _variances(probabilities(f))
    n = c.sum() ** 2 / np.sum(c**2)
    return {
        "available": True,
        "n_measured": len(Z),
        "n_classes": len(W),
        "population_share": own["population_share"],
        "population_share_error": own["population_share_error"],
        "confusion_share": mean["population_share"],
        "size_share": share_of(quasi_independent(c), c),
        "n_effective": n,
        "equal_share": 1 / n,
        "class_share": 1 / len(W),
    }


def _variances(P):
    """``E[p_i (1 - p_i)]``, (C,)."""
    c = np.empty(P.shape[1])
    for some in slices(P.shape[1], max(1, AT_ONCE // len(P))):
        c[some] = np.mean(P[:, some] * (1 - P[:, some]), axis=0)
    return c


def quasi_independent(c):
    """Sizes a of classes whose confusions ``a_i a_j``, j ≠ i, have the sums c.

    Quasi-independence of a square table (Goodman 1968): classes are confused by their sizes alone.
    With ``A = Σ a`` it says ``a_i (A - a_i) = c_i``: the smaller root, but for the largest class,
    which may have the other, where it is more than half of A.

    Parameters
    ----------
    c : numpy.ndarray, shape (C,)
        Not negative; none is larger than the sum of the others.

    Examples
    --------
    >>> quasi_independent(np.array([2.0, 2.0, 2.0]))
    array([1., 1., 1.])
    """
    order = np.argsort(-c, kind="stable")
    largest, rest = c[order[0]], c[order[1:]]
    if largest == 0:
        return np.zeros(c.shape)

    def smaller(A, of):
        return 2 * of / (A + np.sqrt(np.maximum(A * A - 4 * of, 0.0)))

    def left(A, upper):
        a = smaller(A, largest)
        return (A - a if upper else a) + smaller(A, rest).sum() - A

    least = 2 * np.sqrt(largest)
    upper = left(least, False) < 0
    most = least
    while left(most, upper) * left(least, upper) > 0:
        most *= 2
    A = brentq(left, least, most, args=(upper,), xtol=1e-14 * least, rtol=1e-14)
    a = smaller(A, c)
    if upper:
        a[order[0]] = A - a[order[0]]
    return a


def share_of(a, c):
    """``Σ_{i≠j} (a_i a_j)²`` in the sum of that and ``Σ c_i²``."""
    squares = np.sort(a**2)
    off = 2 * squares[1:] @ np.cumsum(squares)[:-1]  # nothing cancels beside a large class
    return off / (off + np.sum(c**2))
