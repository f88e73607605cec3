"""Trained heads of real networks: what lies off the diagonal blocks, beside a random head."""

import sys
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np

from rmt_hessian._threads import slices
from rmt_hessian.block_norms import share_of_ratio
from rmt_hessian.hessian.estimates import population_sums, standard_error
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.hessian.norms import square_sums
from rmt_hessian.measurements.parameters import Count, Positive, Truth
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.head_data import packaged_head

AT_ONCE = 2**24  # numbers of a temporary array


@dataclass(frozen=True)
class HeadOfNetwork:
    """A trained head and its samples.

    ``head``: of `rmt_hessian.model.head_data`. ``temperature`` divides its logits. ``blanks``:
    whether steps of a line where the network sees no letter are among the samples.
    """

    _: KW_ONLY
    head: Literal[
        "magika",
        "ppocr-v4",
        "ppocr-v6",
        "ppocr-v4-joined",
        "ppocr-v6-joined",
        "digits",
        "mnist",
    ]
    n_samples: Count
    temperature: Positive = 1.0
    blanks: Truth = True

    def __post_init__(self):
        if not self.blanks and not self.head.startswith("ppocr"):
            raise ValueError(f"blanks must be true of a head without them, {self.head!r}")

    @property
    def not_for_this_python(self):
        """Whether the package that the head comes with is for older versions of Python only."""
        return self.head.startswith("ppocr-v4") and sys.version_info >= (3, 13)

    def draw(self, rng):
        """A `TrainedHead` on samples drawn from all that there are."""
        head = packaged_head(self.head)
        if not self.blanks:
            head = head.restricted(top_classes(head) > 0)
        return head.drawn(self.n_samples, rng)


