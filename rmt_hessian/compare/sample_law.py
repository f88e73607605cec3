"""The law of a matrix of a sample: what was taken of the features, and how far to trust it.

What is known of the features decides which law it is: white features the generalised
Marchenko–Pastur law; features of a known covariance the separable law; nothing at all the free
convolution of the weights and the features' own spectrum, which needs no covariance
(`rmt_hessian.theory.laws.free_convolution`).

**What all of them assume** is that weights are in no relation to the features: that it does not
matter which sample has which weight, or which output Hessian. Whether that is so can be seen: they
are dealt anew to the samples, and the distance between the two spectra is the
`SampleLaw.dependence`; the distance of the second from the law, its `SampleLaw.misfit`, is what
other assumptions cost. By the triangle inequality the spectrum is no further from the law than the
sum of both.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import describe
from rmt_hessian._checks.precision import type_precision
from rmt_hessian._rounding import FEW, rounding
from rmt_hessian._types import FloatArray
from rmt_hessian.compare.significance import FEWEST, ks_test
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.laws.marchenko_pastur import MarchenkoPastur
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

Features: TypeAlias = Literal["white", "known", "measured"]
Units: TypeAlias = Literal["given", "exchangeable"]

UNLIKELY = 0.01  # p-value below which features are not taken for white


class SampleLaw(WithNullSpace):
    """A law made from a sample, which kind it is, and how far to trust it.

    Attributes
    ----------
    law : SpectralLaw
        Of the class that belongs to the features; without the null space that all units share.
    features : {"white", "known", "measured"}
        What was taken of the features: a covariance ``σ² I``, the one that was given, or their own
        spectrum alone.
    units : {"given", "exchangeable"}
        Of a layer: whether its equation has each output Hessian as it is, or all units alike.
    error : float
        The sum of the two distances below: the Kolmogorov–Smirnov distance between the spectrum of
        the matrix and the law is at most that. NaN of a layer too large for its spectrum.
    dependence : float
        Distance between the spectra of the matrix and of one whose weights were dealt anew to the
        samples. What chance leaves is some 2/p; far beyond it, weights depend on the bulk of the
        features, and no law of this kind is theirs.
    misfit : float
        Distance between the latter and the law: again some 2/p, more if the features have another
        covariance than the one taken, or samples of very different sizes, or if units are taken
        for alike that are not.

    References
    ----------
    ``docs/laws.md`` §8.
    """

    def __init__(
        self,
        law: SpectralLaw,
        features: Features,
        dependence: float = 0.0,
        misfit: float = 0.0,
        *,
        units: Units = "given",
        null_space: float = 0.0,
    ) -> None:
        super().__init__(law, null_space)
        self.features, self.units = features, units
        self.null_space, self.dependence, self.misfit = null_space, dependence, misfit
        self.error = dependence + misfit


def is_white(spectrum: FloatArray, Z: ArrayLike) -> bool:
    """Whether white features can have the spectrum of Z, its rounding set to 0.

    Two tests: that of the Marchenko–Pastur law of that mean, which few null eigenvalues pass, and
    their number. N < p explains p - N of them; that k more are below the rounding t has a
    probability of at most p (F(t) - F(0))/k, by Markov's inequality: 0 but for p near N.

    Of fewer eigenvalues than the first test takes, none are white.
    """
    N, p = np.shape(Z)
    scale = float(spectrum.mean())
    if scale == 0:
        return False
    law = MarchenkoPastur(p / N)
    if p * (1.0 - law.atom_at_zero) < FEWEST:
        return False
    null = np.count_nonzero(spectrum == 0) - max(0, p - N)
    expected = p * (law.cdf(_null_below(spectrum, Z) / scale) - law.atom_at_zero)
    if UNLIKELY * null > max(expected, 0.0):
        return False
    return ks_test(spectrum / scale, law).pvalue >= UNLIKELY


def feature_spectrum(Z: ArrayLike, lam: FloatArray) -> FloatArray:
    """Eigenvalues of ``(1/N) Σ λ_n z_n z_nᵀ``, what is rounding set to 0: ascending, shape (p,)."""
    features = np.asarray(Z, dtype=np.float64)
    N, p = features.shape
    values = np.linalg.eigvalsh((features.T * lam) @ features / N)
    values[np.abs(values) <= _null_below(values, Z)] = 0.0
    rank = min(p, int(np.count_nonzero(lam)))
    if rank < p:
        values[np.argsort(np.abs(values))[: p - rank]] = 0.0
    return np.sort(values)


def _null_below(values: FloatArray, Z: ArrayLike) -> float:
    """What null eigenvalues of features may be: the rounding of the solver, and that of Z squared.

    Where ``Z v = 0``, an error E of the features leaves ``vᵀ Eᵀ Λ E v``.
    """
    of_features = max(FEW, values.size) * type_precision(np.asarray(Z))
    return max(rounding(values), of_features**2 * float(np.abs(values).max()))


def refuse_ensemble(H: Any, door: str) -> None:
    """Raise if what came in place of a Hessian is the description of one, whose law is another."""
    if isinstance(H, Ensemble):
        wanted = f"a LayerHessian; the law of an Ensemble is rmt_hessian.{door}"
        raise ValueError(f"H must be {wanted}, got {describe(H)}")
