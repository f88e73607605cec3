r"""From an ensemble to the laws of its blocks and layer, and to their outliers, in one call.

Regimes. [D] takes d, N → ∞ at a fixed number C of classes (and m of hidden units), and then
C → ∞. The laws of single blocks are seen to hold as well for C > d and m > d at random weights,
because the softmax normaliser concentrates; for trained weights only `conditional_law` is safe,
and that for white features.
The law of a layer is derived for C (or m) fixed; for linear CE it is seen within 0.02 at C = 50,
d = 40. What a finite d adds are the outliers, in up to (C-1)² directions. The output layer has
features of its own law, so its blocks follow a separable law as ``m, d, N → ∞`` together.

Of a `Mixture` all weights must be given: λ and M depend on the inputs through the weights' span and
that of the class means, where they are a mixture of Gaussians. Weights that were trained on the
very inputs are not independent of them: of softmax regression at its optimum `trained_softmax` has
the laws, as methods of what it returns.

Biases of the last layer are offsets of the classes, whose blocks then differ: laws of blocks cover
them, layers and the outliers of the first layer at given weights.

Inputs need not be Gaussian: independent entries of mean 0, variance 1 and finite fourth moments
give the same laws. Correlated ones follow `SeparableLaw` with the spectrum of their covariance.
Tails with hardly a variance (Student, ν = 2.2) leave the law at every size that is reached; at
ν = 6 it holds (``tests/claims/test_universality.py``).

References
----------
``docs/laws.md`` §1; [D], static force.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rmt_hessian._checks.arguments import describe, one_of
from rmt_hessian._types import RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.mixture import Mixture
from rmt_hessian.theory.coverage import (
    class_offsets,
    shallow,
    units,
    weights_above,
    white_features,
)
from rmt_hessian.theory.given_points import (
    OUTLIER_LOG2_POINTS,
    gradient_weights,
    layer_factors,
    points,
)
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.outliers.equation import Outlier
from rmt_hessian.theory.outliers.of_blocks import outliers_of_directions, outliers_of_samples
from rmt_hessian.theory.outliers.of_layers import given_layer_outliers, linear_ce_layer_outliers
from rmt_hessian.theory.structure.relu_features import outliers_of_mean, output_block_law
from rmt_hessian.theory.trained.factors import MATRICES, Matrix
from rmt_hessian.theory.weights.curvature import curvature_law
from rmt_hessian.theory.weights.law import WeightLaw
from rmt_hessian.theory.weights.of_ensemble import sampled_law, weight_law

COVERED = {"mixtures": True, "offsets": True}
OF_HESSIANS = {
    "block_law": "rmt_hessian.law_of_block(H, i, j)",
    "layer_law": "rmt_hessian.law_of_layer(H)",
}


def block_law(
    ens: Ensemble,
    i: int,
    j: int,
    *,
    matrix: Matrix = "hessian",
    rng: RandomState = 0,
) -> SpectralLaw:
    """Limiting law of the spectrum of block (i, j); of given weights that very block's.

    Of Gaussian inputs, as the ensemble says, whatever data the weights were trained on; other
    features follow `SeparableLaw` with the spectrum of their covariance.

    First layer: the generalised Marchenko–Pastur law with the density of `weight_law`. Output
    layer: the separable law of `output_block_law`; without weights it is that of the mixture over
    networks, which an average of many follows and no single one. It takes the features of random
    hidden weights of this scale, ``m, d, N → ∞`` together, also where others are given: those only
    enter the weights λ and the outlier. At m = 12, 60 and 300 its distance to spectra is about 0.3,
    0.05 and 0.015. The ``error`` of a law is that of the CDF (`WeightLaw.law_of`).

    Logits have no bound: neither has a support a visible end. ``law.interval(0.999)`` is the range
    to plot.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths. Of a hidden layer the weights above it must be given; beside a
        `Mixture` all, and the layer is the first.
    i, j : int
        Units; without weights and biases all blocks on the diagonal are alike, and all off it.
    matrix : {"hessian", "gradient_covariance"}
        Of the Hessian, or of ``(1/N) Σ (g_n ⊗ x_n)(g_n ⊗ x_n)ᵀ`` of the first layer; the latter
        of given weights. Labels are those of the mixture, beside Gaussian inputs uniform ones.
    rng : None, int, SeedSequence or Generator
        Scrambles the points at which given weights are averaged.

    Returns
    -------
    SpectralLaw

    Raises
    ------
    ValueError, IndexError
        As `weight_law`.

    References
    ----------
    ``docs/laws.md`` §2, §2.5 and §6, with offsets §7; [D], static force; of a mixture
    ``docs/trained.md`` §8, of trained weights §4 there.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([400, 10], layer=0, loss="ce", n_samples=1000)
    >>> abs(block_law(ens, 0, 0).mean() - weight_law(ens, 0, 0).mean()) < 1e-12
    True
    """
    _refuse_other_doors(ens, "block_law")
    if one_of(matrix, MATRICES, "matrix") == "gradient_covariance":
        lam, _, _ = gradient_weights(ens, i, j, rng)
        return sampled_law(lam).block_law(ens.aspect_ratio)
    return _features_of(ens).block_law(ens, weight_law(ens, i, j, rng=rng))


def layer_law(ens: Ensemble, *, matrix: Matrix = "hessian", rng: RandomState = 0) -> SpectralLaw:
    """Limiting law of the spectrum of a whole layer, k p eigenvalues.

    Linear CE, weights drawn: over a random softmax ``E[f(A)]`` is a multiple of the identity on the
    complement of 1, so the G of `matrix_equation` is ``a(z)`` there and ``-1/z`` on 1:

        ``a = 1/( E[ (1/(C-1)) Σ_l α_l/(1 + γ a α_l) ] - z )``,  ``s = ((C-1)/C) a - 1/(C z)``,

    with α_l the nonzero eigenvalues of ``A(p) = diag(p) - p pᵀ``: a generalised Marchenko–Pastur
    law with the weight law of `curvature_law`, and 1/C of all eigenvalues exactly 0. The α
    interlace the p_i, so as C → ∞ this law and that of one diagonal block become one: the strongest
    sense in which the Hessian becomes block-diagonal. Given weights: a `MatrixLayerLaw` over a
    sample of output Hessians.

    Parameters
    ----------
    ens : Ensemble
        Of two or three widths and the first layer. Of a hidden layer the weights above it must be
        given, beside a `Mixture` all. Of given weights 16 units take some 40 s of one core; time
        grows with the third power of their number.
    matrix : {"hessian", "gradient_covariance"}
        As in `block_law`.
    rng : None, int, SeedSequence or Generator
        Draws the points of the sample over which the equation averages.

    Returns
    -------
    SpectralLaw
        Of given weights a `MatrixLayerLaw`, with its residual and error.

    Raises
    ------
    ValueError
        If the layer is another, or weights above it are missing.
    RuntimeError
        If the matrix equation is not solved.

    References
    ----------
    ``docs/laws.md`` §4; of a mixture ``docs/trained.md`` §8, of trained weights §4 there.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> layer_law(Ensemble([400, 5], layer=0, loss="ce", n_samples=1600)).atom_at_zero
    0.2
    """
    _refuse_other_doors(ens, "layer_law")
    weights_above(white_features(ens, **COVERED), **COVERED)
    if one_of(matrix, MATRICES, "matrix") != "hessian" or ens.weights[-1] is not None:
        M, _, _ = layer_factors(ens, matrix, rng)
        return MatrixLayerLaw(M, ens.aspect_ratio)
    _refuse_open_weights(ens)
    if ens.loss == "mse":
        return GeneralizedMarchenkoPastur([1.0], [1.0], ens.aspect_ratio)
    law = curvature_law(ens, rng=rng).block_law(ens.aspect_ratio)
    return WithNullSpace(law, 1.0 / ens.n_classes)


def block_outliers(
    ens: Ensemble,
    i: int,
    j: int,
    *,
    matrix: Matrix = "hessian",
    rng: RandomState = 0,
) -> list[Outlier]:
    """Predicted eigenvalues of block (i, j) outside the support of its law.

    They come from the few directions of the features on which the weights depend, the span of the
    weight rows, and of a mixture from those of the class means. With u the features there, they
    lie where ``det(E[(u uᵀ - I) λ/(a - γ λ)] - I) = 0``, ``a = -1/s(z)``; nothing inside the
    support is reported.

    Parameters
    ----------
    ens, i, j, matrix, rng
        As in `block_law`. For finite sizes the given weights count, whose rows are orthonormal in
        the limit only.

    Returns
    -------
    list of Outlier, ascending
        Place, multiplicity, and squared overlaps with the span of the weight rows and class means,
        and with that of the class means. Output layer:
        the one large outlier of the mean of the features, with CE to relative O(1/m), and its
        overlap with that mean direction.

    Raises
    ------
    ValueError, IndexError
        As `block_law`.

    References
    ----------
    ``docs/laws.md`` §5 and §6; of a mixture ``docs/trained.md`` §8, of trained weights §5 there.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> (outlier,) = block_outliers(Ensemble([400, 3], layer=0, loss="ce", n_samples=16000), 0, 0)
    >>> round(outlier.place, 4), outlier.multiplicity, round(outlier.overlap, 2)
    (0.1116, 1, 0.74)
    """
    _refuse_other_doors(ens, "block_outliers")
    if one_of(matrix, MATRICES, "matrix") == "gradient_covariance":
        lam, u, layer = gradient_weights(ens, i, j, rng)
        return outliers_of_samples(lam, u, ens.aspect_ratio, layer.in_means)
    return _features_of(ens).block_outliers(ens, i, j, rng)


def layer_outliers(
    ens: Ensemble, *, matrix: Matrix = "hessian", rng: RandomState = 0
) -> list[Outlier]:
    """Predicted eigenvalues of a whole layer outside the support of its law; see `block_outliers`.

    ``det(E[M (I + γ G(z) M)^{-1} ⊗ u uᵀ] - z I) = 0``, G that of the equation of the layer.

    Parameters
    ----------
    ens, matrix, rng
        As in `layer_law`.

    Returns
    -------
    list of Outlier, ascending

    Raises
    ------
    ValueError, RuntimeError
        As `layer_law`.

    References
    ----------
    ``docs/laws.md`` §5; of a mixture ``docs/trained.md`` §8, of trained weights §5 there.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> [o.multiplicity for o in layer_outliers(Ensemble([400, 3], 0, "ce", 16000))]
    [1, 2]
    """
    _refuse_other_doors(ens, "layer_outliers")
    weights_above(white_features(ens, **COVERED), **COVERED)
    if one_of(matrix, MATRICES, "matrix") != "hessian" or ens.weights[-1] is not None:
        M, u, layer = layer_factors(ens, matrix, rng)
        return given_layer_outliers(MatrixLayerLaw(M, ens.aspect_ratio), M, u, layer.in_means)
    _refuse_open_weights(ens)
    if ens.loss == "mse":
        return []
    std = np.sqrt(init_gain(ens.init))
    weights = curvature_law(ens, rng=rng)
    return linear_ce_layer_outliers(weights, ens.n_classes, ens.aspect_ratio, std, rng)


def _refuse_other_doors(ens: Any, door: str) -> None:
    """Raise if ``ens`` is what `trained_softmax` returns, or a Hessian: each has its own call."""
    if hasattr(ens, door):
        wanted = f"an Ensemble; of softmax regression at its optimum call its method {door}"
    elif hasattr(ens, "output_hessians") and door in OF_HESSIANS:
        wanted = f"an Ensemble; the law of a Hessian at hand is {OF_HESSIANS[door]}"
    else:
        return
    raise ValueError(f"ens must be {wanted}, got {describe(ens)}")


def _refuse_open_weights(ens: Ensemble) -> None:
    """Without weights classes must be exchangeable: no mixture, and no offsets with CE."""
    if isinstance(ens.inputs, Mixture):
        wanted = "given beside a mixture, by ens.given(net)"
        raise ValueError(f"all weights must be {wanted}, got {ens}")
    if ens.loss == "ce" and class_offsets(ens) is not None:
        wanted = "given for this beside biases, by ens.given(net)"
        raise ValueError(f"all weights must be {wanted}, got {ens}")


class _WhiteFeatures:
    """``z = x``."""

    @staticmethod
    def block_law(ens: Ensemble, weights: WeightLaw) -> SpectralLaw:
        return weights.block_law(ens.aspect_ratio)

    @staticmethod
    def block_outliers(ens: Ensemble, i: int, j: int, rng: RandomState) -> list[Outlier]:
        gaussian = not isinstance(ens.inputs, Mixture)
        if gaussian and (ens.loss == "mse" or ens.weights[-1] is None):
            _refuse_open_weights(ens)
            return outliers_of_directions(weight_law(ens, i, j, rng=rng), ens.aspect_ratio)
        u, _, layer = points(ens, OUTLIER_LOG2_POINTS, rng)
        lam = layer.block_weights(u, *units(ens, i, j))
        return outliers_of_samples(lam, u, ens.aspect_ratio, layer.in_means)


class _ReLUFeatures:
    """``z = relu(W x)``."""

    @staticmethod
    def block_law(ens: Ensemble, weights: WeightLaw) -> SpectralLaw:
        return weights.law_of(lambda lam, w: output_block_law(ens, lam, w))

    @staticmethod
    def block_outliers(ens: Ensemble, i: int, j: int, rng: RandomState) -> list[Outlier]:
        """That of the mean of the features."""
        law: Any = block_law(ens, i, j, rng=rng)  # a SeparableLaw
        return outliers_of_mean(ens, law)


def _features_of(ens: Ensemble) -> type[_WhiteFeatures] | type[_ReLUFeatures]:
    """What the features of the layer of a shallow network are."""
    if isinstance(ens, Ensemble) and isinstance(ens.inputs, Mixture):
        white_features(ens, **COVERED)
    return (_WhiteFeatures, _ReLUFeatures)[shallow(ens, **COVERED).layer]
