"""The PAC-Bayes bound of a trained network: a posterior about its weights, optimised."""

from __future__ import annotations

import warnings
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import (
    function_or_none,
    instance_of,
    one_of,
    positive_integer,
    positive_real,
    refuse_given,
)
from rmt_hessian._random import random_generator
from rmt_hessian._threads import WORTH_A_THREAD, one_thread
from rmt_hessian._types import Progress, RandomState
from rmt_hessian.bounds.bases import BASES, OF_NETWORK, BasisName, checked_labels
from rmt_hessian.bounds.bound import PacBayesBound
from rmt_hessian.bounds.inequalities import confidence
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.prior import PriorVariances
from rmt_hessian.bounds.search import STARTS, Search, Start
from rmt_hessian.model.gradients import DivergenceError, Objective
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.networks import Network
from rmt_hessian.model.optimisers import get_optimiser, refuse_larger_batches
from rmt_hessian.model.parameter_vector import parameter_vector


def pac_bayes_bound(
    initial: Network,
    trained: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    basis: BasisName = "kronecker",
    n_stages: int = 1,
    start: Start = "curvature",
    steps: int = 2000,
    learning_rate: float = 0.2,
    batch_size: int | None = None,
    loss_scale: float | None = None,
    delta: float = 0.025,
    risk_delta: float = 0.01,
    prior: PriorVariances | None = None,
    n_draws: int = 500,
    rng: RandomState = None,
    progress: Progress | None = None,
) -> PacBayesBound:
    """Bound the error of networks about a trained one, by a posterior that is optimised.

    Prior ``N(θ_0, λI)`` about the initial network, λ of a grid. Posterior ``N(θ, U diag(s) Uᵀ)``:
    mean and variances minimise ``c E L_CE + B``, B McAllester's penalty, by Adam with one draw a
    step, from the trained network. The bound is then that of Langford and Seeger for the error,
    from draws of the posterior. It holds for any U, also one made from the samples, since the prior
    is isotropic; for samples that are independent, of one distribution, and an initial network and
    inputs that do not depend on them (no `standardise` with their own mean).

    Parameters
    ----------
    initial : Network
        Before training; what it is must not depend on the samples. A warning tells if its loss on
        them is smaller than that of the trained one.
    trained : Network
        The same sizes, biases and activation.
    X : array_like, shape (N, d)
    y : array_like, shape (N,)
        Integer labels.
    basis : {"isotropic", "standard", "kronecker", "exact", "gradient"}
        U: one variance for all; the weights themselves; eigenvectors of ``E[M] ⊗ E[z zᵀ]`` of each
        layer (Gauss–Newton part, bias included), as in [W]; of the Gauss–Newton matrix of the
        layer, which is formed; or of ``E[g gᵀ] ⊗ E[z zᵀ]``, gradients in the place of M.
    n_stages : int
        In how many parts the search goes: each begins with the basis at its mean, and Adam anew.
    start : {"curvature", "weights"}
        First variances: the best of a quadratic loss, at most the mean square of the layer's
        weights; or ``(Uᵀθ)²`` as in [W].
    steps : int
        Of all stages.
    learning_rate : float
        Of Adam, in units of the first standard deviations; falls to 0 as a cosine in each stage.
        Hundreds of thousands of parameters need less than the default, 0.05 or so.
    batch_size : int, optional
        Samples of a step; by default all.
    loss_scale : float, optional
        c; by default ``1/log C``, with which a network that knows nothing has c L = 1.
    delta : float
        δ of the inequality, for all posteriors and prior variances at once.
    risk_delta : float
        δ' of the mean over draws.
    prior : PriorVariances, optional
        The grid of λ, which must not depend on the samples either; by default that of [W],
        ``0.1 e^{-j/100}``. Where `prior_index` is 1, a larger one may give a smaller bound.
    n_draws : int
        Networks of the posterior whose errors are counted; 500 that are alike add about 0.010, and
        n of them about ``5/n``.
    rng : None, int, SeedSequence or Generator
    progress : callable, optional
        Called as ``progress(done, total)`` after each step. Where it raises StopIteration the
        search ends, and the bound is that of what it has found.

    Returns
    -------
    PacBayesBound

    Raises
    ------
    ValueError
        If the networks differ in sizes, biases or activation; on bad inputs or labels; if an
        argument is not as above; or if the posterior diverges.

    References
    ----------
    ``docs/bounds.md`` §1, §2 and §3; [W], PAC-Bayes bound.

    Examples
    --------
    >>> from rmt_hessian.model.mixtures import mixture_inputs
    >>> from rmt_hessian.model.training import train
    >>> X, y = mixture_inputs(400, 5, 2, rng=0, separation=5.0)
    >>> initial = Network.random([5, 2], rng=1)
    >>> trained = train(initial, X, y, "ce", steps=3).network
    >>> found = pac_bayes_bound(initial, trained, X, y, steps=200, n_draws=100, rng=2)
    >>> found.empirical_risk < found.bound < 0.2
    True
    """
    _refuse_other_kind(initial, trained)
    X = trained.forward(X).features[0]  # checked
    labels = checked_labels(trained, len(X), y)
    family = one_of(basis, BASES, "basis")
    n_stages = positive_integer(n_stages, "n_stages")
    if n_stages > 1 and family not in OF_NETWORK:
        refuse_given(n_stages, "n_stages", f"basis {family!r}, which stays")
    steps = positive_integer(steps, "steps", minimum=n_stages)
    options = {"learning_rate": learning_rate, "batch_size": batch_size}
    get_optimiser("adam", tolerance=1.0, steps=steps, **options)  # checks them
    refuse_larger_batches(batch_size, len(X))
    scale = 1 / np.log(trained.widths[-1]) if loss_scale is None else loss_scale
    search = Search(
        loss=Objective(initial, X, labels, get_loss("ce", trained.widths[-1])),
        family=family,
        start=one_of(start, STARTS, "start"),
        penalty=Penalty(
            len(X),
            confidence(delta, "delta"),
            PriorVariances() if prior is None else instance_of(prior, PriorVariances, "prior"),
        ),
        loss_scale=positive_real(scale, "loss_scale"),
        options=options,
        rng=random_generator(rng),
        progress=function_or_none(progress, "progress", "done, total"),
        total=steps,
    )
    n_draws, delta = positive_integer(n_draws, "n_draws"), search.penalty.delta
    if delta + confidence(risk_delta, "risk_delta") >= 1:
        raise ValueError(f"delta + risk_delta must be below 1, got {delta} + {risk_delta}")
    _warn_of_swapped(search.loss, trained)
    operations = len(X) * search.loss.start.size
    try:
        with one_thread() if operations < WORTH_A_THREAD else nullcontext():
            posterior = search.first(trained)
            for stage in range(n_stages):
                if stage > 0:
                    posterior = search.in_new_basis(posterior)
                done, end = (k * steps // n_stages for k in (stage, stage + 1))
                before = posterior
                posterior, ended = search.run(posterior, end - done, done)
                search.refuse_divergence(before, posterior)
                if ended:
                    break
            risks = posterior.risks(X, labels, n_draws, search.rng)
    except DivergenceError as error:
        hint = "a lower learning_rate may help"
        raise ValueError(f"the posterior must not diverge ({hint}), got {error}") from None
    return PacBayesBound(posterior, risks, search.penalty, search.loss_scale, risk_delta)


def _refuse_other_kind(initial: Network, trained: Network) -> None:
    kinds = []
    for net, name in ((initial, "initial"), (trained, "trained")):
        instance_of(net, Network, name)
        with_bias = [b is not None for b in net.biases]
        kinds.append((net.widths, with_bias, net.activations))
    if kinds[0] != kinds[1]:
        raise ValueError(
            "initial and trained must have the same widths, biases and activation, got "
            f"{initial!r} and {trained!r}"
        )


def _warn_of_swapped(loss: Objective, trained: Network) -> None:
    """Warn if the initial network looks as if it had seen the samples."""
    try:
        first, last = (loss.mean_loss(at) for at in (loss.start, parameter_vector(trained)))
    except DivergenceError as error:
        wanted = "X must not make the loss of initial or trained overflow"
        raise ValueError(f"{wanted}, got {error}") from None
    known = "the bound holds only if initial does not depend on the samples"
    if first < last:
        told = f"initial has a smaller loss than trained, {first:.3g} and {last:.3g}: swapped? "
        warnings.warn(told + known, stacklevel=3)
    elif first == last and first < np.log(trained.widths[-1]) / 10:
        told = f"initial, the same as trained, fits the samples, with a loss of {first:.3g}: "
        warnings.warn(told + known, stacklevel=3)
