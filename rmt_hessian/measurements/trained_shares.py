"""What lies off the diagonal blocks of trained softmax regression: classes alone, and in groups."""

from functools import lru_cache

from rmt_hessian.block_norms import share_of_ratio
from rmt_hessian.hessian.from_head import head_hessian
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.real_heads import random_head_ratios, random_weights, structure
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.trained_laws import SoftmaxRun, optimum
from rmt_hessian.model.accuracy import accuracy
from rmt_hessian.theory import trained_softmax

VERSIONS = {"": False, "population_": True}
SAMPLES = {"": False, "fresh_": True}


@measurement(version=1)
def trained_shares(rng, *, run: SoftmaxRun):
    """C²R and the share off the diagonal at the optimum, beside their predictions.

    Of the samples it was trained on and, ``fresh_``, of as many new ones; of the sample and of the
    ``population_``, as in `real_heads.structure`. ``random_``: of Gaussian weights on the same
    inputs, logits of mean square 1; ``static_`` what these tend to for many classes.
    """
    known = _prediction(run)
    _, (X, y), (new, labels) = run.samples(rng)
    net = optimum(X, y, run.n_classes, run.ridge)
    found = {"test_accuracy": accuracy(net, new, labels)}
    for prefix, Z in (("", X), ("fresh_", new[: len(X)])):
        found |= _shares(layer_hessian(net, Z, 0, "ce"), prefix)
    weights, s2 = random_weights(X, run.n_classes, rng)
    found |= _shares(head_hessian(X, weights), "random_")
    for name, ratio in zip(VERSIONS, random_head_ratios(X, s2, run.n_classes), strict=True):
        found |= _of_ratio(f"static_{name}", ratio, run.n_classes)
    return found | known


def _shares(H, prefix):
    found = structure(H)
    names = [f"{version}{name}" for version in VERSIONS for name in ("c2_ratio", "share")]
    return {f"{prefix}{name}": found[name] for name in (*names, "population_share_error")}


def _of_ratio(prefix, ratio, C):
    return {f"{prefix}c2_ratio": C**2 * ratio, f"{prefix}share": share_of_ratio(ratio, C)}


@lru_cache(maxsize=4)
def _prediction(run):
    """The same for every seed."""
    trained = trained_softmax(run.ensemble(), ridge=run.ridge)
    found = {"predicted_test_accuracy": trained.test_accuracy}
    for sample, fresh in SAMPLES.items():
        for version, population in VERSIONS.items():
            norms = trained.block_norms(population=population, fresh=fresh)
            found |= _of_ratio(f"predicted_{sample}{version}", norms.ratio, run.n_classes)
    return found
