"""`TrainedSoftmax`: losses, norms, laws and outliers of softmax regression at its optimum."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from rmt_hessian._checks.arguments import boolean, index_below, one_of
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.block_norms import BlockNorms
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.outliers.equation import Outlier
from rmt_hessian.theory.trained import exchangeable_outliers, norms, outliers, spectra
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.directions import Directions
from rmt_hessian.theory.trained.equations import AnyClasses, Equations, State, SymmetricClasses
from rmt_hessian.theory.trained.exchangeable_outliers import ExchangeableDirections
from rmt_hessian.theory.trained.factors import MATRICES, DiagonalPlusRankOne, Matrix
from rmt_hessian.theory.trained.fixed_point import solve
from rmt_hessian.theory.trained.samples import TrainedSample, points_of
from rmt_hessian.theory.trained.softmax_prox import at_prox
from rmt_hessian.theory.weights.law import WeightLaw

MOST_CLASSES = 32  # without a symmetry: each sample has K × K systems


class TrainedSoftmax:
    """Softmax regression at its optimum, as theory has it.

    Attributes
    ----------
    moments : ClassMoments
        What was assumed of the features.
    ridge : float
        μ, the ``weight_decay`` of `train`.
    state : State
        The fixed point: S, V μ_l and Cov ω.
    residual : float
        What the fixed point leaves: of logarithms and logits.
    sample : TrainedSample
        The samples over which theory averages.

    References
    ----------
    ``docs/trained.md`` §2 and §3; norms and laws §4; outliers §5.
    """

    def __init__(self, moments: ClassMoments, ridge: float, rng: RandomState) -> None:
        self.moments, self.ridge = moments, ridge
        symmetry = moments.symmetry
        if symmetry is None and moments.n_classes > MOST_CLASSES:
            raise ValueError(
                f"classes that differ must be at most {MOST_CLASSES}, got {moments.n_classes}: "
                "only equally likely ones, with means of one length and correlation, alone or "
                "within groups of one size, may be more"
            )
        points = points_of(moments.frequencies, symmetry is not None, rng)
        equations: Equations
        if symmetry is None:
            equations = AnyClasses(moments, points, ridge)
        else:
            equations = SymmetricClasses(moments, points, ridge, symmetry)
        x, self.residual = solve(equations)
        self.state: State = equations.state(x)
        self.sample: TrainedSample = equations.sample(x)

    def __repr__(self) -> str:
        m = self.moments
        return (
            f"TrainedSoftmax({m.n_classes} classes, {m.n_features} features, {m.n_samples} "
            f"samples, ridge {self.ridge:g})"
        )

    # --- the fixed point --------------------------------------------------------------------

    @property
    def logit_variance(self) -> float | FloatArray:
        """q, variance of unseen logits from the noise in V: a number times P, or (K, K)."""
        return self._of_projection(self.state.noise)

    @property
    def mean_response(self) -> float | FloatArray:
        """a, response to class means, ``V m_l`` for means m of unit length: times P, or (K, K).

        Of features with a given covariance ``V μ_l`` itself.
        """
        return self._of_projection(self.state.means / (self.moments.separation or 1.0))

    @property
    def prox_step(self) -> float | FloatArray:
        """s, how far a sample pulls its own logits, ``f = ω - S g``; times P, or (K, K)."""
        return self._of_projection(self.state.prox)

    @property
    def weight_norm(self) -> float:
        """``‖V‖_F``."""
        return float(np.sqrt(self.state.weight_norm))

    def _of_projection(self, matrix: FloatArray) -> float | FloatArray:
        if not self.moments.exchangeable:
            return matrix
        return float(np.trace(matrix)) / (self.moments.n_classes - 1)

    # --- losses -----------------------------------------------------------------------------

    @property
    def train_loss(self) -> float:
        """Mean loss of the training samples, without the ridge term."""
        return float(self.sample.masses @ self.sample.fitted.loss)

    @property
    def test_loss(self) -> float:
        """Expected loss of a new sample."""
        return float(self.sample.masses @ self._fresh.fitted.loss)

    @property
    def train_accuracy(self) -> float:
        """Share of the training samples whose largest logit is that of the label."""
        return self._accuracy(self.sample.fitted.logits)

    @property
    def test_accuracy(self) -> float:
        """Probability that the largest logit of a new sample is that of its label."""
        return self._accuracy(self.sample.unseen)

    def _accuracy(self, logits: FloatArray) -> float:
        return float(self.sample.masses @ (logits.argmax(axis=1) == self.sample.labels))

    # --- norms ------------------------------------------------------------------------------

    def block_norms(self, *, population: bool = False, fresh: bool = False) -> BlockNorms:
        """Means over blocks of ``E‖H_ii‖²`` and ``E‖H_ij‖²``, at these p and N.

        Parameters
        ----------
        population : bool
            Of pairs of different samples alone: what norms tend to for many samples.
        fresh : bool
            Of samples that the model has not seen.

        Returns
        -------
        BlockNorms
            With their ``.ratio`` R and ``.share``.
        """
        sample, population = self._sample(fresh), boolean(population, "population")
        coordinates = None
        if self.moments.white:
            pull = 0.0 if fresh else 1.0  # a sample that is not seen puts nothing into V
            state = replace(self.state, prox=pull * self.state.prox)
            coordinates = self._directions_of(state, sample).stacked()
        return norms.block_norms(sample, self.moments, coordinates, population)

    def off_diagonal_share(self, *, population: bool = False, fresh: bool = False) -> float:
        """``Σ_{i≠j} ‖H_ij‖²/‖H‖²``; arguments as in `block_norms`."""
        return self.block_norms(population=population, fresh=fresh).share

    # --- laws -------------------------------------------------------------------------------

    def weight_law(
        self, i: int, j: int, *, matrix: Matrix = "hessian", fresh: bool = False
    ) -> WeightLaw:
        """Law of the weights of block (i, j): ``p_i (δ_ij - p_j)``, or ``g_i g_j``.

        Of classes with a symmetry the values of all blocks alike are put together. Arguments as in
        `block_law`.
        """
        i, j = self._units(i, j)
        return spectra.block_weights(self.moments, self._sample(fresh), _matrix(matrix), i, j)

    def block_law(
        self, i: int, j: int, *, matrix: Matrix = "hessian", fresh: bool = False
    ) -> SpectralLaw:
        """Law of the spectrum of block (i, j): generalised Marchenko–Pastur, or separable.

        Parameters
        ----------
        i, j : int
            Classes.
        matrix : {"hessian", "gradient_covariance"}
        fresh : bool
            Of as many samples that the model has not seen, with their logits ω, instead of those
            that it was trained on.

        Returns
        -------
        SpectralLaw
            Its ``error`` is half of the largest difference between the CDFs from two halves of
            the sample.

        Raises
        ------
        ValueError, IndexError
            If the matrix is another, or there is no such class.
        """
        weights = self.weight_law(i, j, matrix=matrix, fresh=fresh)
        return spectra.law_of(self.moments, weights)

    def layer_law(self, *, matrix: Matrix = "hessian", fresh: bool = False) -> SpectralLaw:
        """Law of the spectrum of the whole layer, K p eigenvalues; ``1 ⊗ z`` are in its null space.

        Of exchangeable classes, of two, or of features that are not white, a law with the
        eigenvalues of M_n on ``1⊥`` as weights: for the last an approximation that neglects how
        ``E[M (I + γGM)^{-1}]`` differs from a multiple of P. Else a `MatrixLayerLaw`.

        Parameters
        ----------
        matrix, fresh
            As in `block_law`.

        Raises
        ------
        ValueError
            If the matrix is another, or classes in groups are more than 32.
        RuntimeError
            If the matrix equation is not solved.
        """
        sample, matrix = self._sample(fresh), _matrix(matrix)
        moments = self.moments
        if moments.exchangeable or not moments.white or moments.n_classes == 2:
            law = self._nonzero_law(sample, matrix)
            return WithNullSpace(law, 1 / moments.n_classes)
        self._require_few()
        return spectra.matrix_law(moments, sample, matrix)

    def _nonzero_law(self, sample: TrainedSample, matrix: Matrix) -> SpectralLaw:
        """The law on ``1⊥``."""
        weights = spectra.nonzero_weights(self.moments, sample, matrix)
        return spectra.law_of(self.moments, weights)

    def _sample(self, fresh: bool) -> TrainedSample:
        return self._fresh if boolean(fresh, "fresh") else self.sample

    @cached_property
    def _fresh(self) -> TrainedSample:
        """The sample with the logits that an untrained one has."""
        seen = self.sample
        return TrainedSample(
            seen.unseen, at_prox(seen.unseen, seen.labels), seen.labels, seen.masses
        )

    # --- outliers ---------------------------------------------------------------------------

    def layer_outliers(self, *, matrix: Matrix = "hessian") -> list[Outlier]:
        """Predicted eigenvalues of the layer outside the support of its law.

        Parameters
        ----------
        matrix : {"hessian", "gradient_covariance"}

        Returns
        -------
        list of Outlier, ascending
            With overlaps with the span of class means and weights, and of the means alone.

        Raises
        ------
        ValueError
            If the features are not white, or classes that differ are too many.
        """
        self._require_white()
        matrix = _matrix(matrix)
        if self.moments.exchangeable:
            law = self._nonzero_law(self.sample, matrix)
            assert isinstance(law, GeneralizedMarchenkoPastur)
            directions = ExchangeableDirections(self.moments, self.state, self.sample, matrix)
            return exchangeable_outliers.exchangeable_outliers(law, directions)
        self._require_few()
        law = spectra.matrix_law(self.moments, self.sample, matrix)
        M = DiagonalPlusRankOne.resolved(self.sample, matrix).to_dense()
        return outliers.layer_outliers(law, M, self.sample.masses, self._given_logits)

    def block_outliers(self, i: int, j: int, *, matrix: Matrix = "hessian") -> list[Outlier]:
        """Predicted eigenvalues of block (i, j) outside its law's support; see `layer_outliers`."""
        self._require_white()
        i, j = self._units(i, j)
        M = DiagonalPlusRankOne.resolved(self.sample, _matrix(matrix))
        lam, w = M.block(i, j), self.sample.masses
        law = GeneralizedMarchenkoPastur(lam, w, self.moments.aspect_ratio)
        return outliers.block_outliers(law, lam, w, self._given_logits)

    @cached_property
    def _given_logits(self) -> Directions:
        return Directions.of(self.moments, self.state, self.sample)

    def _directions_of(
        self, state: State, sample: TrainedSample
    ) -> Directions | ExchangeableDirections:
        if self.moments.exchangeable:
            return ExchangeableDirections(self.moments, state, sample, "hessian")
        return Directions.of(self.moments, state, sample)

    def _require_white(self) -> None:
        if not self.moments.white:
            raise ValueError(
                "features must be white, Σ = I: outliers of others are not covered (a multiple of "
                "I becomes I in other units: means/σ, Σ/σ², ridge/σ², places times σ²)"
            )

    def _require_few(self) -> None:
        """Of the whole layer with classes in groups: its law has K × K systems too."""
        if self.moments.n_classes > MOST_CLASSES:
            raise ValueError(
                f"classes in groups must be at most {MOST_CLASSES} for the whole layer, got "
                f"{self.moments.n_classes}: blocks and norms have no such bound"
            )

    def _units(self, i: int, j: int) -> tuple[int, int]:
        K = self.moments.n_classes
        return index_below(i, K, "i"), index_below(j, K, "j")


def _matrix(name: Matrix) -> Matrix:
    one_of(name, MATRICES, "matrix")
    return name
