"""How block-diagonal the Hessian of one network is: layer by layer, between layers, as a whole."""

import numpy as np

from rmt_hessian.block_norms import ratio_of_share
from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.hessian.off_diagonal import ratio_of_norms
from rmt_hessian.measurements.layer_pairs import layer_pairs
from rmt_hessian.spectra.conditioning import block_preconditioning


def layer_structure(H):
    """What lies off the diagonal blocks within each layer of a `NetworkHessian`.

    Returns
    -------
    dict of str to numpy.ndarray, shape (L + 1,)
        ``layer_norm``: ``‖H_ll‖``. ``ratio``: R, the mean of ``‖H_ij‖²`` over i ≠ j over that of
        ``‖H_ii‖²``. ``share``: ``Σ_{i≠j} ‖H_ij‖² / ‖H_ll‖²``. ``norm_ratio``: its root, ``‖H_ll -
        blockdiag H_ll‖ / ‖H_ll‖``. ``population_`` and a name: of the pairs of different samples
        alone, with ``population_…_error``, the standard error. One unit has share 0 and R NaN.
    """
    rows = [_of_layer(layer) for layer in H.layers]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _of_layer(H):
    share, population = H.off_diagonal_share(), H.off_diagonal_share(population=True)
    population_norm_ratio = ratio_of_norms(population)
    k = H.n_blocks
    slope = 1 / ((1 - population.value) ** 2 * (k - 1)) if k > 1 else np.nan  # dR/d(share)
    return {
        "layer_norm": H.frobenius_norm(),
        "ratio": ratio_of_share(share, k),
        "population_ratio": ratio_of_share(population.value, k),
        "population_ratio_error": slope * population.standard_error,
        "share": share,
        "population_share": population.value,
        "population_share_error": population.standard_error,
        "norm_ratio": ratio_of_norms(share),
        "population_norm_ratio": population_norm_ratio.value,
        "population_norm_ratio_error": population_norm_ratio.standard_error,
    }


def cross_layer_structure(pairs, layer_norms):
    """Norms of blocks between layers, of their `LayerPair`, and of the two parts of each.

    Of one hidden layer of ReLU the residual term has entries at one feature of each output row
    only: the stripes of [D].

    Returns
    -------
    dict of str to numpy.ndarray, shape (L (L + 1) / 2,)
        In the order of `pairs_of_layers`. ``cross_norm``: ``‖H_lm‖``. ``cross_relative``: over
        ``√(‖H_ll‖ ‖H_mm‖)``. ``residual_norm``, ``curvature_norm`` of the two parts,
        ``residual_relative`` and ``curvature_relative`` over the same geometric mean.
        ``residual_share``: the residual's of the sum of both squared norms. NaN where both are 0,
        as of a layer whose units are dead.
    """
    parts = {"cross": "norm", "residual": "residual_norm", "curvature": "curvature_norm"}
    norms = {part: np.array([getattr(p, of) for p in pairs]) for part, of in parts.items()}
    roots = np.sqrt(layer_norms)
    means = np.array([roots[p.l] * roots[p.m] for p in pairs])
    found = {}
    for part, of_pairs in norms.items():
        found |= {f"{part}_norm": of_pairs, f"{part}_relative": quotient(of_pairs, means)}
    return found | {"residual_share": np.array([p.residual_share for p in pairs])}


def quotient(part, whole):
    """``part / whole``, NaN where the whole is 0.

    Examples
    --------
    >>> quotient(np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    array([nan, 0.5])
    """
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def network_structure(H, layers, cross):
    """Shares of the whole `NetworkHessian` that lie between units, and between layers: scalars.

    Those of the sample are made from what `layer_structure` and `cross_layer_structure` found.
    """
    squares = layers["layer_norm"] ** 2
    between = 2 * np.sum(cross["cross_norm"] ** 2)  # blocks (l, m) and (m, l)
    total = squares.sum() + between
    within = np.nansum(layers["share"] * squares)  # NaN of a layer of zeros
    found = {
        "share_by_unit": float(quotient(within + between, total)),
        "share_by_layer": float(quotient(between, total)),
    }
    return found | population_shares(H)


def three_samples(run):
    """Refuse a `TrainingRun` whose `population_shares` have no standard error."""
    if run.n_samples < 3:
        raise ValueError(f"n_samples must be at least 3, got {run.n_samples}")


def population_shares(H):
    """Of a `NetworkHessian`, from pairs of different samples, with standard errors."""
    found = {}
    for by in ("unit", "layer"):
        share = H.off_diagonal_share(by, population=True)
        found[f"population_share_by_{by}"], found[f"population_share_by_{by}_error"] = share
    return found


def conditioning(H):
    """Condition number before and after one learning rate a unit, or a layer, and the rank.

    See `block_preconditioning`: H is formed and decomposed four times.
    """
    units, layers = (block_preconditioning(H, by=by) for by in ("unit", "layer"))
    return {
        "condition": units.before,
        "condition_by_unit": units.after,
        "condition_by_layer": layers.after,
        "rank": units.rank,
    }


def structure_of_network(net, X, y, loss):
    """All but the condition numbers, of the Hessian of a network on samples."""
    H = network_hessian(net, X, y, loss)
    layers = layer_structure(H)
    cross = cross_layer_structure(layer_pairs(H), layers["layer_norm"])
    return layers | cross | network_structure(H, layers, cross)
