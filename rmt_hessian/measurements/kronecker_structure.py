"""What [W] sees in one layer of a network, with what its factors and its weights predict of it."""

from functools import cache

import numpy as np

from rmt_hessian._rounding import rounding
from rmt_hessian.measurements.output_rank import gap_and_overlap
from rmt_hessian.measurements.top_spaces import determined_overlaps, mean_of_known, top_spaces
from rmt_hessian.spectra.eigenvalues import eigenvalues, top_eigenspace
from rmt_hessian.spectra.independence import independent_kronecker_error
from rmt_hessian.spectra.kronecker import (
    kronecker_approximation,
    kronecker_error,
    nearest_kronecker_product,
)
from rmt_hessian.spectra.subspaces import (
    correspondence_matrix,
    kronecker_alignment,
    reshape_eigenvectors,
)
from rmt_hessian.theory import (
    eigenspace_defect,
    expected_kronecker_error,
    output_hessian_eigenspace,
)


def autocorrelation(view):
    """How far the leading eigenvector x̂ of E[z zᵀ] stands out, and whether it is the mean.

    ``ratio`` μ_1/μ_2, ``leading_share`` μ_1/tr, ``mean_alignment`` cos² of x̂ and E[z];
    ``predicted_ratio`` from the weights, ``normalised_ratio`` of standardised features. NaN where
    there is one direction, and of dead features.
    """
    values, vectors = np.linalg.eigh(view.product.right)
    mean = view.H.features.mean(axis=0)
    return {
        "ratio": _ratio(values),
        "predicted_ratio": _ratio(eigenvalues(view.predicted.right)),
        "normalised_ratio": _ratio(eigenvalues(view.normalised.input_autocorrelation())),
        "leading_share": _quotient(values[-1], values.sum()),
        "mean_alignment": _quotient((vectors[:, -1] @ mean) ** 2, mean @ mean),
    }


def _ratio(values):
    """``μ_1/μ_2`` of ascending ones; NaN where the second is 0 up to rounding."""
    second = values[-2] if len(values) > 1 else 0.0
    return values[-1] / second if second > rounding(values) else np.nan


def _quotient(part, whole):
    return part / whole if whole > 0 else np.nan


def eigenvectors(view):
    """Top eigenvectors of the layer beside those of the product of its factors.

    ``rank_one_shares`` of eigenvectors as matrices, ``correspondence`` with all ``r_i ⊗ x_a`` by
    their products; NaN where eigenvectors are not determined. Means over the C - 1 leading ones:
    ``rank_one_share``, also ``normalised_``; ``in_order``, of the diagonal of the correspondence;
    ``along_leading``, of their part in ``R^k ⊗ x̂``, predicted to be the share of the products that
    have x̂. ``kronecker_overlap`` of the top C - 1 dimensions.
    """
    spaces, of_product = view.spaces("H"), view.spaces("product")
    matrix = correspondence_matrix(spaces.vectors, of_product.vectors)
    matrix[~np.outer(spaces.simple, of_product.simple)] = np.nan
    shares = _rank_one_shares(view, "H")
    leading = slice(view.rank)
    overlaps = determined_overlaps(spaces, of_product)
    k, p = view.H.n_blocks, view.H.block_size
    x = top_spaces(view.product.right, 1)
    along = kronecker_alignment(spaces.vectors[:, ::-1], np.eye(k), x.vectors).sum(axis=(1, 2))
    of_products = of_product.separated[view.rank - 1]
    determined = spaces.separated[view.rank - 1] and x.separated[0]
    places = view.product.top_pairs(view.n_top)[2][::-1]
    return {
        "eigenvalues": spaces.values[::-1],
        "kronecker_eigenvalues": of_product.values[::-1],
        "rank_one_shares": shares,
        "correspondence": matrix,
        "product_overlaps": overlaps,
        "kronecker_overlap": overlaps[view.rank - 1],
        "rank_one_share": mean_of_known(shares[leading]),
        "normalised_rank_one_share": mean_of_known(_rank_one_shares(view, "normalised")[leading]),
        "in_order": mean_of_known(matrix.diagonal()[leading]),
        "along_leading": along[leading].mean() if determined else np.nan,
        "predicted_along_leading": np.mean(places[leading] == p - 1) if of_products else np.nan,
    }


