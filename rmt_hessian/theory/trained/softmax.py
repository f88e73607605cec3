r"""`trained_softmax` and `trained_head`: a softmax regression predicted, from its description.

Nothing is trained: everything follows from the fixed point of `equations`.

**Regime.** ``d, N → ∞`` at fixed ``γ = d/N`` and K, ridge μ > 0. Seen to hold for balanced classes
up to K²/d = 20, shares off the diagonal to 50; draws scatter most where the samples are hardly
separable and the ridge is small.

References
----------
``docs/trained.md`` §3.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of, positive_integer, positive_real
from rmt_hessian._types import RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.trained.class_moments import ClassMoments
from rmt_hessian.theory.trained.model import TrainedSoftmax


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
        μ, positive: the same number as ``weight_decay`` of `rmt_hessian.train`.
    rng : None, int, SeedSequence or Generator
        Scrambles the points of integration.

    Returns
    -------
    TrainedSoftmax

    Raises
    ------
    ValueError
        If the ensemble is another, the ridge not positive, or more than 32 classes differ:
        balanced ones, with means as far apart or in groups of one size, may be more.
    RuntimeError
        If the fixed point is not reached.

    References
    ----------
    ``docs/trained.md`` §2 and §3; El Karoui et al. (2013): the proximal map; Loureiro et al., arXiv
    2106.03791: mixtures.

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
    """`trained_softmax` on features of given class means and covariance, real ones for example.

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

    References
    ----------
    ``docs/trained.md`` §6.

    Examples
    --------
    >>> head = trained_head([[3, 0], [-3, 0]], [[1, 0], [0, 1]], 400, ridge=0.01)
    >>> round(head.test_accuracy, 2)
    1.0
    """
    moments = ClassMoments.of_means(
        means, covariance, positive_integer(n_samples, "n_samples"), frequencies
    )
    return TrainedSoftmax(moments, positive_real(ridge, "ridge"), rng)
