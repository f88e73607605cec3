"""The search for the posterior with the smallest bound.

References
----------
``docs/bounds.md`` §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from rmt_hessian._types import FloatArray, Progress
from rmt_hessian.bounds.bases import Basis, BasisName, basis_of
from rmt_hessian.bounds.curvature import curvatures
from rmt_hessian.bounds.objective import BoundObjective
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.posterior import GaussianPosterior
from rmt_hessian.bounds.quadratic import quadratic_optimum
from rmt_hessian.model.gradients import DivergenceError, Objective
from rmt_hessian.model.networks import Network
from rmt_hessian.model.optimisers import get_optimiser
from rmt_hessian.model.parameter_vector import parameter_vector

Start: TypeAlias = Literal["curvature", "weights"]
STARTS = ("curvature", "weights")
SMALLEST = 1e-6  # of first variances, over what is usual
FAR = 10.0  # rise of the penalty: a KL of 200 N


@dataclass(frozen=True, eq=False)
class Search:
    """Adam from a posterior about a trained network.

    Attributes
    ----------
    loss : Objective
        Mean loss over the samples, with the initial network.
    family : str
        The basis by name.
    start : {"curvature", "weights"}
        First variances: `quadratic_optimum`, at most the mean square of a layer's weights; or
        ``(Uᵀθ)²``.
    penalty : Penalty
    loss_scale : float
    options : dict
        Learning rate and batch size.
    rng : numpy.random.Generator
    progress : callable or None
    total : int
        Steps of all stages.
    """

    loss: Objective
    family: BasisName
    start: Start
    penalty: Penalty
    loss_scale: float
    options: dict[str, Any]
    rng: np.random.Generator
    progress: Progress | None
    total: int

    def run(
        self, posterior: GaussianPosterior, n_steps: int, done: int
    ) -> tuple[GaussianPosterior, bool]:
        """Some steps, in the basis of the posterior; and whether ``progress`` has ended them."""
        objective = BoundObjective(
            self.loss,
            posterior,
            self.penalty,
            self.loss_scale,
            self.rng,
            self.family == "isotropic",
        )
        last = objective.start

        def record(step: int, place: FloatArray) -> None:
            nonlocal last
            last = place
            if self.progress is not None:
                self.progress(done + step, self.total)

        options = {"tolerance": 1.0, "steps": n_steps, "schedule": "cosine"} | self.options
        adam: Any = get_optimiser("adam", **options)
        try:
            adam.run(objective, record, self.rng)
        except StopIteration:
            return objective.posterior(last), True
        return objective.posterior(last), False

    def refuse_divergence(self, before: GaussianPosterior, after: GaussianPosterior) -> None:
        """Raise DivergenceError if the penalty has risen by more than any loss would pay for."""
        first, last = (self.penalty.of(q.squared_distance, q.variances) for q in (before, after))
        if not last.value <= first.value + FAR:
            raise DivergenceError(f"a KL of {last.kl:.3g}, from {first.kl:.3g}")

    def first(self, network: Network) -> GaussianPosterior:
        """About a network, in the basis there."""
        initial, basis, theta = self.loss.net, self._basis(network), parameter_vector(network)
        displacement = basis.coordinates(theta - parameter_vector(initial))
        if self.start == "weights":
            variances = np.square(basis.coordinates(theta))
            usual = variances.mean() or self.penalty.prior.variance(1)
            variances = np.maximum(variances, SMALLEST * usual)
        else:
            distance = float(displacement @ displacement)
            variances = self._best_of_quadratic(network, basis, distance)
        if self.family == "isotropic":
            variances = np.full_like(variances, variances.mean())
        return GaussianPosterior(initial, displacement, variances, basis)

    def _best_of_quadratic(self, network: Network, basis: Basis, distance: float) -> FloatArray:
        """Of the loss about the network, at most the mean square of a layer's weights.

        Farther away nothing is quadratic: in a wide network flat directions, all together, are not.
        """
        h = curvatures(network, self.loss.X, basis)
        if self.family == "isotropic":
            h = np.full_like(h, h.mean())
        variances = quadratic_optimum(h, distance, self.penalty, self.loss_scale).variances
        squares = np.square(parameter_vector(network))
        for place in basis.places:
            most = max(squares[place].mean(), SMALLEST * squares.mean())
            if most > 0:
                variances[place] = np.minimum(variances[place], most)
        return variances

    def in_new_basis(self, posterior: GaussianPosterior) -> GaussianPosterior:
        """The same mean, and the variances along the basis at the mean, where covariances end."""
        basis = self._basis(posterior.network)
        displacement = basis.coordinates(posterior.basis.vector(posterior.displacement))
        variances = basis.variances(posterior.basis, posterior.variances)
        return GaussianPosterior(posterior.initial, displacement, variances, basis)

    def _basis(self, network: Network) -> Basis:
        labels: Any = self.loss.targets
        return basis_of(network, self.loss.X, labels, self.family)