def top_classes(head):
    """The most probable class of each sample of a `TrainedHead`, (N,)."""
    top = np.empty(len(head.features), int)
    for some in slices(len(top), AT_ONCE // len(head.weights)):
        top[some] = np.argmax(head.features[some] @ head.weights.T + head.bias, axis=1)
    return top


def parameters(head):
    """Features with a constant 1 and weights with the biases: all parameters of the layer."""
    Z, W = head.features, head.weights
    return np.hstack([Z, np.ones((len(Z), 1))]), np.hstack([W, head.bias[:, None]])


def random_weights(Z, n_classes, rng):
    """``N(0, s²)``, (C, p), and ``s²``, such that logits have the mean square 1 on the samples."""
    s2 = 1.0 / np.mean(np.sum(Z**2, axis=1))
    return np.sqrt(s2) * rng.standard_normal((n_classes, Z.shape[1])), s2


@measurement(version=1)
def real_heads(rng, *, run: HeadOfNetwork):
    """R, C²R and the share off the diagonal, of the sample and of the population.

    ``random_…``: of Gaussian weights on the same features, whose logits have the mean square 1 (at
    the temperature 1); ``predicted_…`` what they tend to for many classes, `random_head_ratios`.
    """
    if run.not_for_this_python:
        return {"available": False}
    head = run.draw(rng)
    Z, W = parameters(head)
    (N, p), C, T = Z.shape, len(W), run.temperature
    found = structure(head_hessian(Z, W, temperature=T))
    found["predicted_own_share"] = own_share_of_confident(Z, W / T, found.pop("own_norms"))
    random, s2 = random_weights(Z, C, rng)
    of_random = structure(head_hessian(Z, random, temperature=T))
    del of_random["own_norms"]
    sample, population = random_head_ratios(Z, s2 / T**2, C)
    for prefix, ratio in (("", sample), ("population_", population)):
        found[f"predicted_{prefix}c2_ratio"] = C**2 * ratio
        found[f"predicted_{prefix}share"] = share_of_ratio(ratio, C)
    sizes = {"available": True, "n_measured": N, "n_features": p, "n_classes": C}
    return sizes | found | {f"random_{name}": value for name, value in of_random.items()}


def structure(H):
    """What lies off the diagonal blocks of a `LayerHessian`.

    Returns
    -------
    dict
        ``ratio``: R, the mean of ``‖H_ij‖²`` over i ≠ j over that of ``‖H_ii‖²``; ``c2_ratio``:
        C²R; ``share``: ``Σ_{i≠j} ‖H_ij‖² / ‖H‖²``; with ``population_`` in front of the pairs of
        different samples alone, with ``…_error``, by the jackknife. ``own_share``: the share in
        the pairs of a sample with itself, and ``own_norms``, (N,), ``‖M_n ⊗ z_n z_nᵀ‖²`` over a
        common factor.
    """
    sums, _ = square_sums(H)
    k = H.n_blocks
    found = _ratios(sums.total, k)
    values, without = population_sums(sums.rows)
    of_population, errors = _ratios(values, k), _ratios(without, k)
    for name, value in of_population.items():
        found[f"population_{name}"] = value
        found[f"population_{name}_error"] = standard_error(errors[name])
    own = sums.own.sum(axis=0)
    return found | {"own_share": sums.own[1].sum() / own.sum(), "own_norms": own}


def _ratios(sums, k):
    """R, C²R and the share of sums of squared norms on the diagonal and off it, (2, …)."""
    diagonal, off_diagonal = sums
    ratio = off_diagonal / diagonal / (k - 1)
    return {"ratio": ratio, "c2_ratio": k**2 * ratio, "share": share_of_ratio(ratio, k)}


def random_head_ratios(Z, variance, n_classes):
    """R of a Gaussian head on given features for many classes: of the sample, of the population.

    Weights are ``N(0, variance)``, so that logits of two samples have the covariance ``c_nm =
    variance z_n·z_m``. Normalisers of the softmax tend to ``C exp(c_nn/2)``, hence
    ``C² E[p_i(n) p_i(m)] → exp(c_nm)``, and off the diagonal, where ``M_ij = -p_i p_j``, its
    square: ``C² R → Σ (z_n·z_m)² exp(2 c_nm) / Σ (z_n·z_m)² exp(c_nm)``, over all pairs of samples,
    or over n ≠ m.

    Examples
    --------
    >>> random_head_ratios(np.eye(2), variance=0.0, n_classes=10)  # orthogonal: no pair n ≠ m
    (0.01, nan)
    """
    squares, exponentials = np.zeros(2), np.zeros(2)  # all pairs; n = m
    for some in slices(len(Z), AT_ONCE // len(Z)):
        G = Z[some] @ Z.T
        at = np.arange(len(G)), np.arange(len(Z))[some]
        for sums, times in ((squares, 2.0), (exponentials, 1.0)):
            terms = G**2 * np.exp(times * variance * G)
            sums += terms.sum(), terms[at].sum()
    with np.errstate(invalid="ignore"):
        different = np.divide(squares[0] - squares[1], exponentials[0] - exponentials[1])
    return float(squares[0] / exponentials[0] / n_classes**2), float(different / n_classes**2)


def own_share_of_confident(Z, W, norms):
    """``2/(m+3)``, m the number of competitors of each sample: the mean over samples by ``norms``.

    What lies off the diagonal of one ``diag(p) - p pᵀ`` where one class has nearly all of p and m
    others have equal parts of the rest; m is ``(Σ p)²/Σ p²`` over the rest.
    """
    shares = np.empty(len(Z))
    for some in slices(len(Z), AT_ONCE // len(W)):
        f = Z[some] @ W.T
        rows = np.arange(len(f))
        f[rows, np.argmax(f, axis=1)] = -np.inf
        rest = np.exp(f - f.max(axis=1, keepdims=True))
        shares[some] = 2 / (rest.sum(axis=1) ** 2 / np.sum(rest**2, axis=1) + 3)
    return float(norms @ shares / norms.sum())
