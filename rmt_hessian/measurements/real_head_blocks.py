"""Trained heads of real networks: spectra of their blocks beside the law of given features."""

import numpy as np

from rmt_hessian._threads import slices
from rmt_hessian.compare import ks_distance
from rmt_hessian.compare.given_block import law_of_block
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.hessian.norms import squared_gram
from rmt_hessian.measurements.real_head_structure import (
    N_CLASSES,
    encoded,
    pair_sums,
    probabilities,
)
from rmt_hessian.measurements.real_heads import AT_ONCE, HeadOfNetwork, parameters, random_weights
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory import conditional_law


@measurement(version=1)
def real_head_blocks(rng, *, run: HeadOfNetwork):
    """`beside_laws` of some blocks of a trained head, and of the first block of a random one.

    ``largest_``: the diagonal block of largest norm; ``median_``: that of median norm, among the
    classes that are the most probable ones of some sample; ``pair_``: the largest off the diagonal,
    among the classes of largest diagonal blocks; ``random_``: as in `real_heads`. ``…_classes`` are
    the units, ``…_names`` their names.
    """
    if run.not_for_this_python:
        return {"available": False}
    head = run.draw(rng)
    Z, W = parameters(head)
    H = head_hessian(Z, W, temperature=run.temperature)
    found = {"available": True, "n_measured": len(Z), "n_features": Z.shape[1]}
    found |= {"n_classes": len(W)}
    for name, block in chosen_blocks(Z, probabilities(Z @ W.T / run.temperature)).items():
        columns = beside_laws(H, *block)
        columns["classes"] = np.array(block)
        columns["names"] = encoded(head.class_names, np.array([block]))[0]
        found |= {f"{name}_{key}": value for key, value in columns.items()}
    random, _ = random_weights(Z, len(W), rng)
    columns = beside_laws(head_hessian(Z, random, temperature=run.temperature), 0, 0)
    return found | {f"random_{key}": value for key, value in columns.items()}


def chosen_blocks(Z, P):
    """Which blocks are looked at, for features Z, (N, p), and probabilities P, (N, C)."""
    K, _ = squared_gram(Z)
    norms = np.empty(P.shape[1])
    for some in slices(P.shape[1], max(1, AT_ONCE // len(P))):
        lam = P[:, some] * (1 - P[:, some])
        norms[some] = np.sum(lam * (K @ lam), axis=0)
    occurring = np.unique(P.argmax(axis=1))
    by_norm = occurring[np.argsort(norms[occurring], kind="stable")]
    first = np.argsort(-norms, kind="stable")[:N_CLASSES]
    sums, _ = pair_sums(K, P[:, first])
    np.fill_diagonal(sums, -np.inf)
    i, j = np.unravel_index(np.argmax(sums), sums.shape)
    largest, median = int(first[0]), int(by_norm[len(by_norm) // 2])
    return {
        "largest": (largest, largest),
        "median": (median, median),
        "pair": (int(first[i]), int(first[j])),
    }


def beside_laws(H, i, j):
    """The spectrum of block (i, j) and the law of its own weights on its own features.

    Returns
    -------
    dict
        ``eigenvalues`` and ``quantiles`` of the law, (p,), ascending; ``ks``, the distance of the
        two, and ``error``, ``dependence``, ``misfit`` and ``white``, whether it is the law of white
        features, of the `SampleLaw`. ``white_ks``: distance to the law that takes features for
        white, whatever they are. ``n_effective = (Σ|λ|)²/Σλ²``, how many samples carry the weights.
        ``top_ratio``: the eigenvalue of largest size over the one of the law, the median of its
        outermost 1/p.
    """
    law, values = law_of_block(H, i, j), eigenvalues(H.block(i, j))
    lam, p = np.abs(H.block_weights(i, j)), len(values)
    quantiles = law.ppf((np.arange(p) + 0.5) / p)
    white = conditional_law(H.block_weights(i, j), p)
    return {
        "eigenvalues": values,
        "quantiles": quantiles,
        "ks": ks_distance(values, law),
        "error": law.error,
        "dependence": law.dependence,
        "misfit": law.misfit,
        "white": law.features == "white",
        "white_ks": ks_distance(values, white),
        "n_effective": lam.sum() ** 2 / np.sum(lam**2),
        "top_ratio": np.abs(values).max() / np.abs(quantiles).max(),
    }
