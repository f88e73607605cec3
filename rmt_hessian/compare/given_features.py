"""The law of a block of a sample, given its own weights and what is known of its features.

What is known decides which law it is: white features the generalised Marchenko–Pastur law; features
of a known covariance the separable law; nothing at all the free convolution of the weights and the
features' own spectrum, which needs no covariance (`rmt_hessian.theory.laws.free_convolution`).

**What all three assume** is that weights are in no relation to the features: that it does not
matter which sample has which weight. Whether that is so can be seen: the weights are dealt anew to
the samples, and the distance between the two spectra is the `SampleLaw.dependence`; the distance of
the second from the law, its `SampleLaw.misfit`, is what other assumptions cost. By the triangle
inequality the spectrum is no further from the law than the sum of both.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._checks.matrices import covariance_spectrum, symmetric_array
from rmt_hessian._random import random_generator
from rmt_hessian._rounding import rounding
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.compare.distances import ks_distance, ks_distance_of_spectra
from rmt_hessian.compare.significance import FEWEST, ks_test
from rmt_hessian.hessian.layer import LayerHessian
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur, MarchenkoPastur
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

Features: TypeAlias = Literal["white", "known", "measured"]

UNLIKELY = 0.01  # p-value below which features are not taken for white


class SampleLaw(WithNullSpace):
    """A law made from a sample, which kind it is, and how far to trust it.

    Attributes
    ----------
    law : SpectralLaw
        Of the class that belongs to the features.
    features : {"white", "known", "measured"}
        What was taken of the features: a covariance ``σ² I``, the one that was given, or their own
        spectrum alone.
    error : float
        The sum of the two distances below: the Kolmogorov–Smirnov distance between the spectrum of
        the matrix and the law is at most that.
    dependence : float
        Distance between the spectra of the matrix and of one whose weights were dealt anew to the
        samples. What chance leaves is some 2/p; far beyond it, weights depend on the bulk of the
        features, and no law of this kind is theirs.
    misfit : float
        Distance between the latter and the law: again some 2/p, more if the features have another
        covariance than the one taken, or samples of very different sizes.
    """

    def __init__(
        self, law: SpectralLaw, features: Features, dependence: float = 0.0, misfit: float = 0.0
    ) -> None:
        super().__init__(law, 0.0)
        self.features, self.dependence, self.misfit = features, dependence, misfit
        self.error = dependence + misfit


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
    of white features to `ks_test`, at 1 %; the law is then the generalised Marchenko–Pastur law,
    else the free convolution of the weights and the features' spectrum.

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
    for it.
    Derivation: ``docs/laws.md``, section 8.

    Examples
    --------
    >>> import rmt_hessian as rh
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((400, 100)) * np.linspace(0.5, 3.0, 100)  # not white
    >>> H = rh.layer_hessian(rh.Network.random([100, 5], rng), X, 0, "ce")
    >>> law = law_of_block(H, 0, 1)
    >>> values = rh.eigenvalues(H.block(0, 1))
    >>> law.features, bool(ks_distance(values, law) < 0.05), bool(law.error < 0.1)
    ('measured', True, True)
    >>> bool(ks_distance(values, law_of_block(H, 0, 1, covariance="white")) > 0.3)
    True
    """
    instance_of(H, LayerHessian, "H")
    lam = np.asarray(H.block_weights(i, j), dtype=np.float64)
    N, p = H.features.shape
    spectrum = _spectrum(H.features, np.ones(N))
    features, law = _law(lam, spectrum, p / N, covariance)
    dealt = _spectrum(H.features, random_generator(rng).permutation(lam))
    dependence = ks_distance_of_spectra(_spectrum(H.features, lam), dealt)
    return SampleLaw(law, features, dependence, ks_distance(dealt, law))


def _law(
    lam: FloatArray,
    spectrum: FloatArray,
    gamma: float,
    covariance: ArrayLike | Literal["white"] | None,
) -> tuple[Features, SpectralLaw]:
    """What the features are, and the law."""
    N, p = lam.size, spectrum.size
    equal, scale = np.full(N, 1.0 / N), float(spectrum.mean())
    if covariance is None:
        if scale == 0 or not _is_white(spectrum, MarchenkoPastur(gamma, scale)):
            return "measured", FreeConvolution(lam, equal, spectrum, np.full(p, 1.0 / p), gamma)
    elif isinstance(covariance, str):
        if covariance != "white":
            raise ValueError(f"covariance must be 'white' or an array, got {covariance!r}")
        scale = 1.0
    else:
        population = _population(covariance, p)
        return "known", SeparableLaw(lam, equal, population, np.full(p, 1.0 / p), gamma)
    return "white", GeneralizedMarchenkoPastur(lam * scale, equal, gamma)


def _is_white(spectrum: FloatArray, law: MarchenkoPastur) -> bool:
    """Whether a test lets the law stand; of fewer eigenvalues than it takes, none does."""
    if spectrum.size * (1.0 - law.atom_at_zero) < FEWEST:
        return False
    return ks_test(spectrum, law).pvalue >= UNLIKELY


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


def _spectrum(Z: ArrayLike, lam: FloatArray) -> FloatArray:
    """Eigenvalues of ``(1/N) Σ λ_n z_n z_nᵀ``, what is rounding set to 0: ascending, shape (p,)."""
    features = np.asarray(Z, dtype=np.float64)
    N, p = features.shape
    values = np.linalg.eigvalsh((features.T * lam) @ features / N)
    values[np.abs(values) <= rounding(values.astype(np.asarray(Z).dtype))] = 0.0
    rank = min(p, int(np.count_nonzero(lam)))
    if rank < p:
        values[np.argsort(np.abs(values))[: p - rank]] = 0.0
    return np.sort(values)