def _rank_one_shares(view, of):
    spaces, shape = view.spaces(of), (view.H.n_blocks, view.H.block_size)
    shares = reshape_eigenvectors(spaces.vectors[:, ::-1], shape).rank_one_share
    return np.where(spaces.simple, shares, np.nan)


def decoupled(view):
    """Relative error of ``E[M] ⊗ E[z zᵀ]``, of the nearest product, and what explains the first.

    ``independent_error``: of M and z given to each other at random. ``predicted_error``:
    `expected_kronecker_error`, for Gaussian inputs and the weights; NaN where it does not apply.
    """
    return {
        "error": error_of_own_product(view.H),
        "nearest_error": _nearest_error(view.H),
        "independent_error": independent_kronecker_error(view.H) if _is_there(view.H) else np.nan,
        "predicted_error": _predicted_error(view),
        "normalised_error": error_of_own_product(view.normalised),
    }


def error_of_own_product(H):
    """`kronecker_error` of the product of its own factors; NaN of a layer that is dead."""
    return kronecker_error(H, kronecker_approximation(H)) if _is_there(H) else np.nan


def _nearest_error(H):
    return kronecker_error(H, nearest_kronecker_product(H)) if _is_there(H) else np.nan


def _is_there(H):
    return H.frobenius_norm() > 0


def _predicted_error(view):
    try:
        prediction = expected_kronecker_error(view.ensemble().given(view.net))
    except ValueError:  # deeper, or larger, than it covers
        return np.nan
    return prediction.relative_error(len(view.X))


def output_space(view):
    """Gap λ_C/λ_{C-1} of E[M] and overlap of its top C - 1 eigenspace with the rows above.

    Both also predicted: the gap of the factors from the weights, and the mean overlap over LeCun
    networks, which are not trained, with Gaussian inputs. ``plain_frame_overlap``: without the
    activity of units that the inputs' moments tell. Not for the last layer, nor for fewer units.
    Of every layer ``trace_ratio``: tr E[M], of the weights over that of the sample.
    """
    M, predicted = view.product.left, view.predicted.left
    ratio = {"trace_ratio": _quotient(np.trace(predicted), np.trace(M))}
    if not view.is_hidden:
        return ratio
    top = top_eigenspace(M, view.rank)
    return ratio | {
        "gap": gap_and_overlap(M, view.rank, top)[0],
        "predicted_gap": gap_and_overlap(predicted, view.rank, top)[0],
        "frame_overlap": _frame_overlap(view, M, view.input_moments),
        "plain_frame_overlap": _frame_overlap(view, M, {}),
        "expected_frame_overlap": _expected_overlap(view.ensemble()),
        "output_eigenvalues": eigenvalues(M)[::-1],
        "predicted_output_eigenvalues": eigenvalues(predicted)[::-1],
    }


def _frame_overlap(view, M, moments):
    """NaN where the weights above have no C - 1 rows, as above dead units."""
    try:
        frame = output_hessian_eigenspace(view.ensemble().given(view.net), **moments)
    except ValueError:
        return np.nan
    return gap_and_overlap(M, view.rank, frame)[1]


@cache
def _expected_overlap(ens):
    """NaN where widths are too small, or the network too deep, for the prediction."""
    try:
        return 1 - eigenspace_defect(ens).centred
    except ValueError:
        return np.nan


def gradients(view):
    """Top eigenvalues of the gradient covariance, and its overlap with the Hessian's top spaces."""
    spaces = view.spaces("gradients")
    overlaps = determined_overlaps(spaces, view.spaces("H"))
    return {
        "gradient_eigenvalues": spaces.values[::-1],
        "gradient_in_hessian_overlaps": overlaps,
        "gradient_in_hessian_overlap": overlaps[view.rank - 1],
    }
