"""Eigenvalues outside the bulk of blocks and of the linear layer, beside their predictions."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.initialisation import init_gain
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.parameters import two_units
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.networks import Network
from rmt_hessian.theory import block_outliers, conditional_law, layer_law, layer_outliers
from rmt_hessian.theory.coverage import white_features

LARGEST_LAYER = 2000  # C d, beyond which a whole layer is not diagonalised
ROUNDING = 1e-12  # of the largest eigenvalue: below it an eigenvalue belongs to the null space
# of a predicted outlier and the eigenvalue of the same rank from outside
PAIRED = "distance", "predicted_distance", "overlap", "predicted_overlap"
TIE = 1e-9  # relative difference of predicted distances that are equal


@measurement(version=2, stream=1)
def outliers(rng, *, ens: Annotated[Ensemble, white_features, two_units]):
    """Spectra of blocks (0, 0) and (0, 1) and their outliers, beside the prediction from V and W.

    The bulk is that of the conditional law, widened on both sides by its width times ``p^{-2/3}``:
    at small γ four units in which its last eigenvalue fluctuates (Tracy–Widom). What lies beyond
    is counted, seen and predicted. Of the predicted outlier that is farthest, and of the
    eigenvalue of the same rank from outside: distance to the bulk over the width of the bulk,
    squared overlap of the eigenvector with the span of the weight rows; NaN where there is none.

    The whole layer of a linear model, for C <= d and up to C d = 2000, takes orthonormal weight
    rows with the same span: for them the outliers of drawn weights are those of given ones.
    """
    net, H = draw_with_network(ens, rng)
    given = ens.given(net)
    span = np.linalg.qr(net.weights[0].T)[0]
    result = {}
    for name, block in BLOCKS.items():
        law = conditional_law(H.block_weights(*block), ens.n_features)
        predicted = block_outliers(given, *block, rng=rng)
        result |= _beside(name, H.block(*block), span, law, predicted)
    prediction = _layer_prediction(ens) if H.shape[0] <= LARGEST_LAYER else None
    if prediction and ens.n_units <= ens.n_features:
        rows = np.sqrt(init_gain(ens.init)) * span.T
        layer = layer_hessian(Network([rows]), H.features, 0, ens.loss)
        result |= _beside("layer", layer.to_dense(), span, *prediction)
    return result


@cache
def _layer_prediction(ens):
    """Law and outliers of the layer, the same for every seed; None if they depend on weights."""
    try:
        return layer_law(ens), layer_outliers(ens)
    except ValueError:
        return None


def _beside(name, matrix, span, law, predicted):
    """One matrix, of some blocks of size p, beside its law and its predicted outliers."""
    values, overlaps = spectrum_with_overlaps(matrix, span)
    places = np.repeat([o.place for o in predicted], [o.multiplicity for o in predicted])
    shares = np.repeat([o.overlap for o in predicted], [o.multiplicity for o in predicted])
    lo, hi = bulk_of(law)
    within = widened(lo, hi, len(span))
    seen, known = counts_outside(values, *within), counts_outside(places, *within)
    pair = dict.fromkeys(PAIRED, np.nan)  # where none is predicted
    if known.any():
        at, of = _outermost(values.size, *known), _outermost(places.size, *known)
        columns = {
            "distance": distance_to_bulk(values[at], lo, hi),
            "predicted_distance": distance_to_bulk(places[of], lo, hi),
            "overlap": overlaps[at],
            "predicted_overlap": shares[of],
        }
        farthest = _farthest(columns)
        pair = {key: column[farthest] for key, column in columns.items()}
    result = {
        "number": seen.sum(),
        "predicted_number": known.sum(),
        **pair,
        "edges": np.array([lo, hi]),
        "eigenvalues": values,
        "overlaps": overlaps,
        "predicted_places": places,
        "predicted_overlaps": shares,
    }
    return {f"{name}_{key}": value for key, value in result.items()}


def bulk_of(law):
    """Where the bulk begins and ends; NaN of a block of zeros, which has none."""
    components = law.components() or [(np.nan, np.nan)]
    return components[0][0], components[-1][1]


def widened(lo, hi, size):
    """A bulk with the margin on both sides in which its own last eigenvalue may lie."""
    margin = (hi - lo) * size ** (-2 / 3)
    return lo - margin, hi + margin


def counts_outside(x, lo, hi):
    """How many of x lie below lo and above hi."""
    return np.array([(x < lo).sum(), (x > hi).sum()])


def _outermost(size, n_below, n_above):
    """Of ``size`` ascending numbers the places of the first and of the last so many."""
    return np.r_[:n_below, size - n_above : size]


def distance_to_bulk(x, lo, hi):
    """From the bulk, over its width."""
    return np.maximum(lo - x, x - hi) / (hi - lo)


def _farthest(columns):
    """The place of the farthest prediction; of those equally far, of the farthest eigenvalue.

    Equally far as the two sides of a symmetric block, up to rounding.
    """
    predicted = columns["predicted_distance"]
    tied = np.flatnonzero(predicted >= predicted.max() * (1 - TIE))
    order = "distance", "predicted_overlap", "overlap"
    return max(tied, key=lambda k: [columns[key][k] for key in order])


def spectrum_with_overlaps(matrix, *spans):
    """Eigenvalues other than 0, ascending, and ``‖(I ⊗ span)ᵀ v‖²`` of their eigenvectors v.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (k p, k p)
    *spans : numpy.ndarray, shape (p, r)
        Orthonormal columns; the overlaps with each of them are an array of their own.

    Examples
    --------
    >>> spectrum_with_overlaps(np.diag([3.0, 0.0, 1.0, 2.0]), np.eye(2)[:, :1])
    (array([1., 2., 3.]), array([1., 0., 1.]))
    """
    values, vectors = np.linalg.eigh(matrix)
    kept = np.abs(values) > ROUNDING * np.abs(values).max()
    values, vectors = values[kept], vectors[:, kept]
    p = spans[0].shape[0]
    vectors = vectors.reshape(len(vectors) // p, p, values.size)
    overlaps = [np.einsum("kpn,pr->krn", vectors, span, optimize=True) for span in spans]
    return values, *[(overlap**2).sum(axis=(0, 1)) for overlap in overlaps]
