"""Top eigenspaces with the knowledge which of them, and which eigenvectors, are determined."""

from dataclasses import dataclass

import numpy as np

from rmt_hessian.spectra.eigenvalues import top_eigenpairs
from rmt_hessian.spectra.subspaces import overlap_by_dimension, separated_dimensions

TIE = 1e-9  # difference of overlaps that are equal


@dataclass(frozen=True, eq=False)
class TopSpaces:
    """The n largest eigenvalues of a matrix, ascending, and their eigenvectors.

    Attributes
    ----------
    values : numpy.ndarray, shape (n,)
    vectors : numpy.ndarray, shape (size, n)
        The largest last.
    separated : numpy.ndarray of bool, shape (n,)
        Entry q-1: whether the q-th eigenvalue is larger than the next; the last of a matrix is.
    """

    values: np.ndarray
    vectors: np.ndarray
    separated: np.ndarray

    @property
    def simple(self):
        """Which eigenvalues are simple, the largest first, so that their eigenvector is one."""
        return self.separated & np.append(True, self.separated[:-1])


def top_spaces(matrix, n):
    """`TopSpaces` of the n largest eigenvalues.

    Parameters
    ----------
    matrix : LayerHessian, numpy.ndarray, KroneckerProduct or NetworkKronecker
    n : int

    Examples
    --------
    >>> top_spaces(np.diag([1.0, 1.0, 2.0, 3.0]), 3).separated
    array([ True,  True, False])
    """
    more = n + (n < matrix.shape[0])  # one more tells whether the n-th is separated
    own = getattr(matrix, "top_eigenpairs", None)
    values, vectors = own(more) if own else top_eigenpairs(matrix, more)
    separated = np.append(separated_dimensions(values), True)[:n]
    return TopSpaces(values[-n:], vectors[:, -n:], separated)


def determined_overlaps(spaces, others):
    """`overlap_by_dimension`, NaN where the dimension cuts a multiple eigenvalue of either."""
    overlaps = overlap_by_dimension(spaces.vectors, others.vectors)
    return np.where(spaces.separated & others.separated, overlaps, np.nan)


def overlaps_of_products(products, n):
    """`determined_overlaps` of two Kronecker products; NaN if there are none."""
    if not products:
        return np.full(n, np.nan)
    return determined_overlaps(*(top_spaces(product, n) for product in products))


def peak_of(overlaps):
    """Dimension and height of the first maximum; NaN where nothing is determined.

    Examples
    --------
    >>> peak_of(np.array([0.2, np.nan, 0.5, 0.5]))
    (3, 0.5)
    """
    if np.isnan(overlaps).all():
        return np.nan, np.nan
    largest = np.nanmax(overlaps)
    return int(np.argmax(overlaps >= largest - TIE)) + 1, float(largest)


def mean_of_known(values):
    """Mean of the values that are not NaN; NaN if none is."""
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan
