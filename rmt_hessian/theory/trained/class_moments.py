r"""Features as a trained last layer sees them: Gaussian about the means of their classes.

Features of class y are ``μ_y + Σ^{1/2} g``. All that matters of Σ and the means is, for each
eigenvalue a of Σ, which share of the p dimensions it has, and the Gram matrix of the means within
its eigenspace, ``(P_a μ_k)ᵀ P_a μ_l``. Where classes are equally likely and every Gram matrix is
``c_a I + c'_a 11ᵀ``, classes are *exchangeable*: all K × K matrices of the theory are
multiples of ``P = I - 11ᵀ/K``. Where means are correlated within groups of one size they are sums
of multiples of two projectors, `ClassSymmetry`.

References
----------
``docs/trained.md`` §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import positive_semidefinite
from rmt_hessian._types import FloatArray
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.mixture import Mixture
from rmt_hessian.theory.coverage import last_layer_to_train
from rmt_hessian.theory.relu.moments import moments_of
from rmt_hessian.theory.structure.relu_features import relu_feature_spectrum
from rmt_hessian.theory.trained.class_symmetry import ClassSymmetry

FEATURE_NODES = 256  # of the spectrum of random features
ROUNDING = 1e-14  # of a Gram matrix
EQUAL = 1e-9  # entries of a Gram matrix, or eigenvalues, relative to the largest of all


@dataclass(frozen=True, eq=False)
class ClassMoments:
    """First and second moments of the features of each class, and how many samples there are.

    Attributes
    ----------
    eigenvalues, shares : numpy.ndarray, shape (L,)
        Of Σ: its spectrum ν. Shares have sum 1.
    grams : numpy.ndarray, shape (L, K, K)
        Of the class means within each eigenspace.
    frequencies : numpy.ndarray, shape (K,)
        Probabilities of the classes.
    n_features, n_samples : int
        p and N.
    separation : float
        ρ: the length of a class mean, by which logits are divided in what is called *a*; 1 where
        means have lengths of their own.

    References
    ----------
    ``docs/trained.md`` §3.
    """

    eigenvalues: FloatArray
    shares: FloatArray
    grams: FloatArray
    frequencies: FloatArray
    n_features: int
    n_samples: int
    separation: float = 1.0

    @classmethod
    def of_ensemble(cls, ens: Ensemble) -> Self:
        """Of the features of the last layer, if it is one that `trained_softmax` covers.

        Raises
        ------
        ValueError
            If it is not.
        """
        last_layer_to_train(ens)
        sizes, K = (ens.n_features, ens.n_samples), ens.n_classes
        mixture = ens.inputs if isinstance(ens.inputs, Mixture) else Mixture(0.0)
        frequencies = mixture.probabilities(K)
        with np.errstate(over="ignore", invalid="ignore"):  # 0 times infinity
            gram = np.square(mixture.separation) * mixture.means_gram(K)
        if not np.isfinite(gram).all():
            raise ValueError(f"separation must have a finite square, got {mixture.separation:g}")
        if ens.n_layers == 1:
            rho = mixture.separation
            return cls(np.ones(1), np.ones(1), gram[None], frequencies, *sizes, separation=rho)
        if ens.weights[0] is None:
            eigenvalues, shares = relu_feature_spectrum(ens, FEATURE_NODES)
            return cls(eigenvalues, shares, np.zeros((len(shares), K, K)), frequencies, *sizes)
        if not ens.weights[0].any():
            raise ValueError("weights[0] must not be zero")
        features = moments_of(np.zeros(ens.n_features), ens.weights[0] @ ens.weights[0].T)
        means = np.repeat(features.mean[None], K, axis=0)
        return cls.of_means(means, features.covariance, ens.n_samples, None)

    @classmethod
    def of_means(
        cls,
        means: ArrayLike,
        covariance: ArrayLike,
        n_samples: int,
        frequencies: ArrayLike | None,
    ) -> Self:
        """Of class means, (K, p), and a covariance, (p, p).

        Raises
        ------
        ValueError
            If shapes do not fit, an entry is not finite, there are fewer than 2 classes, the
            covariance is not symmetric and positive semidefinite or is zero, or a frequency is
            not positive.
        """
        means = finite_array(means, "means", ndim=2)
        K, p = means.shape
        if K < 2:
            raise ValueError(f"means must have at least 2 rows, the classes, got {K}")
        covariance = positive_semidefinite(covariance, "covariance", p)
        if not covariance.any():
            raise ValueError("covariance must not be zero")
        probabilities = Mixture(1.0, frequencies=frequencies).probabilities(K)
        values, vectors = np.linalg.eigh(covariance)
        if np.abs(values - 1).max() <= EQUAL:
            values = np.ones(p)
        along = (means @ vectors).T
        first = np.flatnonzero(np.diff(values, prepend=-np.inf) > EQUAL * values[-1])
        grams = np.add.reduceat(along[:, :, None] * along[:, None, :], first)
        counts = np.diff(first, append=p)
        eigenvalues = np.maximum(np.add.reduceat(values, first) / counts, 0.0)
        return cls(eigenvalues, counts / p, grams, probabilities, p, n_samples)

    @property
    def n_classes(self) -> int:
        """K."""
        return self.frequencies.size

    @property
    def aspect_ratio(self) -> float:
        """``γ = p/N``."""
        return self.n_features / self.n_samples

    @property
    def white(self) -> bool:
        """Whether Σ = I."""
        return bool((self.eigenvalues == 1.0).all())

    @cached_property
    def symmetry(self) -> ClassSymmetry | None:
        """That of classes which can be permuted, in equal groups; None if there is none.

        It asks for ``P Gram_a = Σ_l c_l P_l``: the mean of all is orthogonal to the differences of
        means, or logits would have an offset that all samples share. Exchangeable classes, each a
        group of its own, are looked for first.
        """
        K = self.n_classes
        if np.ptp(self.frequencies) > EQUAL / K:
            return None
        P = np.eye(K) - 1 / K
        across = P @ self.grams
        tolerance = EQUAL * np.abs(across @ P).max(initial=0.0)
        tolerance += ROUNDING * K * np.abs(self.grams).max(initial=0.0)
        for n_groups in range(K, 1, -1):
            if K % n_groups == 0:
                symmetry = ClassSymmetry(K, n_groups)
                levels = symmetry.parts(np.eye(K))
                multiples = np.tensordot(self.lengths(symmetry).T, levels, 1)
                if (np.abs(across - multiples) <= tolerance).all():
                    return symmetry
        return None

    @property
    def exchangeable(self) -> bool:
        """Whether a permutation of the classes changes nothing."""
        return self.symmetry is not None and len(self.symmetry.ranks) == 1

    def lengths(self, symmetry: ClassSymmetry) -> FloatArray:
        """``c_a = tr(P_l Gram_a)/rank P_l``, (levels, L), squared: of means, on each level."""
        return symmetry.coefficients(self.grams)
