"""PAC-Bayes bounds of one trained network, with posteriors in several bases."""

import numpy as np
from scipy.stats import spearmanr

from rmt_hessian.bounds.curvature import curvatures
from rmt_hessian.bounds.quadratic import quadratic_optimum
from rmt_hessian.measurements.bounds_run import BoundsRun, error
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.parameter_vector import parameter_vector

FAMILIES = {  # of the posterior: the options of `pac_bayes_bound`
    "isotropic": {"basis": "isotropic"},
    "standard": {"basis": "standard"},
    "kronecker": {"basis": "kronecker"},
    "recomputed": {"basis": "kronecker", "n_stages": 5},
    "exact": {"basis": "exact"},
    "gradient": {"basis": "gradient"},
}
N_AVERAGED = 20  # draws over which curvatures are averaged
N_FRESH_DRAWS = 50  # and errors on new samples
HELD = 0.9  # of the prior variance: directions above it are held by the prior
N_SHOWN = 1000  # directions of which curvature and variance are kept


@measurement(version=1)
def pac_bayes(rng, *, run: BoundsRun, largest_exact: Count = 2000):
    """The terms of the bound in each family, and what a quadratic loss would have.

    Of each: ``bound``, ``mcallester``, ``risk`` (of the posterior, on the samples), ``sampling``,
    ``kl``, ``complexity``, ``prior_variance``, ``test_risk`` (on new samples), ``distance``
    (‖θ - θ_0‖). ``predicted_kl``, ``predicted_excess``: of the best variances at the trained
    network, were the loss quadratic; ``averaged_kl``: at the mean that was found, with curvatures
    averaged over the posterior. How far the variances found are from ``1/(1/λ + β h)``, root
    mean square of the logarithm: ``at_trained``, ``at_mean`` and ``averaged``, with the curvatures
    h there, or their means over the posterior. ``free_share``: of directions with s < 0.9 λ;
    ``alignment``: of these, the rank correlation of 1/s and the averaged h, on 1000 directions
    evenly among the ranks of h. No "exact" where a layer has more than ``largest_exact`` weights.
    """
    initial, trained, seen, fresh = run.train(rng)
    result = {
        "trained_risk": error(trained, *seen),
        "trained_test_risk": error(trained, *fresh),
        "n_parameters": sum(W.size for W in trained.weights),
    }
    largest = max(W.size for W in trained.weights)
    for name, options in FAMILIES.items():
        if name == "exact" and largest > largest_exact:
            continue
        found = run.bound(initial, trained, seen, rng, **options)
        terms = _terms(found, fresh, rng) | _beside_quadratic(found, trained, seen[0], rng)
        result |= {f"{name}_{key}": value for key, value in terms.items()}
    return result


def _terms(found, fresh, rng):
    risks = found.posterior.risks(*fresh, N_FRESH_DRAWS, rng)
    return {
        "bound": found.bound,
        "mcallester": found.mcallester,
        "risk": found.empirical_risk,
        "sampling": found.sampling_term,
        "kl": found.kl,
        "complexity": found.complexity,
        "prior_variance": found.prior_variance,
        "test_risk": risks.mean(),
        "distance": np.sqrt(found.posterior.squared_distance),
    }


def _beside_quadratic(found, trained, X, rng):
    """Variances found beside those of a quadratic loss, and what that predicts of the KL."""
    q = found.posterior
    averaged = sum(curvatures(q.draw(rng), X, q.basis) for _ in range(N_AVERAGED)) / N_AVERAGED
    at = {
        "at_trained": curvatures(trained, X, q.basis),
        "at_mean": curvatures(q.network, X, q.basis),
        "averaged": averaged,
    }
    if np.ptp(q.variances) == 0:
        at = {name: np.full_like(h, h.mean()) for name, h in at.items()}
    result = {
        name: np.sqrt(np.mean(np.log(q.variances / found.quadratic_variances(h)) ** 2))
        for name, h in at.items()
    }
    moved = parameter_vector(trained) - parameter_vector(q.initial)
    best, averaged_best = (
        quadratic_optimum(at[name], distance, found.penalty, found.loss_scale)
        for name, distance in (("at_trained", moved @ moved), ("averaged", q.squared_distance))
    )
    return result | {
        "predicted_kl": best.cost.kl,
        "predicted_excess": best.excess_loss,
        "averaged_kl": averaged_best.cost.kl,
        "free_share": np.mean(q.variances < HELD * found.prior_variance),
        **_along_curvature(found, averaged, at["averaged"]),
    }


def _along_curvature(found, averaged, of_family):
    """Of directions evenly among the ranks of the averaged curvature: variances beside it."""
    s = found.posterior.variances
    places = np.linspace(0, s.size - 1, min(s.size, N_SHOWN)).round().astype(int)
    shown = np.argsort(averaged)[places]
    free = shown[s[shown] < HELD * found.prior_variance]
    varied = len(free) > 2 and np.ptp(s) > 0
    return {
        "alignment": -spearmanr(s[free], averaged[free])[0] if varied else np.nan,
        "curvatures": averaged[shown],
        "variances": s[shown],
        "quadratic_variances": found.quadratic_variances(of_family)[shown],
    }
