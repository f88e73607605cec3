"""Training: the path of a network from its weights to an optimum, or for so many steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any, Literal

from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import (
    function_or_none,
    instance_of,
    real_at_least_zero,
    refuse_given,
)
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._random import random_generator
from rmt_hessian._threads import WORTH_A_THREAD, one_thread
from rmt_hessian._types import Loss, Progress, RandomState
from rmt_hessian.model.gradients import DivergenceError, Objective
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.networks import Network
from rmt_hessian.model.optimisers import Optimiser, Schedule, get_optimiser, refuse_larger_batches
from rmt_hessian.model.sample_weights import counted_samples
from rmt_hessian.model.training_path import Callback, Recorder, TrainingPath, checkpoint_steps


def train(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: Loss,
    *,
    optimiser: Literal["lbfgs", "gd", "adam"] = "lbfgs",
    steps: int | None = None,
    learning_rate: float | None = None,
    momentum: float | None = None,
    schedule: Schedule | None = None,
    batch_size: int | None = None,
    weight_decay: float = 0.0,
    tolerance: float = 1e-7,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    checkpoints: int | Sequence[int] = 20,
    rng: RandomState = None,
    callback: Callback | None = None,
    progress: Progress | None = None,
) -> TrainingPath:
    """Train a network: all weights, and biases where it has them.

    Minimised is ``Σ_n w_n ℓ_n / Σ_n w_n + (μ/2) Σ_l ‖W_l‖²``, by default to its optimum by L-BFGS.
    Gradients are in closed form. Where the samples are separable, CE has no optimum without weight
    decay: its gradient tends to 0 as the weights grow, and training ends at the tolerance all the
    same. Where L-BFGS finds no lower value any more, because of rounding or at a kink of ReLU, it
    ends too, ``converged`` or not; with weight decay ReLU networks have their optima at kinks, and
    it comes near to them slowly, if at all. The same arguments, ``rng`` among them, give the same
    path to the last bit, for one BLAS library and processor (and number of its threads, from 2^28
    samples times parameters on). Training that starts from the last network of a path begins
    anew: moments of Adam, momentum and schedule are not kept.

    Parameters
    ----------
    net : Network
        Where training starts; it stays as it is.
    X : array_like, shape (N, d)
    y : array_like, shape (N,) or (N, C)
        Integer labels (text counts in sorted order, which a warning tells), or targets.
    loss : {"ce", "mse"}
    optimiser : {"lbfgs", "gd", "adam"}
        L-BFGS, gradient descent, Adam; see `rmt_hessian.model.optimisers`.
    steps : int
        How many; of L-BFGS at most so many iterations, 10,000 by default. The others need it.
    learning_rate : float
        Of gradient descent and Adam, which need it.
    momentum : float, optional
        β of gradient descent, from 0 (default) to below 1.
    schedule : {"constant", "cosine"}, optional
        Of the learning rate: the same for all steps (default), or from its value to 0.
    batch_size : int, optional
        Samples of a step of gradient descent or Adam, at most N; by default all. Each epoch is a
        random order of all samples, whose last batch may be smaller. A step follows the mean over
        its batch of ``ω_n ∇ℓ_n``, ``ω_n = N w_n / Σ w``, plus the decay.
    weight_decay : float
        μ, not negative; biases have none. It is part of the gradient, also of Adam's. The same
        number as ``ridge`` of `theory.trained_softmax`.
    tolerance : float
        Training has converged where no entry of the gradient is larger, and L-BFGS ends there.
    sample_weight, class_weight, ignore_index
        ``w_n``: see `layer_hessian`.
    checkpoints : int or sequence of int
        After which steps to keep a network, beside the first and the last (those that are not
        reached are not); a number of them is spaced evenly in the logarithm, from 1 to ``steps``,
        as far as steps are whole numbers.
    rng : None, int, SeedSequence or Generator
        Draws the batches; means nothing without ``batch_size``.
    callback : callable, optional
        Called as ``callback(step, network, loss)`` at each checkpoint.
    progress : callable, optional
        Called as ``progress(done, total)`` after each step. Where one of the two raises
        StopIteration training ends with that step.

    Returns
    -------
    TrainingPath

    Raises
    ------
    ValueError
        On bad inputs, labels or weights, see `layer_hessian`; if an option is needed, or means
        nothing for the optimiser; or if features, losses or gradients overflow, with the step.

    References
    ----------
    Definition. L-BFGS: Liu and Nocedal (1989); Adam: Kingma and Ba, arXiv 1412.6980.

    Examples
    --------
    >>> path = train(Network([[[0.0, 0.0]]]), [[1.0, 0.0], [0.0, 2.0]], [[1.0], [4.0]], "mse")
    >>> path.network.weights[0].round(6), path.converged
    (array([[1., 2.]]), True)
    >>> options = {"optimiser": "gd", "steps": 4, "learning_rate": 0.5, "checkpoints": [1, 2]}
    >>> path = train(Network([[[0.0]]]), [[1.0]], [[1.0]], "mse", **options)
    >>> path.steps, path.losses
    (array([0, 1, 2, 4]), array([0.5       , 0.125     , 0.03125   , 0.00195312]))
    """
    instance_of(net, Network, "net")
    method = get_optimiser(
        optimiser,
        tolerance=tolerance,
        steps=steps,
        learning_rate=learning_rate,
        momentum=momentum,
        schedule=schedule,
        batch_size=batch_size,
    )
    if batch_size is None:
        refuse_given(rng, "rng", "steps that see all samples, without batch_size")
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    decay = real_at_least_zero(weight_decay, "weight_decay")
    objective = _objective(net, X, y, loss, decay, ignore_index, weights)
    refuse_larger_batches(batch_size, len(objective.X))
    recorder = Recorder(
        objective,
        method.steps,
        checkpoint_steps(checkpoints, method.steps),
        function_or_none(callback, "callback", "step, network, loss"),
        function_or_none(progress, "progress", "done, total"),
    )
    operations = len(objective.X) * objective.start.size
    try:
        with one_thread() if operations < WORTH_A_THREAD else nullcontext():
            with suppress(StopIteration):  # of callback or progress
                recorder.keep(0, objective.start)
                method.run(objective, recorder, random_generator(rng))
            with suppress(StopIteration):
                recorder.keep(*recorder.last)
    except DivergenceError as error:
        raise ValueError(_divergence(str(error), recorder.last[0], method)) from None
    return recorder.path(method.tolerance)


def _divergence(what: str, step: int, method: Optimiser) -> str:
    """What is said of overflow after a step."""
    if step == 0:
        return f"X must not make the loss of the first weights overflow, got {what}"
    hint = " (a lower learning_rate may help)" if hasattr(method, "learning_rate") else ""
    return f"training must not diverge{hint}, got {what} after step {step}"


def mean_loss(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: Loss,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
) -> float:
    """``Σ_n w_n ℓ_n / Σ_n w_n`` of a network, on the samples it was trained on or on others.

    Parameters
    ----------
    net, X, y, loss, sample_weight, class_weight, ignore_index
        As of `train`.

    Raises
    ------
    ValueError
        On bad inputs, labels or weights, as `train`; or if the loss overflows.

    References
    ----------
    Definition.

    Examples
    --------
    >>> round(mean_loss(Network([[[0.0], [0.0]]]), [[1.0]], [1], "ce"), 6)  # log 2
    0.693147
    """
    instance_of(net, Network, "net")
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    objective = _objective(net, X, y, loss, 0.0, ignore_index, weights)
    try:
        return objective.mean_loss(objective.start)
    except DivergenceError as error:
        raise ValueError(f"X must not make the loss overflow, got {error}") from None


def _objective(
    net: Network,
    X: ArrayLike,
    y: ArrayLike | None,
    loss: Loss,
    weight_decay: float,
    ignore_index: int | None,
    weights: dict[str, Any],
) -> Objective:
    """What is minimised, from checked arguments."""
    checked_loss = get_loss(loss, net.widths[-1])
    X = finite_array(X, "X", ndim=2)
    if y is None:
        raise ValueError("y must be given: a loss needs labels or targets, got None")
    samples = counted_samples(
        len(X),
        net.widths[-1],
        checked_loss,
        y,
        with_targets=True,
        ignore_index=ignore_index,
        **weights,
    )
    X = net.forward(X[samples.kept]).features[0]  # checked
    targets: Any = samples.targets
    return Objective(net, X, targets, checked_loss, samples.weights, weight_decay)
