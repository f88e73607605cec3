"""The law of a block of a sample, given its own weights and what is known of its features."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.matrices import covariance_spectrum, symmetric_array
from rmt_hessian._random import random_generator
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.compare.distances import ks_distance, ks_distance_of_spectra
from rmt_hessian.compare.sample_law import (
    Features,
    SampleLaw,
    feature_spectrum,
    is_white,
    refuse_ensemble,
)
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw


def law_of_block(
    H: LayerHessian,
    i: int,
    j: int,
    *,
    covariance: ArrayLike | Literal["white"] | None = None,
    rng: RandomState = 0,
) -> SampleLaw:
    """Law of the spectrum of block (i, j) of a sample, given its weights and its features.

    For any network, trained ones included, any features and weights of both signs: without a
    ``covariance`` what the features are is measured. They count as white if their spectrum is one
    of white features to `ks_test`, at 1 %, with no more null eigenvalues than N < p explains; the
    law is then the generalised Marchenko–Pastur law, else the free convolution of the weights and
    the features' spectrum.

    Parameters
    ----------
    H : LayerHessian
    i, j : int
        Units.
    covariance : "white" or array_like, shape (p, p) or (p,), optional
        Σ of the features, or its eigenvalues, where it is known: the law is the separable one.
        "white" for ``Σ = I``.
    rng : None, int, SeedSequence or Generator
        Deals the weights anew, for `SampleLaw.dependence`.

    Returns
    -------
    SampleLaw
        A `SpectralLaw` with ``features``, ``error``, ``dependence`` and ``misfit``.

    Raises
    ------
    ValueError
        If H is no `LayerHessian`, or the covariance is not as above.
    IndexError
        If there is no such unit.
    RuntimeError
        If the equation of the law is not solved somewhere.

    Notes
    -----
    It takes the eigenvalues of three p × p matrices, beside the law. Features with a mean, or one
    that is constant, have an eigenvalue far from the others: the law has a component of mass 1/p
    for it. The largest eigenvalue may be far from the end of the law where ``dependence`` is: no
    distance of distribution functions shows it.

    References
    ----------
    ``docs/laws.md`` §8.

    Examples
    --------
    >>> import numpy as np, rmt_hessian as rh
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 100)) * np.linspace(0.5, 3.0, 100)  # not white
    >>> H = rh.layer_hessian(rh.Network.random([100, 5], rng), X, 0, "ce")
    >>> law = rh.law_of_block(H, 0, 1)
    >>> values = rh.eigenvalues(H.block(0, 1))
    >>> law.features, bool(rh.ks_distance(values, law) < 0.05), bool(law.error < 0.1)
    ('measured', True, True)
    >>> bool(rh.ks_distance(values, rh.law_of_block(H, 0, 1, covariance="white")) > 0.3)
    True
    """
    refuse_ensemble(H, "theory.block_law(ens, i, j)")
    instance_of(H, LayerHessian, "H")
    lam = np.asarray(H.block_weights(i, j), dtype=np.float64)
    spectrum = feature_spectrum(H.features, np.ones(H.n_samples))
    features, law = _law(lam, spectrum, H.features, covariance)
    dealt = feature_spectrum(H.features, random_generator(rng).permutation(lam))
    dependence = ks_distance_of_spectra(feature_spectrum(H.features, lam), dealt)
    return SampleLaw(law, features, dependence, ks_distance(dealt, law))


def _law(
    lam: FloatArray,
    spectrum: FloatArray,
    Z: np.ndarray,
    covariance: ArrayLike | Literal["white"] | None,
) -> tuple[Features, SpectralLaw]:
    """What the features are, and the law."""
    N, p = Z.shape
    gamma = p / N
    equal, scale = np.full(N, 1.0 / N), float(spectrum.mean())
    if covariance is None:
        if not is_white(spectrum, Z):
            return "measured", FreeConvolution(lam, equal, spectrum, np.full(p, 1.0 / p), gamma)
    elif isinstance(covariance, str):
        if covariance != "white":
            raise ValueError(f"covariance must be 'white' or an array, got {covariance!r}")
        scale = 1.0
    else:
        population = _population(covariance, p)
        return "known", SeparableLaw(lam, equal, population, np.full(p, 1.0 / p), gamma)
    return "white", GeneralizedMarchenkoPastur(lam * scale, equal, gamma)


def _population(covariance: ArrayLike, p: int) -> FloatArray:
    """Eigenvalues of a covariance of p features."""
    shape = real_array(covariance, "covariance").shape
    if shape not in ((p,), (p, p)):
        wanted = f"({p},) or ({p}, {p}), as H has {p} features"
        raise ValueError(f"covariance must have shape {wanted}, got {shape}")
    if len(shape) == 1:
        return covariance_spectrum(covariance, "covariance")
    values = np.linalg.eigvalsh(symmetric_array(covariance, "covariance"))
    return covariance_spectrum(values, "covariance")
