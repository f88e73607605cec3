r"""`trained_softmax`: losses, norms, laws and outliers of softmax regression at its optimum.

Nothing is trained: everything follows from the fixed point of `equations`.

**Regime.** ``d, N → ∞`` at fixed ``γ = d/N`` and K, ridge μ > 0. At finite size corrections are
seen to be ``O(K²/d)`` in q for labels that are independent of the inputs, and smaller for mixtures.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import (
    boolean,
    index_below,
    instance_of,
    one_of,
    positive_integer,
    positive_real,
)
from rmt_hessian._types import FloatArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.null_space import WithNullSpace
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw, SeparableLaw
from rmt_hessian.theory.laws.spectral_law import SpectralLaw
from rmt_hessian.theory.norms.expected import ExpectedBlockNorms
from rmt_hessian.theory.outliers.equation import Outlier
from rmt_hessian.theory.trained import exchangeable_outliers, norms, outliers
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.directions import Directions
from rmt_hessian.theory.trained.equations import AnyClasses, Equations, ExchangeableClasses, State
from rmt_hessian.theory.trained.exchangeable_outliers import ExchangeableDirections
from rmt_hessian.theory.trained.factors import MATRICES, DiagonalPlusRankOne, Matrix
from rmt_hessian.theory.trained.fixed_point import solve
from rmt_hessian.theory.trained.samples import TrainedSample, points_of
from rmt_hessian.theory.trained.softmax_prox import at_prox
from rmt_hessian.theory.weights.curvature import atoms_of_counts, curvature_counts
from rmt_hessian.theory.weights.law import WeightLaw

MOST_CLASSES = 32  # that are not exchangeable: each sample has K × K systems
DECOMPOSED = 64  # classes up to which eigenvalues of A(p) are computed, and beyond counted
NEGLIGIBLE = 1e-10  # eigenvalue of A(p) below which they are counted together
NUMBERS = 2**19  # probabilities whose eigenvalues are counted
LAYER_POINTS = 1024  # output Hessians over which the matrix equation averages


class TrainedSoftmax:
    """Softmax regression at its optimum, as theory has it.

    Attributes
    ----------
    moments : ClassMoments
        What was assumed of the features.
    ridge : float
        μ.
    state : State
        The fixed point: S, V μ_l and Cov ω.
    residual : float
        What the fixed point leaves: of logarithms and logits.
    sample : TrainedSample
        The samples over which theory averages.
    """

    def __init__(self, moments: ClassMoments, ridge: float, rng: RandomState) -> None:
        self.moments, self.ridge = moments, ridge
        exchangeable = moments.exchangeable
        if not exchangeable and moments.n_classes > MOST_CLASSES:
            raise ValueError(
                f"classes that differ must be at most {MOST_CLASSES}, got {moments.n_classes}: "
                "only equally likely ones with orthonormal means may be more"
            )
        points = points_of(moments.frequencies, exchangeable, rng)
        kind = ExchangeableClasses if exchangeable else AnyClasses
        equations: Equations = kind(moments, points, ridge)
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
    def q(self) -> float | FloatArray:
        """Variance of unseen logits from the noise in V: a number times P, or (K, K)."""
        return self._of_projection(self.state.noise)

    @property
    def a(self) -> float | FloatArray:
        """Response to class means, ``V m_l`` for means m of unit length: times P, or (K, K).

        Of features with a given covariance ``V μ_l`` itself.
        """
        return self._of_projection(self.state.means / (self.moments.separation or 1.0))

    @property
    def s(self) -> float | FloatArray:
        """S: how far a sample pulls its own logits, ``f = ω - S g``; times P, or (K, K)."""
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

    @cached_property
    def block_norms(self) -> ExpectedBlockNorms:
        """Means over blocks of ``E‖H_ii‖²`` and ``E‖H_ij‖²``, at these p and N."""
        coordinates = self._directions.stacked() if self.moments.white else None
        found = norms.block_norms(self.sample, self.moments, coordinates)
        return ExpectedBlockNorms(found.diagonal, found.off_diagonal)

    @property
    def norm_ratio(self) -> float:
        """R, the mean of ``‖H_ij‖²`` over i ≠ j over that of ``‖H_ii‖²``."""
        return self.block_norms.ratio

    @property
    def off_diagonal_share(self) -> float:
        """``Σ_{i≠j} ‖H_ij‖²/‖H‖² = (K-1)R/(1 + (K-1)R)``."""
        off = (self.moments.n_classes - 1) * self.norm_ratio
        return off / (1 + off)

    # --- laws -------------------------------------------------------------------------------

    def weight_law(
        self, i: int, j: int, *, matrix: Matrix = "hessian", fresh: bool = False
    ) -> WeightLaw:
        """Law of the weights of block (i, j): ``p_i (δ_ij - p_j)``, or ``g_i g_j``.

        Of exchangeable classes the values of all blocks alike are put together. Arguments as in
        `block_law`.
        """
        i, j = self._units(i, j)
        M = self._factors(matrix, fresh)
        if self.moments.exchangeable:
            K = self.moments.n_classes
            if i == j:
                lam = M.entries()
            else:
                other = (np.arange(K) + 1) % K
                lam = M.factor[:, None] * M.vector * M.vector[:, other]
            half = [part.ravel() for part in np.array_split(lam, 2)]
            laws = [WeightLaw(x, np.full(x.size, 1 / x.size), 0.0) for x in (lam.ravel(), *half)]
        else:
            lam, w = M.block(i, j), self.sample.masses
            parts = (slice(None), slice(0, None, 2), slice(1, None, 2))
            laws = [WeightLaw(lam[part], w[part] / w[part].sum(), 0.0) for part in parts]
        return WeightLaw(laws[0].nodes, laws[0].probabilities, 0.0, halves=tuple(laws[1:]))

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
        return self._law_of(self.weight_law(i, j, matrix=matrix, fresh=fresh))

    def layer_law(self, *, matrix: Matrix = "hessian", fresh: bool = False) -> SpectralLaw:
        """Law of the spectrum of the whole layer, K p eigenvalues; ``1 ⊗ z`` are in its null space.

        Of exchangeable classes, or features that are not white, a law with the eigenvalues of M_n
        on ``1⊥`` as weights: exact for the former, for others an approximation that neglects how
        ``E[M (I + γGM)^{-1}]`` differs from a multiple of P. Else a `MatrixLayerLaw`.

        Parameters
        ----------
        matrix, fresh
            As in `block_law`.

        Raises
        ------
        ValueError
            If the matrix is another.
        RuntimeError
            If the matrix equation is not solved.
        """
        if self._scalar:
            return WithNullSpace(self._nonzero_law(matrix, fresh), 1 / self.moments.n_classes)
        return self._matrix_law(matrix, fresh)

    @property
    def _scalar(self) -> bool:
        return self.moments.exchangeable or not self.moments.white

    def _nonzero_law(self, matrix: Matrix, fresh: bool = False) -> SpectralLaw:
        """The law on ``1⊥``."""
        nodes, probabilities = self._eigenvalues(matrix, fresh)
        return self._law_of(WeightLaw(nodes, probabilities, 0.0))

    def _matrix_law(self, matrix: Matrix, fresh: bool = False) -> MatrixLayerLaw:
        """From some of the samples, of equal masses."""
        w, n, rng = self.sample.masses, LAYER_POINTS, np.random.default_rng(0)
        order = np.lexsort((rng.random(w.size), self.sample.labels))  # each class by its mass
        chosen = order[np.searchsorted(np.cumsum(w[order]), (np.arange(n) + 0.5) / n * w.sum())]
        chosen = rng.permutation(chosen)  # halves of it tell the error
        M = self._factors(matrix, fresh).to_dense()[chosen]
        return MatrixLayerLaw(M, self.moments.aspect_ratio)

    def _law_of(self, weights: WeightLaw) -> SpectralLaw:
        moments, gamma = self.moments, self.moments.aspect_ratio
        if moments.white:
            return weights.block_law(gamma)

        def separable(lam, w):  # type: ignore[no-untyped-def]
            nu = moments.eigenvalues, moments.shares
            if w is None:
                return ContinuousSeparableLaw(lam, *nu, gamma)
            return SeparableLaw(lam, w, *nu, gamma)

        law: SpectralLaw = weights.law_of(separable)
        return law

    def _eigenvalues(self, matrix: Matrix, fresh: bool) -> tuple[FloatArray, FloatArray]:
        """Of M_n on ``1⊥``, and their probabilities."""
        K, w, M = self.moments.n_classes, self.sample.masses, self._factors(matrix, fresh)
        fitted = self._sample(fresh).fitted
        if matrix == "gradient_covariance":
            nodes = np.append((fitted.gradients**2).sum(axis=1), 0.0)
            return nodes, np.append(w, K - 2) / (K - 1)
        if K <= DECOMPOSED:
            values = np.linalg.eigvalsh(M.to_dense())[:, 1:]
            return np.maximum(values, 0.0).ravel(), np.repeat(w / (K - 1), K - 1)
        p = fitted.probabilities[: max(NUMBERS // K, 16)]  # equal masses
        nodes, masses = atoms_of_counts(*curvature_counts(np.sort(p, axis=1), NEGLIGIBLE))
        mean = M.traces().mean() / (K - 1)
        return nodes * mean / (masses @ nodes), masses

    def _factors(self, matrix: Matrix, fresh: bool = False) -> DiagonalPlusRankOne:
        one_of(matrix, MATRICES, "matrix")
        return DiagonalPlusRankOne.resolved(self._sample(fresh), matrix)

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

    def outliers(self, *, matrix: Matrix = "hessian") -> list[Outlier]:
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
        if self.moments.exchangeable:
            law = self._nonzero_law(matrix)
            assert isinstance(law, GeneralizedMarchenkoPastur)
            directions = ExchangeableDirections(self.moments, self.state, self.sample, matrix)
            return exchangeable_outliers.exchangeable_outliers(law, directions)
        M = self._factors(matrix).to_dense()
        return outliers.layer_outliers(
            self._matrix_law(matrix), M, self.sample.masses, self._given_logits
        )

    def block_outliers(self, i: int, j: int, *, matrix: Matrix = "hessian") -> list[Outlier]:
        """Predicted eigenvalues of block (i, j) outside the support of its law; see `outliers`."""
        self._require_white()
        i, j = self._units(i, j)
        lam, w = self._factors(matrix).block(i, j), self.sample.masses
        law = GeneralizedMarchenkoPastur(lam, w, self.moments.aspect_ratio)
        return outliers.block_outliers(law, lam, w, self._given_logits)

    @cached_property
    def _given_logits(self) -> Directions:
        return Directions.of(self.moments, self.state, self.sample)

    @property
    def _directions(self) -> Directions | ExchangeableDirections:
        if self.moments.exchangeable:
            return ExchangeableDirections(self.moments, self.state, self.sample, "hessian")
        return self._given_logits

    def _require_white(self) -> None:
        if not self.moments.white:
            raise ValueError("features must be white: outliers of others are not covered")

    def _units(self, i: int, j: int) -> tuple[int, int]:
        K = self.moments.n_classes
        return index_below(i, K, "i"), index_below(j, K, "j")


def trained_softmax(ens: Ensemble, *, ridge: float, rng: RandomState = 0) -> TrainedSoftmax:
    """Softmax regression trained to its optimum, predicted: ``min (1/N) Σ ℓ + (μ/2) ‖V‖²``.

    Parameters
    ----------
    ens : Ensemble
        Of the last layer, with CE and no weights of it given. Two widths: inputs ``N(0, I)`` with
        labels that do not depend on them, or a `Mixture`. Three widths: the last layer above a
        fixed hidden layer of ReLU, Gaussian inputs and labels that do not depend on them; hidden
        weights given, or random ones in the limit.
    ridge : float
        μ, positive.
    rng : None, int, SeedSequence or Generator
        Scrambles the points of integration.

    Returns
    -------
    TrainedSoftmax

    Raises
    ------
    ValueError
        If the ensemble is another, the ridge not positive, or more than 32 classes differ.
    RuntimeError
        If the fixed point is not reached.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> from rmt_hessian.mixture import Mixture
    >>> ens = Ensemble([400, 10], 0, "ce", n_samples=2400, inputs=Mixture(separation=2.5))
    >>> trained = trained_softmax(ens, ridge=0.03)
    >>> round(trained.train_loss, 2), round(trained.test_accuracy, 2)
    (0.4, 0.7)
    """
    instance_of(ens, Ensemble, "ens")
    moments = ClassMoments.of_ensemble(ens)
    return TrainedSoftmax(moments, positive_real(ridge, "ridge"), rng)


def trained_head(
    means: ArrayLike,
    covariance: ArrayLike,
    n_samples: int,
    *,
    ridge: float,
    frequencies: ArrayLike | None = None,
    rng: RandomState = 0,
) -> TrainedSoftmax:
    """The same for features of given class means and covariance, real ones for example.

    Features of class k are taken as ``N(μ_k, Σ)``. Measured ones need many more samples than
    features: a sample covariance has the Marchenko–Pastur spread beside its own.

    Parameters
    ----------
    means : array_like, shape (K, p)
    covariance : array_like, shape (p, p)
        Σ, within classes.
    n_samples : int
        N, on which the head is trained.
    ridge : float
    frequencies : array_like, shape (K,), optional
        Of the classes, of any sum; by default equal.
    rng : None, int, SeedSequence or Generator

    Returns
    -------
    TrainedSoftmax

    Raises
    ------
    ValueError, RuntimeError
        On bad arrays, and as `trained_softmax`.

    Examples
    --------
    >>> head = trained_head([[3.0, 0.0], [-3.0, 0.0]], np.eye(2), 400, ridge=0.01)
    >>> round(head.test_accuracy, 2)
    1.0
    """
    moments = ClassMoments.of_means(
        means, covariance, positive_integer(n_samples, "n_samples"), frequencies
    )
    return TrainedSoftmax(moments, positive_real(ridge, "ridge"), rng)
