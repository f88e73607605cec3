"""The law of a whole layer of a sample, given its own output Hessians and its features."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from rmt_hessian._checks.arguments import instance_of, one_of
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.compare.distances import ks_distance, ks_distance_of_spectra
from rmt_hessian.compare.exchangeable_units import exchangeable_weights, output_hessian_stack
from rmt_hessian.compare.sample_law import (
    Features,
    SampleLaw,
    Units,
    feature_spectrum,
    is_white,
    refuse_ensemble,
)
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_free_convolution import MatrixFreeConvolution
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

MOST_UNITS = 16  # of the matrix equation
MOST_ROWS = 6000  # of a layer whose spectrum is taken


def law_of_layer(
    H: LayerHessian,
    *,
    covariance: Literal["white"] | None = None,
    units: Literal["exchangeable"] | None = None,
    rng: RandomState = 0,
) -> SampleLaw:
    """Law of the spectrum of a whole layer of a sample, given its output Hessians and its features.

    For any network, trained ones included, and any features. Up to 16 units the equation is one for
    k × k matrices over the sample's own ``M_n``: `MatrixFreeConvolution`, or `MatrixLayerLaw` where
    the features pass for white. Beyond, units are taken for exchangeable, as the classes of a
    random head are: the equation is that of one block, whose weights are the eigenvalues of all
    ``M_n``, without the null space that all of them share (of softmax the direction 1).

    Parameters
    ----------
    H : LayerHessian
    covariance : "white", optional
        ``Σ = I``; otherwise what the features are is measured, as in `law_of_block`.
    units : "exchangeable", optional
        Takes units for exchangeable, however few they are: an equation in numbers, solved in less
        than a second, also where the one in matrices is not.
    rng : None, int, SeedSequence or Generator
        Deals the output Hessians anew, for `SampleLaw.dependence`.

    Returns
    -------
    SampleLaw
        A `SpectralLaw` with ``features``, ``units``, ``error``, ``dependence`` and ``misfit``; NaN
        of more than 6,000 rows, whose spectrum is not taken.

    Raises
    ------
    ValueError
        If H is no `LayerHessian`, or covariance or units are not as above.
    RuntimeError
        If the equation of the law is not solved somewhere, as may happen where output Hessians or
        features span more than ten decades: a confident softmax on features with a large mean,
        data that are not standardised.

    Notes
    -----
    Beside the law it takes the eigenvalues of two matrices of k p rows, and of every M_n where
    units are taken for exchangeable: of a softmax over all its classes they are counted in cells of
    2 %, C operations a cell and sample. In matrices, with 2,000 samples, 10 units take up to a
    minute, 16 up to five. Where units are not alike (classes of unequal frequencies) the law of
    exchangeable ones is wrong, and ``misfit`` large: nearer is the mean of the laws of the diagonal
    blocks (`rmt_hessian.theory.laws.mean_of_laws`), and up to 16 units have their law,
    ``law_of_layer(H.restrict(units))``. The largest eigenvalue may be far from the end of the law
    where ``dependence`` is: no distance shows it.

    References
    ----------
    ``docs/laws.md`` §8.

    Examples
    --------
    >>> import numpy as np, rmt_hessian as rh
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((240, 60)) * np.linspace(0.5, 3.0, 60)  # not white
    >>> H = rh.layer_hessian(rh.Network.random([60, 3], rng), X, 0, "ce")
    >>> law = rh.law_of_layer(H)
    >>> law.features, law.units, round(law.atom_at_zero, 9)
    ('measured', 'given', 0.333333333)
    >>> bool(rh.ks_distance(rh.eigenvalues(H), law) < law.error < 0.05)
    True
    """
    refuse_ensemble(H, "theory.layer_law(ens)")
    instance_of(H, LayerHessian, "H")
    if covariance is not None:
        one_of(covariance, ("white",), "covariance")
    if units is not None:
        one_of(units, ("exchangeable",), "units")
    N = H.n_samples
    spectrum = feature_spectrum(H.features, np.ones(N))
    white = covariance is not None or is_white(spectrum, H.features)
    scale = 1.0 if covariance is not None else float(spectrum.mean())
    matrices = units is None and H.n_blocks <= MOST_UNITS
    law, null_space = (_matrix_law if matrices else _scalar_law)(
        H, spectrum, scale if white else None
    )
    dependence = misfit = np.nan
    if H.shape[0] <= MOST_ROWS:
        order = random_generator(rng).permutation(N)
        own, dealt = eigenvalues(H), eigenvalues(replace(H, features=H.features[order]))
        dependence = ks_distance_of_spectra(own, dealt)
        misfit = ks_distance(dealt, WithNullSpace(law, null_space))
    features: Features = "white" if white else "measured"
    taken: Units = "given" if matrices else "exchangeable"
    return SampleLaw(law, features, dependence, misfit, units=taken, null_space=null_space)


def _matrix_law(
    H: LayerHessian, spectrum: FloatArray, scale: float | None
) -> tuple[SpectralLaw, float]:
    """The law of an equation in matrices, and 0: its null space is its own.

    ``scale``: the variance of white features, None of others.
    """
    N, p = H.features.shape
    M = output_hessian_stack(H).astype(H.dtype)  # whose precision tells ranks
    try:
        if scale is not None:
            return MatrixLayerLaw(M * scale, p / N), 0.0
        return MatrixFreeConvolution(M, spectrum, np.full(p, 1.0 / p), p / N), 0.0
    except RuntimeError as error:
        instead = 'law_of_layer(H, units="exchangeable") or law_of_block(H, i, j)'
        raise RuntimeError(f"{error}; try {instead}") from error


def _scalar_law(
    H: LayerHessian, spectrum: FloatArray, scale: float | None
) -> tuple[SpectralLaw, float]:
    """The law of an equation in numbers off the null space that units share, and its share."""
    N, p = H.features.shape
    weights, masses, null_space = exchangeable_weights(H)
    if scale is not None:
        return GeneralizedMarchenkoPastur(weights * scale, masses, p / N), null_space
    return FreeConvolution(weights, masses, spectrum, np.full(p, 1.0 / p), p / N), null_space
